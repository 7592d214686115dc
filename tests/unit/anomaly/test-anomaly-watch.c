/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "anomaly/orf-anomaly-watch.h"

#define S ((gint64) G_USEC_PER_SEC)

typedef struct {
  OrfAnomalyWatch watch;
  OrfAnomalyTuning tuning;
  GRand *rand;
  gint64 t_us;
  OrfAnomalyVerdict said;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  orf_anomaly_watch_init (&f->watch, 60 * S, FALSE, 0);
  f->rand = g_rand_new_with_seed (1);
  f->t_us = 1700000000 * S;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_true (orf_anomaly_watch_is_valid (&f->watch));
  g_rand_free (f->rand);
}

/* The score of the next row; 0: nothing is said. */
static float
push (Fixture *f, double value)
{
  f->said.score = 0;
  f->t_us += 60 * S;
  orf_anomaly_watch_push (&f->watch, &f->tuning, f->t_us, value, &f->said);
  return f->said.score;
}

/* Mean 0, deviation 1. */
static double
draw (Fixture *f)
{
  double sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += g_rand_double (f->rand);
  return sum;
}

/* How many of n rows of noise about a level are told to be rarer than once in a thousand. */
static guint
push_noise (Fixture *f, guint n, double level)
{
  guint n_rare = 0;

  for (guint i = 0; i < n; i++)
    n_rare += push (f, level + draw (f)) >= 3;
  return n_rare;
}

static void
test_spike (Fixture *f, gconstpointer data)
{
  push_noise (f, 1000, 50);
  g_assert_cmpuint (push_noise (f, 5000, 50), <=, 15);
  g_assert_cmpfloat (f->said.lower, <, 50);
  g_assert_cmpfloat (f->said.upper, >, 50);
  g_assert_cmpfloat_with_epsilon (f->said.expected, 50, 1);
  g_assert_cmpfloat (push (f, 70), >, 4);
  g_assert_true (orf_detector_get_kind (f->said.detector) == ORF_ANOMALY_KIND_SPIKE ||
                 orf_detector_get_kind (f->said.detector) == ORF_ANOMALY_KIND_OUTLIER);
  g_assert_nonnull (orf_detector_get_name (f->said.detector));
}

/* A spike is one in each direction by itself: where it often goes up, down is still strange. */
static void
test_direction (Fixture *f, gconstpointer data)
{
  float up, down;

  for (guint i = 0; i < 4000; i++)
    push (f, (i % 40 == 39 ? 80 : 50) + draw (f));
  up = push (f, 80);
  for (guint i = 0; i < 40; i++)
    push (f, 50 + draw (f));
  down = push (f, 20);
  g_assert_cmpfloat (up, <, 2);
  g_assert_cmpfloat (down, >, 3);
}

/* A series that becomes three times as restless: it is news for a while, and then what is usual. */
static void
test_restless (Fixture *f, gconstpointer data)
{
  guint n_at_once = 0, n_later = 0;

  push_noise (f, 3000, 50);
  for (guint i = 0; i < 1200; i++) {
    guint rare = push (f, 50 + 3 * draw (f)) >= 2.5f;

    *(i < 200 ? &n_at_once : &n_later) += rare;
  }
  g_assert_cmpuint (n_at_once, >=, 3);
  g_assert_cmpuint (n_later, <=, 12);
}

static void
test_constant (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 3000; i++)
    g_assert_cmpfloat (push (f, 7), ==, 0);
  g_assert_cmpfloat (push (f, 7.5), >, 3);
  /* nothing in it depends on the unit */
  g_assert_cmpfloat (f->said.score, <, 20);
}

/* What happens again and again is no news. */
static void
test_two_valued (Fixture *f, gconstpointer data)
{
  float most = 0;

  for (guint i = 0; i < 3000; i++)
    most = fmaxf (most * (i > 1000), push (f, i % 50 < 5));
  g_assert_cmpfloat (most, <, 2);
  g_assert_cmpfloat (push (f, 30), >, 3);
}

/* A level that moves slowly by three deviations: the blocks tell, no row by itself does. */
static void
test_drift (Fixture *f, gconstpointer data)
{
  float most = 0;

  push_noise (f, 3000, 0);
  for (guint i = 0; i < 200; i++) {
    float score = push (f, MIN (i, 60) / 20. + draw (f));

    if (f->said.detector == ORF_DETECTOR_DRIFT)
      most = fmaxf (most, score);
  }
  g_assert_cmpfloat (most, >, 1.5);
}

/* And one below a season, which itself was drift upon drift until it was known. */
static void
test_drift_of_season (Fixture *f, gconstpointer data)
{
  float most = 0;

  for (guint i = 0; i < 30 * 120 + 150; i++) {
    double drift = i > 30 * 120 ? (i - 30 * 120) / 25. : 0;
    float score = push (f, 10 * sin (2 * G_PI * i / 120) + drift + draw (f));

    if (drift > 0 && f->said.detector == ORF_DETECTOR_DRIFT)
      most = fmaxf (most, score);
  }
  g_assert_true (f->watch.seasonal);
  g_assert_cmpfloat (most, >, 1.5);
}

/* At first nothing is known, so that nothing is strange; and soon after not everything is. */
static void
test_warm_up (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 50; i++)
    g_assert_cmpfloat (push (f, i == 40 ? 1e6 : 50 + draw (f)), ==, 0);
  g_assert_cmpuint (push_noise (f, 450, 50), <=, 3);
}

/* At noon there are a hundred, at midnight none; a hundred at midnight is strange. */
static void
test_pattern (Fixture *f, gconstpointer data)
{
  float usual = 0;
  guint i = 0;

  for (; i < 120 * 60; i++) {
    float score = push (f, 50 - 50 * cos (2 * G_PI * i / 120) + draw (f));

    if (i > 100 * 60)
      usual = fmaxf (usual, score);
  }
  g_assert_cmpfloat_with_epsilon (f->watch.pattern.rhythm.period, 120, .5);
  for (; i % 120 != 0; i++)
    push (f, 50 - 50 * cos (2 * G_PI * i / 120) + draw (f));
  g_assert_cmpfloat (push (f, 50), >, 3);
  g_assert_cmpint (orf_detector_get_kind (f->said.detector), ==, ORF_ANOMALY_KIND_PATTERN);
  g_assert_cmpfloat_with_epsilon (f->said.expected, 0, 3);
  g_assert_cmpfloat (usual, <, f->said.score);
}

/* When its period becomes another one, that is found in time, and not before it has lasted. */
static void
test_new_period (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 120 * 30; i++)
    push (f, 50 - 20 * cos (2 * G_PI * i / 120) + draw (f));
  for (guint i = 0; i < 77 * 60; i++) {
    push (f, 50 - 20 * cos (2 * G_PI * i / 77) + draw (f));
    if (i == 77 * 3)
      g_assert_cmpfloat_with_epsilon (f->watch.pattern.rhythm.period, 120, .5);
  }
  g_assert_cmpfloat_with_epsilon (f->watch.pattern.rhythm.period, 77, 1);
}

static void
test_frozen (Fixture *f, gconstpointer data)
{
  float most = 0;

  push_noise (f, 3000, 50);
  for (guint i = 0; i < 40; i++) {
    float score = push (f, 50.5);

    if (f->said.detector == ORF_DETECTOR_FROZEN)
      most = fmaxf (most, score);
  }
  g_assert_cmpfloat (most, >, 3);
  g_assert_cmpint (orf_detector_get_kind (ORF_DETECTOR_FROZEN), ==, ORF_ANOMALY_KIND_SILENCE);
}

/* Nothing moves in a gap, and what comes after it is where it is. */
static void
test_gap (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 3000; i++)
    push (f, sin (i / 300.) * 100 + draw (f));
  f->t_us += 300 * 60 * S;
  push (f, sin (3300 / 300.) * 100);
  g_assert_cmpint (f->said.detector, !=, ORF_DETECTOR_MOVE);
  g_assert_cmpfloat (push (f, sin (3301 / 300.) * 100), <, 3);
  /* rows that are late, twice, or without a value say nothing */
  f->t_us -= 60 * S;
  g_assert_cmpfloat (push (f, 1e6), ==, 0);
  f->t_us -= 600 * S;
  g_assert_cmpfloat (push (f, 1e6), ==, 0);
  f->t_us += 660 * S;
  g_assert_cmpfloat (push (f, NAN), ==, 0);
  g_assert_cmpfloat (push (f, INFINITY), ==, 0);
}

/* A counter that begins anew has not fallen; one that rises faster is strange. */
static void
test_counter (Fixture *f, gconstpointer data)
{
  double count = 1e6;

  orf_anomaly_watch_init (&f->watch, 60 * S, TRUE, 0);
  for (guint i = 0; i < 3000; i++)
    push (f, count += 100 + draw (f));
  g_assert_cmpfloat (push (f, count = 20), ==, 0);
  g_assert_cmpfloat (push (f, count += 100), <, 3);
  g_assert_cmpfloat (push (f, count += 200), >, 3);
  f->t_us += 600 * 60 * S;
  g_assert_cmpfloat (push (f, count += 60000), ==, 0);
  g_assert_cmpfloat (push (f, count += 100), <, 3);
}

/* Scores depend on neither unit nor offset. */
static void
test_unit (Fixture *f, gconstpointer data)
{
  OrfAnomalyWatch other;

  orf_anomaly_watch_init (&other, 60 * S, FALSE, 0);
  for (guint i = 0; i < 2000; i++) {
    double value = draw (f) * 3 + (i % 500 == 0) * 40;
    OrfAnomalyVerdict said = { 0 };
    float score = push (f, value);

    orf_anomaly_watch_push (&other, &f->tuning, f->t_us, value * 1024, &said);
    g_assert_cmpfloat_with_epsilon (said.score, score, .05);
  }
}

/* A person's threshold: what is not so far out is nothing, however rare it is. */
static void
test_threshold (Fixture *f, gconstpointer data)
{
  push_noise (f, 3000, 50);
  f->tuning.threshold_deviations = 12;
  g_assert_cmpfloat (push (f, 58), ==, 0);
  push_noise (f, 100, 50);
  g_assert_cmpfloat (push (f, 80), >, 3);
}

/* After so many rows on another level it is the level. */
static void
test_look_back (Fixture *f, gconstpointer data)
{
  const guint rows[] = { 64, 4096 };
  double expected[2];

  for (guint k = 0; k < 2; k++) {
    orf_anomaly_watch_init (&f->watch, 60 * S, FALSE, 0);
    f->tuning.look_back_rows = rows[k];
    push_noise (f, 5000, 50);
    push_noise (f, 400, 60);
    expected[k] = f->said.expected;
  }
  g_assert_cmpfloat_with_epsilon (expected[0], 60, 1);
  g_assert_cmpfloat (expected[1], <, 53);
}

static void
test_extremes (Fixture *f, gconstpointer data)
{
  static const double values[] = { 0, 1e308, -1e308, 1e-308, 1, -1e30, 5e-324 };

  for (guint i = 0; i < 3000; i++) {
    float score = push (f, values[i * i % 7]);

    g_assert_true (score >= 0 && score < 40);
  }
}

#define ADD(name, func) g_test_add ("/anomaly-watch/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("spike", test_spike);
  ADD ("direction", test_direction);
  ADD ("restless", test_restless);
  ADD ("constant", test_constant);
  ADD ("two-valued", test_two_valued);
  ADD ("drift", test_drift);
  ADD ("drift-of-season", test_drift_of_season);
  ADD ("warm-up", test_warm_up);
  ADD ("pattern", test_pattern);
  ADD ("new-period", test_new_period);
  ADD ("frozen", test_frozen);
  ADD ("gap", test_gap);
  ADD ("counter", test_counter);
  ADD ("unit", test_unit);
  ADD ("threshold", test_threshold);
  ADD ("look-back", test_look_back);
  ADD ("extremes", test_extremes);
  return g_test_run ();
}
