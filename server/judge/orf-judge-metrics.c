/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-metrics.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"

/* Rows without a sample that a series may have before its forecasts are told no more. */
#define QUIET_ROWS 10

struct _OrfJudgeMetrics {
  GPtrArray *metrics; /* OrfJudgeMetric, those of the config first */
  gint64 reach_us;
};

/* What the original's optimizer looked at, and its alerts' thresholds where it had one: memory is
 * critical at [gpu] pressure_critical_percent, a CPU at 90 %, a hit rate below 50 %, a response
 * after 5 s.  Of the last three nothing is built in: they are what a service records by these
 * names. */
typedef struct {
  const char *name;
  const char *select;
  OrfBetter better;
  double threshold, min, max;
} Builtin;

static const Builtin builtins[] = {
  { "gpu_memory", "gpu.memory.used_percent", ORF_BETTER_LOWER, 90, 0, 100 },
  { "gpu_utilization", "gpu.utilization_percent", ORF_BETTER_NEITHER, NAN, 0, 100 },
  { "host_memory", "host.memory.used_percent", ORF_BETTER_LOWER, 90, 0, 100 },
  { "host_cpu", "host.cpu.used_percent", ORF_BETTER_LOWER, 90, 0, 100 },
  { "disk", "host.disk.used_percent", ORF_BETTER_LOWER, 95, 0, 100 },
  { "cache_hit_rate", "cache.hit_rate_percent", ORF_BETTER_HIGHER, 50, 0, 100 },
  { "response_time", "response_time_ms", ORF_BETTER_LOWER, 5000, 0, NAN },
  { "error_rate", "error_rate_percent", ORF_BETTER_LOWER, 5, 0, 100 },
};

static void
metric_free (gpointer data)
{
  OrfJudgeMetric *metric = data;

  g_clear_pointer (&metric->select, orf_selector_free);
  g_free (metric->name);
  g_free (metric);
}

static gboolean
refuse (const char *entry, const char *key, const char *allowed, const char *text, GError **error)
{
  g_autofree char *field = entry != NULL ? g_strdup_printf ("forecast.%s%s%s", entry,
                                                            key[0] != '\0' ? "." : "", key)
                                         : g_strconcat ("forecast.", key, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: '%s' is not %s", field, text, allowed));
  return FALSE;
}

static gboolean
set_horizons (OrfForecasterSetup *setup, const char *entry, const char *text, GError **error)
{
  const char *allowed = "one to four numbers, rising, 1 to " G_STRINGIFY (ORF_FORECASTER_MAX_ROWS);
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  guint64 rows, before = 0;

  if (g_strv_length (words) < 1 || g_strv_length (words) > ORF_FORECASTER_MAX_HORIZONS)
    return refuse (entry, "horizons", allowed, text, error);
  setup->n_horizons = 0;
  for (guint i = 0; words[i] != NULL; i++) {
    if (!g_ascii_string_to_unsigned (g_strstrip (words[i]), 10, before + 1, ORF_FORECASTER_MAX_ROWS,
                                     &rows, NULL))
      return refuse (entry, "horizons", allowed, text, error);
    setup->horizons[setup->n_horizons++] = (guint) rows;
    before = rows;
  }
  return TRUE;
}

static gboolean
set_number (double *number, const char *entry, const char *key, const char *text, GError **error)
{
  char *end = NULL;
  double value = g_ascii_strtod (text, &end);

  if (text[0] == '\0') {
    *number = NAN;
    return TRUE;
  }
  if (*end != '\0' || !isfinite (value))
    return refuse (entry, key, "a number, or empty", text, error);
  *number = value;
  return TRUE;
}

static OrfBetter
get_better (int better)
{
  switch (better) {
  case ORF_CONFIG_FORECASTMETRIC_BETTER_HIGHER:
    return ORF_BETTER_HIGHER;
  case ORF_CONFIG_FORECASTMETRIC_BETTER_NONE:
    return ORF_BETTER_NEITHER;
  default:
    return ORF_BETTER_LOWER;
  }
}

static gboolean
add_entry (OrfJudgeMetrics *metrics,
           const OrfConfig *config,
           const OrfConfigForecastMetric *entry,
           GError **error)
{
  OrfJudgeMetric *metric = g_new0 (OrfJudgeMetric, 1);
  OrfForecasterSetup *setup = &metric->setup;

  g_ptr_array_add (metrics->metrics, metric);
  metric->name = g_strdup (entry->name);
  metric->every_rows = (guint) entry->every_rows;
  metric->lead_us = entry->lead_us == config->forecast.lead_us ? 0 : entry->lead_us;
  setup->step_us = config->forecast.row_us;
  setup->better = get_better (entry->better);
  setup->falling = setup->better == ORF_BETTER_HIGHER;
  if (entry->select[0] != '\0') {
    metric->select = orf_selector_parse (entry->select, error);
    if (metric->select == NULL) {
      g_prefix_error (error, "forecast.%s: ", entry->name);
      return FALSE;
    }
  }
  if (!set_horizons (setup, entry->name, entry->horizons, error) ||
      !set_number (&setup->threshold, entry->name, "threshold", entry->threshold, error) ||
      !set_number (&setup->min, entry->name, "minimum", entry->minimum, error) ||
      !set_number (&setup->max, entry->name, "maximum", entry->maximum, error))
    return FALSE;
  if (setup->min >= setup->max)
    return refuse (entry->name, "minimum", "less than maximum", entry->minimum, error);
  return TRUE;
}

static gboolean
is_named (const OrfJudgeMetrics *metrics, const char *name)
{
  for (guint i = 0; i < metrics->metrics->len; i++)
    if (g_str_equal (((const OrfJudgeMetric *) metrics->metrics->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

static gboolean
add_builtin (OrfJudgeMetrics *metrics,
             const OrfConfig *config,
             const Builtin *builtin,
             GError **error)
{
  OrfJudgeMetric *metric;

  if (is_named (metrics, builtin->name))
    return TRUE;
  metric = g_new0 (OrfJudgeMetric, 1);
  g_ptr_array_add (metrics->metrics, metric);
  metric->name = g_strdup (builtin->name);
  metric->every_rows = (guint) config->forecast.every_rows;
  metric->select = orf_selector_parse (builtin->select, error);
  metric->setup = (OrfForecasterSetup){
    .step_us = config->forecast.row_us,
    .threshold = g_str_equal (builtin->name, "gpu_memory") ? config->gpu.pressure_critical_percent
                                                           : builtin->threshold,
    .falling = builtin->better == ORF_BETTER_HIGHER,
    .min = builtin->min,
    .max = builtin->max,
    .better = builtin->better,
  };
  return metric->select != NULL &&
         set_horizons (&metric->setup, NULL, config->forecast.horizons, error);
}

static void
set_reach (OrfJudgeMetrics *metrics)
{
  for (guint i = 0; i < metrics->metrics->len; i++) {
    const OrfJudgeMetric *metric = metrics->metrics->pdata[i];

    metrics->reach_us = MAX (metrics->reach_us,
                             (gint64) (metric->every_rows + QUIET_ROWS) * metric->setup.step_us);
  }
}

OrfJudgeMetrics *
orf_judge_metrics_new (const OrfConfig *config, GError **error)
{
  g_autoptr (OrfJudgeMetrics) metrics = g_new0 (OrfJudgeMetrics, 1);
  OrfForecasterSetup common;

  metrics->metrics = g_ptr_array_new_with_free_func (metric_free);
  if (!set_horizons (&common, NULL, config->forecast.horizons, error))
    return NULL;
  for (guint i = 0; i < config->forecast.metrics->len; i++)
    if (!add_entry (metrics, config, config->forecast.metrics->pdata[i], error))
      return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (builtins); i++)
    if (!add_builtin (metrics, config, &builtins[i], error))
      return NULL;
  set_reach (metrics);
  return g_steal_pointer (&metrics);
}

void
orf_judge_metrics_free (OrfJudgeMetrics *metrics)
{
  if (metrics == NULL)
    return;
  g_ptr_array_unref (metrics->metrics);
  g_free (metrics);
}

const OrfJudgeMetric *
orf_judge_metrics_find (const OrfJudgeMetrics *metrics, const char *name, char *const *labels)
{
  for (guint i = 0; i < metrics->metrics->len; i++) {
    const OrfJudgeMetric *metric = metrics->metrics->pdata[i];
    gboolean matches;

    /* A regular expression that takes too long means nothing. */
    if (metric->select != NULL &&
        orf_selector_match (metric->select, name, labels, &matches, NULL) && matches)
      return metric;
  }
  return NULL;
}

gint64
orf_judge_metrics_get_reach_us (const OrfJudgeMetrics *metrics)
{
  return metrics->reach_us;
}
