/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any line as what liborfeas hears of a daemon: of worker.* and of cache.*, and the base64 in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "orf-base64.h"
#include "orf-cache-value.h"
#include "orf-cache-wire.h"
#include "orf-wire.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
hear_worker (const char *line)
{
  OrfMessage message;

  orf_wire_parse (line, &message);
  if (message.worker == NULL || message.stream == NULL || message.status == NULL ||
      message.text == NULL)
    g_error ("a text that is not there, and not empty");
  orf_message_clear (&message);
}

static void
hear_cache (const char *line)
{
  OrfCacheMessage message;
  OrfCacheValue *value = NULL;

  orf_cache_wire_parse (line, &message);
  if (message.result != NULL && orf_cache_wire_read_value (message.result, &value) &&
      value != NULL) {
    orf_cache_value_get_size (value);
    orf_cache_value_release (value);
  }
  orf_cache_wire_get_number (message.value, "t_us");
  orf_cache_wire_get_text (message.value, "text");
  json_decref (message.root);
}

static void
unpack (const uint8_t *data, size_t size)
{
  char *text = g_strndup ((const char *) data, size);
  size_t length = strlen (text), n_bytes;

  if (orf_base64_decode (text, length, &n_bytes)) {
    g_autofree char *again = g_malloc (orf_base64_get_length (n_bytes) + 1);
    size_t n_again;

    orf_base64_encode (text, n_bytes, again);
    if (strlen (again) != length || !orf_base64_decode (again, length, &n_again) ||
        n_again != n_bytes || memcmp (again, text, n_bytes) != 0)
      g_error ("%.*s became something else", (int) length, (const char *) data);
  }
  g_free (text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *line = g_strndup ((const char *) data, size);

  hear_worker (line);
  hear_cache (line);
  unpack (data, size);
  return 0;
}
