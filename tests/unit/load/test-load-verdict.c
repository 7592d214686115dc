/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-error.h"

#include "orf-load-report.h"

#define SECOND_US ((gint64) G_USEC_PER_SEC)

/* ---- runs that were not ---------------------------------------------------------------------- */

/* A request of that time, which took so long; a latency below 0: it failed. */
static void
add (OrfLoadResult *result, gint64 at_us, gint64 latency_us)
{
  OrfLoadTally *tallies[2];

  orf_load_result_find (result, at_us, &tallies[0], &tallies[1]);
  for (guint i = 0; i < G_N_ELEMENTS (tallies); i++) {
    orf_load_tally_add_sent (tallies[i], 0);
    orf_load_tally_add_end (tallies[i],
                            latency_us < 0 ? ORF_LOAD_FAULT_STATUS : ORF_LOAD_FAULT_NONE,
                            latency_us);
  }
}

/* All of a plan, with latencies by their time. */
static OrfLoadResult *
run (const OrfLoadPlan *plan, gint64 (*get_latency) (gint64 at_us))
{
  OrfLoadResult *result = orf_load_result_new (plan, FALSE);
  OrfLoadCursor cursor = orf_load_plan_begin (plan);
  gint64 at_us;

  for (; (at_us = orf_load_plan_get_time (plan, &cursor)) != G_MAXINT64;
       orf_load_plan_advance (plan, &cursor))
    add (result, at_us, get_latency (at_us));
  result->sent_for_us = orf_load_plan_get_duration (plan);
  result->took_us = result->sent_for_us;
  return result;
}

static gint64
get_steady (G_GNUC_UNUSED gint64 at_us)
{
  return 5000;
}

/* Fails from the fourth second on. */
static gint64
get_breaking (gint64 at_us)
{
  return at_us >= 3 * SECOND_US ? -1 : 5000;
}

/* From 3 s on each answer comes after more than a second, or one in forty fails. */
static gint64
get_slow (gint64 at_us)
{
  return at_us >= 3 * SECOND_US ? 1500000 : 5000;
}

static gint64
get_failing (gint64 at_us)
{
  return at_us >= 3 * SECOND_US && at_us % SECOND_US == 0 ? -1 : 5000;
}

/* Slow from 10 s up to 24 s. */
static gint64
get_spiked (gint64 at_us)
{
  return at_us >= 10 * SECOND_US && at_us < 24 * SECOND_US ? 800000 : 5000;
}

/* ---- requirements ---------------------------------------------------------------------------- */

static void
test_requirements (void)
{
  static const struct {
    const char *text;
    gboolean met;
  } cases[] = {
    { "p95<500ms,errors<1%,rate>=50", TRUE },
    { "p50<=5ms", TRUE },
    { "p50<5ms", FALSE },
    { "max<=0.005s", TRUE },
    { "min>=5000us", TRUE },
    { "rate>50", FALSE },
    { "rate>=100%", TRUE },
    { "errors<1", TRUE },
    { "errors<0", FALSE },
    { "late<=0%, dropped<=0", TRUE },
    { "p99.9>1s", FALSE },
  };
  g_autoptr (OrfLoadPlan)
    plan = orf_load_plan_new (&(OrfLoadSetup){ .kind = ORF_LOAD_KIND_SUSTAINED }, NULL);
  g_autoptr (OrfLoadResult) result = run (plan, get_steady);
  g_autoptr (OrfLoadTally) total = orf_load_result_sum (result);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (OrfLoadRequirements)
      requirements = orf_load_requirements_new (cases[i].text, &error);

    g_assert_no_error (error);
    g_test_message ("%s", cases[i].text);
    g_assert_cmpint (orf_load_requirements_are_met (requirements, total, result->sent_for_us,
                                                    orf_load_get_planned_rate (result)),
                     ==, cases[i].met);
  }
}

/* What nobody knows is not met, whichever way it is asked. */
static void
test_unknown (void)
{
  g_autoptr (OrfLoadTally) nothing = orf_load_tally_new ();
  static const char *const texts[] = { "p95<1s", "p95>1s", "errors<1%", "rate>0%" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (OrfLoadRequirements) one = orf_load_requirements_new (texts[i], NULL);

    g_assert_false (orf_load_requirements_are_met (one, nothing, SECOND_US, NAN));
  }
}

static void
test_refused (void)
{
  static const char *const texts[] = { "",         "p95",        "p95<",    "p95<500", "p95<5%",
                                       "p94<5ms",  "errors<1ms", "rate=5",  "p95<nan", "p95<-1ms",
                                       "p95<1ms,", "<5",         "p95<<5ms" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", texts[i]);
    g_assert_null (orf_load_requirements_new (texts[i], &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  }
}

/* ---- what a run shows ------------------------------------------------------------------------ */

static void
test_breaking (void)
{
  g_autoptr (OrfLoadPlan) plan = orf_load_plan_new (
    &(OrfLoadSetup){ .kind = ORF_LOAD_KIND_STRESS, .max_rate = 60, .duration_us = SECOND_US },
    NULL);
  g_autoptr (OrfLoadRequirements) limit = orf_load_requirements_new (ORF_LOAD_DEFAULT_LIMIT, NULL);
  g_autoptr (OrfLoadResult) broken = run (plan, get_breaking);
  g_autoptr (OrfLoadResult) slow = run (plan, get_slow);
  g_autoptr (OrfLoadResult) failing = run (plan, get_failing);
  g_autoptr (OrfLoadResult) whole = run (plan, get_steady);
  OrfLoadReport report = { broken, "http://a/", limit, NULL };
  g_autoptr (json_t) document = orf_load_report_new (&report);
  json_t *stress = json_object_get (json_object_get (document, "results"), "stress_test");
  json_t *points = json_object_get (stress, "stress_points");

  g_assert_cmpint (orf_load_find_breaking_level (broken, limit), ==, 3);
  g_assert_cmpint (orf_load_find_breaking_level (slow, limit), ==, 3);
  g_assert_cmpint (orf_load_find_breaking_level (failing, limit), ==, 3);
  g_assert_cmpint (orf_load_find_breaking_level (whole, limit), ==, -1);
  g_assert_cmpfloat (json_number_value (json_object_get (stress, "breaking_point_rps")), ==, 40);
  g_assert_cmpstr (json_string_value (json_object_get (json_array_get (points, 3), "status")), ==,
                   "degraded");
  g_assert_cmpstr (json_string_value (json_object_get (json_array_get (points, 2), "status")), ==,
                   "ok");
}

/* An answer that is still out may be good: its level is not judged yet. */
static void
test_unfinished_level (void)
{
  g_autoptr (OrfLoadPlan) plan = orf_load_plan_new (
    &(OrfLoadSetup){ .kind = ORF_LOAD_KIND_STRESS, .max_rate = 20, .duration_us = SECOND_US },
    NULL);
  g_autoptr (OrfLoadRequirements) limit = orf_load_requirements_new (ORF_LOAD_DEFAULT_LIMIT, NULL);
  g_autoptr (OrfLoadResult) result = orf_load_result_new (plan, FALSE);

  for (gint64 i = 0; i < 9; i++)
    add (result, i * 100000, -1);
  result->sent_for_us = 2 * SECOND_US;
  g_assert_cmpint (orf_load_find_breaking_level (result, limit), ==, -1);
  add (result, 900000, -1);
  g_assert_cmpint (orf_load_find_breaking_level (result, limit), ==, 0);
}

static void
test_recovery (void)
{
  g_autoptr (OrfLoadPlan) plan = orf_load_plan_new (
    &(OrfLoadSetup){ .kind = ORF_LOAD_KIND_SPIKE, .duration_us = 60 * SECOND_US }, NULL);
  g_autoptr (OrfLoadPlan) early = orf_load_plan_new (
    &(OrfLoadSetup){ .kind = ORF_LOAD_KIND_SPIKE, .duration_us = 30 * SECOND_US }, NULL);
  g_autoptr (OrfLoadResult) at_once = run (plan, get_spiked);
  g_autoptr (OrfLoadResult) late = run (early, get_spiked);

  g_assert_cmpfloat (orf_load_get_recovery_us (at_once), ==, 0);
  g_assert_cmpfloat (orf_load_get_recovery_us (late), ==, 4e6);
}

/* Parts add up to the whole, and quantiles lie within what was measured. */
static void
test_tally (void)
{
  g_autoptr (OrfLoadTally) whole = orf_load_tally_new ();
  g_autoptr (OrfLoadTally) parts = orf_load_tally_new ();

  for (guint part = 0; part < 4; part++) {
    g_autoptr (OrfLoadTally) one = orf_load_tally_new ();

    for (gint64 i = 0; i < 1000; i++) {
      gint64 us = 100 + (i * 7919 + part * 31) % 10000;

      orf_load_tally_add_end (one, ORF_LOAD_FAULT_NONE, us);
      orf_load_tally_add_end (whole, ORF_LOAD_FAULT_NONE, us);
    }
    orf_load_tally_add_dropped (one, ORF_LOAD_FAULT_TIMEOUT);
    orf_load_tally_merge (parts, one);
  }
  g_assert_cmpfloat (orf_load_tally_get_quantile (parts, .99), ==,
                     orf_load_tally_get_quantile (whole, .99));
  g_assert_cmpfloat (orf_load_tally_get_mean (parts), ==, orf_load_tally_get_mean (whole));
  g_assert_cmpfloat (parts->max_us, ==, whole->max_us);
  g_assert_cmpfloat (orf_load_tally_get_quantile (whole, 1), <=, whole->max_us);
  g_assert_cmpuint (orf_load_tally_get_ended (parts), ==, 4004);
  g_assert_cmpfloat_with_epsilon (orf_load_tally_get_error_percent (parts), 100 * 4 / 4004.0, 1e-9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-verdict/requirements", test_requirements);
  g_test_add_func ("/load-verdict/unknown", test_unknown);
  g_test_add_func ("/load-verdict/refused", test_refused);
  g_test_add_func ("/load-verdict/breaking", test_breaking);
  g_test_add_func ("/load-verdict/unfinished-level", test_unfinished_level);
  g_test_add_func ("/load-verdict/recovery", test_recovery);
  g_test_add_func ("/load-tally/merge", test_tally);
  return g_test_run ();
}
