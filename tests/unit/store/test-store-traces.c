/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of traces. */
#include <string.h>

#include "span-maker.h"
#include "history/orf-rollup.h"
#include "orf-error.h"
#include "store/orf-span-tags.h"
#include "store/orf-store-traces.h"

#define T 1760000000000000

#define WRITE(...)                                                                                 \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const MadeSpan made[] = { __VA_ARGS__ };                                                       \
                                                                                                   \
    made_spans_write (fixture, made, G_N_ELEMENTS (made));                                         \
  }                                                                                                \
  G_STMT_END

typedef struct {
  gboolean done;
  GPtrArray *rows;
  OrfSpanPlace next;
  GError *error;
} Answer;

static void
answer_clear (Answer *answer)
{
  g_clear_pointer (&answer->rows, g_ptr_array_unref);
  g_clear_error (&answer->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
answer_cb (gpointer data, GPtrArray *rows, OrfSpanPlace next, const GError *error)
{
  Answer *answer = data;

  answer->done = TRUE;
  answer->next = next;
  answer->rows = rows != NULL ? g_ptr_array_ref (rows) : NULL;
  answer->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
rows_cb (gpointer data, GPtrArray *rows, const GError *error)
{
  answer_cb (data, rows, (OrfSpanPlace){ 0, 0 }, error);
}

static void
wait_for (Answer *answer)
{
  while (!answer->done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (answer->error);
}

static void
set_up (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_set_up (fixture, data);
  store_fixture_open (fixture);
}

/* The traces of all pages, by the last byte of their ids; each once. */
static char *
list (StoreFixture *fixture, OrfTraceFilter filter)
{
  GString *text = g_string_new (NULL);

  if (filter.to_us == 0)
    filter.to_us = G_MAXINT64;
  for (;;) {
    g_auto (Answer) answer = { 0 };

    orf_store_read_traces (fixture->store, &filter, NULL, answer_cb, &answer);
    wait_for (&answer);
    g_assert_cmpuint (answer.rows->len, <=, filter.max);
    for (guint i = 0; i < answer.rows->len; i++)
      g_string_append_printf (text, "%u ", ((OrfTraceRow *) answer.rows->pdata[i])->trace_id[15]);
    if (answer.next.span_no == 0)
      return g_string_free (text, FALSE);
    filter.before = answer.next;
  }
}

/* The same, whatever the size of a page. */
static void
assert_list (StoreFixture *fixture, OrfTraceFilter filter, const char *expected)
{
  for (filter.max = 1; filter.max < 6; filter.max++) {
    g_autofree char *is = list (fixture, filter);

    g_assert_cmpstr (is, ==, expected);
  }
}

/* Three services, traces that overlap, one that has no root. */
static void
write_some (StoreFixture *fixture)
{
  WRITE ({ 1, 1, 0, "page", "load", T, 1000 },
         { 1, 2, 1, "api", "/a", T + 10, 900, ORF_SPAN_KIND_SERVER, ORF_SPAN_OUTCOME_ERROR },
         { 1, 3, 2, "db", "q", T + 9000, 5, .attributes = "{\"rows\":3,\"user\":\"ann\"}" });
  WRITE ({ 2, 1, 0, "page", "load", T + 100, 20 }, { 2, 2, 1, "api", "/b", T + 110, 10 });
  WRITE ({ 3, 2, 1, "api", "/a", T + 200, 70000, .outcome = ORF_SPAN_OUTCOME_OK });
  WRITE ({ 4, 1, 0, "page", "load", T + 300, 20, .attributes = "{\"user\":\"bob\"}" },
         { 4, 2, 1, "api", "/a", T + 300, 10 }, { 4, 3, 1, "api", "/a", T + 300, 10 });
}

static void
test_list (StoreFixture *fixture, gconstpointer data)
{
  const char *tags[] = { "user", "bob", NULL }, *number[] = { "rows", "3", NULL },
             *resource[] = { "host.name", "node", "user", "ann", NULL };

  write_some (fixture);
  assert_list (fixture, (OrfTraceFilter){ 0 }, "1 4 3 2 ");
  assert_list (fixture, (OrfTraceFilter){ .service = "api" }, "4 3 2 1 ");
  assert_list (fixture, (OrfTraceFilter){ .service = "api", .operation = "/a" }, "4 3 1 ");
  assert_list (fixture, (OrfTraceFilter){ .operation = "q" }, "1 ");
  assert_list (fixture, (OrfTraceFilter){ .service = "none" }, "");
  assert_list (fixture, (OrfTraceFilter){ .min_duration_us = 900 }, "3 1 ");
  assert_list (fixture, (OrfTraceFilter){ .min_duration_us = 901, .service = "api" }, "3 ");
  assert_list (fixture, (OrfTraceFilter){ .min_duration_us = 70001 }, "");
  assert_list (fixture, (OrfTraceFilter){ .outcome = ORF_SPAN_OUTCOME_ERROR }, "1 ");
  assert_list (fixture, (OrfTraceFilter){ .outcome = ORF_SPAN_OUTCOME_OK }, "3 ");
  assert_list (fixture, (OrfTraceFilter){ .from_us = T + 100, .to_us = T + 300 }, "3 2 ");
  assert_list (fixture, (OrfTraceFilter){ .tags = tags }, "4 ");
  assert_list (fixture, (OrfTraceFilter){ .tags = number }, "1 ");
  assert_list (fixture, (OrfTraceFilter){ .tags = resource }, "1 ");
}

static void
test_root (StoreFixture *fixture, gconstpointer data)
{
  const OrfTraceFilter filter = { .to_us = G_MAXINT64, .max = 10 };
  g_auto (Answer) answer = { 0 };
  const OrfTraceRow *first, *rootless;

  write_some (fixture);
  orf_store_read_traces (fixture->store, &filter, NULL, answer_cb, &answer);
  wait_for (&answer);
  first = answer.rows->pdata[0];
  g_assert_cmpstr (first->service, ==, "page");
  g_assert_cmpstr (first->operation, ==, "load");
  g_assert_cmpint (first->start_us, ==, T);
  g_assert_cmpint (first->end_us, ==, T + 9005);
  g_assert_cmpint (first->spans, ==, 3);
  g_assert_cmpint (first->errors, ==, 1);
  g_assert_cmpint (first->outcome, ==, ORF_SPAN_OUTCOME_UNSET);
  rootless = answer.rows->pdata[2];
  g_assert_cmpint (rootless->trace_id[15], ==, 3);
  g_assert_null (rootless->service);
}

/* More than a round of the scan, many of one time, many operations, some beyond. */
static void
test_many (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *all = NULL, *beyond = NULL, *one = NULL;
  g_auto (GStrv) parts = NULL;

  for (guint i = 0; i < 10; i++) {
    g_autofree MadeSpan *made = g_new0 (MadeSpan, 200);
    g_autofree char *name = g_strdup_printf ("operation-%u", i);

    for (guint k = 0; k < 200; k++)
      made[k] = (MadeSpan){ k + 1, 10 * k + i + 1, 0, "a", name, T + k / 50 * 50, 1 + k * i };
    made_spans_write (fixture, made, 200);
  }
  all = list (fixture, (OrfTraceFilter){ .max = 7 });
  parts = g_strsplit (all, " ", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 201);
  beyond = list (fixture, (OrfTraceFilter){
                            .operation = "operation-9", .max = 7, .min_duration_us = 199 * 9 });
  g_assert_cmpstr (beyond, ==, "200 ");
  one = list (fixture,
              (OrfTraceFilter){ .operation = "operation-5", .max = 7, .min_duration_us = 197 * 5 });
  g_assert_cmpstr (one, ==, "200 199 198 ");
}

static void
test_get (StoreFixture *fixture, gconstpointer data)
{
  g_auto (Answer) answer = { 0 }, none = { 0 };
  guint8 id[ORF_TRACE_ID_BYTES];
  const OrfSpanRow *row;

  write_some (fixture);
  made_trace_id (1, id);
  orf_store_read_trace (fixture->store, id, 2, NULL, answer_cb, &answer);
  wait_for (&answer);
  g_assert_cmpuint (answer.rows->len, ==, 2);
  g_assert_cmpint (answer.next.span_no, !=, 0); /* it has a third */
  row = answer.rows->pdata[1];
  g_assert_cmpmem (row->trace_id, sizeof id, id, sizeof id);
  g_assert_cmpint (row->span_id[7], ==, 2);
  g_assert_true (row->has_parent);
  g_assert_cmpint (row->parent_id[7], ==, 1);
  g_assert_cmpstr (row->service, ==, "api");
  g_assert_cmpint (row->kind, ==, ORF_SPAN_KIND_SERVER);
  g_assert_cmpint (row->outcome, ==, ORF_SPAN_OUTCOME_ERROR);
  g_assert_cmpint (row->duration_us, ==, 900);
  g_assert_cmpstr (row->resource, ==, "{\"host.name\":\"node\"}");
  g_assert_null (row->attributes);
  made_trace_id (99, id);
  orf_store_read_trace (fixture->store, id, 2, NULL, answer_cb, &none);
  while (!none.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (none.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
}

/* Of spans with as much text as a request may have no more are read than memory is meant for. */
static void
test_get_large (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *attributes = g_strdup_printf ("{\"a\":\"%s\"}", text);
  g_auto (Answer) answer = { 0 };
  guint8 id[ORF_TRACE_ID_BYTES];

  for (guint i = 40; i > 0; i--)
    WRITE ({ 1, i, 0, "a", "x", T + i, 1, .attributes = attributes });
  made_trace_id (1, id);
  orf_store_read_trace (fixture->store, id, 100, NULL, answer_cb, &answer);
  wait_for (&answer);
  g_assert_cmpuint (answer.rows->len, ==, 31);
  g_assert_cmpint (answer.next.span_no, !=, 0);
  for (guint i = 0; i < answer.rows->len; i++)
    g_assert_cmpint (((OrfSpanRow *) answer.rows->pdata[i])->start_us, ==, T + 1 + i);
}

static void
write_history (StoreFixture *fixture, const char *operation, gint64 start_us)
{
  g_autofree MadeSpan *made = g_new0 (MadeSpan, 100);

  for (guint i = 0; i < 100; i++)
    made[i] = (MadeSpan){ 50, (guint) (start_us - T) + i, 0, "a", operation, start_us, 100 };
  made_spans_write (fixture, made, 100);
}

static void
test_slow (StoreFixture *fixture, gconstpointer data)
{
  OrfTraceFilter filter = { .to_us = G_MAXINT64, .max = 2 };
  g_auto (Answer) first = { 0 }, second = { 0 }, other = { 0 };

  write_history (fixture, "x", T + 1000);
  write_history (fixture, "y", T + 2000);
  WRITE ({ 1, 1, 0, "a", "x", T + 1, 500 }, { 1, 2, 0, "a", "y", T + 2, 500 },
         { 1, 3, 0, "a", "x", T + 3, 500 }, { 1, 4, 0, "a", "x", T + 4, 90 });
  orf_store_read_slow_spans (fixture->store, &filter, NULL, answer_cb, &first);
  wait_for (&first);
  g_assert_cmpuint (first.rows->len, ==, 2);
  g_assert_cmpint (((OrfSpanRow *) first.rows->pdata[0])->span_id[7], ==, 3);
  g_assert_cmpint (((OrfSpanRow *) first.rows->pdata[1])->span_id[7], ==, 2);
  g_assert_cmpint (((OrfSpanRow *) first.rows->pdata[1])->usual_us, >=, 99);
  filter.before = first.next;
  orf_store_read_slow_spans (fixture->store, &filter, NULL, answer_cb, &second);
  wait_for (&second);
  g_assert_cmpuint (second.rows->len, ==, 1);
  g_assert_cmpint (second.next.span_no, ==, 0);
  filter = (OrfTraceFilter){ .operation = "y", .to_us = G_MAXINT64, .max = 1 };
  orf_store_read_slow_spans (fixture->store, &filter, NULL, answer_cb, &other);
  wait_for (&other);
  g_assert_cmpuint (other.rows->len, ==, 1);
  g_assert_cmpint (other.next.span_no, ==, 0);
}

/* Spans of three days, by minutes, hours and days. */
static void
test_stats (StoreFixture *fixture, gconstpointer data)
{
  const gint64 day_us = T - T % (24 * ORF_HOUR_US);
  const struct {
    gint64 from_us, to_us, spans;
  } windows[] = {
    { 0, G_MAXINT64, 72 },
    { day_us, day_us + 24 * ORF_HOUR_US, 24 },
    { day_us + ORF_HOUR_US, day_us + 25 * ORF_HOUR_US, 24 },
    { day_us + 5 * ORF_HOUR_US, day_us + 6 * ORF_HOUR_US, 1 },
    /* of long ago only hours are known */
    { day_us + 5 * ORF_HOUR_US + 1, day_us + 5 * ORF_HOUR_US + 2, 1 },
    { day_us - ORF_HOUR_US, day_us, -1 },
  };

  for (guint i = 0; i < 72; i++)
    WRITE ({ i + 1, 1, 0, "a", "x", day_us + i * ORF_HOUR_US + 60000000, 100,
             .outcome = i % 2 ? ORF_SPAN_OUTCOME_ERROR : ORF_SPAN_OUTCOME_UNSET });
  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    const OrfOperationFilter filter = { "a", "x", windows[i].from_us, windows[i].to_us };
    g_auto (Answer) answer = { 0 };
    const OrfOperationRow *row;

    orf_store_read_operation_stats (fixture->store, &filter, NULL, rows_cb, &answer);
    wait_for (&answer);
    g_assert_cmpuint (answer.rows->len, ==, windows[i].spans > 0);
    if (windows[i].spans < 0)
      continue;
    row = answer.rows->pdata[0];
    g_assert_cmpint (row->spans, ==, windows[i].spans);
    g_assert_cmpint (ABS (row->errors - row->spans / 2), <=, 1);
    g_assert_cmpfloat_with_epsilon (row->p99_us, 100, 1.01);
  }
}

static void
test_counted (StoreFixture *fixture, gconstpointer data)
{
  g_auto (Answer) operations = { 0 }, edges = { 0 }, later = { 0 };
  const OrfEdgeRow *edge;

  write_some (fixture);
  orf_store_read_operations (fixture->store, NULL, rows_cb, &operations);
  wait_for (&operations);
  g_assert_cmpuint (operations.rows->len, ==, 4);
  g_assert_cmpstr (((OrfOperationRow *) operations.rows->pdata[1])->operation, ==, "/b");
  orf_store_read_edges (fixture->store, 0, G_MAXINT64, NULL, rows_cb, &edges);
  wait_for (&edges);
  g_assert_cmpuint (edges.rows->len, ==, 2);
  edge = edges.rows->pdata[1];
  g_assert_cmpstr (edge->parent, ==, "page");
  g_assert_cmpstr (edge->child, ==, "api");
  g_assert_cmpint (edge->calls, ==, 4);
  g_assert_cmpint (edge->errors, ==, 1);
  orf_store_read_edges (fixture->store, T + ORF_HOUR_US, G_MAXINT64, NULL, rows_cb, &later);
  wait_for (&later);
  g_assert_cmpuint (later.rows->len, ==, 0);
}

static void
test_tags (void)
{
  const char *const both[] = { "a", "1", "b", "x", NULL }, *const truth[] = { "c", "true", NULL };

  g_assert_true (orf_span_tags_match (NULL, NULL, NULL));
  g_assert_true (orf_span_tags_match (both, "{\"a\":1,\"b\":\"x\"}", NULL));
  g_assert_true (orf_span_tags_match (both, "{\"a\":\"1\"}", "{\"b\":\"x\"}"));
  /* the span's own go before its resource's */
  g_assert_false (orf_span_tags_match (both, "{\"a\":2,\"b\":\"x\"}", "{\"a\":1}"));
  g_assert_false (orf_span_tags_match (both, "{\"a\":1}", "{}"));
  g_assert_true (orf_span_tags_match (truth, "{\"c\":true}", NULL));
  /* the same key in other words */
  g_assert_true (orf_span_tags_match (truth, "{\"\\u0063\":true}", NULL));
  g_assert_false (orf_span_tags_match (truth, "{\"x\":\"c\"}", NULL));
  g_assert_false (orf_span_tags_match (truth, "{", "["));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/traces/tags", test_tags);
#define ADD(name, function)                                                                        \
  g_test_add ("/store/traces/" name, StoreFixture, NULL, set_up, function, store_fixture_tear_down)
  ADD ("list", test_list);
  ADD ("root", test_root);
  ADD ("many", test_many);
  ADD ("get", test_get);
  ADD ("get-large", test_get_large);
  ADD ("slow", test_slow);
  ADD ("stats", test_stats);
  ADD ("counted", test_counted);
  return g_test_run ();
}
