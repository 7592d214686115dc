/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "judge/orf-judge-metrics.h"
#include "orf-error.h"

static OrfJudgeMetrics *
make (const char *const *settings, GError **error)
{
  g_autoptr (OrfConfig) config = orf_config_load (NULL, settings, error);

  g_assert_nonnull (config);
  return orf_judge_metrics_new (config, error);
}

static void
refuse (const char *setting, const char *part)
{
  const char *const settings[] = { "forecast.queue=queue.depth", setting, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (make (settings, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (g_strstr_len (error->message, -1, part));
}

static void
test_builtin (void)
{
  static char *const device[] = { (char *) "device", (char *) "gpu0", NULL };
  static char *const none[] = { NULL };
  const char *const settings[] = { "gpu.pressure_critical_percent=88", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfJudgeMetrics) metrics = make (settings, &error);
  const OrfJudgeMetric *metric;

  g_assert_no_error (error);
  metric = orf_judge_metrics_find (metrics, "gpu.memory.used_percent", device);
  g_assert_cmpstr (metric->name, ==, "gpu_memory");
  g_assert_cmpfloat (metric->setup.threshold, ==, 88);
  g_assert_false (metric->setup.falling);
  g_assert_cmpuint (metric->setup.n_horizons, ==, 3);
  g_assert_cmpuint (metric->setup.horizons[2], ==, 60);
  metric = orf_judge_metrics_find (metrics, "cache.hit_rate_percent", none);
  g_assert_true (metric->setup.falling);
  g_assert_cmpint (metric->setup.better, ==, ORF_BETTER_HIGHER);
  g_assert_null (orf_judge_metrics_find (metrics, "queue.depth", none));
  g_assert_cmpint (orf_judge_metrics_get_reach_us (metrics), ==, 15 * G_GINT64_CONSTANT (60000000));
}

static void
test_own (void)
{
  static char *const path[] = { (char *) "path", (char *) "/", NULL };
  static char *const none[] = { NULL };
  const char *const settings[] = { "forecast.queue=queue.depth",
                                   "forecast.queue.threshold=100",
                                   "forecast.queue.horizons=1, 10",
                                   "forecast.queue.minimum=0",
                                   "forecast.disk=",
                                   NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfJudgeMetrics) metrics = make (settings, &error);
  const OrfJudgeMetric *metric;

  g_assert_no_error (error);
  metric = orf_judge_metrics_find (metrics, "queue.depth", none);
  g_assert_cmpstr (metric->name, ==, "queue");
  g_assert_cmpfloat (metric->setup.threshold, ==, 100);
  g_assert_cmpfloat (metric->setup.min, ==, 0);
  g_assert_true (isnan (metric->setup.max));
  g_assert_cmpuint (metric->setup.n_horizons, ==, 2);
  g_assert_cmpuint (metric->setup.horizons[1], ==, 10);
  g_assert_null (orf_judge_metrics_find (metrics, "host.disk.used_percent", path));
}

static void
test_refused (void)
{
  refuse ("forecast.horizons=5,5", "rising");
  refuse ("forecast.horizons=0", "rising");
  refuse ("forecast.queue.horizons=1,2,3,4,5", "forecast.queue.horizons");
  refuse ("forecast.queue.horizons=121", "121");
  refuse ("forecast.queue.threshold=much", "forecast.queue.threshold");
  refuse ("forecast.queue.maximum=inf", "a number");
  refuse ("forecast.queue={{", "forecast.queue");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/judge/metrics/builtin", test_builtin);
  g_test_add_func ("/judge/metrics/own", test_own);
  g_test_add_func ("/judge/metrics/refused", test_refused);
  return g_test_run ();
}
