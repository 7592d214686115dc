/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packs the series of a CSV (series,t_us,value; a series' rows together) in chunks and tells sizes
 * and rates as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history/orf-chunk-codec.h"

/* Each measure is repeated for about this long, on one core. */
#define MEASURE_US 1500000

typedef struct {
  GArray *times_us;
  GArray *values;
  GArray *starts; /* guint: where each series starts */
} Samples;

/* CPU time: other work on the machine is not counted. */
static gint64
read_cpu_us (void)
{
  struct timespec used;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static void
read_samples (FILE *file, Samples *samples)
{
  char line[512], name[256] = "";
  while (fgets (line, sizeof line, file) != NULL) {
    char *comma = strchr (line, ','), *end;
    if (comma == NULL || !g_ascii_isdigit (comma[1]))
      continue;
    *comma = '\0';
    if (strcmp (line, name) != 0)
      g_array_append_val (samples->starts, samples->values->len);
    g_strlcpy (name, line, sizeof name);
    gint64 t_us = g_ascii_strtoll (comma + 1, &end, 10);
    double value = g_ascii_strtod (end + 1, NULL);
    g_array_append_val (samples->times_us, t_us);
    g_array_append_val (samples->values, value);
  }
  g_array_append_val (samples->starts, samples->values->len);
}

static GPtrArray *
encode_all (OrfChunkCodec *codec, const Samples *samples, guint points)
{
  GPtrArray *chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  for (guint s = 0; s + 1 < samples->starts->len; s++) {
    guint end = g_array_index (samples->starts, guint, s + 1);
    for (guint at = g_array_index (samples->starts, guint, s); at < end; at += points)
      g_ptr_array_add (chunks,
                       orf_chunk_codec_encode (codec,
                                               &g_array_index (samples->times_us, gint64, at),
                                               &g_array_index (samples->values, double, at),
                                               MIN (points, end - at), NULL));
  }
  return chunks;
}

/* Exits where a chunk does not give back what went in: a figure of a codec that errs is worth
 * nothing. */
static void
decode_all (OrfChunkCodec *codec,
            const Samples *samples,
            const GPtrArray *chunks,
            guint points,
            gboolean compare)
{
  g_autofree gint64 *times_us = g_new (gint64, points);
  g_autofree double *values = g_new (double, points);
  gsize at = 0, count = 0;

  for (guint i = 0; i < chunks->len; i++, at += count) {
    const GByteArray *chunk = chunks->pdata[i];
    if (!orf_chunk_codec_decode (codec, chunk->data, chunk->len, times_us, values, points, &count,
                                 NULL) ||
        (compare &&
         (memcmp (times_us, &g_array_index (samples->times_us, gint64, at), count * 8) != 0 ||
          memcmp (values, &g_array_index (samples->values, double, at), count * 8) != 0))) {
      fprintf (stderr, "chunk %u does not come back\n", i);
      exit (1);
    }
  }
}

static void
measure (const Samples *samples, guint points)
{
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();
  g_autoptr (GPtrArray) chunks = encode_all (codec, samples, points);
  double n = samples->values->len, bytes = 0;
  int encoded = 0, decoded = 0;

  for (guint i = 0; i < chunks->len; i++)
    bytes += ((const GByteArray *) chunks->pdata[i])->len;
  decode_all (codec, samples, chunks, points, TRUE);
  gint64 start_us = read_cpu_us (), now_us;
  do {
    g_ptr_array_unref (encode_all (codec, samples, points));
    encoded++;
    now_us = read_cpu_us ();
  } while (now_us - start_us < MEASURE_US);
  double encode_us = (double) (now_us - start_us) / encoded;
  start_us = now_us;
  do {
    decode_all (codec, samples, chunks, points, FALSE);
    decoded++;
    now_us = read_cpu_us ();
  } while (now_us - start_us < MEASURE_US);
  double decode_us = (double) (now_us - start_us) / decoded;
  printf ("{\"points\": %u, \"samples\": %.0f, \"bytes_a_sample\": %.4f, \"encode_m_s\": %.1f, "
          "\"decode_m_s\": %.1f}\n",
          points, n, bytes / n, n / encode_us, n / decode_us);
}

int
main (int argc, char **argv)
{
  Samples samples = { g_array_new (FALSE, FALSE, sizeof (gint64)),
                      g_array_new (FALSE, FALSE, sizeof (double)),
                      g_array_new (FALSE, FALSE, sizeof (guint)) };

  read_samples (stdin, &samples);
  if (samples.values->len == 0) {
    fprintf (stderr, "Usage: bench-codec POINTS… < CSV\n");
    return 2;
  }
  for (int i = 1; i < argc; i++)
    measure (&samples, (guint) CLAMP (atoi (argv[i]), 1, (int) ORF_CHUNK_MAX_POINTS));
  g_array_unref (samples.times_us);
  g_array_unref (samples.values);
  g_array_unref (samples.starts);
  return 0;
}
