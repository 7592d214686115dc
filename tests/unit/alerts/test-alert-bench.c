/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "alerts/orf-alert-bench.h"
#include "orf-error.h"

#define S G_GINT64_CONSTANT (1000000)

static const OrfAlertBenchLimits limits = { { 100, 1000, 1 << 20, 1000 }, 3 };

typedef struct {
  OrfAlertBench *bench;
  OrfLivePool *pool;
  GString *told; /* "7x+ ": of rule 7, {k="x"} fired */
} Fixture;

static void
set_up (Fixture *fixture)
{
  fixture->bench = orf_alert_bench_new (&limits);
  fixture->pool = orf_alert_bench_get_pool (fixture->bench);
  fixture->told = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture)
{
  orf_alert_bench_free (fixture->bench);
  g_string_free (fixture->told, TRUE);
}

static void
set_rule (Fixture *fixture, gint64 number, const char *expr, gint64 for_us)
{
  const OrfAlertRuleSpec spec = {
    .name = "test", .expr = expr, .threshold = NAN, .timing = { .for_us = for_us }
  };
  g_autoptr (GError) error = NULL;

  orf_alert_bench_set_rule (fixture->bench, number, orf_alert_rule_new (&spec, NULL), &error);
  g_assert_no_error (error);
}

static void
add (Fixture *fixture, guint number, const char *name, const char *label)
{
  char *const labels[] = { (char *) "k", (char *) label, NULL };

  g_assert_true (orf_live_pool_add (fixture->pool, number, name, labels));
}

static void
changed_cb (gpointer user_data, gint64 rule, OrfAlert *alert, OrfAlertChange change)
{
  static const char marks[] = " ?<~+-";
  Fixture *fixture = user_data;

  g_string_append_printf (fixture->told, "%" G_GINT64_FORMAT "%s%c ", rule, alert->labels[1],
                          marks[change]);
}

static guint
step (Fixture *fixture, gint64 at_s)
{
  g_string_truncate (fixture->told, 0);
  return orf_alert_bench_step (fixture->bench, at_s * S, changed_cb, fixture);
}

/* Rules by their numbers, whichever came first; the first sample counts. */
static void
test_rules (void)
{
  Fixture fixture;

  set_up (&fixture);
  set_rule (&fixture, 9, "m > 10", 0);
  set_rule (&fixture, 7, "avg(m, 10s) > 10", 0);
  add (&fixture, 0, "m", "x");
  add (&fixture, 1, "m", "y");
  g_assert_true (orf_live_pool_push (fixture.pool, 0, S, 20));
  g_assert_true (orf_live_pool_push (fixture.pool, 1, S, 5));
  step (&fixture, 1);
  g_assert_cmpstr (fixture.told->str, ==, "7x+ 9x+ ");
  g_assert_true (orf_live_pool_push (fixture.pool, 0, 2 * S, 2));
  step (&fixture, 2);
  g_assert_cmpstr (fixture.told->str, ==, "9x- ");
  orf_alert_bench_remove_rule (fixture.bench, 7);
  g_assert_null (orf_alert_bench_get_alerts (fixture.bench, 7));
  orf_live_pool_push (fixture.pool, 0, 3 * S, 30);
  step (&fixture, 3);
  g_assert_cmpstr (fixture.told->str, ==, "9x+ ");
  tear_down (&fixture);
}

/* What fires goes on firing when its rule is another one. */
static void
test_replace (void)
{
  const OrfAlertSet *alerts;
  Fixture fixture;

  set_up (&fixture);
  set_rule (&fixture, 1, "m > 10", 0);
  add (&fixture, 0, "m", "x");
  orf_live_pool_push (fixture.pool, 0, S, 20);
  step (&fixture, 1);
  set_rule (&fixture, 1, "max(m, 10s) > 15", 0);
  orf_live_pool_push (fixture.pool, 0, 2 * S, 19);
  step (&fixture, 2);
  g_assert_cmpstr (fixture.told->str, ==, "");
  alerts = orf_alert_bench_get_alerts (fixture.bench, 1);
  g_assert_cmpint (orf_alert_set_find (alerts, "{k=\"x\"}")->life.fired_us, ==, S);
  step (&fixture, 12);
  g_assert_cmpstr (fixture.told->str, ==, ""); /* nothing is known */
  step (&fixture, 320);
  g_assert_cmpstr (fixture.told->str, ==, "1x- ");
  tear_down (&fixture);
}

/* As many as there is room for, of all rules. */
static void
test_bound (void)
{
  const OrfAlertLife life = { .phase = ORF_ALERT_FIRING, .started_us = S, .fired_us = S };
  char *labels[] = { g_strdup ("k"), g_strdup ("z"), NULL };
  char *more[] = { g_strdup ("k"), g_strdup ("w"), NULL };
  Fixture fixture;

  set_up (&fixture);
  set_rule (&fixture, 1, "m > 10", 0);
  set_rule (&fixture, 2, "m > 10", 0);
  g_assert_nonnull (
    orf_alert_bench_restore (fixture.bench, 2, g_memdup2 (labels, sizeof labels), &life));
  add (&fixture, 0, "m", "x");
  add (&fixture, 1, "m", "y");
  orf_live_pool_push (fixture.pool, 0, 2 * S, 20);
  orf_live_pool_push (fixture.pool, 1, 2 * S, 20);
  g_assert_cmpuint (step (&fixture, 2), ==, 2);
  g_assert_cmpstr (fixture.told->str, ==, "1x+ 1y+ ");
  g_assert_cmpuint (orf_alert_bench_get_n_alerts (fixture.bench), ==, 3);
  g_assert_null (orf_alert_bench_restore (fixture.bench, 2, g_memdup2 (more, sizeof more), &life));
  g_assert_null (orf_alert_bench_restore (fixture.bench, 3, g_new0 (char *, 1), &life));
  tear_down (&fixture);
}

/* A rule that cannot be worked out is unknown and says why; the others go on. */
static void
test_error (void)
{
  Fixture fixture;

  set_up (&fixture);
  set_rule (&fixture, 1, "{__name__=~'m|n'} + o > 10", 0);
  set_rule (&fixture, 2, "m > 10", 0);
  add (&fixture, 0, "m", "x");
  add (&fixture, 1, "n", "x");
  add (&fixture, 2, "o", "x");
  for (guint i = 0; i < 3; i++)
    orf_live_pool_push (fixture.pool, i, S, 20);
  step (&fixture, 1);
  g_assert_cmpstr (fixture.told->str, ==, "2x+ ");
  g_assert_error (orf_alert_bench_get_error (fixture.bench, 1), ORF_ERROR,
                  ORF_ERROR_INVALID_ARGUMENT);
  g_assert_null (orf_alert_bench_get_error (fixture.bench, 2));
  orf_live_pool_remove (fixture.pool, 1);
  step (&fixture, 2);
  g_assert_cmpstr (fixture.told->str, ==, "1x+ ");
  g_assert_null (orf_alert_bench_get_error (fixture.bench, 1));
  tear_down (&fixture);
}

/* An hour back: what fires goes on firing, what is pending has been for as long as it had. */
static void
test_clock_set_back (void)
{
  const OrfAlertSet *alerts;
  Fixture fixture;

  set_up (&fixture);
  set_rule (&fixture, 1, "max(m, 10s) > 10", 5 * S);
  add (&fixture, 0, "m", "x");
  add (&fixture, 1, "m", "y");
  for (gint64 t = 4000; t < 4006; t++) {
    orf_live_pool_push (fixture.pool, 0, t * S, 20);
    orf_live_pool_push (fixture.pool, 1, t * S, t < 4003 ? 0 : 20);
    step (&fixture, t);
  }
  g_assert_cmpstr (fixture.told->str, ==, "1x+ ");
  alerts = orf_alert_bench_get_alerts (fixture.bench, 1);
  for (gint64 t = 400; t < 404; t++) {
    orf_live_pool_push (fixture.pool, 0, t * S, 20);
    orf_live_pool_push (fixture.pool, 1, t * S, 20);
    step (&fixture, t);
    g_assert_cmpstr (fixture.told->str, ==, t == 403 ? "1y+ " : "");
  }
  g_assert_cmpint (orf_alert_set_find (alerts, "{k=\"x\"}")->life.fired_us, ==, 400 * S);
  tear_down (&fixture);
}

static void
test_bytes (void)
{
  Fixture fixture;
  gsize before;

  set_up (&fixture);
  g_assert_cmpuint (orf_alert_bench_get_bytes (fixture.bench), ==, 0);
  set_rule (&fixture, 1, "avg(m, 5m) > 10", 0);
  before = orf_alert_bench_get_bytes (fixture.bench);
  add (&fixture, 0, "m", "x");
  for (gint64 t = 1; t <= 300; t++) {
    orf_live_pool_push (fixture.pool, 0, t * S, 20);
    step (&fixture, t);
  }
  g_assert_cmpuint (orf_alert_bench_get_bytes (fixture.bench), >=,
                    before + 300 * sizeof (OrfPoint) + sizeof (OrfAlert));
  orf_live_pool_remove (fixture.pool, 0);
  step (&fixture, 301);
  step (&fixture, 602);
  g_assert_cmpuint (orf_alert_bench_get_bytes (fixture.bench), ==, before);
  tear_down (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alerts/bench/rules", test_rules);
  g_test_add_func ("/alerts/bench/replace", test_replace);
  g_test_add_func ("/alerts/bench/bound", test_bound);
  g_test_add_func ("/alerts/bench/error", test_error);
  g_test_add_func ("/alerts/bench/clock-set-back", test_clock_set_back);
  g_test_add_func ("/alerts/bench/bytes", test_bytes);
  return g_test_run ();
}
