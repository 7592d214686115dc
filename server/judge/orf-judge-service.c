/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-service.h"

#include <math.h>
#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "health/orf-forecast-advice.h"
#include "health/orf-health-gather.h"
#include "judge/orf-judge-metrics.h"
#include "judge/orf-judge-score.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "store/orf-store-forecast-lists.h"
#include "store/orf-store-leaks.h"

/* Of those that leak, so many are recommended to be seen to: the steepest. */
#define MAX_LEAKS 10

struct _OrfJudgeService {
  const OrfMetricsParts *parts;
  OrfJudgeMetrics *metrics;
};

typedef struct {
  OrfJudgeService *service;
  OrfCall *call;
  OrfSelector *selector; /* NULL: all */
  gint64 horizon_us;     /* 0: all */
  gboolean by_series;
  gboolean first; /* page */
  gint64 after_id, after_us;
  guint limit;
  GPtrArray *all;                   /* OrfPredictionInfo, whichever the caller chose */
  OrfPredictionsListResult *result; /* its predictions are some of all, and not its own */
} Ask;

static void
ask_free (Ask *ask)
{
  g_clear_pointer (&ask->selector, orf_selector_free);
  if (ask->result != NULL) {
    g_ptr_array_set_size (ask->result->predictions, 0);
    orf_predictions_list_result_free (ask->result);
  }
  g_clear_pointer (&ask->all, g_ptr_array_unref);
  g_free (ask);
}

/* NULL: the call was answered with what is wrong. */
static Ask *
ask_new (
  OrfJudgeService *service, OrfCall *call, const char *select, const char *cursor, gint64 limit)
{
  Ask *ask = g_new0 (Ask, 1);
  GError *error = NULL;

  ask->service = service;
  ask->call = call;
  ask->limit = (guint) limit;
  ask->first = cursor == NULL;
  ask->after_id = -1;
  if ((select == NULL || (ask->selector = orf_selector_parse (select, &error)) != NULL) &&
      (cursor == NULL || orf_list_cursor_parse (cursor, &ask->after_id, &ask->after_us, &error)))
    return ask;
  orf_call_fail (call, error);
  ask_free (ask);
  return NULL;
}

/* ---- series ---------------------------------------------------------------------------------- */

static char **
get_labels (const OrfForecastSeries *series)
{
  char **labels = orf_series_name_labels_from_json (series->labels_json);

  /* not an object of strings: written by somebody else */
  return labels != NULL ? labels : g_new0 (char *, 1);
}

static gboolean
is_meant (const Ask *ask, const OrfForecastSeries *series, char *const *labels, GError **error)
{
  gboolean matches = TRUE;

  return ask->selector == NULL ||
         (orf_selector_match (ask->selector, series->name, labels, &matches, error) && matches);
}

/* ---- predictions.list ------------------------------------------------------------------------ */

static OrfPredictionTime *
make_time (const OrfPredictionRow *row)
{
  OrfPredictionTime *time;

  if (row->threshold_us < 0 && row->threshold_lower_us < 0)
    return NULL;
  time = orf_prediction_time_new ();
  time->has_lower = row->threshold_lower_us >= 0;
  time->lower = row->threshold_lower_us;
  time->has_value = row->threshold_us >= 0;
  time->value = row->threshold_us;
  time->has_upper = row->threshold_upper_us >= 0;
  time->upper = row->threshold_upper_us;
  return time;
}

static OrfPredictionInfo *
make_info (const OrfJudgeService *service, const OrfPredictionEntry *entry, char *const *labels)
{
  const OrfPredictionRow *row = &entry->row;
  const OrfJudgeMetric *metric = orf_judge_metrics_find (service->metrics, entry->series.name,
                                                         labels);
  OrfPredictionInfo *info = orf_prediction_info_new ();

  info->series = orf_series_name_to_text (entry->series.name, labels);
  info->metric = g_strdup (metric != NULL ? metric->name : NULL);
  info->unit = g_strdup (entry->unit);
  info->method = g_strdup (row->method);
  info->trend = row->trend != NULL ? orf_prediction_trend_from_string (row->trend)
                                   : ORF_PREDICTION_TREND_UNSET;
  info->slope_per_s = row->slope_per_s;
  info->made_us = row->made_us;
  info->last = row->last;
  info->horizon_us = row->horizon_us;
  info->value = row->value;
  info->lower = row->lower80;
  info->upper = row->upper80;
  info->lower90 = row->lower90;
  info->upper90 = row->upper90;
  info->confidence = row->confidence;
  info->regime = orf_prediction_regime_from_string (row->regime);
  if (info->regime == ORF_PREDICTION_REGIME_UNSET)
    info->regime = ORF_PREDICTION_REGIME_UNKNOWN;
  info->threshold = row->threshold;
  info->time_to_threshold_us = make_time (row);
  return info;
}

static gboolean
is_behind (const Ask *ask, const OrfPredictionRow *row)
{
  return row->series_id > ask->after_id ||
         (row->series_id == ask->after_id && row->horizon_us > ask->after_us);
}

/* Onto the page that is asked for, where it has room. */
static void
put_on_page (Ask *ask, const OrfPredictionRow *row, OrfPredictionInfo *info)
{
  OrfPredictionsListResult *result = ask->result;

  if (result->next_cursor != NULL)
    return;
  if (result->predictions->len == ask->limit) {
    result->next_cursor = orf_list_cursor_format (ask->after_id, ask->after_us);
    return;
  }
  g_ptr_array_add (result->predictions, info);
  /* where the next page would begin */
  ask->after_id = row->series_id;
  ask->after_us = row->horizon_us;
}

static gboolean
take_entry (Ask *ask, const OrfPredictionEntry *entry, GError **error)
{
  g_auto (GStrv) labels = get_labels (&entry->series);
  OrfPredictionInfo *info = make_info (ask->service, entry, labels);
  GError *failure = NULL;

  g_ptr_array_add (ask->all, info);
  if (!is_behind (ask, &entry->row) ||
      (ask->horizon_us != 0 && entry->row.horizon_us != ask->horizon_us))
    return TRUE;
  if (is_meant (ask, &entry->series, labels, &failure)) {
    put_on_page (ask, &entry->row, info);
    return TRUE;
  }
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static void
list_fail (Ask *ask, const GError *error)
{
  orf_call_fail (ask->call, g_error_copy (error));
  ask_free (ask);
}

static void
judged_cb (gpointer user_data, OrfPredictionHealth *health, const GError *error)
{
  Ask *ask = user_data;

  ask->result->health = health;
  if (error != NULL) {
    list_fail (ask, error);
    return;
  }
  orf_call_return_predictions_list (ask->call, ask->result);
  ask_free (ask);
}

static void
leaks_cb (gpointer user_data, GPtrArray *leaks, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    list_fail (ask, error);
    return;
  }
  ask->result->recommendations = orf_forecast_advise (ask->all, leaks);
  orf_health_gather (ask->service->parts, ask->all, orf_call_get_cancel (ask->call), judged_cb,
                     ask);
}

static void
listed_cb (gpointer user_data, GPtrArray *entries, const GError *failure)
{
  static const OrfLeakFilter worst = { .before_slope = G_MAXINT64, .max = MAX_LEAKS };
  Ask *ask = user_data;
  g_autoptr (GError) error = failure != NULL ? g_error_copy (failure) : NULL;

  ask->all = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_prediction_info_free);
  ask->result = orf_predictions_list_result_new ();
  ask->result->predictions = g_ptr_array_new ();
  for (guint i = 0; error == NULL && i < entries->len; i++)
    take_entry (ask, entries->pdata[i], &error);
  if (error != NULL)
    list_fail (ask, error);
  else
    orf_store_read_leaks (ask->service->parts->store, &worst, orf_call_get_cancel (ask->call),
                          leaks_cb, ask);
}

static void
list_cb (OrfCall *call, const OrfPredictionsListParams *params, gpointer user_data)
{
  OrfJudgeService *service = user_data;
  Ask *ask = ask_new (service, call, params->select, params->cursor, params->limit);

  if (ask == NULL)
    return;
  ask->horizon_us = params->has_horizon_us ? params->horizon_us : 0;
  orf_store_read_predictions (service->parts->store, orf_clock_now_us (),
                              orf_judge_metrics_get_reach_us (service->metrics),
                              orf_call_get_cancel (call), listed_cb, ask);
}

/* ---- predictions.accuracy -------------------------------------------------------------------- */

static gboolean
add_scores (const Ask *ask, OrfJudgeScores *scores, GPtrArray *rows, GError **error)
{
  for (guint i = 0; i < rows->len; i++) {
    const OrfPredictionScore *row = rows->pdata[i];
    g_auto (GStrv) labels = get_labels (&row->series);
    g_autofree char *series = NULL;
    GError *failure = NULL;

    if (is_meant (ask, &row->series, labels, &failure)) {
      series = ask->by_series ? orf_series_name_to_text (row->series.name, labels) : NULL;
      orf_judge_scores_add (scores, series, row);
    } else if (failure != NULL) {
      g_propagate_error (error, failure);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
add_warnings (const Ask *ask, OrfJudgeScores *scores, GPtrArray *rows, GError **error)
{
  for (guint i = 0; i < rows->len; i++) {
    const OrfWarningScore *row = rows->pdata[i];
    g_auto (GStrv) labels = get_labels (&row->series);
    g_autofree char *series = NULL;
    GError *failure = NULL;

    if (is_meant (ask, &row->series, labels, &failure)) {
      series = ask->by_series ? orf_series_name_to_text (row->series.name, labels) : NULL;
      orf_judge_scores_add_warnings (scores, series, row);
    } else if (failure != NULL) {
      g_propagate_error (error, failure);
      return FALSE;
    }
  }
  return TRUE;
}

/* after_us of the cursor is how many rows were told. */
static void
answer_accuracy (const Ask *ask, OrfJudgeScores *scores)
{
  g_autoptr (OrfPredictionsAccuracyResult) result = orf_predictions_accuracy_result_new ();
  g_autoptr (GPtrArray) rows = NULL;
  guint from;

  result->warnings = orf_judge_scores_make_warnings (scores);
  rows = orf_judge_scores_make_accuracy (scores, result->warnings);
  result->open = orf_judge_scores_get_n_open (scores);
  from = (guint) CLAMP (ask->after_us, 0, rows->len);
  if (rows->len - from > ask->limit)
    result->next_cursor = orf_list_cursor_format (0, from + ask->limit);
  /* what is not on this page goes */
  g_ptr_array_remove_range (rows, 0, from);
  if (rows->len > ask->limit)
    g_ptr_array_remove_range (rows, ask->limit, rows->len - ask->limit);
  result->accuracy = g_steal_pointer (&rows);
  if (!ask->first)
    g_ptr_array_set_size (result->warnings, 0);
  orf_call_return_predictions_accuracy (ask->call, result);
}

static void
scored_cb (gpointer user_data, GPtrArray *predictions, GPtrArray *warnings, const GError *failure)
{
  Ask *ask = user_data;
  g_autoptr (OrfJudgeScores) scores = orf_judge_scores_new ();
  GError *error = failure != NULL ? g_error_copy (failure) : NULL;

  if (error == NULL && add_scores (ask, scores, predictions, &error) &&
      add_warnings (ask, scores, warnings, &error))
    answer_accuracy (ask, scores);
  else
    orf_call_fail (ask->call, error);
  ask_free (ask);
}

static void
accuracy_cb (OrfCall *call, const OrfPredictionsAccuracyParams *params, gpointer user_data)
{
  OrfJudgeService *service = user_data;
  Ask *ask = ask_new (service, call, params->select, params->cursor, params->limit);

  if (ask == NULL)
    return;
  ask->by_series = params->by == ORF_PREDICTIONS_BY_SERIES;
  orf_store_read_forecast_scores (service->parts->store, params->has_from_us ? params->from_us : 0,
                                  params->has_to_us ? params->to_us : G_MAXINT64,
                                  orf_call_get_cancel (call), scored_cb, ask);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfJudgeService *
orf_judge_service_new (const OrfMetricsParts *parts, GError **error)
{
  OrfJudgeMetrics *metrics = orf_judge_metrics_new (parts->config, error);
  OrfJudgeService *service;

  if (metrics == NULL)
    return NULL;
  service = g_new0 (OrfJudgeService, 1);
  service->parts = parts;
  service->metrics = metrics;
  return service;
}

void
orf_judge_service_free (OrfJudgeService *service)
{
  if (service == NULL)
    return;
  orf_judge_metrics_free (service->metrics);
  g_free (service);
}

void
orf_judge_service_bind (OrfJudgeService *service, OrfRouter *router)
{
  orf_bind_predictions_list (router, list_cb, service);
  orf_bind_predictions_accuracy (router, accuracy_cb, service);
}
