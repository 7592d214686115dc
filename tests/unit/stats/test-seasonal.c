/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "stats/orf-seasonal.h"

static const double week[] = { 3, -1, 0, 4, -2, -5, 1 };

static void
push_weeks (OrfSeasonal *seasonal, guint from, guint to, double level)
{
  for (guint i = from; i < to; i++)
    orf_seasonal_push (seasonal, i, level + week[i % 7]);
}

static void
test_first (void)
{
  OrfSeasonal seasonal;

  orf_seasonal_init (&seasonal, 7);
  g_assert_true (isnan (orf_seasonal_forecast (&seasonal, 0)));
  orf_seasonal_push (&seasonal, 0, NAN);
  g_assert_true (isnan (orf_seasonal_forecast (&seasonal, 0)));
  orf_seasonal_push (&seasonal, 1, 5);
  g_assert_cmpfloat (orf_seasonal_forecast (&seasonal, 100), ==, 5);
}

/* What repeats itself is known after one period, to the bit of a float. */
static void
test_exact (void)
{
  OrfSeasonal seasonal;

  orf_seasonal_init (&seasonal, 7);
  push_weeks (&seasonal, 0, 8, 100);
  for (guint i = 8; i < 50; i++)
    g_assert_cmpfloat_with_epsilon (orf_seasonal_forecast (&seasonal, i), 100 + week[i % 7], 1e-5);
}

/* The level follows a step: what is left of it falls by at least 5 % with each value, as soon as
 * surprises of its size are usual. */
static void
test_step (void)
{
  OrfSeasonal seasonal;

  orf_seasonal_init (&seasonal, 7);
  push_weeks (&seasonal, 0, 70, 100);
  push_weeks (&seasonal, 70, 770, 140);
  for (guint i = 770; i < 777; i++)
    g_assert_cmpfloat_with_epsilon (orf_seasonal_forecast (&seasonal, i), 140 + week[i % 7], .01);
}

/* One value, however far off, moves the forecast of its place by what three usual surprises do. */
static void
test_outlier (void)
{
  OrfSeasonal seasonal;
  double usual, moved;

  orf_seasonal_init (&seasonal, 7);
  for (guint i = 0; i < 700; i++)
    orf_seasonal_push (&seasonal, i, week[i % 7] + (i / 7 % 2 == 0 ? .5 : -.5));
  usual = (double) seasonal.usual;
  g_assert_cmpfloat (usual, <, 1);
  moved = -orf_seasonal_forecast (&seasonal, 707);
  orf_seasonal_push (&seasonal, 700, 1e6);
  moved += orf_seasonal_forecast (&seasonal, 707);
  g_assert_cmpfloat_with_epsilon (moved, 3 * usual * (.05 + .2 * .95), 1e-4);
}

/* Noise of deviation 1: the last period's value errs by √2 times as much as what is best, this by
 * little more than the best. */
static void
test_noise (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  double values[6000], error = 0, naive = 0, best = 0;
  OrfSeasonal seasonal;

  orf_seasonal_init (&seasonal, 24);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    double truth = 10 * sin (2 * G_PI * i / 24), noise = 0;

    for (guint k = 0; k < 12; k++)
      noise += g_rand_double (rand) - .5;
    values[i] = truth + noise;
    if (i >= 480) {
      error += fabs (values[i] - orf_seasonal_forecast (&seasonal, i));
      naive += fabs (values[i] - values[i - 24]);
      best += fabs (noise);
    }
    orf_seasonal_push (&seasonal, i, values[i]);
  }
  g_assert_cmpfloat_with_epsilon (naive / best, G_SQRT2, .03);
  g_assert_cmpfloat (error / best, <, 1.1);
}

/* A day of minutes shares its places; a period that is not whole does not drift. */
static void
test_long (void)
{
  OrfSeasonal day, odd;

  orf_seasonal_init (&day, 1440);
  orf_seasonal_init (&odd, 12.5);
  for (guint i = 0; i < 4 * 1440; i++) {
    orf_seasonal_push (&day, i, sin (2 * G_PI * i / 1440));
    orf_seasonal_push (&odd, i, sin (2 * G_PI * i / 12.5));
  }
  /* within a place of half an hour the sine moves by 2 π / 48 at most, and half of that from its
   * middle; of 13 places as much */
  for (guint i = 4 * 1440; i < 5 * 1440; i++) {
    g_assert_cmpfloat_with_epsilon (orf_seasonal_forecast (&day, i), sin (2 * G_PI * i / 1440),
                                    1.5 * G_PI / 48);
    g_assert_cmpfloat_with_epsilon (orf_seasonal_forecast (&odd, i), sin (2 * G_PI * i / 12.5),
                                    1.5 * G_PI / 13);
  }
}

/* Values that did not come move nothing, and the period goes on without them. */
static void
test_gap (void)
{
  OrfSeasonal seasonal;

  orf_seasonal_init (&seasonal, 7);
  push_weeks (&seasonal, 0, 20, 100);
  push_weeks (&seasonal, 1003, 1010, 100);
  g_assert_cmpfloat_with_epsilon (orf_seasonal_forecast (&seasonal, 1011), 100 + week[1011 % 7],
                                  1e-5);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seasonal/first", test_first);
  g_test_add_func ("/seasonal/exact", test_exact);
  g_test_add_func ("/seasonal/step", test_step);
  g_test_add_func ("/seasonal/outlier", test_outlier);
  g_test_add_func ("/seasonal/noise", test_noise);
  g_test_add_func ("/seasonal/long", test_long);
  g_test_add_func ("/seasonal/gap", test_gap);
  return g_test_run ();
}
