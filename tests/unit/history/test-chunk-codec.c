/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>
#include <math.h>
#include <string.h>

#include "history/orf-chunk-codec.h"
#include "history/orf-xxh64.h"
#include "orf-error.h"

#define N_POINTS 3000

/* The array is as long as the chunk, so that a sanitizer sees each read past it. */
static GByteArray *
check_round_trip (const gint64 *times, const double *values, gsize count)
{
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) chunk = orf_chunk_codec_encode (codec, times, values, count, &error);
  g_assert_no_error (error);
  g_autofree guint8 *exact = g_memdup2 (chunk->data, chunk->len);
  g_autofree gint64 *got_times = g_new (gint64, count);
  g_autofree double *got_values = g_new (double, count);
  OrfChunkInfo info;
  gsize n = 0;

  g_assert_true (orf_chunk_peek (exact, chunk->len, &info, &error));
  g_assert_cmpuint (info.count, ==, count);
  g_assert_cmpint (info.first_us, ==, times[0]);
  g_assert_cmpint (info.last_us, ==, times[count - 1]);
  g_assert_cmpmem (&info.first, 8, &values[0], 8);
  g_assert_cmpmem (&info.last, 8, &values[count - 1], 8);
  for (gsize i = 0; i < count; i++)
    g_assert_true (isnan (values[i]) || (info.min <= values[i] && values[i] <= info.max));

  g_assert_true (
    orf_chunk_codec_decode (codec, exact, chunk->len, got_times, got_values, count, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, count);
  g_assert_cmpmem (got_times, count * 8, times, count * 8);
  g_assert_cmpmem (got_values, count * 8, values, count * 8);
  return g_steal_pointer (&chunk);
}

static guint64
next_word (GRand *rand)
{
  return (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);
}

/* Shapes of values: 0 any bits, 1 special ones, 2 three decimals, 3 a counter, 4 equal, 5 liveness,
 * 6 leaps */
static double
make_value (GRand *rand, int shape, gsize i)
{
  static const double special[] = {
    0.0, -0.0, INFINITY, -INFINITY, 5e-324, 1.7976931348623157e308, 0.1, 9007199254740993.0
  };
  guint64 bits = next_word (rand);
  double value;

  switch (shape) {
  case 0:
    memcpy (&value, &bits, 8);
    return value;
  case 1:
    bits |= G_GUINT64_CONSTANT (0x7ff0000000000001); /* a NaN with a payload */
    memcpy (&value, &bits, 8);
    return bits & 2 ? value : special[bits >> 2 & 7];
  case 2:
    return g_rand_int_range (rand, -500000, 500000) / 1000.0;
  case 3:
    return (double) i * 4096.0 + g_rand_int_range (rand, 0, 4) * 1024.0;
  case 4:
    return 72.5;
  case 5:
    return g_rand_int_range (rand, 0, 500) > 0;
  default:
    return i % 97 == 0 ? 2e15 : -2e15 + (double) i;
  }
}

/* Shapes of times: 0 steady, 1 jitter, 2 gaps, 3 all equal, 4 from one end of gint64 to the other
 */
static gint64
make_time (GRand *rand, int shape, gsize i, gint64 last)
{
  switch (shape) {
  case 0:
    return 1700000000000000 + (gint64) i * 1000000;
  case 1:
    return 1700000000000000 + (gint64) i * 1000000 + g_rand_int_range (rand, 0, 900);
  case 2:
    return last + (g_rand_int_range (rand, 0, 200) == 0 ? 3600000000 : 1000000);
  case 3:
    return -5;
  default:
    return i == 0 ? G_MININT64 : i + 1 < N_POINTS / 2 ? last + (gint64) i : G_MAXINT64;
  }
}

static void
test_round_trip (void)
{
  static const gsize counts[] = { 1, 2, 3, 8, 257, N_POINTS };
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  g_autofree gint64 *times = g_new (gint64, N_POINTS);
  g_autofree double *values = g_new (double, N_POINTS);

  for (int time = 0; time < 5; time++)
    for (int shape = 0; shape < 7; shape++)
      for (gsize c = 0; c < G_N_ELEMENTS (counts); c++) {
        for (gsize i = 0; i < counts[c]; i++) {
          times[i] = make_time (rand, time, i, i == 0 ? 0 : times[i - 1]);
          values[i] = make_value (rand, shape, i);
        }
        g_byte_array_unref (check_round_trip (times, values, counts[c]));
      }
}

static void
test_size (void)
{
  g_autofree gint64 *times = g_new (gint64, N_POINTS);
  g_autofree double *values = g_new (double, N_POINTS);
  for (gsize i = 0; i < N_POINTS; i++) {
    times[i] = 1700000000000000 + (gint64) i * 1000000;
    values[i] = 72.5;
  }
  g_autoptr (GByteArray) chunk = check_round_trip (times, values, N_POINTS);
  g_assert_cmpuint (chunk->len, <, 96);
}

/* With the checksum made right again the parser itself has to stay within bounds. */
static void
check_damaged (OrfChunkCodec *codec, const guint8 *data, gsize length)
{
  g_autofree guint8 *exact = g_memdup2 (data, length);
  g_autoptr (GError) error = NULL;
  gint64 times[300];
  double values[300];
  gsize count = 77;

  g_assert_false (
    orf_chunk_codec_decode (codec, exact, length, times, values, 300, &count, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
  g_assert_cmpuint (count, ==, 77);
  if (length <= 5)
    return;
  g_clear_error (&error);
  exact[0] = 1;
  guint32 checksum = GUINT32_TO_LE ((guint32) orf_xxh64 (exact + 5, length - 5, 1));
  memcpy (exact + 1, &checksum, 4);
  if (!orf_chunk_codec_decode (codec, exact, length, times, values, 300, &count, &error))
    g_assert_nonnull (error);
}

static void
test_damage (void)
{
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (int shape = 0; shape < 7; shape++) {
    gint64 times[300];
    double values[300];
    for (gsize i = 0; i < 300; i++) {
      times[i] = make_time (rand, 1, i, 0);
      values[i] = make_value (rand, shape, i);
    }
    g_autoptr (GByteArray) chunk = check_round_trip (times, values, 300);
    for (guint i = 0; i < chunk->len; i++) {
      check_damaged (codec, chunk->data, i);
      chunk->data[i] ^= (guint8) g_rand_int_range (rand, 1, 256);
      check_damaged (codec, chunk->data, chunk->len);
      i += shape == 0 ? 6 : 0; /* random doubles make a long chunk of the same kind of bytes */
      chunk = (g_byte_array_unref (chunk), check_round_trip (times, values, 300));
    }
  }
}

static void
test_refused (void)
{
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();
  g_autoptr (GError) error = NULL;
  const gint64 times[] = { 2, 1 };
  const double values[] = { 1, 2 };
  gint64 got_times[1];
  double got_values[1];
  gsize count;

  g_assert_null (orf_chunk_codec_encode (codec, times, values, 2, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (orf_chunk_codec_encode (codec, times, values, 0, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_autoptr (GByteArray)
    chunk = orf_chunk_codec_encode (codec, (const gint64[]){ 1, 2 }, values, 2, &error);
  g_assert_false (orf_chunk_codec_decode (codec, chunk->data, chunk->len, got_times, got_values, 1,
                                          &count, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
}

static gsize
count_heap_bytes (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* A large chunk's scratch space goes, and comes again. */
static void
test_relax (void)
{
  const gsize count = 16 * ORF_CHUNK_KEPT_POINTS;
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();
  g_autofree gint64 *times = g_new (gint64, count), *got_times = g_new (gint64, count);
  g_autofree double *values = g_new (double, count), *got_values = g_new (double, count);
  gsize before_bytes, n = 0;

  for (gsize i = 0; i < count; i++) {
    times[i] = (gint64) i * 1000000;
    values[i] = (double) (i % 1000);
  }
  g_byte_array_unref (orf_chunk_codec_encode (codec, times, values, 1000, NULL));
  before_bytes = count_heap_bytes ();
  for (guint round = 0; round < 2; round++) {
    g_autoptr (GByteArray) chunk = orf_chunk_codec_encode (codec, times, values, count, NULL);

    g_assert_true (orf_chunk_codec_decode (codec, chunk->data, chunk->len, got_times, got_values,
                                           count, &n, NULL));
    g_assert_cmpmem (got_values, n * 8, values, count * 8);
    orf_chunk_codec_relax (codec);
  }
  if (before_bytes == 0)
    g_test_skip ("the allocator does not tell what is in use");
  else
    g_assert_cmpuint (count_heap_bytes (), <, before_bytes + count * 8);
}

static void
test_xxh64 (void)
{
  g_assert_cmphex (orf_xxh64 ((const guint8 *) "", 0, 0), ==,
                   G_GUINT64_CONSTANT (0xEF46DB3751D8E999));
  g_assert_cmphex (orf_xxh64 ((const guint8 *) "abc", 3, 0), ==,
                   G_GUINT64_CONSTANT (0x44BC2CF5AD770999));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk-codec/round-trip", test_round_trip);
  g_test_add_func ("/chunk-codec/size", test_size);
  g_test_add_func ("/chunk-codec/damage", test_damage);
  g_test_add_func ("/chunk-codec/refused", test_refused);
  g_test_add_func ("/chunk-codec/relax", test_relax);
  g_test_add_func ("/chunk-codec/xxh64", test_xxh64);
  return g_test_run ();
}
