/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "health/orf-forecast-advice.h"
#include "store/orf-store-leaks.h"

#define MINUTE_US G_GINT64_CONSTANT (60000000)

/* minutes < 0: nothing can be said of the time; upper < 0: perhaps never. */
static void
add (GPtrArray *predictions, const char *series, gint64 horizon, gint64 minutes, gint64 upper)
{
  OrfPredictionInfo *prediction = orf_prediction_info_new ();

  prediction->series = g_strdup (series);
  prediction->horizon_us = horizon * MINUTE_US;
  prediction->last = 68.25;
  prediction->slope_per_s = 0.01;
  prediction->threshold = 90;
  prediction->confidence = 0.81;
  prediction->regime = ORF_PREDICTION_REGIME_QUIET;
  if (minutes >= 0) {
    prediction->time_to_threshold_us = orf_prediction_time_new ();
    prediction->time_to_threshold_us->has_lower = prediction->time_to_threshold_us->has_value =
      TRUE;
    prediction->time_to_threshold_us->lower = minutes * MINUTE_US / 2;
    prediction->time_to_threshold_us->value = minutes * MINUTE_US;
    prediction->time_to_threshold_us->has_upper = upper >= 0;
    prediction->time_to_threshold_us->upper = upper * MINUTE_US;
  }
  g_ptr_array_add (predictions, prediction);
}

static GPtrArray *
new_predictions (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_prediction_info_free);
}

static void
assert_advice (
  const GPtrArray *advice, guint i, OrfSeverity severity, const char *title, const char *action)
{
  const OrfGpuRecommendation *one;

  g_assert_cmpuint (i, <, advice->len);
  one = advice->pdata[i];
  g_assert_cmpint (one->severity, ==, severity);
  g_assert_cmpstr (one->title, ==, title);
  g_assert_cmpstr (one->action, ==, action);
}

static void
test_nearest_first (void)
{
  g_autoptr (GPtrArray) predictions = new_predictions ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) advice = NULL;

  add (predictions, "host.disk.used_percent{path=\"/var lib\"}", 5, 300, 600);
  add (predictions, "gpu.memory.used_percent{device=\"gpu0\"}", 5, 20, 40);
  add (predictions, "gpu.memory.used_percent{device=\"gpu0\"}", 60, 20, 40);
  add (predictions, "host.memory.used_percent", 5, 90, -1);
  add (predictions, "queue.depth", 5, 100, 120);
  advice = orf_forecast_advise (predictions, none);
  g_assert_cmpuint (advice->len, ==, 4);
  assert_advice (advice, 0, ORF_SEVERITY_CRITICAL,
                 "gpu.memory.used_percent{device=\"gpu0\"} reaches 90 in 20 min",
                 "orfeasctl gpu cleanup --device 'gpu0'");
  assert_advice (advice, 1, ORF_SEVERITY_WARNING, "host.memory.used_percent reaches 90 in 90 min",
                 "orfeasctl workers");
  assert_advice (advice, 2, ORF_SEVERITY_WARNING, "queue.depth reaches 90 in 100 min",
                 "orfeasctl metrics query 'queue.depth' --last 1h");
  assert_advice (advice, 3, ORF_SEVERITY_WARNING,
                 "host.disk.used_percent{path=\"/var lib\"} reaches 90 in 5.0 h",
                 "du -xh --max-depth 1 '/var lib'");
}

static void
test_evidence (void)
{
  g_autoptr (GPtrArray) predictions = new_predictions ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) advice = NULL;

  add (predictions, "a", 5, 20, 40);
  add (predictions, "b", 5, 30, -1);
  ((OrfPredictionInfo *) predictions->pdata[1])->confidence = NAN;
  ((OrfPredictionInfo *) predictions->pdata[1])->slope_per_s = NAN;
  advice = orf_forecast_advise (predictions, none);
  g_assert_cmpstr (((OrfGpuRecommendation *) advice->pdata[0])->evidence, ==,
                   "It is 68.25 and moves by 36 an hour; in 4 of 5 such cases it is there after "
                   "10 min to 40 min. What was said of it before held in 81 % of cases.");
  g_assert_cmpstr (((OrfGpuRecommendation *) advice->pdata[1])->evidence, ==,
                   "It is 68.25; after 15 min at the earliest, perhaps never.");
}

/* What is there is no forecast. */
static void
test_there (void)
{
  g_autoptr (GPtrArray) predictions = new_predictions ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) advice = NULL;

  add (predictions, "a", 5, 0, 0);
  advice = orf_forecast_advise (predictions, none);
  g_assert_cmpstr (((OrfGpuRecommendation *) advice->pdata[0])->title, ==,
                   "a is at its threshold of 90");
  g_assert_cmpstr (((OrfGpuRecommendation *) advice->pdata[0])->evidence, ==,
                   "It is 68.25 and moves by 36 an hour.");
}

static OrfLeakRow *
make_leak (gint64 worker, gint64 pid, const char *trigger)
{
  OrfLeakRow *leak = orf_leak_row_new ();

  leak->subject = g_strdup ("process of gpu0");
  leak->device = g_strdup ("gpu0");
  leak->worker = worker;
  leak->name = g_strdup (worker > 0 ? "studio" : NULL);
  leak->pid = pid;
  leak->since_us = G_GINT64_CONSTANT (1763740800000000);
  leak->slope_bytes_per_s = 1048576 / 36.;
  leak->slope_lower_bytes_per_s = 1048576 / 40.;
  leak->slope_upper_bytes_per_s = 1048576 / 30.;
  leak->grown_bytes = 64 * 1048576;
  leak->confidence = .93;
  leak->trigger = g_strdup (trigger);
  return leak;
}

static void
test_leaks (void)
{
  g_autoptr (GPtrArray) predictions = new_predictions ();
  g_autoptr (GPtrArray) leaks = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_leak_row_free);
  g_autoptr (GPtrArray) advice = NULL;

  add (predictions, "a", 5, 20, 40);
  g_ptr_array_add (leaks, make_leak (7, -1, "deploy mark: 2.4"));
  g_ptr_array_add (leaks, make_leak (0, 42, NULL));
  g_ptr_array_add (leaks, make_leak (0, -1, NULL));
  advice = orf_forecast_advise (predictions, leaks);
  g_assert_cmpuint (advice->len, ==, 4);
  assert_advice (advice, 1, ORF_SEVERITY_WARNING,
                 "studio (w-7) leaks memory of gpu0: 100.0 MiB an hour",
                 "orfeasctl gpu cleanup --worker w-7 --level aggressive");
  g_assert_cmpstr (((OrfGpuRecommendation *) advice->pdata[1])->evidence, ==,
                   "It took 64.0 MiB since 2025-11-21T16:00:00Z and gave nothing back: 90.0 MiB to "
                   "120.0 MiB an hour. It may have begun with: deploy mark: 2.4. Confidence: "
                   "0.93.");
  assert_advice (advice, 2, ORF_SEVERITY_WARNING,
                 "process of gpu0 leaks memory of gpu0: 100.0 MiB an hour",
                 "ps -o pid,user,etime,args -p 42");
  assert_advice (advice, 3, ORF_SEVERITY_WARNING,
                 "process of gpu0 leaks memory of gpu0: 100.0 MiB an hour",
                 "orfeasctl gpu leaks 'gpu0'");
}

/* What nobody can tell the time of, and what is far off, calls for nothing. */
static void
test_silence (void)
{
  g_autoptr (GPtrArray) predictions = new_predictions ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) advice = NULL;

  add (predictions, "a", 5, -1, -1);
  add (predictions, "b", 5, 25 * 60, 30 * 60);
  add (predictions, "c", 5, 20, 40);
  ((OrfPredictionInfo *) predictions->pdata[2])->regime = ORF_PREDICTION_REGIME_SPIKY;
  advice = orf_forecast_advise (predictions, none);
  g_assert_cmpuint (advice->len, ==, 0);
}

static void
test_quoted_label (void)
{
  g_autoptr (GPtrArray) predictions = new_predictions ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) advice = NULL;

  add (predictions, "gpu.memory.used_percent{a_device=\"no\",device=\"a\\\"b'c\"}", 5, 0, 0);
  advice = orf_forecast_advise (predictions, none);
  assert_advice (
    advice, 0, ORF_SEVERITY_CRITICAL,
    "gpu.memory.used_percent{a_device=\"no\",device=\"a\\\"b'c\"} is at its threshold of 90",
    "orfeasctl gpu cleanup --device 'a\"b'\\''c'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/health/forecast-advice/nearest-first", test_nearest_first);
  g_test_add_func ("/health/forecast-advice/evidence", test_evidence);
  g_test_add_func ("/health/forecast-advice/there", test_there);
  g_test_add_func ("/health/forecast-advice/leaks", test_leaks);
  g_test_add_func ("/health/forecast-advice/silence", test_silence);
  g_test_add_func ("/health/forecast-advice/quoted-label", test_quoted_label);
  return g_test_run ();
}
