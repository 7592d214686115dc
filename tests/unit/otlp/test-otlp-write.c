/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-write.h"

#include <string.h>

#include "otlp/orf-otlp-message.h"
#include "otlp/orf-otlp-spans.h"

#define NOW_US G_GINT64_CONSTANT (1700000000000000)

static const OrfOtlpSpanLimits limits = {
  .oldest_us = 0, .newest_us = NOW_US * 2, .max_spans = 100, .max_bytes = 1 << 20
};

static OrfSpanRow *
make_row (guint8 number, gint64 source_no, const char *service, const char *resource)
{
  OrfSpanRow *row = orf_span_row_new ();

  row->trace_id[0] = row->span_id[7] = number;
  row->service = g_strdup (service);
  row->operation = g_strdup ("GET /");
  row->kind = ORF_SPAN_KIND_SERVER;
  row->start_us = NOW_US;
  row->duration_us = number;
  row->resource = g_strdup (resource);
  row->source_no = source_no;
  row->span_no = number;
  return row;
}

/* What a receiver makes of the rows. */
static void
pass (OrfOtlpSpans *spans, const GPtrArray *rows)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) body = NULL;
  const Otlp__TracesRequest *request;

  orf_otlp_arena_reset (arena, 64 << 20);
  body = orf_otlp_write_spans (arena, rows);
  g_assert_nonnull (body);
  orf_otlp_arena_reset (arena, 64 << 20);
  request = orf_otlp_message_read_traces (arena, ORF_OTLP_PROTOBUF, body->str, body->len, &error);
  g_assert_no_error (error);
  spans->batch = orf_span_batch_new ();
  g_assert_true (orf_otlp_spans_map (spans, &limits, request, &error));
  g_assert_cmpuint (spans->n_rejected, ==, 0);
  g_assert_cmpuint (spans->batch->spans->len, ==, rows->len);
}

static const OrfSpan *
get (const OrfOtlpSpans *spans, guint number)
{
  return &g_array_index (spans->batch->spans, OrfSpan, number);
}

#define ASSERT_TEXT(spans, at, expected)                                                           \
  g_assert_cmpstr (orf_span_batch_get_text ((spans)->batch, at), ==, expected)

static void
test_fields (void)
{
  static const char attributes[] =
    "{\"text\":\"\xc3\xa9\\\"\\n\\\\\",\"\":0,\"int\":-5,\"whole\":2.0,\"tiny\":4.94065645841247e-"
    "324,\"yes\":"
    "true,"
    "\"no\":false,\"none\":null,\"list\":[1,\"x\",[1.5,{\"a\":[]}]],\"map\":{\"k\":{\"d\":\"v\"}}}";
  static const char events[] =
    "[{\"t_us\":1700000000000001,\"name\":\"retry\",\"attributes\":{\"n\":1}},"
    "{\"t_us\":1700000000000000,\"name\":\"\",\"dropped_attributes\":3}]";
  static const char links[] =
    "[{\"trace_id\":\"00000000000000000000000000000007\",\"span_id\":\"0000000000000008\","
    "\"trace_state\":\"a=b\",\"flags\":257,\"attributes\":{\"why\":\"batch\"}},"
    "{\"trace_id\":\"\",\"span_id\":\"\"}]";
  static const char dropped[] = "{\"attributes\":1,\"links\":3}";
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);
  OrfSpanRow *row = make_row (1, 1, "api", "{\"service.name\":\"api\",\"host.name\":\"h\"}");
  OrfOtlpSpans spans = { 0 };
  const OrfSpan *span;

  g_ptr_array_add (rows, row);
  row->has_parent = row->has_flags = TRUE;
  row->parent_id[0] = 9;
  row->flags = 0x101;
  row->outcome = ORF_SPAN_OUTCOME_ERROR;
  row->message = g_strdup ("it broke");
  row->trace_state = g_strdup ("x=y");
  row->attributes = g_strdup (attributes);
  row->events = g_strdup (events);
  row->links = g_strdup (links);
  row->dropped = g_strdup (dropped);
  row->scope = g_strdup ("{\"name\":\"lib\",\"version\":\"1\",\"attributes\":{\"s\":1}}");
  pass (&spans, rows);
  span = get (&spans, 0);
  g_assert_cmpmem (span->trace_id, ORF_TRACE_ID_BYTES, row->trace_id, ORF_TRACE_ID_BYTES);
  g_assert_cmpmem (span->span_id, ORF_SPAN_ID_BYTES, row->span_id, ORF_SPAN_ID_BYTES);
  g_assert_true (span->has_parent && span->has_flags);
  g_assert_cmpmem (span->parent_id, ORF_SPAN_ID_BYTES, row->parent_id, ORF_SPAN_ID_BYTES);
  g_assert_cmpuint (span->flags, ==, 0x101);
  g_assert_cmpint (span->kind, ==, ORF_SPAN_KIND_SERVER);
  g_assert_cmpint (span->outcome, ==, ORF_SPAN_OUTCOME_ERROR);
  g_assert_cmpint (span->start_us, ==, NOW_US);
  g_assert_cmpint (span->duration_us, ==, 1);
  ASSERT_TEXT (&spans, span->message, "it broke");
  ASSERT_TEXT (&spans, span->trace_state, "x=y");
  ASSERT_TEXT (&spans, span->attributes, attributes);
  ASSERT_TEXT (&spans, span->events, events);
  ASSERT_TEXT (&spans, span->links, links);
  ASSERT_TEXT (&spans, span->dropped, dropped);
  ASSERT_TEXT (&spans, g_array_index (spans.batch->sources, OrfSpanSource, 0).resource,
               row->resource);
  ASSERT_TEXT (&spans, g_array_index (spans.batch->sources, OrfSpanSource, 0).scope, row->scope);
  orf_otlp_spans_clear (&spans);
}

/* Services keep their names, with a resource that tells it or without. */
static void
test_sources (void)
{
  static const char *const services[] = { "a", "b", "a", "unknown_service", "cut" };
  static const char *const resources[] = { "{\"service.name\":\"a\"}", NULL, NULL, "{\"x\":1}",
                                           "{\"service.name\":\"cut and longer\"}" };
  static const char *const expected[] = { "a", "a", "b", "unknown_service", "cut and longer" };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);
  OrfOtlpSpans spans = { 0 };

  for (guint8 i = 0; i < G_N_ELEMENTS (services); i++)
    g_ptr_array_add (rows,
                     make_row (i + 1, resources[i] != NULL ? i + 1 : 0, services[i], resources[i]));
  g_ptr_array_add (rows, make_row (9, 1, "a", resources[0]));
  pass (&spans, rows);
  /* 1 and 9 are of one source, and go together */
  g_assert_cmpint (get (&spans, 1)->duration_us, ==, 9);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    /* a, a again, b, a without a resource, … */
    const OrfSpan *span = get (&spans, i < 3 ? i : i + 1);
    const OrfSpanOperation *operation = &g_array_index (spans.batch->operations, OrfSpanOperation,
                                                        span->operation);

    ASSERT_TEXT (&spans, operation->service, expected[i]);
  }
  orf_otlp_spans_clear (&spans);
}

/* What is no JSON is left out; an arena without room gives no body. */
static void
test_broken (void)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  OrfSpanRow *row = make_row (1, 1, "api", "{\"service.name\":");
  OrfOtlpSpans spans = { 0 };

  g_ptr_array_add (rows, row);
  row->attributes = g_strdup ("[1]");
  row->events = g_strdup ("[{},1,null,{\"t_us\":\"x\",\"name\":2,\"attributes\":[]}]");
  row->links = g_strdup ("{}");
  row->dropped = g_strdup ("{\"attributes\":-1,\"events\":99999999999}");
  pass (&spans, rows);
  g_assert_cmpuint (get (&spans, 0)->attributes, ==, 0);
  orf_otlp_spans_clear (&spans);
  g_free (row->attributes);
  row->attributes = g_strnfill (1 << 20, ' ');
  memcpy (row->attributes, "{\"a\":\"", 6);
  memcpy (row->attributes + (1 << 20) - 2, "\"}", 2);
  orf_otlp_arena_reset (arena, 1 << 16);
  g_assert_null (orf_otlp_write_spans (arena, rows));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp-write/fields", test_fields);
  g_test_add_func ("/otlp-write/sources", test_sources);
  g_test_add_func ("/otlp-write/broken", test_broken);
  return g_test_run ();
}
