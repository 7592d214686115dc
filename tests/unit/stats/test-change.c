/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-block-median.h"
#include "stats/orf-cusum.h"
#include "stats/orf-page-hinkley.h"

#include <math.h>

static double
get_normal (GRand *rand)
{
  return sqrt (-2 * log (1 - g_rand_double (rand))) * cos (2 * G_PI * g_rand_double (rand));
}

static void
test_block_median (void)
{
  static const double values[] = { 5, NAN, 1, 100, 2, 2, 2 };
  OrfBlockMedian block;
  double medians[3];
  guint n = 0;

  orf_block_median_init (&block, 3);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    n += orf_block_median_push (&block, values[i], &medians[n]);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpfloat (medians[0], ==, 5);
  g_assert_cmpfloat (medians[1], ==, 2);
}

/* At 1.5 deviations each value adds 1: the limit of 4 is passed by the fifth. */
static void
test_cusum_exact (void)
{
  OrfCusum cusum;
  guint since = 0;

  orf_cusum_init (&cusum, .5, 4);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (orf_cusum_push (&cusum, i % 2 ? .5 : -.5, NULL), ==, ORF_CUSUM_NONE);
  g_assert_cmpint (orf_cusum_push (&cusum, NAN, NULL), ==, ORF_CUSUM_NONE);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (orf_cusum_push (&cusum, 1.5, &since), ==, ORF_CUSUM_NONE);
  g_assert_cmpint (orf_cusum_push (&cusum, 1.5, &since), ==, ORF_CUSUM_UP);
  g_assert_cmpuint (since, ==, 5);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (orf_cusum_push (&cusum, -1.5, &since), ==, ORF_CUSUM_NONE);
  g_assert_cmpint (orf_cusum_push (&cusum, -1.5, &since), ==, ORF_CUSUM_DOWN);
}

static double
get_run_length (double shift, guint n_runs, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  double sum = 0;

  for (guint run = 0; run < n_runs; run++) {
    OrfCusum cusum;

    orf_cusum_init (&cusum, .5, 4);
    do
      sum++;
    while (orf_cusum_push (&cusum, get_normal (rand) + shift, NULL) == ORF_CUSUM_NONE);
  }
  return sum / n_runs;
}

/* Average run lengths of slack 0.5 and limit 4, both sides: 168 where nothing moved, 26.6 after
 * half a deviation, 8.38 after one, 3.34 after two (J. M. Lucas and R. B. Crosier, Technometrics
 * 24, 1982). */
static void
test_cusum_run_lengths (void)
{
  g_assert_cmpfloat_with_epsilon (get_run_length (0, 1500, 1), 168, 15);
  g_assert_cmpfloat_with_epsilon (get_run_length (.5, 3000, 2), 26.6, 2);
  g_assert_cmpfloat_with_epsilon (get_run_length (1, 5000, 3), 8.38, .4);
  g_assert_cmpfloat_with_epsilon (get_run_length (2, 5000, 4), 3.34, .15);
}

/* Zeros, then ones: with a mean near 0 each one adds 1 less what the mean has moved. */
static void
test_page_hinkley_exact (void)
{
  OrfPageHinkley test;
  double sum = 0;
  guint n = 0;
  int moved = 0;

  orf_page_hinkley_init (&test, 0, 3);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (orf_page_hinkley_push (&test, 0), ==, 0);
  while (moved == 0) {
    n++;
    sum += 1 - n / (100. + n);
    moved = orf_page_hinkley_push (&test, 1);
    g_assert_cmpint (moved, ==, sum > 3);
  }
  g_assert_cmpuint (n, ==, 4);
  g_assert_cmpuint (test.n, ==, 0);
  for (guint i = 0; i < 100; i++)
    orf_page_hinkley_push (&test, 7);
  do
    moved = orf_page_hinkley_push (&test, 6);
  while (moved == 0);
  g_assert_cmpint (moved, ==, -1);
}

/* Heavy tails alone are no change once blocks have taken them; a shift of the level is. */
static void
test_on_blocks (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);
  OrfBlockMedian block;
  OrfPageHinkley test;
  gint found = -1;

  orf_block_median_init (&block, 9);
  orf_page_hinkley_init (&test, .5, 10);
  for (gint i = 0; i < 9 * 600 && found < 0; i++) {
    double value = get_normal (rand) / MAX (1e-3, fabs (get_normal (rand))), median;

    value += i >= 9 * 400 ? 2 : 0;
    if (orf_block_median_push (&block, value, &median) && orf_page_hinkley_push (&test, median))
      found = i / 9;
  }
  g_assert_cmpint (found, >=, 400);
  g_assert_cmpint (found, <, 415);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/change/block-median", test_block_median);
  g_test_add_func ("/change/cusum-exact", test_cusum_exact);
  g_test_add_func ("/change/cusum-run-lengths", test_cusum_run_lengths);
  g_test_add_func ("/change/page-hinkley-exact", test_page_hinkley_exact);
  g_test_add_func ("/change/on-blocks", test_on_blocks);
  return g_test_run ();
}
