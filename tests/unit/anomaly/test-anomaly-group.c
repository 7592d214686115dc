/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "anomaly/orf-anomaly-group.h"
#include "orf-error.h"

#define S ((gint64) G_USEC_PER_SEC)
#define N 6

static const OrfAnomalySetup setup = { .n_series = N, .step_us = 60 * S };

/* Six series that follow two hidden ones; row `at` breaks one of them out of its company, by no
 * more than it moves anyway. */
static void
draw (GRand *rand, guint row, double *values)
{
  double a = g_rand_double_range (rand, -1, 1), b = g_rand_double_range (rand, -1, 1);

  for (guint i = 0; i < N; i++)
    values[i] = 100 * i + (i % 2 ? a : b) * (i + 1) + g_rand_double_range (rand, -.02, .02);
  if (row % 1000 == 999)
    values[2] = 200 - 2 * b;
}

static void
test_correlated (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);
  OrfAnomalyGroupVerdict said;
  guint n_found = 0;

  for (guint row = 0; row < 4000; row++) {
    double values[N];

    draw (rand, row, values);
    g_assert_true (orf_anomaly_group_push (group, (row + 1) * 60 * S, values, &said));
    if (row % 1000 == 999 && said.score > 3 && said.detector == ORF_N_DETECTORS) {
      g_assert_cmpint (orf_detector_get_kind (said.detector), ==, ORF_ANOMALY_KIND_CORRELATED);
      g_assert_cmpuint (said.series, ==, 2);
      g_assert_true (isnan (said.expected));
      n_found++;
    }
  }
  g_assert_cmpuint (n_found, >=, 3);
}

/* A value near the end of the range is no number once squared: it is forgotten like any other. */
static void
test_largest (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);
  OrfAnomalyGroupVerdict said;
  guint n_found = 0;

  orf_anomaly_group_set_discord (group, 5, 8);
  for (guint row = 0; row < 60000; row++) {
    double values[N];

    draw (rand, row, values);
    if (row == 1500 || row == 1700)
      values[5] = row == 1500 ? G_MAXDOUBLE : -G_MAXDOUBLE;
    g_assert_true (orf_anomaly_group_push (group, (row + 1) * 60 * S, values, &said));
    g_assert_true (isfinite (said.score) && isfinite (said.whole));
    if (row > 50000 && row % 1000 == 999)
      n_found += said.whole > 3 && said.detector == ORF_N_DETECTORS;
  }
  g_assert_cmpuint (n_found, >=, 5);
}

/* One that was saved at any row and goes on says the same as one that went through. */
static void
test_restart (gconstpointer data)
{
  gboolean all = GPOINTER_TO_INT (data);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);
  g_autoptr (OrfAnomalyGroup) other = orf_anomaly_group_new (&setup, NULL);

  orf_anomaly_group_set_forest (group, all);
  orf_anomaly_group_set_forest (other, all);
  orf_anomaly_group_set_discord (group, 2, all ? 8 : 0);
  orf_anomaly_group_set_discord (other, 2, all ? 8 : 0);
  for (guint row = 0; row < 1500; row++) {
    double values[N];
    OrfAnomalyGroupVerdict a, b;

    draw (rand, row, values);
    if (row % 100 == 7)
      values[row % N] = NAN;
    orf_anomaly_group_push (group, (row + 1) * 60 * S, values, &a);
    orf_anomaly_group_push (other, (row + 1) * 60 * S, values, &b);
    g_assert_cmpfloat (a.score, ==, b.score);
    g_assert_cmpint (a.ready, ==, b.ready);
    g_assert_cmpfloat (orf_anomaly_group_get_score (group, 2), ==,
                       orf_anomaly_group_get_score (other, 2));
    g_assert_cmpuint (a.series, ==, b.series);
    if (row % 10 == 0) {
      g_autoptr (GBytes) blob = orf_anomaly_group_save (other);
      g_autoptr (GError) error = NULL;

      orf_anomaly_group_free (other);
      other = orf_anomaly_group_restore (blob, &error);
      g_assert_no_error (error);
    }
  }
  g_assert_cmpuint (orf_anomaly_group_get_n_series (other), ==, N);
  g_assert_cmpuint (orf_anomaly_group_get_bytes (other), <, N * 2400 + (all ? 500000 : 0));
}

/* All are high, or all are low, and in between they never are. */
static void
test_multivariate (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);
  guint n_found = 0;

  orf_anomaly_group_set_forest (group, TRUE);
  for (guint row = 1; row < 4000; row++) {
    double values[N], level = row % 1000 == 0 ? 50 : g_rand_boolean (rand) ? 10 : 90;
    OrfAnomalyGroupVerdict said;

    for (guint i = 0; i < N; i++)
      values[i] = level + g_rand_double_range (rand, -1, 1);
    orf_anomaly_group_push (group, row * 60 * S, values, &said);
    if (row % 1000 == 0 && orf_detector_get_kind (said.detector) == ORF_ANOMALY_KIND_MULTIVARIATE) {
      g_assert_cmpstr (orf_detector_get_name (said.detector), ==, "forest");
      g_assert_cmpfloat (said.whole, >, .5);
      n_found++;
    }
  }
  g_assert_cmpuint (n_found, >=, 2);
}

/* Two series have no forest, and the third begins it. */
static void
test_forest_room (void)
{
  static const OrfAnomalySetup two = { .n_series = 2, .step_us = 60 * S };
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&two, NULL);
  gsize before = orf_anomaly_group_get_bytes (group);
  guint place;

  orf_anomaly_group_set_forest (group, TRUE);
  g_assert_cmpuint (orf_anomaly_group_get_bytes (group), ==, before);
  g_assert_true (orf_anomaly_group_join (group, FALSE, &place));
  g_assert_cmpuint (orf_anomaly_group_get_bytes (group), >, before + 200000);
  orf_anomaly_group_set_forest (group, FALSE);
  g_assert_cmpuint (orf_anomaly_group_get_bytes (group), <, before + 10000);
}

/* The same heights at another pace. */
static void
test_discord (void)
{
  static const OrfAnomalySetup one = { .n_series = 1, .step_us = 60 * S };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&one, NULL);
  guint n_found = 0;

  g_assert_false (orf_anomaly_group_set_discord (group, 1, 24));
  g_assert_false (orf_anomaly_group_set_discord (group, 0, ORF_DISCORD_MAX_WINDOW + 1));
  g_assert_true (orf_anomaly_group_set_discord (group, 0, 24));
  for (guint row = 1; row < 6000; row++) {
    double pace = row >= 5000 && row < 5024 ? 5 : 12;
    double value = sin (row * G_PI / pace) + g_rand_double_range (rand, -.3, .3);
    OrfAnomalyGroupVerdict said;

    orf_anomaly_group_push (group, row * 60 * S, &value, &said);
    if (row < 5000 || row >= 5048 || said.detector != ORF_DETECTOR_DISCORD)
      continue;
    g_assert_cmpint (orf_detector_get_kind (said.detector), ==, ORF_ANOMALY_KIND_PATTERN);
    n_found += said.whole > 2 ? 1 : 0;
  }
  g_assert_cmpuint (n_found, >, 0);
  orf_anomaly_group_leave (group, 0);
  g_assert_cmpuint (orf_anomaly_group_get_bytes (group), <, 10000);
}

static void
test_refused (void)
{
  OrfAnomalySetup bad[] = { setup, setup };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = g_bytes_new_static ("no", 2);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);
  OrfAnomalyGroupVerdict said = { .score = -1 };
  const double values[N] = { 0 };

  bad[0].n_series = ORF_ANOMALY_GROUP_MAX + 1;
  bad[1].step_us = 0;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (orf_anomaly_group_new (&bad[i], &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_clear_error (&error);
  }
  g_assert_null (orf_anomaly_group_restore (blob, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
  g_assert_true (orf_anomaly_group_push (group, S, values, &said));
  said.score = -1;
  g_assert_false (orf_anomaly_group_push (group, S, values, &said));
  g_assert_cmpfloat (said.score, ==, -1);
}

/* Who joins and leaves while it runs neither moves the others nor finds what was there before. */
static void
test_members (void)
{
  static const OrfAnomalySetup empty = { .step_us = 60 * S };
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&empty, NULL);
  g_autoptr (OrfAnomalyGroup) alone = orf_anomaly_group_new (&empty, NULL);
  double values[ORF_ANOMALY_GROUP_MAX];
  OrfAnomalyGroupVerdict said;
  guint place;

  g_assert_true (orf_anomaly_group_push (group, 1, values, &said));
  g_assert_cmpfloat (said.score, ==, 0);
  g_assert_true (orf_anomaly_group_join (alone, FALSE, &place));
  for (guint i = 0; i < ORF_ANOMALY_GROUP_MAX; i++) {
    g_assert_true (orf_anomaly_group_join (group, FALSE, &place));
    g_assert_cmpuint (place, ==, i);
  }
  g_assert_false (orf_anomaly_group_join (group, FALSE, &place));
  for (guint i = 3; i < ORF_ANOMALY_GROUP_MAX; i++)
    orf_anomaly_group_leave (group, i);
  g_assert_cmpuint (orf_anomaly_group_get_n_series (group), ==, 3);
  for (guint row = 1; row < 1000; row++) {
    for (guint i = 0; i < ORF_ANOMALY_GROUP_MAX; i++)
      values[i] = g_rand_double (rand);
    orf_anomaly_group_push (group, row * 60 * S, values, &said);
    orf_anomaly_group_push (alone, row * 60 * S, values, &said);
    g_assert_cmpfloat (orf_anomaly_group_get_score (group, 0), ==,
                       orf_anomaly_group_get_score (alone, 0));
    g_assert_cmpfloat (orf_anomaly_group_get_score (group, 3), ==, 0);
  }
  g_assert_true (orf_anomaly_group_join (group, FALSE, &place));
  g_assert_cmpuint (place, ==, 3);
  values[3] = 1e6; /* the first is never far */
  orf_anomaly_group_push (group, 1000 * 60 * S, values, &said);
  g_assert_cmpfloat (orf_anomaly_group_get_score (group, 3), ==, 0);
}

/* The gate's own stream: what is told stays quiet. */
static gboolean
push (OrfAlarmGate *gate, OrfAlarmTold *told, float *score)
{
  return orf_alarm_told_push (told, score) && orf_alarm_gate_push (gate, *score);
}

/* Whatever scores are worth: so many alarms come as are promised. */
static void
test_rate (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  OrfAlarmGate gate;
  guint n = 0, factor;

  for (factor = 1; factor <= 4; factor += 3) {
    OrfAlarmTold told = { 0 };

    orf_alarm_gate_init (&gate, 60 * S, 10, FALSE);
    n = 0;
    for (guint row = 0; row < 60 * 1440; row++) {
      float score = (float) (-log10 (1 - g_rand_double (rand)) * factor);

      n += push (&gate, &told, &score) && row >= 10 * 1440;
    }
    g_assert_cmpuint (n, >=, 400);
    g_assert_cmpuint (n, <=, 600);
    g_assert_cmpuint (gate.n_alarms, >=, n);
  }
}

/* A long event is one alarm, and a higher one after it another. */
static void
test_merge (void)
{
  OrfAlarmTold told = { 0 };
  OrfAlarmGate gate;
  guint n = 0;

  orf_alarm_gate_init (&gate, 60 * S, 1, FALSE);
  for (guint row = 0; row < 500; row++) {
    float score = row < 300 ? 0 : row == 320 ? 9 : 6;

    n += push (&gate, &told, &score);
    g_assert_cmpfloat (score, ==, row == 300 ? 6 : row == 320 ? 9 : score);
    if (row > 300 && row < 310)
      g_assert_cmpfloat (score, ==, 0);
    if (row == 320)
      g_assert_cmpuint (n, ==, 2);
    if (row == 330)
      g_assert_cmpuint (n, ==, 2);
  }
}

/* Ten faults in half an hour are found, and the next one too; yet with as much chance as before the
 * promise is kept. */
static void
test_burst (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  OrfAlarmGate gate, deaf;
  guint n = 0;

  orf_alarm_gate_init (&gate, S, 4, TRUE);
  orf_alarm_gate_init (&deaf, S, 4, FALSE);
  for (guint i = 0; i < 10; i++) {
    orf_alarm_gate_pass (&gate, 180, 1);
    orf_alarm_gate_pass (&deaf, 180, 1);
  }
  g_assert_true (orf_alarm_gate_is_alarm (&gate, 5.5f));
  g_assert_false (orf_alarm_gate_is_alarm (&deaf, 5.5f));
  orf_alarm_gate_promise (&gate, 40);
  g_assert_true (orf_alarm_gate_is_alarm (&gate, 4.5f));
  for (guint row = 0; row < 20 * 86400; row++) {
    gboolean alarm = orf_alarm_gate_push (&gate, (float) (-log10 (1 - g_rand_double (rand)) * 1.5));

    n += alarm && row >= 10 * 86400;
  }
  g_assert_cmpuint (n, >=, 200);
  g_assert_cmpuint (n, <=, 800);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/anomaly-group/correlated", test_correlated);
  g_test_add_func ("/anomaly-group/largest", test_largest);
  g_test_add_data_func ("/anomaly-group/restart", GINT_TO_POINTER (FALSE), test_restart);
  g_test_add_data_func ("/anomaly-group/restart-all", GINT_TO_POINTER (TRUE), test_restart);
  g_test_add_func ("/anomaly-group/multivariate", test_multivariate);
  g_test_add_func ("/anomaly-group/discord", test_discord);
  g_test_add_func ("/anomaly-group/forest-room", test_forest_room);
  g_test_add_func ("/anomaly-group/refused", test_refused);
  g_test_add_func ("/anomaly-group/members", test_members);
  g_test_add_func ("/alarm-gate/burst", test_burst);
  g_test_add_func ("/alarm-gate/rate", test_rate);
  g_test_add_func ("/alarm-gate/merge", test_merge);
  return g_test_run ();
}
