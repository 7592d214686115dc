/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way of one call: what the devices are now; since when they are sampled; their means over the
 * span, and the most; then, in a reader's thread, workers with their batches, cleanups and events;
 * then what is to be said of it all.
 */
#include "report/orf-report-service.h"

#include <math.h>
#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "batch/orf-batch-study.h"
#include "core/orf-clock.h"
#include "gpu/orf-gpu-recorded.h"
#include "metrics/orf-query-points.h"
#include "metrics/orf-window.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "report/orf-report-decide.h"

/* Of each worker there the model takes some ten milliseconds. */
#define MAX_STUDIES 8
#define MAX_WORKERS 200

/* That of gpu.batch_size, where nothing is said. */
#define HEADROOM_PERCENT 10.0

#define SELECT                                                                                     \
  "{__name__=~\"gpu\\\\.(memory\\\\.(used_percent|allocated_bytes|reserved_bytes|"                 \
  "fragmentation_percent)|utilization_percent)\"}"

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  char *device;      /* NULL: all */
  gboolean has_from; /* FALSE: from the first that is kept */
  OrfSelector *selector;
  GPtrArray *now;        /* OrfGpuDevice */
  OrfReportFacts *facts; /* the reader's, until it is done */
} Ask;

static void
ask_free (Ask *ask)
{
  g_clear_pointer (&ask->now, g_ptr_array_unref);
  orf_report_facts_free (ask->facts);
  g_clear_pointer (&ask->selector, orf_selector_free);
  g_free (ask->device);
  g_free (ask);
}

static void
fail (Ask *ask, const GError *error)
{
  orf_call_fail (ask->call, g_error_copy (error));
  ask_free (ask);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static OrfGpuEfficiency *
make_efficiency (const OrfReportDevice *device)
{
  OrfGpuEfficiency *efficiency = orf_gpu_efficiency_new ();

  efficiency->device = g_strdup (device->device);
  efficiency->memory_used_percent = device->used_percent;
  efficiency->idle_held_percent = orf_report_get_idle_percent (device);
  efficiency->fragmentation_percent = device->fragmentation_percent;
  efficiency->utilization_percent = device->utilization_percent;
  return efficiency;
}

static void
answer (Ask *ask)
{
  g_autoptr (OrfGpuReportResult) result = orf_gpu_report_result_new ();

  result->from_us = ask->facts->from_us;
  result->to_us = ask->facts->to_us;
  result->recommendations = orf_report_decide (ask->facts);
  result->summary = orf_report_summarize (ask->facts, result->recommendations);
  result->efficiency = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_efficiency_free);
  for (guint i = 0; i < ask->facts->devices->len; i++)
    g_ptr_array_add (result->efficiency, make_efficiency (ask->facts->devices->pdata[i]));
  orf_call_return_gpu_report (ask->call, result);
}

static void
read_cb (gpointer user_data, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  answer (ask);
  ask_free (ask);
}

/* ---- in the reader's thread ------------------------------------------------------------------ */

static gboolean
study (const Ask *ask,
       OrfConnection *connection,
       const OrfWorkerRow *row,
       OrfReportWorker *worker,
       GError **error)
{
  const OrfGpuDevice *device = orf_gpu_recorded_find (ask->now, row->device);
  g_auto (OrfBatchStudy) done = { 0 };
  OrfBatchDevice facts;

  if (device == NULL || !device->has_total_bytes || !device->has_used_bytes)
    return TRUE;
  facts = (OrfBatchDevice){ device->device, device->total_bytes, device->used_bytes };
  if (!orf_batch_study_run (connection, row->id,
                            orf_batch_get_budget_bytes (&facts, row, HEADROOM_PERCENT), 0, &done,
                            error))
    return FALSE;
  worker->is_studied = TRUE;
  worker->advice = done.advice;
  return TRUE;
}

static OrfReportWorker *
make_worker (const OrfWorkerRow *row)
{
  OrfReportWorker *worker = g_new0 (OrfReportWorker, 1);

  worker->worker_no = row->id;
  worker->name = g_strdup (row->name);
  worker->device = g_strdup (row->device);
  worker->ooms = row->ooms;
  worker->is_there = row->lost_us == 0 && row->left_us == 0;
  return worker;
}

/* Workers of the device, or of all; the newest of those that are there are studied. */
static gboolean
read_workers (Ask *ask, OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray)
    rows = orf_workers_read (connection, ask->facts->from_us, MAX_WORKERS, error);
  guint n_studies = 0;

  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    const OrfWorkerRow *row = rows->pdata[rows->len - 1 - i];
    OrfReportWorker *worker;

    if (ask->device != NULL && g_strcmp0 (ask->device, row->device) != 0)
      continue;
    worker = make_worker (row);
    g_ptr_array_insert (ask->facts->workers, 0, worker);
    if (!worker->is_there || row->batches == 0 || n_studies >= MAX_STUDIES)
      continue;
    n_studies++;
    if (!study (ask, connection, row, worker, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Ask *ask = data;
  OrfReportFacts *facts = ask->facts;
  const OrfReportSpan span = { ask->device, facts->from_us, facts->to_us };
  OrfReportCounts counts;

  if (!orf_report_read (connection, &span, &counts, error))
    return FALSE;
  g_ptr_array_unref (facts->cleanups);
  g_ptr_array_unref (facts->asked);
  g_ptr_array_unref (facts->events);
  facts->cleanups = counts.cleanups;
  facts->asked = counts.asked;
  facts->events = counts.events;
  return read_workers (ask, connection, error);
}

/* ---- means over the span --------------------------------------------------------------------- */

static double
aggregate (const Ask *ask, const OrfQueryPoints *read, guint i, OrfMetricsAggregate aggregate)
{
  const OrfWindowSpec spec = { ask->facts->from_us, ask->facts->to_us, 0, aggregate };
  const GArray *points = read->points->pdata[i];
  const GArray *rollups = read->rollups->pdata[i];
  const OrfWindowInput input = {
    points != NULL ? (const OrfPoint *) (void *) points->data : NULL,
    points != NULL ? points->len : 0,
    rollups != NULL ? (const OrfRollup *) (void *) rollups->data : NULL,
    rollups != NULL ? rollups->len : 0,
  };
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  if (input.n_points == 0 && input.n_rollups == 0)
    return NAN;
  orf_window_aggregate (&spec, &input, 1, out);
  return out->len > 0 ? g_array_index (out, OrfPoint, 0).value : NAN;
}

static OrfReportDevice *
ensure_device (const Ask *ask, const char *id)
{
  const OrfGpuDevice *now = orf_gpu_recorded_find (ask->now, id);
  OrfReportDevice *device;

  for (guint i = 0; i < ask->facts->devices->len; i++)
    if (g_str_equal (((OrfReportDevice *) ask->facts->devices->pdata[i])->device, id))
      return ask->facts->devices->pdata[i];
  device = g_new0 (OrfReportDevice, 1);
  *device = (OrfReportDevice){
    .device = g_strdup (id),
    .total_bytes = now != NULL && now->has_total_bytes ? (double) now->total_bytes : NAN,
    .used_percent = NAN,
    .most_used_percent = NAN,
    .utilization_percent = NAN,
    .allocated_bytes = NAN,
    .reserved_bytes = NAN,
    .fragmentation_percent = NAN,
  };
  g_ptr_array_add (ask->facts->devices, device);
  return device;
}

static void
set_mean (const Ask *ask, const OrfQueryPoints *read, guint i)
{
  const OrfSelected *one = read->selected->pdata[i];
  const char *id = orf_series_name_get_label (one->labels, "device");
  double mean = aggregate (ask, read, i, ORF_METRICS_AGGREGATE_AVG);
  OrfReportDevice *device;

  if (id == NULL || isnan (mean) || (ask->device != NULL && !g_str_equal (ask->device, id)))
    return;
  device = ensure_device (ask, id);
  if (g_str_equal (one->name, orf_metrics[ORF_METRIC_GPU_MEMORY_USED_PERCENT].name)) {
    device->used_percent = mean;
    device->most_used_percent = aggregate (ask, read, i, ORF_METRICS_AGGREGATE_MAX);
  } else if (g_str_equal (one->name, orf_metrics[ORF_METRIC_GPU_UTILIZATION_PERCENT].name)) {
    device->utilization_percent = mean;
  } else if (g_str_equal (one->name, orf_metrics[ORF_METRIC_GPU_MEMORY_ALLOCATED_BYTES].name)) {
    device->allocated_bytes = mean;
  } else if (g_str_equal (one->name, orf_metrics[ORF_METRIC_GPU_MEMORY_RESERVED_BYTES].name)) {
    device->reserved_bytes = mean;
  } else {
    device->fragmentation_percent = mean;
  }
}

/* Everything kept: since the first of it. */
static void
set_beginning (Ask *ask, const OrfQueryPoints *read)
{
  gint64 first_us = ask->facts->to_us;

  for (guint i = 0; i < read->selected->len; i++) {
    const GArray *points = read->points->pdata[i];
    const GArray *rollups = read->rollups->pdata[i];

    if (points != NULL && points->len > 0)
      first_us = MIN (first_us, g_array_index (points, OrfPoint, 0).t_us);
    if (rollups != NULL && rollups->len > 0)
      first_us = MIN (first_us, g_array_index (rollups, OrfRollup, 0).t_us);
  }
  ask->facts->from_us = first_us;
}

static int
compare_devices (gconstpointer a, gconstpointer b)
{
  const OrfReportDevice *const *x = a;
  const OrfReportDevice *const *y = b;

  return strcmp ((*x)->device, (*y)->device);
}

static void
points_cb (gpointer user_data, OrfQueryPoints *read, const GError *error)
{
  Ask *ask = user_data;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  for (guint i = 0; i < read->selected->len; i++)
    set_mean (ask, read, i);
  if (!ask->has_from)
    set_beginning (ask, read);
  g_ptr_array_sort (ask->facts->devices, compare_devices);
  orf_query_points_free (ask->parts, read);
  orf_store_read (ask->parts->store, read_thread_cb, ask, orf_call_get_cancel (ask->call), read_cb,
                  ask);
}

/* ---- the call -------------------------------------------------------------------------------- */

static void
looked_cb (gpointer user_data, GPtrArray *devices, const GError *error)
{
  Ask *ask = user_data;
  OrfQueryPointsSpec spec;

  if (error != NULL) {
    fail (ask, error);
    return;
  }
  ask->now = devices;
  ask->selector = orf_selector_parse (SELECT, NULL); /* it is one */
  spec = (OrfQueryPointsSpec){
    .selector = ask->selector,
    .from_us = ask->facts->from_us,
    .to_us = ask->facts->to_us,
    .max_points = (guint64) ask->parts->config->metrics.max_query_points,
    .rollup_us = ORF_HOUR_US,
    .rolled_from_us = ask->facts->from_us,
    .part = ORF_ROLLUP_ALL,
    .n_told = 1,
  };
  orf_query_points_read (ask->parts, &spec, orf_call_get_cancel (ask->call), points_cb, ask);
}

static void
report_cb (OrfCall *call, const OrfGpuReportParams *params, gpointer user_data)
{
  gint64 to_us = params->has_to_us ? params->to_us : orf_clock_now_us () + 1;
  gint64 from_us = params->has_from_us ? params->from_us : 0;
  Ask *ask;

  if (from_us >= to_us) {
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "from_us",
                                              "less than to_us", "from_us: the span is empty"));
    return;
  }
  ask = g_new0 (Ask, 1);
  ask->parts = user_data;
  ask->call = call;
  ask->device = g_strdup (params->device);
  ask->has_from = params->has_from_us;
  ask->facts = orf_report_facts_new (from_us, to_us);
  orf_gpu_recorded_read (ask->parts, params->device, orf_call_get_cancel (call), looked_cb, ask);
}

void
orf_report_service_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_gpu_report (router, report_cb, (gpointer) parts);
}
