/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "postmortem/orf-postmortem-shift.h"

#define N 120

static OrfPostmortemShift
judge (const double *before, const double *during)
{
  OrfPostmortemShift shift;

  orf_postmortem_shift_judge (before, during, N, &shift);
  return shift;
}

/* Of a normal distribution, near enough: twelve uniform ones. */
static double
draw (GRand *rand)
{
  double sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += g_rand_double (rand);
  return sum;
}

static void
fill (GRand *rand, double *values, double mean, double deviation)
{
  for (guint i = 0; i < N; i++)
    values[i] = mean + deviation * draw (rand);
}

/* The effect of a step is its height in deviations; the sign says which way. */
static void
test_step (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  double before[N], during[N];
  OrfPostmortemShift shift;

  fill (rand, before, 100, 5);
  fill (rand, during, 200, 5);
  shift = judge (before, during);
  g_assert_cmpfloat (shift.effect, >, 15);
  g_assert_cmpfloat (shift.effect, <, 25);
  g_assert_cmpfloat (fabs (shift.change_percent - 100), <, 15);
  g_assert_cmpint (shift.first, ==, 0);
  g_assert_cmpfloat (fabs (shift.median_before - 100), <, 2);
  shift = judge (during, before);
  g_assert_cmpfloat (shift.effect, <, -15);
  g_assert_cmpfloat (shift.change_percent, <, 0);
}

/* What lasts a tenth of the window is seen, and when it began; one odd value is not. */
static void
test_short (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  double before[N], during[N];
  OrfPostmortemShift shift;

  fill (rand, before, 100, 5);
  fill (rand, during, 100, 5);
  during[17] = 10000;
  shift = judge (before, during);
  g_assert_cmpfloat (fabs (shift.effect), <, ORF_POSTMORTEM_SHIFT_MOVED);
  g_assert_cmpint (shift.first, ==, -1);
  for (guint i = 60; i < 72; i++)
    during[i] += 300;
  shift = judge (before, during);
  g_assert_cmpfloat (shift.effect, >, 20);
  g_assert_cmpint (shift.first, ==, 60);
}

/* In a hundred pairs of the same noise none is told to have moved. */
static void
test_noise (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);
  double before[N], during[N];

  for (guint i = 0; i < 100; i++) {
    fill (rand, before, 100, 20);
    fill (rand, during, 100, 20);
    g_assert_cmpfloat (fabs (judge (before, during).effect), <, ORF_POSTMORTEM_SHIFT_MOVED);
  }
}

static void
test_ramp (void)
{
  double before[N], during[N];

  for (guint i = 0; i < N; i++) {
    before[i] = i;
    during[i] = N + i;
  }
  g_assert_cmpfloat (judge (before, during).effect, <, ORF_POSTMORTEM_SHIFT_MOVED);
}

/* What never moved has no deviation: a hundredth of it counts as one. */
static void
test_flat (void)
{
  double before[N], during[N];
  OrfPostmortemShift shift;

  for (guint i = 0; i < N; i++)
    before[i] = during[i] = 50;
  shift = judge (before, during);
  g_assert_cmpfloat (shift.effect, ==, 0);
  for (guint i = 30; i < N; i++)
    during[i] = 55;
  shift = judge (before, during);
  g_assert_cmpfloat (fabs (shift.effect - 10), <, 1e-9);
  g_assert_cmpint (shift.first, ==, 30);
  for (guint i = 0; i < N; i++) {
    before[i] = 0;
    during[i] = i < 60 ? 0 : 1e-3;
  }
  shift = judge (before, during);
  g_assert_cmpfloat (fabs (shift.effect - 20), <, 1e-9);
  g_assert_true (isnan (shift.change_percent));
  for (guint i = 0; i < N; i++) {
    before[i] = 1e-6;
    during[i] = 1e6;
  }
  g_assert_cmpfloat (judge (before, during).effect, ==, ORF_POSTMORTEM_SHIFT_MAX);
}

static void
test_few (void)
{
  double before[N], during[N];

  for (guint i = 0; i < N; i++)
    before[i] = during[i] = NAN;
  g_assert_true (isnan (judge (before, during).effect));
  g_assert_true (isnan (judge (before, during).median_before));
  for (guint i = 0; i < 4; i++)
    before[i] = during[i] = 1;
  g_assert_true (isnan (judge (before, during).effect));
  before[4] = 1;
  g_assert_cmpfloat (judge (before, during).effect, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-shift/step", test_step);
  g_test_add_func ("/postmortem-shift/short", test_short);
  g_test_add_func ("/postmortem-shift/noise", test_noise);
  g_test_add_func ("/postmortem-shift/ramp", test_ramp);
  g_test_add_func ("/postmortem-shift/flat", test_flat);
  g_test_add_func ("/postmortem-shift/few", test_few);
  return g_test_run ();
}
