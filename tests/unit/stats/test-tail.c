/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "stats/orf-eigen.h"
#include "stats/orf-state-blob.h"
#include "stats/orf-tail.h"

/* Of exponential scores one in a hundred is told to be one. */
static void
test_exponential (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  OrfTail tail = { 0 };
  guint n_rare = 0;

  for (guint i = 0; i < 40000; i++) {
    float score = (float) (-2 * log (1 - g_rand_double (rand)));

    n_rare += i >= 20000 && orf_tail_judge (&tail, score) >= 2;
    orf_tail_push (&tail, score);
  }
  /* 200 are promised of 20,000; bins make it fewer, never more */
  g_assert_cmpuint (n_rare, >=, 60);
  g_assert_cmpuint (n_rare, <=, 220);
  g_assert_true (orf_tail_is_valid (&tail));
  /* higher is rarer, and there is an end to what n scores can tell */
  for (float score = 1; score < 1e6f; score *= 1.1f)
    g_assert_cmpfloat (orf_tail_judge (&tail, score * 1.1f), >=, orf_tail_judge (&tail, score));
  g_assert_cmpfloat (orf_tail_judge (&tail, INFINITY), <=, 2 * log10 (2 * 16000));
  g_assert_cmpfloat (orf_tail_judge (&tail, NAN), ==, 0);
}

/* What came three times in a thousand is once in some 300, however far out it is. */
static void
test_happened_before (void)
{
  OrfTail tail = { 0 };

  for (guint i = 0; i < 1000; i++)
    orf_tail_push (&tail, i % 300 == 299 ? 800 : 0);
  g_assert_cmpfloat (orf_tail_judge (&tail, 800), >, log10 (200));
  g_assert_cmpfloat (orf_tail_judge (&tail, 800), <, log10 (500));
  g_assert_cmpfloat (orf_tail_judge (&tail, 2900), >, log10 (1000));
}

/* Each direction is one by itself: what often goes up is still strange when it falls. */
static void
test_directions (void)
{
  OrfTail tail = { 0 };

  orf_tail_take_turn (&tail, 5);
  for (guint i = 0; i < 1000; i++)
    orf_tail_push (&tail, i % 20 == 0 ? 40 : 0);
  g_assert_cmpfloat (orf_tail_judge (&tail, 40), <, 2);
  g_assert_cmpfloat (orf_tail_judge (&tail, -40), >, 3);
  /* what is past the last bin's beginning is all one */
  for (guint i = 0; i < 20; i++)
    orf_tail_push (&tail, -1e9f);
  g_assert_cmpfloat (orf_tail_judge (&tail, -1e30f), <, 2);
}

/* Halved for long, with nothing usual among it, it is still a count. */
static void
test_halved (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  OrfTail tail = { 0 };

  for (guint i = 0; i < 100000; i++) {
    orf_tail_push (&tail, (float) g_rand_double_range (rand, 1, 3000) * (i % 2 ? 1 : -1));
    if (i % 1000 == 0)
      g_assert_true (orf_tail_is_valid (&tail));
  }
  tail.from[1] = ORF_TAIL_BINS + 1;
  g_assert_false (orf_tail_is_valid (&tail));
}

static void
test_few (void)
{
  OrfTail tail = { 0 };

  for (guint i = 0; i < 49; i++) {
    g_assert_cmpfloat (orf_tail_judge (&tail, 1000), ==, 0);
    orf_tail_push (&tail, 0);
  }
  for (guint i = 0; i < 100000; i++)
    orf_tail_push (&tail, 0);
  g_assert_true (orf_tail_is_valid (&tail));
  g_assert_cmpfloat (orf_tail_judge (&tail, 0), ==, 0);
  g_assert_cmpfloat (orf_tail_judge (&tail, 5), >, 3);
  tail.counts[0][3] = tail.n;
  tail.counts[1][3] = 1;
  g_assert_false (orf_tail_is_valid (&tail));
}

static void
test_eigen (void)
{
  double matrix[] = { 4, 1, -2, 1, 2, 0, -2, 0, 3 }, vectors[9];
  double original[9];

  memcpy (original, matrix, sizeof matrix);
  orf_eigen_solve (matrix, vectors, 3);
  for (guint k = 0; k < 3; k++)
    for (guint i = 0; i < 3; i++) {
      const double *v = vectors + 3 * k;
      double sum = 0, dot = 0;

      for (guint j = 0; j < 3; j++) {
        sum += original[3 * i + j] * v[j];
        dot += v[j] * vectors[3 * i + j];
      }
      g_assert_cmpfloat_with_epsilon (sum, matrix[3 * k + k] * v[i], 1e-5);
      g_assert_cmpfloat_with_epsilon (dot, i == k, 1e-9);
    }
}

static void
test_blob (void)
{
  const double state[] = { 1, 2, 3 };
  g_autoptr (GBytes) blob = orf_state_blob_pack (7, 1, state, sizeof state);
  gsize length = 0, size;
  g_autofree double *again = orf_state_blob_unpack (7, 1, blob, &length);
  const guint8 *data = g_bytes_get_data (blob, &size);

  g_assert_cmpmem (again, length, state, sizeof state);
  g_assert_null (orf_state_blob_unpack (8, 1, blob, &length));
  g_assert_null (orf_state_blob_unpack (7, 2, blob, &length));
  for (gsize i = 0; i < size; i++) {
    g_autofree guint8 *copy = g_memdup2 (data, size);
    g_autoptr (GBytes) cut = g_bytes_new (data, i);
    g_autoptr (GBytes) damaged = NULL;

    copy[i] ^= 1;
    damaged = g_bytes_new (copy, size);
    g_assert_null (orf_state_blob_unpack (7, 1, damaged, &length));
    g_assert_null (orf_state_blob_unpack (7, 1, cut, &length));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tail/exponential", test_exponential);
  g_test_add_func ("/tail/happened-before", test_happened_before);
  g_test_add_func ("/tail/directions", test_directions);
  g_test_add_func ("/tail/halved", test_halved);
  g_test_add_func ("/tail/few", test_few);
  g_test_add_func ("/eigen", test_eigen);
  g_test_add_func ("/state-blob", test_blob);
  return g_test_run ();
}
