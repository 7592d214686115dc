/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: what the devices are now; then, in a reader's thread, the worker, its
 * batches and the model; then the answer.
 */
#include "batch/orf-batch-service.h"

#include <math.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "batch/orf-batch-study.h"
#include "batch/orf-batch-words.h"
#include "core/orf-id.h"
#include "gpu/orf-gpu-recorded.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "workers/orf-worker-names.h"

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  char *worker; /* its id, or its name */
  char *device; /* NULL: not given */
  double headroom_percent;
  gint64 p99_us;
  /* the reader's, until it is done */
  GPtrArray *devices; /* OrfGpuDevice */
  char *device_used;
  OrfBatchStudy study;
} Ask;

static void
ask_free (Ask *ask)
{
  orf_batch_study_clear (&ask->study);
  g_clear_pointer (&ask->devices, g_ptr_array_unref);
  g_free (ask->device_used);
  g_free (ask->device);
  g_free (ask->worker);
  g_free (ask);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static OrfGpuBatchModel *
make_model (const OrfBatchAdvice *advice)
{
  OrfGpuBatchModel *model = orf_gpu_batch_model_new ();

  model->law = advice->law_known ? orf_batch_law_dup_text (&advice->law) : NULL;
  model->has_base_bytes = advice->law_known;
  model->base_bytes = advice->law_known ? (gint64) advice->base_bytes : 0;
  model->bytes_per_item = advice->bytes_per_item;
  model->noise_percent = advice->noise_percent;
  model->r2 = advice->r2;
  model->observations = advice->observations;
  return model;
}

static OrfGpuBatchRange *
make_range (const OrfBatchAdvice *advice)
{
  OrfGpuBatchRange *range = orf_gpu_batch_range_new ();

  range->has_min = range->has_max = advice->observations > 0;
  range->min = advice->explored_min;
  range->max = advice->explored_max;
  return range;
}

static OrfGpuBatchSizeResult *
make_result (const Ask *ask)
{
  const OrfBatchAdvice *advice = &ask->study.advice;
  OrfGpuBatchSizeResult *result = orf_gpu_batch_size_result_new ();

  result->has_recommended = advice->recommended > 0;
  result->recommended = advice->recommended;
  result->has_limit = advice->limit > 0;
  result->limit = advice->limit;
  result->confidence = advice->confidence;
  result->reason = orf_batch_words_explain (advice, ask->study.budget_bytes, ask->headroom_percent,
                                            ask->p99_us);
  result->operation = g_strdup (ask->study.operation);
  result->device = g_strdup (ask->device_used);
  result->budget_bytes = ask->study.budget_bytes;
  result->has_peak_bytes = advice->peak_bytes >= 0;
  result->peak_bytes = advice->peak_bytes;
  result->has_p99_us = advice->p99_us >= 0;
  result->p99_us = advice->p99_us;
  result->model = make_model (advice);
  result->explored = make_range (advice);
  return result;
}

static void
studied_cb (gpointer user_data, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    orf_call_fail (ask->call, g_error_copy (error));
  } else {
    g_autoptr (OrfGpuBatchSizeResult) result = make_result (ask);

    orf_call_return_gpu_batch_size (ask->call, result);
  }
  ask_free (ask);
}

/* ---- in the reader's thread ------------------------------------------------------------------ */

/* The one asked for, the worker's own, or the only one there is. */
static const OrfGpuDevice *
choose_device (const Ask *ask, const OrfWorkerRow *worker, GError **error)
{
  const char *id = ask->device != NULL ? ask->device : worker->device;
  const OrfGpuDevice *device = orf_gpu_recorded_find (ask->devices, id);

  if (id == NULL && ask->devices->len == 1)
    device = ask->devices->pdata[0];
  if (id == NULL && device == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "the worker '%s' told no device, and there are %u: say which", ask->worker,
                 ask->devices->len);
    return NULL;
  }
  if (device == NULL || !device->has_total_bytes || !device->has_used_bytes) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "how much memory the device '%s' has and what of it is in use is not known",
                 id != NULL ? id : device->device);
    return NULL;
  }
  return device;
}

/* 0: there is none of this name. */
static gint64
find_named (OrfConnection *connection, const char *name, GError **error)
{
  g_autoptr (GArray) named = orf_workers_read_named (connection, name, error);
  g_autoptr (GArray) namesakes = g_array_new (FALSE, FALSE, sizeof (OrfWorkerNamesake));

  if (named == NULL)
    return 0;
  for (guint i = 0; i < named->len; i++) {
    const OrfWorkerNamed *one = &g_array_index (named, OrfWorkerNamed, i);
    const OrfWorkerNamesake namesake = { one->id, one->live };

    g_array_append_val (namesakes, namesake);
  }
  return orf_worker_names_choose (name, (const OrfWorkerNamesake *) namesakes->data, namesakes->len,
                                  error);
}

static OrfWorkerRow *
read_worker (OrfConnection *connection, const char *text, GError **error)
{
  g_autoptr (GError) failure = NULL;
  OrfWorkerRow *worker = NULL;
  gint64 id;

  if (orf_id_parse (ORF_ID_WORKER, text, &id))
    worker = orf_worker_read (connection, id, &failure);
  if (worker == NULL && failure == NULL) {
    id = find_named (connection, text, &failure);
    worker = id != 0 ? orf_worker_read (connection, id, &failure) : NULL;
  }
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return worker;
}

static gboolean
study_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Ask *ask = data;
  g_autoptr (OrfWorkerRow) worker = read_worker (connection, ask->worker, error);
  const OrfGpuDevice *device;
  OrfBatchDevice facts;

  if (worker == NULL)
    return FALSE;
  device = choose_device (ask, worker, error);
  if (device == NULL)
    return FALSE;
  ask->device_used = g_strdup (device->device);
  facts = (OrfBatchDevice){ device->device, device->total_bytes, device->used_bytes };
  return orf_batch_study_run (connection, worker->id,
                              orf_batch_get_budget_bytes (&facts, worker, ask->headroom_percent),
                              ask->p99_us, &ask->study, error);
}

/* ---- the call -------------------------------------------------------------------------------- */

static void
looked_cb (gpointer user_data, GPtrArray *devices, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    orf_call_fail (ask->call, g_error_copy (error));
    ask_free (ask);
    return;
  }
  ask->devices = devices;
  orf_store_read (ask->parts->store, study_thread_cb, ask, orf_call_get_cancel (ask->call),
                  studied_cb, ask);
}

static void
batch_size_cb (OrfCall *call, const OrfGpuBatchSizeParams *params, gpointer user_data)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->parts = user_data;
  ask->call = call;
  ask->worker = g_strdup (params->worker);
  ask->device = g_strdup (params->device);
  ask->headroom_percent = params->headroom_percent;
  ask->p99_us = params->has_p99_us ? params->p99_us : 0;
  orf_gpu_recorded_read (ask->parts, params->device, orf_call_get_cancel (call), looked_cb, ask);
}

void
orf_batch_service_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_gpu_batch_size (router, batch_size_cb, (gpointer) parts);
}
