/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * alerts.test_rule: the rule's value is read over a grid, and the rule stepped through it.  So is
 * the present rule of that name, over the same values where it asks for the same.
 */
#include <glib-object.h> /* GCallback, for orf-schema-bind.h */
#include <math.h>

#include "alerts/orf-alert-service-private.h"
#include "alerts/orf-alert-trial.h"
#include "core/orf-clock.h"
#include "metrics/orf-expr-query.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

#define DEFAULT_SPAN_US (30 * 24 * ORF_HOUR_US)
/* As many seconds, or minutes: of twenty series they are within max_query_points. */
#define MAX_SECONDS (6 * 3600)
#define MAX_MINUTES (30 * 24 * 60)
#define MAX_TOLD    1000
/* For the comparison, about 100 bytes each. */
#define MAX_COMPARED 100000

typedef struct {
  OrfAlertService *service;
  OrfCall *call;
  OrfAlertRule *rule;
  OrfAlertRule *present; /* NULL: nothing to compare with */
  OrfAlertTrial *trial;
  gint64 from_us, to_us; /* from <= t < to */
  gint64 step_us;        /* 0: as the span has it */
} Test;

static void
test_free (Test *test)
{
  orf_alert_rule_free (test->rule);
  orf_alert_rule_free (test->present);
  if (test->trial != NULL)
    orf_alert_trial_free (test->trial);
  g_free (test);
}

/* Takes error. */
static void
fail (Test *test, GError *error)
{
  orf_call_fail (test->call, error);
  test_free (test);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static OrfAlertInterval *
make_interval (const OrfTrialInterval *from)
{
  OrfAlertInterval *interval = orf_alert_interval_new ();

  interval->from_us = from->from_us;
  interval->has_to_us = from->to_us > 0;
  interval->to_us = from->to_us;
  interval->labels = g_strdupv (from->labels);
  return interval;
}

static void
compare (OrfAlertsTestResult *result, const OrfAlertTrial *trial, const OrfAlertTrial *present)
{
  result->has_present_count = TRUE;
  result->present_count = (gint64) present->n_fired;
  if (trial->n_fired > MAX_COMPARED || present->n_fired > MAX_COMPARED)
    return;
  result->has_added = result->has_removed = TRUE;
  result->added = (gint64) orf_alert_trial_count_alone (trial, present);
  result->removed = (gint64) orf_alert_trial_count_alone (present, trial);
}

/* present: NULL where there is nothing to compare with. */
static void
answer (Test *test, const OrfAlertTrial *present)
{
  g_autoptr (OrfAlertsTestResult) result = orf_alerts_test_result_new ();
  const GArray *intervals = test->trial->intervals;

  result->count = (gint64) test->trial->n_fired;
  result->step_us = test->step_us;
  result->intervals = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_interval_free);
  for (guint i = intervals->len - MIN (intervals->len, MAX_TOLD); i < intervals->len; i++)
    g_ptr_array_add (result->intervals,
                     make_interval (&g_array_index (intervals, OrfTrialInterval, i)));
  if (present != NULL)
    compare (result, test->trial, present);
  orf_call_return_alerts_test_rule (test->call, result);
  test_free (test);
}

/* ---- values, and the rules stepped through them ---------------------------------------------- */

/* The multiples of the step in the span. */
static OrfGrid
get_grid (const Test *test)
{
  gint64 step_us = test->step_us;
  gint64 last_us = (test->to_us - 1) / step_us * step_us;
  gint64 first_us = (test->from_us + step_us - 1) / step_us * step_us;

  return (OrfGrid){ last_us, step_us,
                    last_us < first_us ? 0 : (guint) ((last_us - first_us) / step_us + 1) };
}

static OrfAlertTrial *
run_trial (const Test *test, const OrfAlertRule *rule, const OrfExprVector *vector)
{
  const OrfGrid grid = get_grid (test);

  return orf_alert_trial_run (rule, vector, &grid, MAX_COMPARED);
}

static void
query (Test *test, const OrfAlertRule *rule, OrfExprQueryDone done)
{
  const OrfGrid grid = get_grid (test);
  const OrfExpr *value = orf_alert_rule_get_value (rule);
  OrfCancel *cancel = orf_call_get_cancel (test->call);
  g_autoptr (OrfExprVector) nothing = NULL;

  if (grid.n_steps == 0) {
    nothing = orf_expr_vector_new (FALSE, 0);
    done (test, nothing, NULL);
  } else if (test->step_us % ORF_MINUTE_US == 0) {
    orf_expr_query_run_by_minutes (test->service->parts, value, orf_alert_rule_get_towards (rule),
                                   &grid, cancel, done, test);
  } else {
    orf_expr_query_run (test->service->parts, value, &grid, cancel, done, test);
  }
}

static void
present_cb (gpointer user_data, const OrfExprVector *vector, const GError *error)
{
  Test *test = user_data;
  g_autoptr (OrfAlertTrial) present = NULL;

  if (error != NULL) {
    fail (test, g_error_copy (error));
    return;
  }
  present = run_trial (test, test->present, vector);
  answer (test, present);
}

static gboolean
are_of_same_values (const OrfAlertRule *a, const OrfAlertRule *b)
{
  g_autofree char *one = orf_expr_print (orf_alert_rule_get_value (a));
  g_autofree char *other = orf_expr_print (orf_alert_rule_get_value (b));

  return g_str_equal (one, other) &&
         orf_alert_rule_get_towards (a) == orf_alert_rule_get_towards (b);
}

static void
values_cb (gpointer user_data, const OrfExprVector *vector, const GError *error)
{
  Test *test = user_data;

  if (error != NULL) {
    fail (test, g_error_copy (error));
    return;
  }
  test->trial = run_trial (test, test->rule, vector);
  if (test->present == NULL)
    answer (test, NULL);
  else if (are_of_same_values (test->rule, test->present))
    present_cb (test, vector, NULL);
  else
    query (test, test->present, present_cb);
}

/* ---- which span, which step ------------------------------------------------------------------ */

static void
set_step (Test *test)
{
  gint64 span_us = test->to_us - test->from_us;
  gint64 minutes = span_us / MAX_MINUTES / ORF_MINUTE_US + 1;

  if (test->step_us > 0)
    return;
  if (span_us <= MAX_SECONDS * ORF_US_PER_S)
    test->step_us = ORF_US_PER_S;
  else
    test->step_us = span_us <= MAX_MINUTES * ORF_MINUTE_US ? ORF_MINUTE_US
                                                           : minutes * ORF_MINUTE_US;
}

static void
begin (Test *test)
{
  gint64 most = test->service->parts->config->metrics.max_query_points;

  set_step (test);
  if ((test->to_us - test->from_us) / test->step_us >= most)
    fail (test,
          orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "step_us", "a larger one",
                               "step_us: more steps in the span than [metrics] max_query_points"));
  else
    query (test, test->rule, values_cb);
}

/* ---- the call -------------------------------------------------------------------------------- */

static gboolean
refuse (OrfErrorCode code, const char *field, const char *message, GError **error)
{
  g_propagate_error (error, orf_error_new_field (code, field, NULL, "%s: %s", field, message));
  return FALSE;
}

/* What is not said is as the present rule has it, or as [alerts]. */
static OrfAlertRule *
make_rule (const Test *test, const OrfAlertsTestRuleParams *params, GError **error)
{
  const OrfConfig *config = test->service->parts->config;
  OrfAlertRuleSpec spec = { .name = "test",
                            .timing = { config->alerts.for_us, config->alerts.keep_firing_for_us,
                                        config->alerts.cooldown_us } };

  if (test->present != NULL)
    spec = *orf_alert_rule_get_spec (test->present);
  if (params->expr != NULL)
    spec.expr = params->expr;
  spec.threshold = params->threshold; /* else the number that the expression has in it */
  if (!isnan (params->hysteresis))
    spec.hysteresis = params->hysteresis;
  if (params->has_for_us)
    spec.timing.for_us = params->for_us;
  if (params->has_keep_firing_for_us)
    spec.timing.keep_firing_for_us = params->keep_firing_for_us;
  if (params->has_cooldown_us)
    spec.timing.cooldown_us = params->cooldown_us;
  return orf_alert_rule_new (&spec, error);
}

static gboolean
set_rules (Test *test, const OrfAlertsTestRuleParams *params, GError **error)
{
  const OrfAlertEntry *entry = params->rule != NULL
                                 ? orf_alert_book_find (test->service->book, params->rule)
                                 : NULL;

  if (params->rule != NULL && entry == NULL)
    return refuse (ORF_ERROR_NOT_FOUND, "rule", "there is no such rule", error);
  if (params->rule == NULL && params->expr == NULL)
    return refuse (ORF_ERROR_INVALID_ARGUMENT, "expr", "a condition, or rule for its own", error);
  if (entry != NULL)
    test->present = orf_alert_rule_new (orf_alert_rule_get_spec (entry->rule), NULL);
  test->rule = make_rule (test, params, error);
  return test->rule != NULL;
}

static gboolean
set_span (Test *test, const OrfAlertsTestRuleParams *params, GError **error)
{
  test->to_us = params->has_to_us ? params->to_us : orf_clock_now_us () + 1;
  test->from_us = params->has_from_us ? params->from_us : MAX (test->to_us - DEFAULT_SPAN_US, 0);
  test->step_us = params->has_step_us ? params->step_us : 0;
  return test->from_us < test->to_us || refuse (ORF_ERROR_INVALID_ARGUMENT, "from_us",
                                                "the span is empty: less than to_us", error);
}

static void
test_rule_cb (OrfCall *call, const OrfAlertsTestRuleParams *params, gpointer user_data)
{
  Test *test = g_new0 (Test, 1);
  GError *error = NULL;

  test->service = user_data;
  test->call = call;
  if (!set_rules (test, params, &error) || !set_span (test, params, &error))
    fail (test, error);
  else
    begin (test);
}

void
orf_alert_service_bind_test (OrfAlertService *service, OrfRouter *router)
{
  orf_bind_alerts_test_rule (router, test_rule_cb, service);
}
