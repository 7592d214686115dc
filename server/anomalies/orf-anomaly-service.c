/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-service.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */
#include <math.h>
#include <string.h>

#include "anomalies/orf-anomaly-info.h"
#include "anomaly/orf-anomaly-watch.h"
#include "audit/orf-call-write.h"
#include "core/orf-clock.h"
#include "core/orf-id.h"
#include "metrics/orf-selector.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"

#define DAY_US (86400 * ORF_US_PER_S)

struct _OrfAnomalyService {
  const OrfMetricsParts *parts;
  OrfAnomalies *anomalies; /* NULL: nothing runs */
};

static GError *
make_not_found (const char *id)
{
  return orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL, "there is no \"%s\"", id);
}

/* ---- anomalies.list -------------------------------------------------------------------------- */

typedef struct {
  OrfCall *call;
  OrfSelector *selector; /* NULL: all */
  guint limit;
} List;

static void
list_free (List *list)
{
  g_clear_pointer (&list->selector, orf_selector_free);
  g_free (list);
}

/* A regular expression that takes too long means nothing. */
static gboolean
keep_thread_cb (gpointer user_data, const char *name, const char *labels_json)
{
  const List *list = user_data;
  g_auto (GStrv) labels = orf_series_name_labels_from_json (labels_json);
  gboolean matches = FALSE;

  return labels != NULL && orf_selector_match (list->selector, name, labels, &matches, NULL) &&
         matches;
}

static void
answer_list (const List *list, const GPtrArray *entries)
{
  g_autoptr (OrfAnomaliesListResult) result = orf_anomalies_list_result_new ();
  guint n = MIN (entries->len, list->limit);

  result->anomalies = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_info_free);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (result->anomalies, orf_anomaly_info_make_entry (entries->pdata[i]));
  if (entries->len > n) {
    const OrfAnomalyRecord *last = ((const OrfAnomalyEntry *) entries->pdata[n - 1])->row;

    result->next_cursor = orf_list_cursor_format (last->started_us, last->id);
  }
  orf_call_return_anomalies_list (list->call, result);
}

static void
listed_cb (gpointer user_data, GPtrArray *entries, const GError *error)
{
  List *list = user_data;

  if (error != NULL)
    orf_call_fail (list->call, g_error_copy (error));
  else
    answer_list (list, entries);
  list_free (list);
}

static void
list_cb (OrfCall *call, const OrfAnomaliesListParams *params, gpointer user_data)
{
  OrfAnomalyService *service = user_data;
  List *list = g_new0 (List, 1);
  OrfAnomalyFilter filter = {
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .kind = params->kind,
    .severity = params->severity,
    .before_us = G_MAXINT64,
    .max = (guint) params->limit + 1, /* one more tells whether there is a next page */
    .keep_thread_cb = params->select != NULL ? keep_thread_cb : NULL,
    .keep_data = list,
  };
  GError *error = NULL;

  *list = (List){ .call = call, .limit = (guint) params->limit };
  if ((params->select != NULL &&
       (list->selector = orf_selector_parse (params->select, &error)) == NULL) ||
      (params->cursor != NULL &&
       !orf_list_cursor_parse (params->cursor, &filter.before_us, &filter.before_id, &error))) {
    orf_call_fail (call, error);
    list_free (list);
    return;
  }
  orf_store_read_anomalies (service->parts->store, &filter, orf_call_get_cancel (call), listed_cb,
                            list);
}

/* ---- anomalies.get --------------------------------------------------------------------------- */

typedef struct {
  OrfAnomalyService *service;
  OrfCall *call;
  OrfCallWrite *write;
  OrfAnomalyRecord *row;
  char *id, *series, *author, *note;
  OrfAnomalyFeedback said;
} Ask;

static void
ask_free (Ask *ask)
{
  orf_anomaly_record_free (ask->row);
  g_free (ask->id);
  g_free (ask->series);
  g_free (ask->author);
  g_free (ask->note);
  g_free (ask);
}

static void
ask_one (Ask *ask, OrfRowsDone done)
{
  OrfAnomalyFilter filter = { .to_us = G_MAXINT64, .before_us = G_MAXINT64, .max = 1 };

  if (orf_id_parse (ORF_ID_ANOMALY, ask->id, &filter.id) && filter.id > 0) {
    ask->said.anomaly_id = filter.id;
    orf_store_read_anomalies (ask->service->parts->store, &filter, orf_call_get_cancel (ask->call),
                              done, ask);
    return;
  }
  orf_call_fail (ask->call, make_not_found (ask->id));
  ask_free (ask);
}

/* NULL: the call has failed, and ask is gone. */
static const OrfAnomalyEntry *
take_found (Ask *ask, const GPtrArray *entries, const GError *error)
{
  if (error == NULL && entries->len > 0)
    return entries->pdata[0];
  orf_call_fail (ask->call, error != NULL ? g_error_copy (error) : make_not_found (ask->id));
  ask_free (ask);
  return NULL;
}

static Ask *
ask_new (OrfAnomalyService *service, OrfCall *call, const char *id)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->service = service;
  ask->call = call;
  ask->id = g_strdup (id);
  return ask;
}

static void
got_cb (gpointer user_data, GPtrArray *entries, const GError *error)
{
  Ask *ask = user_data;
  const OrfAnomalyEntry *entry = take_found (ask, entries, error);
  g_autoptr (OrfAnomalyInfo) info = NULL;

  if (entry == NULL)
    return;
  info = orf_anomaly_info_make_entry (entry);
  orf_call_return_anomalies_get (ask->call, info);
  ask_free (ask);
}

static void
get_cb (OrfCall *call, const OrfAnomaliesGetParams *params, gpointer user_data)
{
  ask_one (ask_new (user_data, call, params->id), got_cb);
}

/* ---- anomalies.feedback ---------------------------------------------------------------------- */

static void
judged_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Ask *ask = user_data;

  if (error == NULL && result->replayed_json == NULL && ask->service->anomalies != NULL)
    orf_anomalies_judged (ask->service->anomalies, ask->row, ask->series, ask->said.verdict);
  orf_call_write_done_cb (ask->write, result, error);
  ask_free (ask);
}

static void
to_judge_cb (gpointer user_data, GPtrArray *entries, const GError *error)
{
  Ask *ask = user_data;
  const OrfAnomalyEntry *entry = take_found (ask, entries, error);
  g_autoptr (OrfAnomaliesFeedbackResult) result = NULL;

  if (entry == NULL)
    return;
  ask->row = orf_anomaly_record_copy (entry->row);
  ask->series = orf_anomaly_info_dup_series (entry);
  result = orf_anomalies_feedback_result_new ();
  if (ask->service->anomalies != NULL)
    result->quieted = orf_anomalies_count_quiet (ask->service->anomalies, ask->row, ask->series,
                                                 ask->said.verdict);
  ask->write = orf_call_write_new (ask->call, &orf_anomalies_feedback_result_desc, result);
  if (ask->write == NULL)
    ask_free (ask);
  else
    orf_store_judge_anomaly (ask->service->parts->store, &ask->said,
                             orf_call_write_get_idempotency (ask->write), judged_cb, ask);
}

static void
feedback_cb (OrfCall *call, const OrfAnomaliesFeedbackParams *params, gpointer user_data)
{
  Ask *ask = ask_new (user_data, call, params->id);

  ask->author = g_strdup (orf_call_get_actor (call));
  ask->note = g_strdup (params->note);
  ask->said = (OrfAnomalyFeedback){
    .at_us = orf_clock_now_us (),
    .author = ask->author,
    .note = ask->note,
    .verdict = params->verdict,
  };
  ask_one (ask, to_judge_cb);
}

/* ---- anomalies.detectors --------------------------------------------------------------------- */

typedef struct {
  OrfAnomalyService *service;
  OrfCall *call;
} Detectors;

static gint64
count_told (const OrfAnomalyCounts *counts, const char *detector)
{
  for (guint i = 0; i < counts->by_detector->len; i++) {
    const OrfAnomalyCount *count = counts->by_detector->pdata[i];

    if (g_str_equal (count->detector, detector))
      return count->n;
  }
  return 0;
}

/* The promise is one for all: of which each has as much as any other. */
static void
add_detector (OrfAnomaliesDetectorsResult *result,
              const Detectors *ask,
              const OrfAnomalyCounts *counts,
              const char *name,
              OrfAnomalyKind kind)
{
  const OrfConfig *config = ask->service->parts->config;
  gint64 span_us = orf_clock_now_us () - counts->first_us;
  OrfAnomalyDetectorInfo *info = orf_anomaly_detector_info_new ();

  info->detector = g_strdup (name);
  info->kind = kind;
  info->series = ask->service->anomalies != NULL
                   ? orf_anomalies_get_n_series (ask->service->anomalies)
                   : 0;
  info->promised_per_day = config->anomaly.alarms_per_day * config->anomaly.sensitivity /
                           ORF_ANOMALY_N_TOLD_DETECTORS;
  info->realised_per_day = counts->first_us > 0 && span_us > 0
                             ? (double) count_told (counts, name) * DAY_US /
                                 (double) MIN (span_us, DAY_US)
                             : NAN;
  g_ptr_array_add (result->detectors, info);
}

static void
counted_cb (gpointer user_data, const OrfAnomalyCounts *counts, const GError *error)
{
  g_autofree Detectors *ask = user_data;
  g_autoptr (OrfAnomaliesDetectorsResult) result = orf_anomalies_detectors_result_new ();

  if (error != NULL) {
    orf_call_fail (ask->call, g_error_copy (error));
    return;
  }
  result->detectors = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_anomaly_detector_info_free);
  for (OrfDetector detector = 0; detector <= ORF_DETECTOR_DISCORD; detector++)
    add_detector (result, ask, counts, orf_detector_get_name (detector),
                  orf_detector_get_kind (detector));
  add_detector (result, ask, counts, ORF_ANOMALY_STOPPED, ORF_ANOMALY_KIND_SILENCE);
  orf_call_return_anomalies_detectors (ask->call, result);
}

static void
detectors_cb (OrfCall *call, const OrfAnomaliesDetectorsParams *params, gpointer user_data)
{
  OrfAnomalyService *service = user_data;
  Detectors *ask = g_new0 (Detectors, 1);

  *ask = (Detectors){ service, call };
  orf_store_count_anomalies (service->parts->store, orf_clock_now_us () - DAY_US,
                             orf_call_get_cancel (call), counted_cb, ask);
}

/* ---- anomalies.watch ------------------------------------------------------------------------- */

static void
watch_cb (OrfCall *call, const OrfAnomaliesWatchParams *params, gpointer user_data)
{
  OrfAnomalyService *service = user_data;

  if (service->anomalies == NULL || !orf_anomalies_are_on (service->anomalies)) {
    orf_call_fail (call, g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s",
                                      service->anomalies == NULL ? "no daemon runs here"
                                                                 : "[anomaly] enabled is false"));
    return;
  }
  orf_call_return_stream (call, orf_anomalies_watch (service->anomalies, params->severity), NULL);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfAnomalyService *
orf_anomaly_service_new (const OrfMetricsParts *parts)
{
  OrfAnomalyService *service = g_new0 (OrfAnomalyService, 1);

  service->parts = parts;
  return service;
}

void
orf_anomaly_service_free (OrfAnomalyService *service)
{
  g_free (service);
}

void
orf_anomaly_service_set_live (OrfAnomalyService *service, OrfAnomalies *anomalies)
{
  service->anomalies = anomalies;
}

void
orf_anomaly_service_bind (OrfAnomalyService *service, OrfRouter *router)
{
  orf_bind_anomalies_list (router, list_cb, service);
  orf_bind_anomalies_get (router, get_cb, service);
  orf_bind_anomalies_watch (router, watch_cb, service);
  orf_bind_anomalies_detectors (router, detectors_cb, service);
  orf_bind_anomalies_feedback (router, feedback_cb, service);
}
