/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-mann-kendall.h"
#include "stats/orf-theil-sen.h"

#include <math.h>

#define CLOSE(a, b) g_assert_cmpfloat_with_epsilon (a, b, 1e-9)

/* All 21 slopes of these seven points, least first: 1, 2.5, 11/3, 26/7, 3.75, 23/6, 59/15, 3.9375,
 * 4, 4, 4, 4, 69/17, 4.125, 29/7, 25/6, 46/11, 4.375, 5, 5, 6. */
static const double x_seven[] = { 1, 2, 3, 4, 10, 12, 18 };
static const double y_seven[] = { 9, 15, 19, 20, 45, 55, 78 };

static void
test_seven (void)
{
  OrfTheilSen line;
  double slope, level;

  g_assert_true (orf_theil_sen_fit (x_seven, y_seven, 7, 1.96, &line));
  CLOSE (line.slope, 4);
  /* The variance of S is 7 * 6 * 19 / 18, so 3.97 slopes lie outside on either side. */
  CLOSE (line.lower, 11. / 3);
  CLOSE (line.upper, 5);
  CLOSE (line.level, 6);
  g_assert_true (orf_theil_sen_get_line (x_seven, y_seven, 7, &slope, &level));
  CLOSE (slope, 4);
  CLOSE (level, 6);
}

/* A quarter of the points lies anywhere: the line does not move. */
static void
test_outliers (void)
{
  double x[40], y[40];
  OrfTheilSen line;

  for (guint i = 0; i < 40; i++) {
    x[i] = i;
    y[i] = i % 4 == 3 ? 1e6 * (i % 8) : 5 - .25 * i;
  }
  g_assert_true (orf_theil_sen_fit (x, y, 40, 1.645, &line));
  CLOSE (line.slope, -.25);
  CLOSE (line.level, 5);
}

static void
test_no_line (void)
{
  double same[] = { 2, 2, 2 }, y[] = { 1, 2, 3 }, many[ORF_THEIL_SEN_MAX + 1] = { 0 };
  OrfTheilSen line = { .slope = 77 };

  g_assert_false (orf_theil_sen_fit (same, y, 3, 1, &line));
  g_assert_false (orf_theil_sen_fit (y, y, 1, 1, &line));
  g_assert_false (orf_theil_sen_fit (many, many, ORF_THEIL_SEN_MAX + 1, 1, &line));
  CLOSE (line.slope, 77);
  g_assert_true (orf_theil_sen_fit (y, same, 3, 1, &line));
  CLOSE (line.slope, 0);
  CLOSE (line.level, 2);
}

/* The interval of 90 % has the true slope about so often, with normal noise. */
static void
test_interval (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  guint covered = 0;

  for (guint round = 0; round < 1000; round++) {
    double x[20], y[20];
    OrfTheilSen line;

    for (guint i = 0; i < 20; i++) {
      x[i] = i;
      y[i] = 3 * i +
             sqrt (-2 * log (1 - g_rand_double (rand))) * cos (2 * G_PI * g_rand_double (rand));
    }
    g_assert_true (orf_theil_sen_fit (x, y, 20, 1.645, &line));
    covered += line.lower <= 3 && line.upper >= 3;
  }
  g_assert_cmpuint (covered, >=, 870);
  g_assert_cmpuint (covered, <=, 950);
}

static void
test_kendall (void)
{
  double rising[] = { 1, 2, 3, 4, 5 }, ties[] = { 1, 1, 2, 2, 3 }, constant[] = { 4, 4, 4, 4 };
  double falling[] = { 4, 3, 2, 1 };

  CLOSE (orf_mann_kendall_get_variance (rising, 5), 5 * 4 * 15 / 18.);
  CLOSE (orf_mann_kendall (rising, 5), 9 / sqrt (50 / 3.));
  /* Two ties of two values each: 2 * 1 * 9 less, twice. */
  CLOSE (orf_mann_kendall_get_variance (ties, 5), (300 - 36) / 18.);
  CLOSE (orf_mann_kendall (ties, 5), 7 / sqrt (264 / 18.));
  CLOSE (orf_mann_kendall_get_variance (constant, 4), 0);
  CLOSE (orf_mann_kendall (constant, 4), 0);
  CLOSE (orf_mann_kendall (falling, 4), -5 / sqrt (4 * 3 * 13 / 18.));
  CLOSE (orf_mann_kendall (falling, 1), 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/theil-sen/seven", test_seven);
  g_test_add_func ("/theil-sen/outliers", test_outliers);
  g_test_add_func ("/theil-sen/no-line", test_no_line);
  g_test_add_func ("/theil-sen/interval", test_interval);
  g_test_add_func ("/theil-sen/kendall", test_kendall);
  return g_test_run ();
}
