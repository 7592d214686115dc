/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-leak-points.h"
#include "forecast/orf-leak-watch.h"

#include <math.h>
#include <string.h>

#define STEP_US (60 * (gint64) G_USEC_PER_SEC)
#define START   250 /* row at which what happens begins */
#define SPAN    260 /* rows of a leak that takes all of `size` */

typedef enum {
  QUIET,
  LINEAR,
  ACCELERATING,
  STEPS,
  SAW_LEAK,
  DAILY,
  SAW,
  STEP,
  WARM_UP,
} Kind;

typedef struct {
  Kind kind;
  double base, size, noise;
  GRand *rand;
} Series;

static double
get_shape (Kind kind, gint row)
{
  double since = row - START, share = since / SPAN;

  switch (kind) {
  case DAILY:
    return .25 * sin (2 * G_PI * row / 400);
  case SAW:
    return .3 * (row % 61) / 61;
  case WARM_UP:
    return -.5 * exp (-row / 40.);
  case LINEAR:
    return MAX (0, share);
  case ACCELERATING:
    return since < 0 ? 0 : share * share;
  case STEPS:
    return since < 0 ? 0 : floor (share * 12) / 12;
  case SAW_LEAK:
    return since < 0 ? 0 : share + .15 * (((gint) since % 53) / 53. - .5);
  case STEP:
    return since < 0 ? 0 : .4;
  case QUIET:
  default:
    return 0;
  }
}

/* Levels that stay for some rows, as memory does, with a spike now and then. */
static double
get_value (const Series *series, gint row)
{
  double value = series->base + series->size * get_shape (series->kind, row);

  value += series->noise * (g_rand_int_range (series->rand, 0, 3));
  if (g_rand_int_range (series->rand, 0, 40) == 0)
    value += 4 * series->noise;
  return value;
}

/* The first row of those asked at which a leak is told; -1: none. */
static gint
find_leak (Kind kind, double base, double size, double threshold, gint n_rows, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  Series series = { kind, base, size, .005 * base, rand };
  OrfLeakWatch watch;
  OrfOutlook outlook;

  orf_leak_watch_init (&watch, STEP_US, FALSE);
  for (gint row = 0; row < n_rows; row++) {
    orf_leak_watch_push (&watch, (row + 1) * STEP_US, get_value (&series, row));
    if (row % 4 > 0)
      continue;
    orf_leak_watch_get_outlook (&watch, threshold, &outlook);
    if (outlook.leak)
      return row;
  }
  return -1;
}

static void
test_leaks (void)
{
  for (Kind kind = LINEAR; kind <= SAW_LEAK; kind++)
    for (guint32 seed = 1; seed <= 3; seed++) {
      gint row = find_leak (kind, 100, 60, 160, START + SPAN, seed);

      g_assert_cmpint (row, >, START + 40);
      g_assert_cmpint (row, <, START + SPAN * 7 / 10);
    }
}

static void
test_controls (void)
{
  static const Kind kinds[] = { QUIET, DAILY, SAW, STEP, WARM_UP };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint32 seed = 1; seed <= 2; seed++) {
      g_assert_cmpint (find_leak (kinds[i], 100, 60, 200, 1400, seed), ==, -1);
      g_assert_cmpint (find_leak (kinds[i], 100, 60, NAN, 1400, seed), ==, -1);
    }
}

/* The unit is no matter. */
static void
test_scales (void)
{
  static const double scales[] = { 1e-12, 1, 1e9, 1e15 };

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++) {
    double scale = scales[i];

    g_assert_cmpint (find_leak (LINEAR, 100 * scale, 60 * scale, 160 * scale, START + SPAN, 1), >,
                     START);
    g_assert_cmpint (find_leak (SAW, 100 * scale, 60 * scale, 160 * scale, 1000, 1), ==, -1);
  }
}

static void
push_line (OrfLeakWatch *watch, gint *row, gint n, double *value, double move)
{
  for (gint i = 0; i < n; i++) {
    *value += move;
    *row += 1;
    orf_leak_watch_push (watch, *row * STEP_US, *value);
  }
}

/* Of a line without noise all is known: when it began, its slope, the time that is left. */
static void
test_line (void)
{
  OrfLeakWatch watch;
  OrfOutlook outlook;
  double value = 50;
  gint row = 0;

  orf_leak_watch_init (&watch, STEP_US, FALSE);
  push_line (&watch, &row, 200, &value, 0);
  orf_leak_watch_get_outlook (&watch, 100, &outlook);
  g_assert_false (outlook.leak);
  g_assert_cmpint (outlook.regime, ==, ORF_REGIME_QUIET);
  g_assert_cmpfloat (outlook.slope_per_s, ==, 0);
  g_assert_true (isnan (outlook.tte_us));
  push_line (&watch, &row, 120, &value, .25);
  orf_leak_watch_get_outlook (&watch, 100, &outlook);
  g_assert_true (outlook.leak);
  g_assert_cmpfloat (outlook.leak_confidence, >, .9);
  g_assert_cmpfloat_with_epsilon (outlook.slope_per_s, .25 / 60, .25 / 60 * .01);
  g_assert_cmpint (ABS (outlook.leak_since_us - 200 * STEP_US), <, 25 * STEP_US);
  /* 20 above, at a quarter a row. */
  g_assert_cmpfloat_with_epsilon (outlook.tte_us / STEP_US, 80, 4);
  g_assert_cmpfloat (outlook.tte_lower_us, <=, outlook.tte_us);
  g_assert_cmpfloat (outlook.tte_upper_us, >=, 80. * STEP_US);
  g_assert_cmpfloat (outlook.tte_upper_us, <, 90. * STEP_US);
  orf_leak_watch_get_outlook (&watch, NAN, &outlook);
  g_assert_true (outlook.leak);
  g_assert_true (isnan (outlook.tte_us));
  /* It has ended: nothing leaks any more. */
  push_line (&watch, &row, 100, &value, 0);
  orf_leak_watch_get_outlook (&watch, 100, &outlook);
  g_assert_false (outlook.leak);
  g_assert_cmpint (outlook.leak_since_us, ==, 0);
  /* It was given back, which is no leak either; and passed, which is now. */
  push_line (&watch, &row, 1, &value, -30);
  push_line (&watch, &row, 99, &value, 0);
  orf_leak_watch_get_outlook (&watch, 50, &outlook);
  g_assert_false (outlook.leak);
  g_assert_cmpfloat (outlook.tte_us, ==, 0);
}

/* What falls and is scarce, told in its own direction. */
static void
test_falling (void)
{
  OrfLeakWatch watch;
  OrfOutlook outlook;
  double value = 1e9;
  gint row = 0;

  orf_leak_watch_init (&watch, STEP_US, TRUE);
  push_line (&watch, &row, 200, &value, 0);
  push_line (&watch, &row, 150, &value, -4e6);
  orf_leak_watch_get_outlook (&watch, 1e8, &outlook);
  g_assert_true (outlook.leak);
  g_assert_cmpfloat_with_epsilon (outlook.slope_per_s, -4e6 / 60, 1e3);
  g_assert_cmpfloat (outlook.slope_lower_per_s, <=, outlook.slope_per_s);
  g_assert_cmpfloat (outlook.slope_upper_per_s, >=, outlook.slope_per_s);
  g_assert_cmpfloat_with_epsilon (outlook.tte_us / STEP_US, 75, 4);
}

/* Rows that are missing take their time all the same. */
static void
test_gaps (void)
{
  OrfLeakWatch watch;
  OrfOutlook outlook;
  gint64 row;

  orf_leak_watch_init (&watch, STEP_US, FALSE);
  for (row = 1; row <= 400; row++)
    if (row <= 300 || row > 330)
      orf_leak_watch_push (&watch, row * STEP_US,
                           row % 7 == 0 ? NAN : 10 + .02 * MAX (0, row - 220));
  orf_leak_watch_get_outlook (&watch, 20, &outlook);
  g_assert_true (outlook.leak);
  g_assert_cmpfloat_with_epsilon (outlook.slope_per_s, .02 / 60, .02 / 60 * .05);
  g_assert_cmpint (ABS (outlook.leak_since_us - 220 * STEP_US), <, 30 * STEP_US);
  /* After a pause longer than all that was seen, little is known. */
  orf_leak_watch_push (&watch, 1500 * STEP_US, 14);
  g_assert_cmpuint (watch.n_rows, ==, 1);
  orf_leak_watch_get_outlook (&watch, 20, &outlook);
  g_assert_false (outlook.leak);
  g_assert_cmpint (outlook.regime, ==, ORF_REGIME_UNKNOWN);
}

static void
test_odd_values (void)
{
  static const double odd[] = { NAN, INFINITY, -INFINITY, 1e300, -1e300, 0, -0., 1e-310 };
  OrfLeakWatch watch;
  OrfOutlook outlook;

  orf_leak_watch_init (&watch, STEP_US, FALSE);
  orf_leak_watch_get_outlook (&watch, 5, &outlook);
  g_assert_cmpint (outlook.regime, ==, ORF_REGIME_UNKNOWN);
  for (gint row = 1; row <= 3000; row++) {
    orf_leak_watch_push (&watch, row * STEP_US, odd[row % G_N_ELEMENTS (odd)]);
    /* A row that is not later is none. */
    orf_leak_watch_push (&watch, row * STEP_US, 1e6);
    orf_leak_watch_get_outlook (&watch, 5, &outlook);
    g_assert_false (outlook.leak);
    g_assert_true (isnan (outlook.tte_us) || outlook.tte_us >= 0);
  }
  g_assert_cmpuint (watch.n_rows, <=, 3000);
  g_assert_true (orf_leak_watch_is_valid (&watch));
  watch.counts[1] = ORF_LEAK_LEVEL_BLOCKS + 1;
  g_assert_false (orf_leak_watch_is_valid (&watch));
}

/* Blocks tell of all rows without a hole, and of their ends. */
static void
test_points (void)
{
  OrfLeakWatch watch;
  OrfLeakPoint points[ORF_LEAK_POINTS];

  orf_leak_watch_init (&watch, STEP_US, FALSE);
  for (guint row = 1; row <= 5003; row++) {
    double age, most = -1, low = 1e9;
    guint n;

    orf_leak_watch_push (&watch, row * STEP_US, row % 1000);
    n = orf_leak_points_get (&watch, points);
    age = row;
    g_assert_cmpuint (n, <=, ORF_LEAK_POINTS);
    for (guint i = 0; i < n; i++) {
      g_assert_cmpfloat (points[i].from, ==, age);
      age -= points[i].width;
      most = MAX (most, points[i].most + 1);
      low = MIN (low, points[i].low + 1);
      g_assert_cmpfloat (points[i].low, <=, points[i].top);
      g_assert_cmpfloat (points[i].top, <=, points[i].most);
    }
    g_assert_cmpfloat (age, ==, 0);
    /* The first row is 1, and spreads are rounded to 8 bits outwards each time that blocks are
     * joined. */
    g_assert_cmpfloat (most, >=, MIN (row, 999));
    g_assert_cmpfloat (most, <=, MIN (row, 999) * 1.04);
    if (row >= 1000)
      g_assert_cmpfloat_with_epsilon (low, 0, 40);
  }
}

/* A copy goes on as the original: nothing is kept elsewhere. */
static void
test_copy (void)
{
  OrfLeakWatch watch, copy;
  OrfOutlook a, b;
  double value = 5;
  gint row = 0;

  orf_leak_watch_init (&watch, STEP_US, FALSE);
  push_line (&watch, &row, 333, &value, .01);
  memcpy (&copy, &watch, sizeof copy);
  push_line (&watch, &row, 77, &value, .01);
  row -= 77;
  value -= .77;
  push_line (&copy, &row, 77, &value, .01);
  orf_leak_watch_get_outlook (&watch, 20, &a);
  orf_leak_watch_get_outlook (&copy, 20, &b);
  g_assert_cmpint (a.leak, ==, b.leak);
  g_assert_cmpfloat_with_epsilon (a.tte_us, b.tte_us, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/leak-watch/leaks", test_leaks);
  g_test_add_func ("/leak-watch/controls", test_controls);
  g_test_add_func ("/leak-watch/scales", test_scales);
  g_test_add_func ("/leak-watch/line", test_line);
  g_test_add_func ("/leak-watch/falling", test_falling);
  g_test_add_func ("/leak-watch/gaps", test_gaps);
  g_test_add_func ("/leak-watch/odd-values", test_odd_values);
  g_test_add_func ("/leak-watch/points", test_points);
  g_test_add_func ("/leak-watch/copy", test_copy);
  return g_test_run ();
}
