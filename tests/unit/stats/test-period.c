/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-period.h"

#include <math.h>

enum { N = 600 };

static gboolean
find (double *values, OrfPeriod *period)
{
  return orf_period_find (values, N, 4, 200, period);
}

static void
test_sine (void)
{
  double values[N];
  OrfPeriod period;

  for (guint i = 0; i < N; i++)
    values[i] = 1e9 + 5 * sin (2 * G_PI * i / 47.5) + .03 * i;
  g_assert_true (find (values, &period));
  g_assert_cmpfloat_with_epsilon (period.lag, 47.5, .5);
  g_assert_cmpfloat (period.strength, >, .95);
}

/* A saw with noise, spikes a hundred times as high, and a tenth of it missing. */
static void
test_saw (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  double values[N];
  OrfPeriod period;

  for (guint i = 0; i < N; i++) {
    values[i] = (i % 61) / 61. + g_rand_double_range (rand, -.2, .2);
    if (g_rand_int_range (rand, 0, 30) == 0)
      values[i] += 100;
    if (g_rand_int_range (rand, 0, 10) == 0)
      values[i] = NAN;
  }
  g_assert_true (find (values, &period));
  g_assert_cmpfloat_with_epsilon (period.lag, 61, 1.5);
}

static void
test_none (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  double noise[N], line[N], walk[N], constant[N], step[N], sum = 0;
  OrfPeriod period = { .lag = 7 };

  for (guint i = 0; i < N; i++) {
    noise[i] = g_rand_double (rand);
    line[i] = 3. * i;
    sum += noise[i] - .5;
    walk[i] = sum;
    constant[i] = 4;
    step[i] = i > 250;
  }
  g_assert_false (find (noise, &period));
  g_assert_false (find (line, &period));
  g_assert_false (orf_period_find (walk, N, 4, 100, &period));
  g_assert_false (find (constant, &period));
  g_assert_false (find (step, &period));
  g_assert_false (orf_period_find (noise, 5, 4, 100, &period));
  g_assert_cmpfloat (period.lag, ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/period/sine", test_sine);
  g_test_add_func ("/period/saw", test_saw);
  g_test_add_func ("/period/none", test_none);
  return g_test_run ();
}
