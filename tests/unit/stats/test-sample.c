/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "stats/orf-mann-kendall.h"
#include "stats/orf-sample.h"

static void
add (OrfSample *sample, float value, float weight)
{
  sample->points[sample->n++] = (OrfSamplePoint){ value, { weight, 1 } };
}

/* Weights 1, 2, 3, 4 at 10, 20, 30, 40, given out of order. */
static void
test_quantiles (void)
{
  OrfSample sample = { .n = 0 };
  float lower, upper;

  add (&sample, 40, 4);
  add (&sample, 10, 1);
  add (&sample, 30, 3);
  add (&sample, 20, 2);
  orf_sample_sort (&sample);
  orf_sample_sum_up (&sample);
  g_assert_cmpfloat ((double) orf_sample_get_quantile (&sample, 0, .5f), ==, 30);
  g_assert_cmpfloat ((double) orf_sample_get_quantile (&sample, 0, .1f), ==, 10);
  g_assert_cmpfloat ((double) orf_sample_get_quantile (&sample, 0, .11f), ==, 20);
  g_assert_cmpfloat ((double) orf_sample_get_quantile (&sample, 0, 1), ==, 40);
  g_assert_cmpfloat ((double) orf_sample_get_quantile (&sample, 1, .5f), ==, 20);
  orf_sample_get_interval (&sample, 1, .5f, &lower, &upper);
  g_assert_cmpfloat ((double) lower, ==, 10);
  /* nothing is below 10: both of what is left out are above */
  g_assert_cmpfloat ((double) upper, ==, 20);
}

static void
test_merge (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  OrfSample sample = { .n = 0 };
  OrfSamplePoint more[20] = { 0 };

  for (guint i = 0; i < 60; i++)
    add (&sample, (float) g_rand_int_range (rand, -30, 30), 1);
  orf_sample_sort (&sample);
  for (guint i = 0; i < G_N_ELEMENTS (more); i++)
    more[i].value = 4.f * (float) i - 40;
  orf_sample_merge (&sample, more, G_N_ELEMENTS (more));
  g_assert_cmpuint (sample.n, ==, 80);
  for (guint i = 1; i < sample.n; i++)
    g_assert_true (sample.points[i].value >= sample.points[i - 1].value);
}

/* A third of the rows at 0, the rest from 1 to 60: nothing can be left out below, so that the upper
 * side leaves all. */
static void
test_resting (void)
{
  OrfSample sample = { .n = 0 };
  float lower, upper;

  for (guint i = 0; i < 30; i++)
    add (&sample, 0, 1);
  for (guint i = 1; i <= 60; i++)
    add (&sample, (float) i, 1);
  orf_sample_sort (&sample);
  orf_sample_sum_up (&sample);
  orf_sample_get_interval (&sample, 0, .2f, &lower, &upper);
  g_assert_cmpfloat ((double) lower, ==, 0);
  g_assert_cmpfloat ((double) upper, ==, 42); /* 18 of 90 beyond */
  for (guint i = 0; i < sample.n; i++)
    sample.points[i].value = -sample.points[i].value;
  orf_sample_sort (&sample);
  orf_sample_sum_up (&sample);
  orf_sample_get_interval (&sample, 0, .2f, &lower, &upper);
  g_assert_cmpfloat ((double) lower, <=, -41);
  g_assert_cmpfloat ((double) lower, >=, -43);
  g_assert_cmpfloat ((double) upper, ==, 0);
}

static void
test_mann_kendall (void)
{
  const double rising[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, same[] = { 3, 3, 3, 3, 3 };
  const double ties[] = { 1, 1, 2, 2, 3 };
  const double falling[] = { 4, 3, 2, 1 };

  /* S = 45, variance 10 × 9 × 25 / 18 = 125 */
  g_assert_cmpfloat_with_epsilon (orf_mann_kendall (rising, 10), 44 / sqrt (125), 1e-12);
  g_assert_cmpfloat (orf_mann_kendall (same, 5), ==, 0);
  g_assert_cmpfloat (orf_mann_kendall (rising, 3), ==, 0);
  /* S = 8, variance (5 × 4 × 15 − 2 × 2 × 1 × 9) / 18 */
  g_assert_cmpfloat_with_epsilon (orf_mann_kendall (ties, 5), 7 / sqrt (264. / 18), 1e-12);
  /* S = −6, variance 4 × 3 × 13 / 18 */
  g_assert_cmpfloat_with_epsilon (orf_mann_kendall (falling, 4), -5 / sqrt (156. / 18), 1e-12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sample/quantiles", test_quantiles);
  g_test_add_func ("/sample/merge", test_merge);
  g_test_add_func ("/sample/resting", test_resting);
  g_test_add_func ("/mann-kendall", test_mann_kendall);
  return g_test_run ();
}
