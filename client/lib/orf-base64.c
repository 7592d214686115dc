/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
orf_base64_get_length (size_t n_bytes)
{
  return (n_bytes + 2) / 3 * 4;
}

void
orf_base64_encode (const void *data, size_t n_bytes, char *text)
{
  const unsigned char *bytes = data;

  for (size_t at = 0; at < n_bytes; at += 3, text += 4) {
    size_t left = n_bytes - at;
    unsigned group = (unsigned) bytes[at] << 16 | (left > 1 ? (unsigned) bytes[at + 1] << 8 : 0) |
                     (left > 2 ? bytes[at + 2] : 0);

    text[0] = letters[group >> 18];
    text[1] = letters[group >> 12 & 63];
    text[2] = left > 1 ? letters[group >> 6 & 63] : '=';
    text[3] = left > 2 ? letters[group & 63] : '=';
  }
  *text = '\0';
}

static int
find_letter (char letter)
{
  if (letter >= 'A' && letter <= 'Z')
    return letter - 'A';
  if (letter >= 'a' && letter <= 'z')
    return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9')
    return letter - '0' + 52;
  return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

bool
orf_base64_decode (char *text, size_t length, size_t *n_bytes)
{
  size_t n_pads = 0, n = 0;
  unsigned group = 0;

  if (length % 4 != 0)
    return false;
  while (n_pads < 2 && n_pads < length && text[length - 1 - n_pads] == '=')
    n_pads++;
  for (size_t at = 0; at < length - n_pads; at++) {
    int bits = find_letter (text[at]);

    if (bits < 0)
      return false;
    group = group << 6 | (unsigned) bits;
    /* each letter but the first of four ends a byte */
    if (at % 4 > 0)
      text[n++] = (char) (group >> (6 - at % 4 * 2));
  }
  *n_bytes = n;
  return true;
}
