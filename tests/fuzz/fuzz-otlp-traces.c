/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A body of traces, see fuzz-otlp-body.h: what it becomes is whole, and its JSON is JSON. */
#include <jansson.h>

#include "fuzz-otlp-body.h"
#include "otlp/orf-otlp-spans.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_json (const OrfSpanBatch *batch, guint32 at)
{
  const char *text = orf_span_batch_get_text (batch, at);
  json_t *json;

  if (text == NULL)
    return;
  json = json_loads (text, JSON_ALLOW_NUL, NULL);
  g_assert_nonnull (json);
  json_decref (json);
}

static void
check_span (const OrfSpanBatch *batch, const OrfSpan *span)
{
  g_assert_cmpint (span->start_us, >, 0);
  g_assert_cmpint (span->duration_us, >=, 0);
  g_assert_cmpuint (span->operation, <, batch->operations->len);
  g_assert_cmpuint (span->source, <=, batch->sources->len);
  check_json (batch, span->attributes);
  check_json (batch, span->events);
  check_json (batch, span->links);
  check_json (batch, span->dropped);
}

static void
read_body (const char *body, gsize length, OrfOtlpEncoding encoding)
{
  static const OrfOtlpSpanLimits limits = {
    .oldest_us = 0, .newest_us = G_MAXINT64 / 2, .max_spans = 10000, .max_bytes = FUZZ_MAX_BYTES
  };
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_auto (OrfOtlpSpans) spans = { .batch = orf_span_batch_new () };
  const Otlp__TracesRequest *request;

  orf_otlp_arena_reset (arena, FUZZ_MAX_BYTES);
  request = orf_otlp_message_read_traces (arena, encoding, body, length, NULL);
  if (request == NULL || !orf_otlp_spans_map (&spans, &limits, request, NULL))
    return;
  for (guint i = 0; i < spans.batch->spans->len; i++)
    check_span (spans.batch, &g_array_index (spans.batch->spans, OrfSpan, i));
  for (guint i = 0; i < spans.batch->sources->len; i++) {
    check_json (spans.batch, g_array_index (spans.batch->sources, OrfSpanSource, i).resource);
    check_json (spans.batch, g_array_index (spans.batch->sources, OrfSpanSource, i).scope);
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  fuzz_read_body (data, size, read_body);
  return 0;
}
