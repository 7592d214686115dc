/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-median.h"

#include <math.h>
#include <string.h>

#define CLOSE(a, b) g_assert_cmpfloat_with_epsilon (a, b, 1e-12)

static int
compare (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return (left > right) - (left < right);
}

static void
test_small (void)
{
  double one[] = { 7 }, two[] = { 1, 2 }, odd[] = { 9, -1, 4 }, even[] = { 8, 1, 3, 2 };

  g_assert_true (isnan (orf_median_of (one, 0)));
  CLOSE (orf_median_of (one, 1), 7);
  CLOSE (orf_median_of (two, 2), 1.5);
  CLOSE (orf_median_of (odd, 3), 4);
  CLOSE (orf_median_of (even, 4), 2.5);
}

/* Against sorting, with few different values as well, where a pivot often equals its neighbours. */
static void
test_every_rank (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint round = 0; round < 200; round++) {
    double values[150], sorted[150];
    guint n = g_rand_int_range (rand, 1, 150), kinds = g_rand_int_range (rand, 1, 200);

    for (guint i = 0; i < n; i++)
      sorted[i] = g_rand_int_range (rand, 0, kinds);
    for (guint rank = 0; rank < n; rank += 1 + n / 20) {
      memcpy (values, sorted, sizeof values);
      orf_median_select (values, n, rank);
      memcpy (values, sorted, sizeof values);
      CLOSE (orf_median_select (values, n, rank),
             (qsort (sorted, n, sizeof *sorted, compare), sorted[rank]));
    }
    CLOSE (orf_median_of (values, n), (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
  }
}

static void
test_quantile (void)
{
  double values[] = { 5, 1, 4, 2, 3 };

  CLOSE (orf_median_quantile (values, 5, 0), 1);
  CLOSE (orf_median_quantile (values, 5, 1), 5);
  CLOSE (orf_median_quantile (values, 5, .5), 3);
  CLOSE (orf_median_quantile (values, 5, .625), 3.5);
  g_assert_true (isnan (orf_median_quantile (values, 0, .5)));
}

/* Of 1, 1, 2, 2, 4, 6, 9 the median is 2 and the distances 1, 1, 0, 0, 2, 4, 7. */
static void
test_deviation (void)
{
  double values[] = { 1, 1, 2, 2, 4, 6, 9 }, constant[] = { 3, 3, 3, 3 }, center = 0;

  CLOSE (orf_median_deviation (values, 7, &center), 1);
  CLOSE (center, 2);
  CLOSE (orf_median_deviation (constant, 4, NULL), 0);
}

/* For a normal distribution the factor makes it the standard deviation. */
static void
test_deviation_of_normal (void)
{
  enum { N = 20000 };
  g_autofree double *values = g_new (double, N);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < N; i++)
    values[i] = 10 + 2 * sqrt (-2 * log (1 - g_rand_double (rand))) *
                       cos (2 * G_PI * g_rand_double (rand));
  g_assert_cmpfloat_with_epsilon (orf_median_deviation (values, N, NULL) * ORF_MAD_TO_DEVIATION, 2,
                                  .05);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/median/small", test_small);
  g_test_add_func ("/median/every-rank", test_every_rank);
  g_test_add_func ("/median/quantile", test_quantile);
  g_test_add_func ("/median/deviation", test_deviation);
  g_test_add_func ("/median/deviation-of-normal", test_deviation_of_normal);
  return g_test_run ();
}
