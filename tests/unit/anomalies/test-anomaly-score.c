/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "anomalies/orf-anomaly-score-rows.h"
#include "anomalies/orf-anomaly-score.h"
#include "orf-desc.h"
#include "stats/orf-random.h"

#define S        ((gint64) G_USEC_PER_SEC)
#define CENTURY  (1. / 36525)
#define N_ROWS   2000
#define N_VALUES 3

/* Mean 0, deviation 1. */
static double
draw (OrfRandom *random)
{
  double sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += (double) orf_random_share (random);
  return sum;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
add (GArray *points, gint64 t_us, double value)
{
  const OrfPoint point = { .t_us = t_us, .value = value };

  g_array_append_val (points, point);
}

static GArray *
make_points (gint64 first_us, gint64 step_us, guint n)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (guint i = 0; i < n; i++)
    add (points, first_us + i * step_us, i);
  return points;
}

static void
assert_row (GArray *rows, guint n_columns, guint row, double first, double second)
{
  const double *values = (double *) (void *) rows->data + row * n_columns;

  g_assert_true (values[0] == first || (isnan (values[0]) && isnan (first)));
  g_assert_true (values[1] == second || (isnan (values[1]) && isnan (second)));
}

/* Each row ends a step after the one before, and has the newest of what is in it. */
static void
test_join (void)
{
  g_autoptr (GArray) fast = make_points (100 * S, S / 2, 20); /* to 109.5 s */
  g_autoptr (GArray) slow = make_points (100 * S, 2 * S, 5);  /* to 108 s */
  const OrfScoreColumn columns[] = { { fast, FALSE }, { slow, FALSE } };
  g_autoptr (GArray) rows = orf_score_rows_join (columns, 2, 110 * S, S, 4);

  g_assert_cmpuint (rows->len, ==, 4);
  assert_row (rows, 2, 0, 13, 3); /* 106 s <= t < 107 s */
  assert_row (rows, 2, 1, 15, NAN);
  assert_row (rows, 2, 2, 17, 4);
  assert_row (rows, 2, 3, 19, NAN);
  g_assert_cmpint (orf_score_rows_find_step (columns, 2), ==, 2 * S);
  g_assert_cmpint (orf_score_rows_find_step (columns, 1), ==, S / 2);
}

/* What is not there is no row; more rows than there are points make no more. */
static void
test_gap (void)
{
  g_autoptr (GArray) one = make_points (100 * S, S, 5);
  g_autoptr (GArray) none = make_points (0, S, 0);
  const OrfScoreColumn columns[] = { { one, FALSE }, { none, FALSE } };
  g_autoptr (GArray) rows = NULL;

  add (one, 200 * S, 7);
  add (one, 300 * S, 9); /* after to_us */
  rows = orf_score_rows_join (columns, 2, 201 * S, S, 1000);
  g_assert_cmpuint (rows->len, ==, 6);
  assert_row (rows, 2, 4, 4, NAN);
  assert_row (rows, 2, 5, 7, NAN);
  g_assert_cmpint (orf_score_rows_find_step (columns + 1, 1), ==, 0);
}

static void
test_counter (void)
{
  g_autoptr (GArray) counter = make_points (0, S, 0);
  const double values[] = { 10, 15, 15, 2, 6 };
  const double rises[] = { NAN, 5, 0, NAN, 4 };
  const OrfScoreColumn columns[] = { { counter, TRUE }, { counter, FALSE } };
  g_autoptr (GArray) rows = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    add (counter, i * S, values[i]);
  rows = orf_score_rows_join (columns, 2, 5 * S, S, 5);
  g_assert_cmpuint (rows->len, ==, 5);
  for (guint i = 0; i < rows->len; i++)
    assert_row (rows, 2, i, rises[i], values[i]);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static guint
count_anomalous (guint64 seed, guint n, double alarms_per_day)
{
  g_autofree double *values = g_new (double, n);
  g_autofree OrfScored *scored = g_new (OrfScored, n);
  OrfRandom random = seed;
  guint n_anomalous = 0;

  for (guint i = 0; i < n; i++)
    values[i] = draw (&random);
  g_assert_true (orf_score_run (values, n, S, alarms_per_day, NULL, scored));
  for (guint i = 0; i < n; i++) {
    g_assert_true (isnan (scored[i].score) == (i < ORF_SCORE_MIN_BEFORE));
    g_assert_true (scored[i].score > 0 || !scored[i].anomalous);
    g_assert_true ((scored[i].detector != NULL) == (scored[i].score > 0));
    n_anomalous += scored[i].anomalous ? 1 : 0;
  }
  return n_anomalous;
}

/* One run of noise in ten may have one; and one value in ten is the most that can be promised. */
static void
test_run_rate (void)
{
  guint n_runs = 0;

  for (guint i = 0; i < 200; i++)
    n_runs += count_anomalous (i, 300, CENTURY) > 0 ? 1 : 0;
  g_assert_cmpuint (n_runs, <=, 30);
  g_assert_cmpuint (count_anomalous (1, 5000, 1e9), >, 50);
  g_assert_cmpuint (count_anomalous (1, 5000, 1e9), <, 1000);
}

static void
test_run_spike (void)
{
  double values[200];
  OrfScored scored[200];
  OrfRandom random = 1;

  for (guint i = 0; i < 200; i++)
    values[i] = 50 + draw (&random);
  values[150] = 80;
  g_assert_true (orf_score_run (values, 200, S, CENTURY, NULL, scored));
  g_assert_true (scored[150].anomalous);
  g_assert_false (scored[149].anomalous);
}

/* Nobody waits for it. */
static void
test_run_cancelled (void)
{
  static const double values[200];
  OrfScored scored[200];
  g_autoptr (OrfCancel) cancel = orf_cancel_new (0);

  g_assert_true (orf_score_run (values, 200, S, CENTURY, cancel, scored));
  orf_cancel_trigger (cancel);
  g_assert_false (orf_score_run (values, 200, S, CENTURY, cancel, scored));
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* Two that are as one, and one that is not of them. */
static void
draw_row (OrfRandom *random, double *row)
{
  row[0] = 100 + 10 * draw (random);
  row[1] = 3 * row[0] + draw (random);
  row[2] = draw (random);
}

static GArray *
make_rows (void)
{
  GArray *rows = g_array_new (FALSE, FALSE, N_VALUES * sizeof (double));
  OrfRandom random = 7;

  for (guint i = 0; i < N_ROWS; i++) {
    double row[N_VALUES];

    draw_row (&random, row);
    g_array_append_val (rows, row);
  }
  return rows;
}

static void
assert_found (const GArray *rows, double a, double b, double c, OrfAnomalyKind kind)
{
  const double values[] = { a, b, c };
  const OrfScored scored = orf_score_vector (values, N_VALUES, rows, S, CENTURY);

  g_assert_true (scored.anomalous);
  g_assert_cmpint (scored.kind, ==, kind);
  g_assert_nonnull (scored.detector);
}

static void
test_vector (void)
{
  g_autoptr (GArray) rows = make_rows ();
  OrfRandom random = 99;
  guint n_anomalous = 0;

  for (guint i = 0; i < 300; i++) {
    double row[N_VALUES];

    draw_row (&random, row);
    n_anomalous += orf_score_vector (row, N_VALUES, rows, S, CENTURY).anomalous ? 1 : 0;
  }
  g_assert_cmpuint (n_anomalous, <=, 2);
  assert_found (rows, 100, 300, 900, ORF_ANOMALY_KIND_OUTLIER);
  assert_found (rows, 110, 280, 0, ORF_ANOMALY_KIND_CORRELATED);
}

/* Two states, of which each value is often; only together they are not. */
static void
test_vector_states (void)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, N_VALUES * sizeof (double));
  OrfRandom random = 3;

  for (guint i = 0; i < N_ROWS; i++) {
    double level = orf_random_below (&random, 2) == 0 ? 10 : 90;
    const double row[] = { level + draw (&random), level + draw (&random), level + draw (&random) };

    g_array_append_val (rows, row);
  }
  assert_found (rows, 90, 10, 90, ORF_ANOMALY_KIND_CORRELATED);
  assert_found (rows, 50, 50, 50, ORF_ANOMALY_KIND_MULTIVARIATE);
}

/* Of one series, with much that is missing, and of one that stands still. */
static void
test_vector_few (void)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (double));
  const double usual = 5, far = 6;
  double value;

  for (guint i = 0; i < ORF_SCORE_MIN_ROWS; i++) {
    value = i % 3 == 0 ? NAN : 5;
    g_array_append_val (rows, value);
  }
  g_assert_false (orf_score_vector (&usual, 1, rows, S, 1).anomalous);
  g_assert_true (orf_score_vector (&far, 1, rows, S, 1).anomalous);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/anomaly-score/rows/join", test_join);
  g_test_add_func ("/anomaly-score/rows/gap", test_gap);
  g_test_add_func ("/anomaly-score/rows/counter", test_counter);
  g_test_add_func ("/anomaly-score/run/rate", test_run_rate);
  g_test_add_func ("/anomaly-score/run/spike", test_run_spike);
  g_test_add_func ("/anomaly-score/run/cancelled", test_run_cancelled);
  g_test_add_func ("/anomaly-score/vector", test_vector);
  g_test_add_func ("/anomaly-score/vector/states", test_vector_states);
  g_test_add_func ("/anomaly-score/vector/few", test_vector_few);
  return g_test_run ();
}
