/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-report.h"

#include <math.h>

#define SECOND_US ((double) G_USEC_PER_SEC)

/* ---- values ---------------------------------------------------------------------------------- */

/* What is not known is null. */
static json_t *
new_number (double value)
{
  return isfinite (value) ? json_real (value) : json_null ();
}

static json_t *
new_us (double us)
{
  return isfinite (us) ? json_integer ((json_int_t) llround (us)) : json_null ();
}

/* As the original: two digits. */
static json_t *
new_rounded (double value)
{
  return new_number (round (value * 100) / 100);
}

static json_t *
new_ms (double us)
{
  return new_rounded (us / 1000);
}

static json_t *
new_count (guint64 count)
{
  return json_integer ((json_int_t) count);
}

/* ---- the original's parts -------------------------------------------------------------------- */

static json_t *
new_config (double duration_us, double rate)
{
  return json_pack ("{s:o, s:o}", "duration_seconds", new_rounded (duration_us / SECOND_US),
                    "target_rps", new_rounded (rate));
}

static json_t *
new_execution (const OrfLoadTally *tally, gint64 sent_for_us)
{
  guint64 failed = orf_load_tally_get_failed (tally);

  return json_pack ("{s:o, s:o, s:o, s:o, s:o}", "total_requests",
                    new_count (orf_load_tally_get_ended (tally)), "successful_requests",
                    new_count (tally->answered), "failed_requests", new_count (failed),
                    "error_rate_percent", new_rounded (orf_load_tally_get_error_percent (tally)),
                    "actual_rps", new_rounded (orf_load_get_rate (tally, sent_for_us)));
}

static json_t *
new_response_times (const OrfLoadTally *tally)
{
  static const struct {
    const char *name;
    double share;
  } quantiles[] = { { "median", .5 }, { "p50", .5 },  { "p75", .75 },
                    { "p90", .9 },    { "p95", .95 }, { "p99", .99 } };
  json_t *times = json_pack ("{s:o, s:o, s:o, s:o}", "min", new_ms (tally->min_us), "max",
                             new_ms (tally->max_us), "mean",
                             new_ms (orf_load_tally_get_mean (tally)), "stdev",
                             new_ms (orf_load_tally_get_deviation (tally)));

  for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
    json_object_set_new (times, quantiles[i].name,
                         new_ms (orf_load_tally_get_quantile (tally, quantiles[i].share)));
  return times;
}

/* The original's words, by its bounds. */
static const char *
assess_errors (double percent)
{
  if (isnan (percent))
    return "unknown";
  if (percent < 1)
    return "excellent";
  if (percent < 5)
    return "good";
  return percent < 10 ? "acceptable" : "poor";
}

static json_t *
new_assessment (const OrfLoadTally *tally)
{
  double percent = orf_load_tally_get_error_percent (tally);

  return json_pack ("{s:s, s:o}", "status", assess_errors (percent), "overall_error_rate_percent",
                    new_rounded (percent));
}

static json_t *
new_load_test (const OrfLoadReport *report, const OrfLoadTally *total)
{
  const OrfLoadResult *result = report->result;

  return json_pack ("{s:o, s:o, s:o, s:o}", "test_config",
                    new_config ((double) orf_load_plan_get_duration (result->plan),
                                orf_load_get_planned_rate (result)),
                    "execution", new_execution (total, result->sent_for_us), "response_times_ms",
                    new_response_times (total), "assessment", new_assessment (total));
}

static json_t *
new_stress_points (const OrfLoadReport *report, int breaking)
{
  const OrfLoadResult *result = report->result;
  json_t *points = json_array ();

  for (guint i = 0; i < result->levels->len; i++) {
    const OrfLoadTally *tally = result->levels->pdata[i];
    gint64 sent_for_us = orf_load_result_get_level_us (result, i);

    json_array_append_new (
      points,
      json_pack ("{s:o, s:o, s:o, s:o, s:s}", "target_rps",
                 new_rounded (orf_load_plan_get_level (result->plan, i)->rate), "actual_rps",
                 new_rounded (orf_load_get_rate (tally, sent_for_us)), "error_rate_percent",
                 new_rounded (orf_load_tally_get_error_percent (tally)), "p95_latency_ms",
                 new_ms (orf_load_tally_get_quantile (tally, .95)), "status",
                 (int) i == breaking ? "degraded" : "ok"));
  }
  return points;
}

/* NAN: each level held. */
static double
get_breaking_rate (const OrfLoadReport *report)
{
  int breaking = orf_load_find_breaking_level (report->result, report->limit);

  return breaking < 0 ? NAN
                      : orf_load_plan_get_level (report->result->plan, (guint) breaking)->rate;
}

static json_t *
new_stress_test (const OrfLoadReport *report, G_GNUC_UNUSED const OrfLoadTally *total)
{
  const OrfLoadPlan *plan = report->result->plan;
  guint n_levels = orf_load_plan_get_n_levels (plan);
  int breaking = orf_load_find_breaking_level (report->result, report->limit);
  double broke_at = get_breaking_rate (report);
  double first = orf_load_plan_get_level (plan, 0)->rate;

  return json_pack ("{s:{s:o, s:o, s:i}, s:o, s:o, s:{s:s, s:o}}", "test_config", "max_rps",
                    new_rounded (orf_load_plan_get_level (plan, n_levels - 1)->rate), "increment",
                    n_levels > 1 ? new_rounded (orf_load_plan_get_level (plan, 1)->rate - first)
                                 : json_null (),
                    "steps_completed", (int) report->result->levels->len, "breaking_point_rps",
                    new_rounded (broke_at), "stress_points", new_stress_points (report, breaking),
                    "assessment", "status",
                    isnan (broke_at) || broke_at >= 100 ? "adequate" : "poor", "breaking_point_rps",
                    new_rounded (broke_at));
}

static json_t *
new_spike_test (const OrfLoadReport *report, G_GNUC_UNUSED const OrfLoadTally *total)
{
  const OrfLoadResult *result = report->result;
  double recovery_s = orf_load_get_recovery_us (result) / SECOND_US;
  json_t *phases = json_object ();

  for (guint i = 0; i < result->levels->len; i++) {
    const OrfLoadTally *tally = result->levels->pdata[i];
    gint64 sent_for_us = orf_load_result_get_level_us (result, i);

    json_object_set_new (
      phases, orf_load_plan_get_level (result->plan, i)->name,
      json_pack ("{s:o, s:o, s:o}", "rps", new_rounded (orf_load_get_rate (tally, sent_for_us)),
                 "error_rate_percent", new_rounded (orf_load_tally_get_error_percent (tally)),
                 "p95_latency_ms", new_ms (orf_load_tally_get_quantile (tally, .95))));
  }
  return json_pack ("{s:{s:o, s:o, s:o}, s:o, s:o, s:{s:s, s:o}}", "test_config", "sustained_rps",
                    new_rounded (orf_load_plan_get_level (result->plan, 0)->rate), "spike_rps",
                    new_rounded (orf_load_plan_get_level (result->plan, 1)->rate),
                    "total_duration_seconds",
                    new_rounded ((double) orf_load_plan_get_duration (result->plan) / SECOND_US),
                    "phases", phases, "recovery_time_seconds", new_rounded (recovery_s),
                    "assessment", "status", recovery_s < 10 ? "excellent" : "poor",
                    "recovery_time_seconds", new_rounded (recovery_s));
}

/* The last third has no more errors than the first, and less than 1 % of all failed. */
static gboolean
is_stable (const OrfLoadResult *result, const OrfLoadTally *total)
{
  guint third = result->slices->len / 3;
  g_autoptr (OrfLoadTally) first = orf_load_tally_new ();
  g_autoptr (OrfLoadTally) last = orf_load_tally_new ();

  for (guint i = 0; i < third; i++) {
    orf_load_tally_merge (first, result->slices->pdata[i]);
    orf_load_tally_merge (last, result->slices->pdata[result->slices->len - 1 - i]);
  }
  return orf_load_tally_get_error_percent (total) < 1 &&
         (third == 0 || orf_load_tally_get_error_percent (last) <=
                          fmax (1.5 * orf_load_tally_get_error_percent (first), 0.1));
}

static json_t *
new_endurance_test (const OrfLoadReport *report, const OrfLoadTally *total)
{
  const OrfLoadResult *result = report->result;
  double minutes = (double) orf_load_plan_get_duration (result->plan) / SECOND_US / 60;

  return json_pack ("{s:{s:o, s:o}, s:{s:o, s:o, s:o}, s:o, s:b, s:o}", "test_config",
                    "duration_minutes", new_rounded (minutes), "rps",
                    new_rounded (orf_load_get_planned_rate (result)), "execution", "total_requests",
                    new_count (orf_load_tally_get_ended (total)), "total_errors",
                    new_count (orf_load_tally_get_failed (total)), "total_error_rate_percent",
                    new_rounded (orf_load_tally_get_error_percent (total)), "response_times_ms",
                    new_response_times (total), "stability", is_stable (result, total),
                    "assessment", new_assessment (total));
}

static const struct {
  const char *name;
  json_t *(*make) (const OrfLoadReport *report, const OrfLoadTally *total);
} tests[ORF_LOAD_KIND_N] = {
  [ORF_LOAD_KIND_SUSTAINED] = { "load_test", new_load_test },
  [ORF_LOAD_KIND_STRESS] = { "stress_test", new_stress_test },
  [ORF_LOAD_KIND_SPIKE] = { "spike_test", new_spike_test },
  [ORF_LOAD_KIND_ENDURANCE] = { "endurance_test", new_endurance_test },
};

/* Each test of the original has its place; three of them are empty. */
static json_t *
new_results (const OrfLoadReport *report, const OrfLoadTally *total)
{
  OrfLoadKind kind = orf_load_plan_get_kind (report->result->plan);
  json_t *results = json_object ();

  for (guint i = ORF_LOAD_KIND_UNSET + 1; i < ORF_LOAD_KIND_N; i++)
    json_object_set_new (results, tests[i].name,
                         i == kind ? tests[i].make (report, total) : json_object ());
  return results;
}

static json_t *
new_summary (const OrfLoadReport *report, const OrfLoadTally *total)
{
  OrfLoadKind kind = orf_load_plan_get_kind (report->result->plan);
  const char *status = assess_errors (orf_load_tally_get_error_percent (total));

  return json_pack (
    "{s:o, s:o, s:o, s:o}", "load_test_status",
    kind == ORF_LOAD_KIND_SUSTAINED ? json_string (status) : json_null (),
    "stress_test_breaking_point_rps",
    kind == ORF_LOAD_KIND_STRESS ? new_rounded (get_breaking_rate (report)) : json_null (),
    "spike_recovery_time_seconds",
    new_rounded (orf_load_get_recovery_us (report->result) / SECOND_US), "endurance_test_stable",
    kind == ORF_LOAD_KIND_ENDURANCE ? json_boolean (is_stable (report->result, total))
                                    : json_null ());
}

/* ---- all that was measured ------------------------------------------------------------------- */

static json_t *
new_tally (const OrfLoadTally *tally, gint64 sent_for_us)
{
  static const struct {
    const char *name;
    double share;
  } quantiles[] = { { "p50_us", .5 },  { "p75_us", .75 }, { "p90_us", .9 },
                    { "p95_us", .95 }, { "p99_us", .99 }, { "p999_us", .999 } };
  json_t *object = json_pack (
    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "sent", new_count (tally->sent),
    "answered", new_count (tally->answered), "failed",
    new_count (orf_load_tally_get_failed (tally)), "late", new_count (tally->late), "dropped",
    new_count (tally->dropped), "rate_per_s", new_number (orf_load_get_rate (tally, sent_for_us)),
    "min_us", new_us (tally->min_us), "mean_us", new_us (orf_load_tally_get_mean (tally)), "max_us",
    new_us (tally->max_us), "late_p99_us",
    tally->sent > 0 ? new_us (orf_sketch_quantile (tally->lateness, .99)) : json_null ());

  for (guint i = 0; i < G_N_ELEMENTS (quantiles); i++)
    json_object_set_new (object, quantiles[i].name,
                         new_us (orf_load_tally_get_quantile (tally, quantiles[i].share)));
  return object;
}

static json_t *
new_faults (const OrfLoadTally *tally)
{
  json_t *object = json_object ();

  for (guint i = ORF_LOAD_FAULT_NONE + 1; i < ORF_LOAD_N_FAULTS; i++)
    json_object_set_new (object, orf_load_fault_to_string (i), new_count (tally->faults[i]));
  return object;
}

static json_t *
new_levels (const OrfLoadResult *result)
{
  json_t *levels = json_array ();

  for (guint i = 0; i < result->levels->len; i++) {
    const OrfLoadLevel *level = orf_load_plan_get_level (result->plan, i);
    json_t *object = new_tally (result->levels->pdata[i], orf_load_result_get_level_us (result, i));

    json_object_set_new (object, "level", json_string (level->name));
    json_object_set_new (object, "from_us", json_integer (level->from_us));
    json_object_set_new (object, "planned_per_s",
                         result->is_closed ? json_null () : new_number (level->rate));
    json_array_append_new (levels, object);
  }
  return levels;
}

static json_t *
new_slices (const OrfLoadResult *result)
{
  json_t *slices = json_array ();

  for (guint i = 0; i < result->slices->len; i++) {
    gint64 from_us = (gint64) i * result->slice_us;
    json_t *object = new_tally (result->slices->pdata[i],
                                CLAMP (result->sent_for_us - from_us, 1, result->slice_us));

    json_object_set_new (object, "from_us", json_integer (from_us));
    json_array_append_new (slices, object);
  }
  return slices;
}

static json_t *
new_requirements (const OrfLoadReport *report, const OrfLoadTally *total)
{
  const OrfLoadRequirements *requirements = report->requirements;
  json_t *list = json_array ();

  for (guint i = 0; requirements != NULL && i < orf_load_requirements_get_n (requirements); i++) {
    double measured;
    gboolean met = orf_load_requirements_check (requirements, i, total, report->result->sent_for_us,
                                                orf_load_get_planned_rate (report->result),
                                                &measured);

    json_array_append_new (list, json_pack ("{s:s, s:o, s:s, s:b}", "requirement",
                                            orf_load_requirements_get_text (requirements, i),
                                            "measured", new_number (measured), "unit",
                                            orf_load_requirements_get_unit (requirements, i), "met",
                                            met));
  }
  return list;
}

static json_t *
new_measured (const OrfLoadReport *report, const OrfLoadTally *total)
{
  const OrfLoadResult *result = report->result;

  return json_pack ("{s:s, s:s, s:s, s:s*, s:I, s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:I, s:o, s:o}",
                    "version", ORF_VERSION, "kind",
                    orf_load_kind_to_string (orf_load_plan_get_kind (result->plan)), "model",
                    result->is_closed ? "closed" : "open", "arrivals",
                    result->is_closed                        ? NULL
                    : orf_load_plan_is_random (result->plan) ? "random"
                                                             : "even",
                    "started_us", (json_int_t) result->started_us, "took_us",
                    (json_int_t) result->took_us, "stopped", result->was_stopped, "passed",
                    orf_load_report_passed (report), "planned_per_s",
                    new_number (orf_load_get_planned_rate (result)), "requirements",
                    new_requirements (report, total), "faults", new_faults (total), "total",
                    new_tally (total, result->sent_for_us), "slice_us",
                    (json_int_t) result->slice_us, "levels", new_levels (result), "slices",
                    new_slices (result));
}

json_t *
orf_load_report_new (const OrfLoadReport *report)
{
  g_autoptr (OrfLoadTally) total = orf_load_result_sum (report->result);
  g_autoptr (GDateTime)
    started = g_date_time_new_from_unix_utc (report->result->started_us / G_USEC_PER_SEC);
  g_autofree char *timestamp = g_date_time_format_iso8601 (started);

  return json_pack ("{s:s, s:s, s:o, s:o, s:o}", "test_timestamp", timestamp, "target_url",
                    report->target, "results", new_results (report, total), "summary",
                    new_summary (report, total), "orfeas", new_measured (report, total));
}

gboolean
orf_load_report_passed (const OrfLoadReport *report)
{
  g_autoptr (OrfLoadTally) total = orf_load_result_sum (report->result);

  if (report->requirements == NULL)
    return total->answered > 0 || orf_load_tally_get_failed (total) == 0;
  return orf_load_requirements_are_met (report->requirements, total, report->result->sent_for_us,
                                        orf_load_get_planned_rate (report->result));
}
