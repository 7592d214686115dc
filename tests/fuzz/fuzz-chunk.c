/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a chunk, with the checksum made right so that the parser behind it is reached; and
 * any bytes as points. */
#include <stdint.h>
#include <string.h>

#include "history/orf-chunk-codec.h"
#include "history/orf-xxh64.h"
#include "orf-error.h"

#define MAX_POINTS 4096

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
decode (OrfChunkCodec *codec, const uint8_t *data, size_t size)
{
  g_autofree guint8 *chunk = g_memdup2 (data, size);
  g_autofree gint64 *times_us = g_new (gint64, MAX_POINTS);
  g_autofree double *values = g_new (double, MAX_POINTS);
  g_autoptr (GError) error = NULL;
  gsize count;

  if (size > 5) {
    chunk[0] = 1;
    guint32 checksum = GUINT32_TO_LE ((guint32) orf_xxh64 (chunk + 5, size - 5, 1));
    memcpy (chunk + 1, &checksum, sizeof checksum);
  }
  if (!orf_chunk_codec_decode (codec, chunk, size, times_us, values, MAX_POINTS, &count, &error) &&
      error->domain != ORF_ERROR)
    g_error ("a foreign error: %s", error->message);
}

static void
round_trip (OrfChunkCodec *codec, const uint8_t *data, size_t size)
{
  gsize n = MIN (size / 9, MAX_POINTS), count = 0;
  g_autofree gint64 *times_us = g_new (gint64, n + 1), *got_times_us = g_new (gint64, n + 1);
  g_autofree double *values = g_new (double, n + 1), *got_values = g_new (double, n + 1);
  g_autoptr (GByteArray) chunk = NULL;

  for (gsize i = 0; i < n; i++) {
    memcpy (&values[i], data + 9 * i, 8);
    times_us[i] = (i == 0 ? -100 : times_us[i - 1]) + data[9 * i + 8];
  }
  if (n == 0)
    return;
  chunk = orf_chunk_codec_encode (codec, times_us, values, n, NULL);
  if (chunk == NULL ||
      !orf_chunk_codec_decode (codec, chunk->data, chunk->len, got_times_us, got_values, n, &count,
                               NULL) ||
      count != n || memcmp (times_us, got_times_us, n * 8) != 0 ||
      memcmp (values, got_values, n * 8) != 0)
    g_error ("points do not come back");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();

  decode (codec, data, size);
  round_trip (codec, data, size);
  return 0;
}
