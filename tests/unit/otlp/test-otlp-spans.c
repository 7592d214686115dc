/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-spans.h"

#include <string.h>

#include "orf-error.h"

#define NOW_US G_GINT64_CONSTANT (1700000000000000)
/* Members that every span here has. */
#define IDS "\"traceId\":\"000102030405060708090a0b0c0d0e0f\",\"spanId\":\"0001020304050607\","
#define TIMES                                                                                      \
  "\"startTimeUnixNano\":\"1700000000000001999\",\"endTimeUnixNano\":\"1700000000000005000\""

static const OrfOtlpSpanLimits limits = {
  .oldest_us = NOW_US - 1000, .newest_us = NOW_US + 1000, .max_spans = 10, .max_bytes = 1 << 20
};

/* The request, as JSON: it is the easier to write. */
static gboolean
map_text (OrfOtlpSpans *spans, const OrfOtlpSpanLimits *within, const char *text, GError **error)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  const Otlp__TracesRequest *request;

  spans->batch = orf_span_batch_new ();
  orf_otlp_arena_reset (arena, 64 << 20);
  request = orf_otlp_message_read_traces (arena, ORF_OTLP_JSON, text, strlen (text), error);
  g_assert_nonnull (request);
  return orf_otlp_spans_map (spans, within, request, error);
}

/* Spans of one resource and scope. */
static void
map (OrfOtlpSpans *spans, const char *resource, const char *scope, const char *sent)
{
  g_autofree char *text =
    g_strdup_printf ("{\"resourceSpans\":[{\"resource\":%s,\"scopeSpans\":[{\"scope\":%s,"
                     "\"spans\":[%s]}]}]}",
                     resource, scope, sent);
  g_autoptr (GError) error = NULL;

  g_assert_true (map_text (spans, &limits, text, &error));
  g_assert_no_error (error);
}

static const OrfSpan *
get (const OrfOtlpSpans *spans, guint number)
{
  g_assert_cmpuint (number, <, spans->batch->spans->len);
  return &g_array_index (spans->batch->spans, OrfSpan, number);
}

static const char *
get_text (const OrfOtlpSpans *spans, guint32 at)
{
  return orf_span_batch_get_text (spans->batch, at);
}

static void
test_fields (void)
{
  g_auto (OrfOtlpSpans) spans = { 0 };
  const OrfSpan *span;
  const OrfSpanSource *source;
  const OrfSpanOperation *operation;

  map (&spans,
       "{\"attributes\":[{\"key\":\"a\",\"value\":{\"intValue\":\"1\"}},{\"key\":\"service.name\","
       "\"value\":{\"stringValue\":\"api\"}}]}",
       "{\"name\":\"lib\"}",
       "{" IDS TIMES ",\"parentSpanId\":\"ffffffffffffffff\",\"name\":\"GET\",\"kind\":5,"
       "\"flags\":3,\"traceState\":\"x=y\",\"status\":{\"code\":2,\"message\":\"no\"},"
       "\"attributes\":[{\"key\":\"d\",\"value\":{\"doubleValue\":1}},{\"key\":\"n\",\"value\":{}}]"
       ",\"droppedLinksCount\":4}");
  span = get (&spans, 0);
  g_assert_cmpint (span->trace_id[15], ==, 15);
  g_assert_cmpint (span->span_id[7], ==, 7);
  g_assert_true (span->has_parent);
  g_assert_cmpint (span->parent_id[0], ==, 0xff);
  /* both ends are cut to whole microseconds, and the length is what is between */
  g_assert_cmpint (span->start_us, ==, NOW_US + 1);
  g_assert_cmpint (span->duration_us, ==, 4);
  g_assert_cmpint (span->kind, ==, ORF_SPAN_KIND_CONSUMER);
  g_assert_cmpint (span->outcome, ==, ORF_SPAN_OUTCOME_ERROR);
  g_assert_true (span->has_flags);
  g_assert_cmpuint (span->flags, ==, 3);
  g_assert_cmpstr (get_text (&spans, span->message), ==, "no");
  g_assert_cmpstr (get_text (&spans, span->trace_state), ==, "x=y");
  g_assert_cmpstr (get_text (&spans, span->attributes), ==, "{\"d\":1.0,\"n\":null}");
  g_assert_cmpstr (get_text (&spans, span->dropped), ==, "{\"links\":4}");
  g_assert_cmpuint (span->events, ==, 0);
  source = &g_array_index (spans.batch->sources, OrfSpanSource, span->source - 1);
  g_assert_cmpstr (get_text (&spans, source->resource), ==, "{\"a\":1,\"service.name\":\"api\"}");
  g_assert_cmpstr (get_text (&spans, source->scope), ==, "{\"name\":\"lib\"}");
  operation = &g_array_index (spans.batch->operations, OrfSpanOperation, span->operation);
  g_assert_cmpstr (get_text (&spans, operation->service), ==, "api");
  g_assert_cmpstr (get_text (&spans, operation->name), ==, "GET");
}

static void
test_defaults (void)
{
  g_auto (OrfOtlpSpans) spans = { 0 };
  const OrfSpan *span;
  const OrfSpanOperation *operation;

  map (&spans, "{}", "{}", "{" IDS TIMES "},{" IDS TIMES ",\"parentSpanId\":\"0000000000000000\"}");
  g_assert_cmpuint (spans.n_rejected, ==, 0);
  span = get (&spans, 1);
  g_assert_false (span->has_parent);
  g_assert_false (span->has_flags);
  g_assert_cmpint (span->kind, ==, ORF_SPAN_KIND_INTERNAL);
  g_assert_cmpint (span->outcome, ==, ORF_SPAN_OUTCOME_UNSET);
  g_assert_cmpuint (span->attributes, ==, 0);
  g_assert_cmpuint (g_array_index (spans.batch->sources, OrfSpanSource, 0).scope, ==, 0);
  operation = &g_array_index (spans.batch->operations, OrfSpanOperation, span->operation);
  g_assert_cmpstr (get_text (&spans, operation->service), ==, "unknown_service");
  g_assert_cmpstr (get_text (&spans, operation->name), ==, "unknown");
  g_assert_cmpuint (spans.batch->operations->len, ==, 1);
}

/* Each is left out alone, and the first is told. */
static void
test_rejected (void)
{
  static const char *const wrong[] = {
    "{\"name\":\"first\"," TIMES "}",
    "{\"traceId\":\"00000000000000000000000000000000\",\"spanId\":\"01\"," TIMES "}",
    "{\"traceId\":\"000102030405060708090a0b0c0d0e0f\"," TIMES "}",
    "{" IDS "\"startTimeUnixNano\":\"1600000000000000000\"}",
    "{" IDS "\"startTimeUnixNano\":\"18446744073709551615\"}",
    "{" IDS "\"endTimeUnixNano\":\"1700000000000000000\"}",
    "{" IDS TIMES ",\"parentSpanId\":\"00\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *sent = g_strdup_printf ("%s,{" IDS TIMES "}", wrong[i]);
    g_auto (OrfOtlpSpans) spans = { 0 };

    map (&spans, "{}", "{}", sent);
    g_assert_cmpuint (spans.n_rejected, ==, 1);
    g_assert_cmpuint (spans.batch->spans->len, ==, 1);
    g_assert_nonnull (spans.reason);
    if (i == 0)
      g_assert_true (g_str_has_prefix (spans.reason, "span \"first\": its trace id"));
  }
}

static void
test_too_many (void)
{
  OrfOtlpSpanLimits few = limits, small = limits;
  const char *two = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" IDS TIMES "},{" IDS TIMES
                    "}]}]}]}";
  g_auto (OrfOtlpSpans) first = { 0 }, second = { 0 };
  g_autoptr (GError) error = NULL, other = NULL;

  few.max_spans = 1;
  g_assert_false (map_text (&first, &few, two, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  small.max_bytes = 64;
  g_assert_false (map_text (&second, &small, two, &other));
  g_assert_error (other, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
}

/* Resources and scopes are each kept once, whatever the order in which they come. */
static void
test_sources (void)
{
  g_auto (OrfOtlpSpans) spans = { 0 };
  g_autoptr (GError) error = NULL;
  static const char one[] = "{\"resource\":{\"attributes\":[{\"key\":\"h\",\"value\":{"
                            "\"stringValue\":\"a\"}}]},\"scopeSpans\":[{\"spans\":[{" IDS TIMES
                            "}]},{\"scope\":{\"version\":\"2\"},\"spans\":[{" IDS TIMES "}]}]}";
  static const char other[] = "{\"scopeSpans\":[{\"spans\":[{" IDS TIMES "}]}]}";
  g_autofree char *text = g_strdup_printf ("{\"resourceSpans\":[%s,%s,%s]}", one, other, one);

  g_assert_true (map_text (&spans, &limits, text, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (spans.batch->spans->len, ==, 5);
  g_assert_cmpuint (spans.batch->sources->len, ==, 3);
  g_assert_cmpuint (get (&spans, 0)->source, ==, get (&spans, 3)->source);
  g_assert_cmpuint (get (&spans, 0)->source, !=, get (&spans, 2)->source);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/spans/fields", test_fields);
  g_test_add_func ("/otlp/spans/defaults", test_defaults);
  g_test_add_func ("/otlp/spans/rejected", test_rejected);
  g_test_add_func ("/otlp/spans/too-many", test_too_many);
  g_test_add_func ("/otlp/spans/sources", test_sources);
  return g_test_run ();
}
