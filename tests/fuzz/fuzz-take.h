/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

/* An input as a row of values: for what is written by us, and then read back.  Where it is over,
 * all is 0 or "". */
typedef struct {
  const uint8_t *data;
  size_t size;
} FuzzInput;

static inline void
fuzz_take (FuzzInput *input, gpointer to, gsize n)
{
  gsize taken = MIN (n, input->size);

  memset (to, 0, n);
  memcpy (to, input->data, taken);
  input->data += taken;
  input->size -= taken;
}

static inline guint8
fuzz_take_byte (FuzzInput *input)
{
  guint8 byte;

  fuzz_take (input, &byte, 1);
  return byte;
}

/* Of so many bits as its first byte says, so that small ones are met too. */
static inline guint64
fuzz_take_number (FuzzInput *input)
{
  guint8 shift = fuzz_take_byte (input) % 64;
  guint64 number;

  fuzz_take (input, &number, sizeof number);
  return number >> shift;
}

/* UTF-8 of at most max_bytes, below 256. */
static inline char *
fuzz_take_text (FuzzInput *input, guint8 max_bytes)
{
  gsize n = MIN (fuzz_take_byte (input), max_bytes);
  g_autofree char *raw = g_malloc0 (n + 1);
  char *text;

  fuzz_take (input, raw, n);
  text = g_utf8_make_valid (raw, -1);
  if (strlen (text) > max_bytes) /* a byte that is none became three */
    text[0] = '\0';
  return text;
}

/* Plain ones mostly, and those that are none. */
static inline double
fuzz_take_value (FuzzInput *input)
{
  static const double odd[] = {
    0.0,   -0.0,   G_MAXDOUBLE, -G_MAXDOUBLE,           G_MINDOUBLE,       INFINITY, -INFINITY, NAN,
    1e300, -1e300, 1e-310,      18446744073709551616.0, 9007199254740992.0
  };
  guint8 byte = fuzz_take_byte (input);

  return byte < G_N_ELEMENTS (odd) ? odd[byte] : byte - 100;
}
