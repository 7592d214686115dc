/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "alerts/orf-alert-trial.h"

#define S G_GINT64_CONSTANT (1000000)

#define N_STEPS 10

static OrfAlertRule *
make_rule (gint64 for_us)
{
  const OrfAlertRuleSpec spec = {
    .name = "test", .expr = "m > 10", .threshold = NAN, .timing = { .for_us = for_us }
  };

  return orf_alert_rule_new (&spec, NULL);
}

static void
add (OrfExprVector *vector, const char *label, const double *values)
{
  char *labels[] = { g_strdup ("k"), g_strdup (label), NULL };
  OrfExprLine *line = orf_expr_vector_add (vector, g_memdup2 (labels, sizeof labels));

  for (guint k = 0; k < N_STEPS; k++)
    line->values[k] = values[k];
}

static void
check (const OrfAlertTrial *trial, guint i, const char *label, gint64 from_s, gint64 to_s)
{
  const OrfTrialInterval *interval = &g_array_index (trial->intervals, OrfTrialInterval, i);

  g_assert_cmpstr (interval->labels[1], ==, label);
  g_assert_cmpint (interval->from_us, ==, from_s * S);
  g_assert_cmpint (interval->to_us, ==, to_s * S);
}

static void
test_intervals (void)
{
  const OrfGrid grid = { 100 * S, 10 * S, N_STEPS }; /* 10, 20, … 100 s */
  g_autoptr (OrfExprVector) vector = orf_expr_vector_new (FALSE, N_STEPS);
  g_autoptr (OrfAlertRule) rule = make_rule (0);
  g_autoptr (OrfAlertRule) slow = make_rule (30 * S);
  g_autoptr (OrfAlertTrial) trial = NULL;
  g_autoptr (OrfAlertTrial) bounded = NULL;
  g_autoptr (OrfAlertTrial) patient = NULL;

  add (vector, "x", (double[]){ 1, 11, 12, 1, 1, 1, 11, 11, 11, 14 });
  add (vector, "y", (double[]){ NAN, 11, 1, 1, NAN, 20, 20, NAN, 2, 1 });
  trial = orf_alert_trial_run (rule, vector, &grid, 100);
  g_assert_cmpuint (trial->n_fired, ==, 4);
  g_assert_cmpuint (trial->intervals->len, ==, 4);
  check (trial, 0, "x", 20, 40);
  check (trial, 1, "y", 20, 30);
  check (trial, 2, "y", 60, 90);
  check (trial, 3, "x", 70, 0);
  g_assert_cmpint (trial->firing_us, ==, (20 + 10 + 30 + 30) * S);
  bounded = orf_alert_trial_run (rule, vector, &grid, 1);
  g_assert_cmpuint (bounded->n_fired, ==, 4);
  g_assert_cmpuint (bounded->intervals->len, ==, 1);
  g_assert_cmpint (bounded->firing_us, ==, trial->firing_us);
  patient = orf_alert_trial_run (slow, vector, &grid, 100);
  g_assert_cmpuint (patient->n_fired, ==, 1);
  check (patient, 0, "x", 100, 0);
}

static void
test_beside (void)
{
  const OrfGrid grid = { 100 * S, 10 * S, N_STEPS };
  g_autoptr (OrfExprVector) one = orf_expr_vector_new (FALSE, N_STEPS);
  g_autoptr (OrfExprVector) other = orf_expr_vector_new (FALSE, N_STEPS);
  g_autoptr (OrfAlertRule) rule = make_rule (0);
  g_autoptr (OrfAlertTrial) a = NULL;
  g_autoptr (OrfAlertTrial) b = NULL;
  g_autoptr (OrfAlertTrial) none = NULL;

  /* x: the first meets none, the second two, the last one that goes on; y: no other; z: one */
  add (one, "x", (double[]){ 11, 1, 1, 11, 11, 11, 11, 1, 11, 11 });
  add (other, "x", (double[]){ 1, 1, 11, 11, 1, 11, 1, 1, 1, 11 });
  add (one, "y", (double[]){ 1, 1, 1, 1, 11, 1, 1, 1, 1, 1 });
  add (other, "z", (double[]){ 1, 1, 1, 1, 11, 1, 1, 1, 1, 1 });
  a = orf_alert_trial_run (rule, one, &grid, 100);
  b = orf_alert_trial_run (rule, other, &grid, 100);
  none = orf_alert_trial_run (rule, one, &grid, 0);
  g_assert_cmpuint (orf_alert_trial_count_alone (a, b), ==, 2);
  g_assert_cmpuint (orf_alert_trial_count_alone (b, a), ==, 1);
  g_assert_cmpuint (orf_alert_trial_count_alone (a, a), ==, 0);
  g_assert_cmpuint (orf_alert_trial_count_alone (a, none), ==, a->intervals->len);
}

static void
test_nothing (void)
{
  const OrfGrid grid = { 100 * S, 10 * S, N_STEPS };
  g_autoptr (OrfExprVector) vector = orf_expr_vector_new (FALSE, N_STEPS);
  g_autoptr (OrfAlertRule) rule = make_rule (0);
  g_autoptr (OrfAlertTrial) trial = orf_alert_trial_run (rule, vector, &grid, 100);

  g_assert_cmpuint (trial->n_fired, ==, 0);
  g_assert_cmpint (trial->firing_us, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/trial/intervals", test_intervals);
  g_test_add_func ("/alerts/trial/beside", test_beside);
  g_test_add_func ("/alerts/trial/nothing", test_nothing);
  return g_test_run ();
}
