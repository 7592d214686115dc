/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "alerts/orf-alert-set.h"

#define S G_GINT64_CONSTANT (1000000)

typedef struct {
  OrfAlertRule *rule;
  OrfAlertSet *set;
  GString *told; /* "x+ y-": what fired, what was resolved */
} Fixture;

static void
set_up_as (Fixture *fixture, gint64 for_us, gint64 cooldown_us, guint max_alerts)
{
  const OrfAlertRuleSpec spec = {
    .name = "test",
    .expr = "m > 10",
    .threshold = NAN,
    .hysteresis = 5,
    .timing = { .for_us = for_us, .cooldown_us = cooldown_us },
  };

  fixture->rule = orf_alert_rule_new (&spec, NULL);
  fixture->set = orf_alert_set_new (fixture->rule, max_alerts);
  fixture->told = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture)
{
  orf_alert_set_free (fixture->set);
  orf_alert_rule_free (fixture->rule);
  g_string_free (fixture->told, TRUE);
}

static void
changed_cb (gpointer user_data, OrfAlert *alert, OrfAlertChange change)
{
  static const char marks[] = " ?<~+-";
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->told, "%s%c ", alert->labels[1], marks[change]);
}

/* values: of k="x", k="y", …; INFINITY: has no line. */
static guint
step (Fixture *fixture, gint64 at_s, guint n, const double *values)
{
  g_autoptr (OrfExprVector) vector = orf_expr_vector_new (FALSE, 1);

  for (guint i = 0; i < n; i++) {
    char *labels[] = { g_strdup ("k"), g_strdup_printf ("%c", 'x' + (char) i), NULL };

    if (isinf (values[i])) {
      g_free (labels[0]);
      g_free (labels[1]);
      continue;
    }
    orf_expr_vector_add (vector, g_memdup2 (labels, sizeof labels))->values[0] = values[i];
  }
  g_string_truncate (fixture->told, 0);
  return orf_alert_set_step (fixture->set, vector, at_s * S, changed_cb, fixture);
}

#define STEP(fixture, at_s, told_text, ...)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const double values[] = { __VA_ARGS__ };                                                       \
    step (fixture, at_s, G_N_ELEMENTS (values), values);                                           \
    g_assert_cmpstr ((fixture)->told->str, ==, told_text);                                         \
  }                                                                                                \
  G_STMT_END

static guint
count (const Fixture *fixture)
{
  g_autoptr (GPtrArray) list = orf_alert_set_list (fixture->set);

  return list->len;
}

static void
test_each_by_itself (void)
{
  Fixture fixture;

  set_up_as (&fixture, 0, 0, 10);
  STEP (&fixture, 1, "", 1, 2);
  g_assert_cmpuint (count (&fixture), ==, 0);
  STEP (&fixture, 2, "y+ ", 1, 11);
  STEP (&fixture, 3, "x+ ", 12, 8); /* y is held */
  STEP (&fixture, 4, "y- ", 12, 5);
  g_assert_cmpuint (count (&fixture), ==, 1); /* with no cooldown nothing is left of y */
  tear_down (&fixture);
}

static void
test_gone (void)
{
  Fixture fixture;

  set_up_as (&fixture, 0, 0, 10);
  STEP (&fixture, 1, "x+ y+ ", 20, 20);
  STEP (&fixture, 2, "", 20, INFINITY);
  STEP (&fixture, 302, "y- ", 20, INFINITY);
  tear_down (&fixture);
}

static void
test_pending_leaves_nothing (void)
{
  Fixture fixture;

  set_up_as (&fixture, 10 * S, 0, 10);
  STEP (&fixture, 1, "x? ", 20, 1);
  g_assert_cmpuint (count (&fixture), ==, 1);
  STEP (&fixture, 2, "x< ", 1, 1);
  g_assert_cmpuint (count (&fixture), ==, 0);
  tear_down (&fixture);
}

static void
test_cooldown_is_remembered (void)
{
  Fixture fixture;

  set_up_as (&fixture, 0, 60 * S, 10);
  STEP (&fixture, 1, "x+ ", 20);
  STEP (&fixture, 2, "x- ", 1);
  STEP (&fixture, 3, "x~ ", 20);
  STEP (&fixture, 4, "x< ", 1);
  STEP (&fixture, 60, "", 1);
  g_assert_cmpuint (count (&fixture), ==, 1);
  STEP (&fixture, 61, "", 1);
  g_assert_cmpuint (count (&fixture), ==, 0);
  tear_down (&fixture);
}

static void
test_bound (void)
{
  const double values[] = { 20, 30, 40 };
  Fixture fixture;

  set_up_as (&fixture, 0, 0, 2);
  g_assert_cmpuint (step (&fixture, 1, 3, values), ==, 1);
  g_assert_cmpstr (fixture.told->str, ==, "x+ y+ ");
  g_assert_cmpuint (count (&fixture), ==, 2);
  tear_down (&fixture);
}

static void
test_value (void)
{
  Fixture fixture;
  OrfAlert *alert;

  set_up_as (&fixture, 0, 0, 10);
  STEP (&fixture, 1, "x+ ", 20);
  STEP (&fixture, 2, "", NAN);
  alert = orf_alert_set_find (fixture.set, "{k=\"x\"}");
  g_assert_nonnull (alert);
  g_assert_cmpfloat (alert->value, ==, 20);
  tear_down (&fixture);
}

/* What was firing before a restart fires on, and is not told twice. */
static void
test_restore (void)
{
  const OrfAlertLife life = {
    .phase = ORF_ALERT_FIRING, .seen_us = 5 * S, .started_us = S, .fired_us = S
  };
  char *labels[] = { g_strdup ("k"), g_strdup ("x"), NULL };
  char **again;
  Fixture fixture;

  set_up_as (&fixture, 0, 0, 10);
  g_assert_nonnull (orf_alert_set_restore (fixture.set, g_memdup2 (labels, sizeof labels), &life));
  again = g_new0 (char *, 3);
  again[0] = g_strdup ("k");
  again[1] = g_strdup ("x");
  g_assert_null (orf_alert_set_restore (fixture.set, again, &life));
  STEP (&fixture, 9, "", 20);
  STEP (&fixture, 10, "x- ", 1);
  tear_down (&fixture);
}

/* What waits for its series after a restart is not dropped meanwhile. */
static void
test_patience (void)
{
  const OrfAlertLife life = { .phase = ORF_ALERT_PENDING, .seen_us = 5 * S, .pending_us = 4 * S };
  char *labels[] = { g_strdup ("k"), g_strdup ("x"), NULL };
  Fixture fixture;
  OrfAlert *alert;

  set_up_as (&fixture, 10 * S, 0, 10);
  alert = orf_alert_set_restore (fixture.set, g_memdup2 (labels, sizeof labels), &life);
  alert->patient_until_us = 20 * S;
  STEP (&fixture, 9, "", NAN);
  STEP (&fixture, 13, "", NAN);
  STEP (&fixture, 15, "x+ ", 20);
  STEP (&fixture, 16, "x- ", 1);
  alert = orf_alert_set_find (fixture.set, "{k=\"x\"}");
  g_assert_true (alert == NULL || alert->patient_until_us == 0);
  tear_down (&fixture);
}

/* Of each line, at random, with a vector that says that its lines stay and one that does not: both
 * come to the same. */
static void
test_layout (void)
{
  Fixture known, unknown;
  OrfExprVector *vector = orf_expr_vector_new (FALSE, 1);

  set_up_as (&known, 2 * S, 5 * S, 3);
  set_up_as (&unknown, 2 * S, 5 * S, 3);
  for (gint64 t = 1; t < 3000; t++) {
    guint n = (guint) g_test_rand_int_range (0, 7);
    guint left_out;

    if (t % 20 == 1) {
      orf_expr_vector_free (vector);
      vector = orf_expr_vector_new (FALSE, 1);
      for (guint i = 0; i < n; i++) {
        char *labels[] = { g_strdup ("k"), g_strdup_printf ("%c", 'a' + (char) (i + t / 20 % 2)),
                           NULL };

        orf_expr_vector_add (vector, g_memdup2 (labels, sizeof labels));
      }
    }
    for (guint i = 0; i < vector->lines->len; i++)
      ((OrfExprLine *) vector->lines->pdata[i])->values[0] = g_test_rand_bit ()   ? 20
                                                             : g_test_rand_bit () ? NAN
                                                                                  : 1;
    g_string_truncate (known.told, 0);
    g_string_truncate (unknown.told, 0);
    vector->layout = (guint64) (t - 1) / 20 + 1;
    left_out = orf_alert_set_step (known.set, vector, t * S, changed_cb, &known);
    vector->layout = 0;
    g_assert_cmpuint (orf_alert_set_step (unknown.set, vector, t * S, changed_cb, &unknown), ==,
                      left_out);
    g_assert_cmpstr (known.told->str, ==, unknown.told->str);
    g_assert_cmpuint (orf_alert_set_get_size (known.set), ==, orf_alert_set_get_size (unknown.set));
  }
  orf_expr_vector_free (vector);
  tear_down (&known);
  tear_down (&unknown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/set/each-by-itself", test_each_by_itself);
  g_test_add_func ("/alerts/set/gone", test_gone);
  g_test_add_func ("/alerts/set/pending-leaves-nothing", test_pending_leaves_nothing);
  g_test_add_func ("/alerts/set/cooldown-is-remembered", test_cooldown_is_remembered);
  g_test_add_func ("/alerts/set/bound", test_bound);
  g_test_add_func ("/alerts/set/value", test_value);
  g_test_add_func ("/alerts/set/restore", test_restore);
  g_test_add_func ("/alerts/set/patience", test_patience);
  g_test_add_func ("/alerts/set/layout", test_layout);
  return g_test_run ();
}
