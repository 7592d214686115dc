/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-traces-service.h"

#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-names.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"
#include "store/orf-store-traces.h"
#include "traces/orf-trace-id.h"
#include "traces/orf-trace-tree.h"

/* Of one trace: 10 MB of JSON. */
#define MAX_SPANS 10000

static char *
format_next (OrfSpanPlace next)
{
  return next.span_no > 0 ? orf_list_cursor_format (next.start_us, next.span_no) : NULL;
}

/* NULL: from the front. */
static gboolean
parse_cursor (const char *cursor, OrfSpanPlace *before, GError **error)
{
  return cursor == NULL ||
         orf_list_cursor_parse (cursor, &before->start_us, &before->span_no, error);
}

/* ---- traces.list ----------------------------------------------------------------------------- */

static OrfTraceInfo *
make_info (const OrfTraceRow *row)
{
  OrfTraceInfo *info = orf_trace_info_new ();

  info->trace_id = orf_trace_id_format (row->trace_id, ORF_TRACE_ID_BYTES);
  info->service = g_strdup (row->service);
  info->operation = g_strdup (row->operation);
  info->start_us = row->start_us;
  info->duration_us = row->end_us - row->start_us;
  info->outcome = row->outcome;
  info->spans = row->spans;
  info->errors = row->errors;
  info->gpu = g_strdup (row->gpu);
  return info;
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfTraceInfo *first = *(OrfTraceInfo *const *) a, *second = *(OrfTraceInfo *const *) b;

  return (first->start_us < second->start_us) - (first->start_us > second->start_us);
}

static void
listed_cb (gpointer user_data, GPtrArray *rows, OrfSpanPlace next, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfTracesListResult) result = orf_traces_list_result_new ();

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result->traces = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_trace_info_free);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (result->traces, make_info (rows->pdata[i]));
  g_ptr_array_sort (result->traces, compare_cb);
  result->next_cursor = format_next (next);
  orf_call_return_traces_list (call, result);
}

static void
list_cb (OrfCall *call, const OrfTracesListParams *params, gpointer user_data)
{
  OrfTraceFilter filter = {
    .service = params->service,
    .operation = params->operation,
    .min_duration_us = params->has_min_duration_us ? params->min_duration_us : 0,
    .outcome = params->outcome,
    .tags = (const char *const *) params->tags,
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .max = (guint) params->limit,
  };
  GError *error = NULL;

  if (!parse_cursor (params->cursor, &filter.before, &error)) {
    orf_call_fail (call, error);
    return;
  }
  orf_store_read_traces (user_data, &filter, orf_call_get_cancel (call), listed_cb, call);
}

/* ---- traces.get ------------------------------------------------------------------------------ */

static void
fill_node (OrfTraceNode *node, const OrfSpanRow *row)
{
  memcpy (&node->id, row->span_id, sizeof node->id);
  memcpy (&node->parent, row->parent_id, sizeof node->parent);
  node->has_parent = row->has_parent;
  node->start_us = row->start_us;
  node->end_us = row->start_us + row->duration_us;
}

static char *
dup_json (const char *json, const char *none)
{
  return g_strdup (json != NULL ? json : none);
}

static OrfSpanInfo *
make_span (const OrfSpanRow *row, const OrfTraceNode *node)
{
  OrfSpanInfo *span = orf_span_info_new ();

  span->span_id = orf_trace_id_format (row->span_id, ORF_SPAN_ID_BYTES);
  span->parent_id = row->has_parent ? orf_trace_id_format (row->parent_id, ORF_SPAN_ID_BYTES)
                                    : NULL;
  span->depth = node->depth;
  span->service = g_strdup (row->service);
  span->operation = g_strdup (row->operation);
  span->kind = row->kind;
  span->start_us = row->start_us;
  span->duration_us = row->duration_us;
  span->self_us = node->self_us;
  span->outcome = row->outcome;
  span->critical = node->critical;
  span->parent_missing = node->parent_missing;
  span->attributes = dup_json (row->attributes, "{}");
  span->events = dup_json (row->events, "[]");
  span->links = dup_json (row->links, "[]");
  span->message = g_strdup (row->message);
  span->trace_state = g_strdup (row->trace_state);
  span->has_flags = row->has_flags;
  span->flags = row->flags;
  span->dropped = g_strdup (row->dropped);
  span->resource = dup_json (row->resource, "{}");
  span->scope = g_strdup (row->scope);
  span->gpu = g_strdup (row->gpu);
  return span;
}

static void
add_spans (OrfTracesGetResult *result, const GPtrArray *rows)
{
  g_autofree OrfTraceNode *nodes = g_new0 (OrfTraceNode, rows->len);
  g_autofree guint *order = NULL;

  for (guint i = 0; i < rows->len; i++)
    fill_node (&nodes[i], rows->pdata[i]);
  order = orf_trace_tree_arrange (nodes, rows->len);
  result->spans = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_info_free);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (result->spans, make_span (rows->pdata[order[i]], &nodes[order[i]]));
}

/* Each once, by name. */
static char **
dup_services (const GPtrArray *rows)
{
  g_autoptr (GHashTable) seen = orf_names_table_new (NULL, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < rows->len; i++) {
    const OrfSpanRow *row = rows->pdata[i];

    if (g_hash_table_add (seen, row->service))
      g_ptr_array_add (names, g_strdup (row->service));
  }
  g_ptr_array_sort (names, orf_names_compare);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

static void
got_cb (gpointer user_data, GPtrArray *rows, OrfSpanPlace next, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfTracesGetResult) result = NULL;
  gint64 end_us = 0;

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result = orf_traces_get_result_new ();
  result->truncated = next.span_no > 0;
  result->trace_id = orf_trace_id_format (((OrfSpanRow *) rows->pdata[0])->trace_id,
                                          ORF_TRACE_ID_BYTES);
  result->start_us = ((OrfSpanRow *) rows->pdata[0])->start_us;
  for (guint i = 0; i < rows->len; i++) {
    const OrfSpanRow *row = rows->pdata[i];

    end_us = MAX (end_us, row->start_us + row->duration_us);
  }
  result->duration_us = end_us - result->start_us;
  result->services = dup_services (rows);
  add_spans (result, rows);
  orf_call_return_traces_get (call, result);
}

static void
get_cb (OrfCall *call, const OrfTracesGetParams *params, gpointer user_data)
{
  guint8 id[ORF_TRACE_ID_BYTES];

  if (!orf_trace_id_parse (params->trace_id, id, sizeof id)) {
    orf_call_fail (call, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "trace_id",
                                              "32 hex digits, not all 0",
                                              "trace_id: it has to be 32 hex digits, not all 0"));
    return;
  }
  orf_store_read_trace (user_data, id, MAX_SPANS, orf_call_get_cancel (call), got_cb, call);
}

/* ---- traces.slow ----------------------------------------------------------------------------- */

static OrfSlowSpan *
make_slow (const OrfSpanRow *row)
{
  OrfSlowSpan *span = orf_slow_span_new ();

  span->trace_id = orf_trace_id_format (row->trace_id, ORF_TRACE_ID_BYTES);
  span->span_id = orf_trace_id_format (row->span_id, ORF_SPAN_ID_BYTES);
  span->service = g_strdup (row->service);
  span->operation = g_strdup (row->operation);
  span->start_us = row->start_us;
  span->duration_us = row->duration_us;
  span->has_usual_us = TRUE;
  span->usual_us = row->usual_us;
  span->gpu = g_strdup (row->gpu);
  return span;
}

static void
slow_read_cb (gpointer user_data, GPtrArray *rows, OrfSpanPlace next, const GError *error)
{
  OrfCall *call = user_data;
  g_autoptr (OrfTracesSlowResult) result = orf_traces_slow_result_new ();

  if (error != NULL) {
    orf_call_fail (call, g_error_copy (error));
    return;
  }
  result->spans = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_slow_span_free);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (result->spans, make_slow (rows->pdata[i]));
  result->next_cursor = format_next (next);
  orf_call_return_traces_slow (call, result);
}

static void
slow_cb (OrfCall *call, const OrfTracesSlowParams *params, gpointer user_data)
{
  OrfTraceFilter filter = {
    .service = params->service,
    .operation = params->operation,
    .from_us = params->has_from_us ? params->from_us : 0,
    .to_us = params->has_to_us ? params->to_us : G_MAXINT64,
    .max = (guint) params->limit,
  };
  GError *error = NULL;

  if (!parse_cursor (params->cursor, &filter.before, &error)) {
    orf_call_fail (call, error);
    return;
  }
  orf_store_read_slow_spans (user_data, &filter, orf_call_get_cancel (call), slow_read_cb, call);
}

void
orf_traces_service_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_traces_list (router, list_cb, store);
  orf_bind_traces_get (router, get_cb, store);
  orf_bind_traces_slow (router, slow_cb, store);
}
