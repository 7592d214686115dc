/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "orf-schema-bind.h"
#include "store/orf-store-traces.h"
#include "traces/orf-trace-id.h"
#include "traces/orf-traces-service.h"

/* ---- traces.services ------------------------------------------------------------------------- */

/* rows: by service, so that those of one are side by side. */
static OrfTraceService *
make_service (const GPtrArray *rows, guint from, guint to)
{
  OrfTraceService *service = orf_trace_service_new ();

  service->service = g_strdup (((OrfOperationRow *) rows->pdata[from])->service);
  service->operations = g_new0 (char *, to - from + 1);
  for (guint i = from; i < to; i++)
    service->operations[i - from] = g_strdup (((OrfOperationRow *) rows->pdata[i])->operation);
  return service;
}

static gboolean
is_same_service (const GPtrArray *rows, guint one, guint other)
{
  return g_str_equal (((OrfOperationRow *) rows->pdata[one])->service,
                      ((OrfOperationRow *) rows->pdata[other])->service);
}

static void
services_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfTracesServicesResult) result = orf_traces_services_result_new ();

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result->services = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_trace_service_free);
  for (guint from = 0, to; from < rows->len; from = to) {
    for (to = from + 1; to < rows->len && is_same_service (rows, from, to); to++)
      ;
    g_ptr_array_add (result->services, make_service (rows, from, to));
  }
  orf_call_return_traces_services (call, result);
}

static void
services_cb (OrfCall *call, const OrfTracesServicesParams *params, gpointer user_data)
{
  orf_store_read_operations (user_data, orf_call_get_cancel (call), services_read_cb, call);
}

/* ---- traces.dependencies --------------------------------------------------------------------- */

static OrfTraceEdge *
make_edge (const OrfEdgeRow *row)
{
  OrfTraceEdge *edge = orf_trace_edge_new ();

  edge->parent = g_strdup (row->parent);
  edge->child = g_strdup (row->child);
  edge->calls = row->calls;
  edge->errors = row->errors;
  return edge;
}

static void
edges_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfTracesDependenciesResult) result = orf_traces_dependencies_result_new ();

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result->edges = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_trace_edge_free);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (result->edges, make_edge (rows->pdata[i]));
  orf_call_return_traces_dependencies (call, result);
}

static void
dependencies_cb (OrfCall *call, const OrfTracesDependenciesParams *params, gpointer user_data)
{
  orf_store_read_edges (user_data, params->has_from_us ? params->from_us : 0,
                        params->has_to_us ? params->to_us : G_MAXINT64, orf_call_get_cancel (call),
                        edges_read_cb, call);
}

/* ---- traces.stats ---------------------------------------------------------------------------- */

typedef struct {
  OrfCall *call;
  gint64 from_us, to_us; /* as asked; 0: not */
} Stats;

/* Over the window asked; where an end is open, over the time in which it had spans. */
static double
get_rate (const Stats *stats, const OrfOperationRow *row)
{
  gint64 from_us = stats->from_us > 0 ? stats->from_us : row->from_us;
  gint64 to_us = stats->to_us > 0 ? MIN (stats->to_us, orf_clock_now_us ()) : row->to_us;

  return to_us - from_us >= ORF_US_PER_S
           ? (double) row->spans / ((double) (to_us - from_us) / ORF_US_PER_S)
           : NAN;
}

static void
set_duration (double duration_us, gboolean *has, gint64 *value)
{
  *has = isfinite (duration_us);
  *value = *has ? llround (duration_us) : 0;
}

static OrfTraceExemplar *
make_exemplar (const OrfExemplarRow *row)
{
  OrfTraceExemplar *exemplar = orf_trace_exemplar_new ();

  exemplar->trace_id = orf_trace_id_format (row->trace_id, ORF_TRACE_ID_BYTES);
  exemplar->span_id = orf_trace_id_format (row->span_id, ORF_SPAN_ID_BYTES);
  exemplar->t_us = row->start_us;
  exemplar->duration_us = row->duration_us;
  exemplar->outcome = row->outcome;
  return exemplar;
}

static OrfTraceOperationStats *
make_stats (const Stats *stats, const OrfOperationRow *row)
{
  OrfTraceOperationStats *one = orf_trace_operation_stats_new ();

  one->service = g_strdup (row->service);
  one->operation = g_strdup (row->operation);
  one->spans = row->spans;
  one->rate_per_s = get_rate (stats, row);
  one->error_percent = 100.0 * (double) row->errors / (double) row->spans;
  set_duration (row->p50_us, &one->has_p50_us, &one->p50_us);
  set_duration (row->p95_us, &one->has_p95_us, &one->p95_us);
  set_duration (row->p99_us, &one->has_p99_us, &one->p99_us);
  one->exemplars = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_trace_exemplar_free);
  for (guint i = 0; i < row->exemplars->len; i++)
    g_ptr_array_add (one->exemplars,
                     make_exemplar (&g_array_index (row->exemplars, OrfExemplarRow, i)));
  return one;
}

static void
stats_read_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  g_autofree Stats *stats = user_data;
  g_autoptr (OrfTracesStatsResult) result = orf_traces_stats_result_new ();

  if (error != NULL) {
    orf_call_fail (stats->call, g_error_copy (error));
    return;
  }
  result->operations = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_trace_operation_stats_free);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (result->operations, make_stats (stats, rows->pdata[i]));
  orf_call_return_traces_stats (stats->call, result);
}

static void
stats_cb (OrfCall *call, const OrfTracesStatsParams *params, gpointer user_data)
{
  const OrfOperationFilter filter = {
    .service = params->service,
    .operation = params->operation,
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
  };
  Stats *stats = g_new0 (Stats, 1);

  *stats = (Stats){ call, params->has_from_us ? params->from_us : 0,
                    params->has_to_us ? params->to_us : 0 };
  orf_store_read_operation_stats (user_data, &filter, orf_call_get_cancel (call), stats_read_cb,
                                  stats);
}

void
orf_traces_stats_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_traces_services (router, services_cb, store);
  orf_bind_traces_dependencies (router, dependencies_cb, store);
  orf_bind_traces_stats (router, stats_cb, store);
}
