/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jaeger/orf-jaeger-traces.h"

#include "core/orf-gzip.h"
#include "jaeger/orf-jaeger-answer.h"
#include "jaeger/orf-jaeger-json.h"
#include "orf-encode.h"
#include "orf-error.h"

/* Of one trace, as traces.get has it. */
#define MAX_SPANS 10000
/* Traces of an answer that is as long as this are not told: they are the oldest. */
#define MAX_ANSWER_BYTES (16 << 20)
/* Jaeger knows no cursor: so many pages are looked through for what is rare. */
#define MAX_PAGES 10
/* Shorter ones are not worth the time. */
#define MIN_PACKED_BYTES 1024

typedef struct {
  OrfJaegerTraces *traces;
  OrfConnection *connection;
  OrfOtlpArena *arena;
  GString *json;
  GString *errors; /* of traces that are not there; NULL: none */
  guint n_traces;
  gboolean late; /* the time of a read is over: what was found is told */
} Writer;

OrfJaegerTraces *
orf_jaeger_traces_new (OrfJaegerSearch *search, gboolean single, gboolean gzip)
{
  OrfJaegerTraces *traces = g_new0 (OrfJaegerTraces, 1);

  *traces = (OrfJaegerTraces){ .search = search, .single = single, .gzip = gzip };
  return traces;
}

void
orf_jaeger_traces_free (OrfJaegerTraces *traces)
{
  if (traces == NULL)
    return;
  orf_jaeger_search_free (traces->search);
  if (traces->body != NULL)
    g_string_free (traces->body, TRUE);
  g_free (traces->packed);
  g_free (traces);
}

/* ---- one ------------------------------------------------------------------------------------- */

static gboolean
is_full (const Writer *writer)
{
  return writer->late || writer->json->len >= MAX_ANSWER_BYTES;
}

/* TRUE: some is told already, and the failure is that the time is over. */
static gboolean
take_late (Writer *writer)
{
  writer->late = writer->n_traces > 0 && orf_connection_is_stopped (writer->connection, NULL);
  return writer->late;
}

static gboolean
add_trace (Writer *writer, const guint8 *id, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);
  g_autoptr (GError) failure = NULL;
  gboolean cut;

  if (take_late (writer))
    return TRUE;
  if (!orf_trace_spans_read (writer->connection, id, MAX_SPANS, rows, &cut, &failure)) {
    if (take_late (writer))
      return TRUE;
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  orf_jaeger_json_add_trace (writer->json, writer->arena, rows, cut);
  writer->n_traces++;
  return TRUE;
}

/* Jaeger's words. */
static void
add_missing (Writer *writer, const guint8 *id)
{
  g_autofree char *text = orf_jaeger_json_format_trace_id (id);

  if (writer->errors == NULL)
    writer->errors = g_string_new ("[");
  orf_encode_comma (writer->errors);
  g_string_append_printf (writer->errors, "{\"msg\":\"trace not found\",\"traceID\":\"%s\"}", text);
}

static gboolean
add_by_ids (Writer *writer, GError **error)
{
  const OrfJaegerTraces *traces = writer->traces;
  const GArray *ids = traces->search->trace_ids;

  for (guint i = 0; i < ids->len && !is_full (writer); i++) {
    const guint8 *id = (const guint8 *) ids->data + i * ORF_TRACE_ID_BYTES;
    g_autoptr (GError) failure = NULL;

    if (add_trace (writer, id, &failure))
      continue;
    if (orf_error_get_code (failure) != ORF_ERROR_NOT_FOUND) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    if (traces->single) {
      g_set_error_literal (error, ORF_ERROR, ORF_ERROR_NOT_FOUND, "trace not found");
      return FALSE;
    }
    add_missing (writer, id);
  }
  return TRUE;
}

/* ---- many ------------------------------------------------------------------------------------ */

static gboolean
add_rows (Writer *writer, const GPtrArray *rows, GError **error)
{
  for (guint i = 0; i < rows->len && !is_full (writer); i++)
    if (!add_trace (writer, ((OrfTraceRow *) rows->pdata[i])->trace_id, error))
      return FALSE;
  return TRUE;
}

/* filter's place goes on to the next page; 0: there is none. */
static gboolean
add_page (Writer *writer, OrfTraceFilter *filter, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_trace_row_free);
  g_autoptr (GError) failure = NULL;
  OrfSpanPlace next;

  if (!orf_traces_read (writer->connection, filter, rows, &next, &failure)) {
    if (take_late (writer))
      return TRUE;
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  filter->before = next;
  return add_rows (writer, rows, error);
}

static gboolean
add_found (Writer *writer, GError **error)
{
  const OrfJaegerSearch *search = writer->traces->search;
  OrfTraceFilter filter = {
    .service = search->service,
    .operation = search->operation,
    .min_duration_us = search->min_duration_us,
    .max_duration_us = search->max_duration_us,
    .outcome = search->outcome,
    .kind = search->kind,
    .tags = (const char *const *) search->tags,
    .from_us = search->from_us,
    .to_us = search->to_us,
  };

  for (guint page = 0; page < MAX_PAGES && writer->n_traces < search->limit; page++) {
    filter.max = search->limit - writer->n_traces;
    if (!add_page (writer, &filter, error))
      return FALSE;
    if (filter.before.span_no == 0 || is_full (writer))
      break;
  }
  return TRUE;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void
end_answer (Writer *writer)
{
  OrfJaegerTraces *traces = writer->traces;

  g_string_append_c (writer->json, ']');
  if (writer->errors != NULL)
    g_string_append_c (writer->errors, ']');
  orf_jaeger_answer_end (writer->json, 0, writer->errors != NULL ? writer->errors->str : NULL);
  if (traces->gzip && writer->json->len >= MIN_PACKED_BYTES)
    traces->packed = orf_gzip_pack (writer->json->str, writer->json->len, &traces->packed_length);
  else
    traces->body = g_steal_pointer (&writer->json);
}

gboolean
orf_jaeger_traces_read (gpointer data, OrfConnection *connection, GError **error)
{
  OrfJaegerTraces *traces = data;
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  Writer writer = { traces, connection, arena, orf_jaeger_answer_begin (), NULL, 0, FALSE };
  gboolean good;

  g_string_append_c (writer.json, '[');
  good = traces->search->trace_ids->len > 0 ? add_by_ids (&writer, error)
                                            : add_found (&writer, error);
  if (good)
    end_answer (&writer);
  if (writer.json != NULL)
    g_string_free (writer.json, TRUE);
  if (writer.errors != NULL)
    g_string_free (writer.errors, TRUE);
  return good;
}
