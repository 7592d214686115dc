/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "health/orf-health-gather.h"

#include <string.h>

#include "core/orf-clock.h"
#include "health/orf-forecast-advice.h"
#include "metrics/orf-newest.h"
#include "metrics/orf-series-name.h"

/* What was not measured for so long beside the rest is gone, unless it is measured more seldom. */
#define TOGETHER_US (5 * 60 * ORF_US_PER_S)
#define SEVERITY    "severity"

typedef struct {
  GArray *inputs;   /* OrfHealthInput */
  GPtrArray *texts; /* of the inputs */
  OrfHealthDone done;
  gpointer user_data;
} Gathering;

static void
gathering_free (Gathering *gathering)
{
  g_array_unref (gathering->inputs);
  g_ptr_array_unref (gathering->texts);
  g_free (gathering);
}

static const char *
keep (Gathering *gathering, char *text)
{
  g_ptr_array_add (gathering->texts, text);
  return text;
}

/* The memory of a device is as near to its end as the nearest of its horizons' forecasts says. */
static void
add_exhaustion (Gathering *gathering, const OrfPredictionInfo *prediction)
{
  OrfHealthInput input = { ORF_HEALTH_EXHAUSTION_S, NULL, NULL, 0 };

  if (!orf_forecast_is_trusted (prediction) ||
      !g_str_has_prefix (prediction->series, "gpu.memory.used_percent"))
    return;
  input.subject = keep (gathering, g_strdup (prediction->series));
  input.value = (double) prediction->time_to_threshold_us->value / ORF_US_PER_S;
  g_array_append_val (gathering->inputs, input);
}

/* Which of several it is: the worker, not the device that it has; else its first label, unless that
 * says how bad it is. */
static const char *
get_subject (char *const *labels)
{
  const char *worker = orf_series_name_get_label (labels, "worker");

  if (worker != NULL)
    return worker;
  for (guint i = 0; labels != NULL && labels[i] != NULL; i += 2)
    if (!g_str_equal (labels[i], SEVERITY))
      return labels[i + 1];
  return NULL;
}

static void
newest_cb (gpointer user_data, const OrfNewest *newest, guint n_newest, const GError *error)
{
  Gathering *gathering = user_data;

  for (guint i = 0; i < n_newest; i++) {
    const OrfSelected *series = newest[i].selected;
    const OrfHealthInput input = {
      series->name,
      get_subject (series->labels),
      orf_series_name_get_label (series->labels, SEVERITY),
      newest[i].point.value,
    };

    g_array_append_val (gathering->inputs, input);
  }
  gathering->done (
    gathering->user_data,
    error != NULL ? NULL
                  : orf_health_judge ((const OrfHealthInput *) (gpointer) gathering->inputs->data,
                                      gathering->inputs->len),
    error);
  gathering_free (gathering);
}

static OrfSelector *
make_selector (void)
{
  g_auto (GStrv) metrics = orf_health_dup_metrics ();
  g_autofree char *names = g_strjoinv ("|", metrics);
  g_auto (GStrv) pieces = g_strsplit (names, ".", -1);
  g_autofree char *regex = g_strjoinv ("\\\\.", pieces);
  g_autofree char *text = g_strdup_printf ("{__name__=~\"%s\"}", regex);

  return orf_selector_parse (text, NULL); /* it is one */
}

/* The slowest source misses one of its samples at most. */
static gint64
get_together_us (const OrfConfig *config)
{
  const GPtrArray *targets = config->scrape.targets;
  gint64 slowest_us = MAX (config->gpu.sample_us, config->host.sample_us);

  for (guint i = 0; i < targets->len; i++)
    slowest_us = MAX (slowest_us, ((const OrfConfigScrapeTarget *) targets->pdata[i])->period_us);
  return MAX (TOGETHER_US, 2 * slowest_us);
}

void
orf_health_gather (const OrfMetricsParts *parts,
                   const GPtrArray *predictions,
                   OrfCancel *cancel,
                   OrfHealthDone done,
                   gpointer user_data)
{
  Gathering *gathering = g_new0 (Gathering, 1);

  gathering->inputs = g_array_new (FALSE, FALSE, sizeof (OrfHealthInput));
  gathering->texts = g_ptr_array_new_with_free_func (g_free);
  gathering->done = done;
  gathering->user_data = user_data;
  for (guint i = 0; i < predictions->len; i++)
    add_exhaustion (gathering, predictions->pdata[i]);
  orf_newest_read (parts, make_selector (), get_together_us (parts->config), cancel, newest_cb,
                   gathering);
}
