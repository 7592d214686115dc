/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-traces-record.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "audit/orf-call-write.h"
#include "core/orf-clock.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "store/orf-store-spans.h"
#include "traces/orf-trace-id.h"

static gboolean
refuse_id (GError **error, const char *field, gsize length)
{
  g_autofree char *allowed = g_strdup_printf ("%" G_GSIZE_FORMAT " hex digits, not all 0",
                                              2 * length);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: it has to be %s", field, allowed));
  return FALSE;
}

static gboolean
read_ids (const OrfSpanRecord *sent, OrfSpan *span, GError **error)
{
  if (!orf_trace_id_parse (sent->trace_id, span->trace_id, ORF_TRACE_ID_BYTES))
    return refuse_id (error, "trace_id", ORF_TRACE_ID_BYTES);
  if (!orf_trace_id_parse (sent->span_id, span->span_id, ORF_SPAN_ID_BYTES))
    return refuse_id (error, "span_id", ORF_SPAN_ID_BYTES);
  span->has_parent = sent->parent_id != NULL;
  if (span->has_parent && !orf_trace_id_parse (sent->parent_id, span->parent_id, ORF_SPAN_ID_BYTES))
    return refuse_id (error, "parent_id", ORF_SPAN_ID_BYTES);
  return TRUE;
}

static gboolean
read_times (
  const OrfConfig *config, const OrfSpanRecord *sent, gint64 now_us, OrfSpan *span, GError **error)
{
  gint64 oldest_us = now_us - config->trace.retention_us;
  gint64 newest_us = now_us + config->metrics.future_us, end_us;
  g_autofree char *allowed = NULL;

  span->duration_us = sent->duration_us;
  span->start_us = sent->has_start_us ? sent->start_us : MAX (now_us - sent->duration_us, 1);
  end_us = span->start_us + span->duration_us;
  if (end_us >= oldest_us && end_us <= newest_us)
    return TRUE;
  allowed = g_strdup_printf ("an end from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                             " ([trace] retention_us, [metrics] future_us)",
                             oldest_us, newest_us);
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_OUT_OF_RANGE, "start_us", allowed,
                                                 "start_us: it ended at %" G_GINT64_FORMAT
                                                 ", which is too %s",
                                                 end_us, end_us < oldest_us ? "old" : "far ahead"));
  return FALSE;
}

/* key, value, …, NULL as a JSON object. */
static guint32
add_attributes (OrfSpanBatch *batch, char *const *attributes)
{
  g_autoptr (GString) json = NULL;

  if (attributes == NULL || attributes[0] == NULL)
    return 0;
  json = g_string_new ("{");
  for (guint i = 0; attributes[i] != NULL; i += 2) {
    orf_encode_member (json, attributes[i]);
    orf_encode_string (json, attributes[i + 1], -1);
  }
  g_string_append_c (json, '}');
  return orf_span_batch_add_text (batch, json->str, (gssize) json->len);
}

static gboolean
add_span (const OrfConfig *config,
          const OrfSpanRecord *sent,
          gint64 now_us,
          OrfSpanBatch *batch,
          GError **error)
{
  OrfSpan span = { .kind = sent->kind, .outcome = sent->outcome };

  if (!read_ids (sent, &span, error) || !read_times (config, sent, now_us, &span, error))
    return FALSE;
  span.operation = orf_span_batch_add_operation (batch, sent->service, sent->operation);
  span.attributes = add_attributes (batch, sent->attributes);
  if (sent->message != NULL)
    span.message = orf_span_batch_add_text (batch, sent->message, -1);
  g_array_append_val (batch->spans, span);
  return TRUE;
}

/* NULL: one of them is wrong. */
static OrfSpanBatch *
make_batch (const OrfConfig *config, GPtrArray *spans, GError **error)
{
  g_autoptr (OrfSpanBatch) batch = orf_span_batch_new ();
  gint64 now_us = orf_clock_now_us ();

  for (guint i = 0; i < spans->len; i++) {
    g_autofree char *prefix = NULL;
    GError *local = NULL;

    if (add_span (config, spans->pdata[i], now_us, batch, &local))
      continue;
    prefix = g_strdup_printf ("spans[%u]", i);
    orf_error_prefix_field (local, prefix);
    g_propagate_error (error, local);
    return NULL;
  }
  return g_steal_pointer (&batch);
}

static void
record_cb (OrfCall *call, const OrfTracesRecordParams *params, gpointer user_data)
{
  const OrfMetricsParts *parts = user_data;
  const OrfTracesRecordResult result = { .accepted = params->spans->len };
  g_autoptr (OrfSpanBatch) batch = NULL;
  OrfCallWrite *write;
  GError *error = NULL;

  batch = make_batch (parts->config, params->spans, &error);
  if (batch == NULL) {
    orf_call_fail (call, error);
    return;
  }
  write = orf_call_write_new (call, &orf_traces_record_result_desc, &result);
  if (write == NULL)
    return;
  orf_store_write_spans (parts->store, g_steal_pointer (&batch),
                         (guint) parts->config->trace.max_operations,
                         orf_call_write_get_idempotency (write), orf_call_write_done_cb, write);
}

void
orf_traces_record_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_traces_record (router, record_cb, (gpointer) parts);
}
