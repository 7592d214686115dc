/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jaeger/orf-jaeger-query.h"

#include <string.h>

#include "orf-error.h"

#define NOW_US G_GINT64_CONSTANT (1800000000000000)

static void
test_duration (void)
{
  static const struct {
    const char *text;
    gint64 us; /* -1: refused */
  } cases[] = {
    { "0", 0 },        { "1ms", 1000 },      { "1.5s", 1500000 }, { "1h30m", 5400000000 },
    { ".5s", 500000 }, { "2us", 2 },         { "2µs", 2 },        { "2μs", 2 },
    { "1500ns", 2 },   { "1m1s", 61000000 }, { "", -1 },          { "1", -1 },
    { "s", -1 },       { ".s", -1 },         { "1.2.3s", -1 },    { "-1s", -1 },
    { "+1s", -1 },     { " 1s", -1 },        { "1s ", -1 },       { "1d", -1 },
    { "1e3s", -1 },    { "0x1s", -1 },       { "infs", -1 },      { "999999999999h", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 us = -1;

    g_test_message ("%s", cases[i].text);
    g_assert_cmpint (orf_jaeger_query_parse_duration (cases[i].text, &us), ==, cases[i].us >= 0);
    g_assert_cmpint (us, ==, cases[i].us);
  }
}

static void
test_trace_id (void)
{
  static const guint8 short_one[ORF_TRACE_ID_BYTES] = { [14] = 0x1a, [15] = 0xbc };
  static const char *const wrong[] = { "",
                                       "0",
                                       "g",
                                       "1 ",
                                       "-1",
                                       "00000000000000000000000000000000",
                                       "111111111111111111111111111111111" };
  guint8 id[ORF_TRACE_ID_BYTES];

  g_assert_true (orf_jaeger_query_parse_trace_id ("1aBc", id));
  g_assert_cmpmem (id, sizeof id, short_one, sizeof short_one);
  g_assert_true (orf_jaeger_query_parse_trace_id ("00000000000000000000000000001abc", id));
  g_assert_cmpmem (id, sizeof id, short_one, sizeof short_one);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (orf_jaeger_query_parse_trace_id (wrong[i], id));
}

static void
test_search (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfJaegerSearch) search = NULL;

  search =
    orf_jaeger_search_parse ("service=a+b&operation=GET%20%2F&minDuration=1ms&maxDuration=2s"
                             "&tags=%7B%22error%22%3A%22true%22%2C%22k%22%3A%22v%22%7D"
                             "&tag=span.kind:client&tag=x:y:z&limit=99999&traceID=a&lookback=1h",
                             NOW_US, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (search->service, ==, "a b");
  g_assert_cmpstr (search->operation, ==, "GET /");
  g_assert_cmpint (search->min_duration_us, ==, 1000);
  g_assert_cmpint (search->max_duration_us, ==, 2000000);
  g_assert_cmpint (search->outcome, ==, ORF_SPAN_OUTCOME_ERROR);
  g_assert_cmpint (search->kind, ==, ORF_SPAN_KIND_CLIENT);
  g_assert_cmpuint (g_strv_length (search->tags), ==, 4);
  g_assert_cmpstr (search->tags[0], ==, "k");
  g_assert_cmpstr (search->tags[3], ==, "y:z");
  g_assert_cmpuint (search->limit, ==, ORF_JAEGER_MAX_TRACES);
  g_assert_cmpuint (search->trace_ids->len, ==, 1);
  g_assert_cmpint (search->to_us, ==, NOW_US + 1);
  g_assert_cmpint (search->from_us, <, NOW_US);
}

/* The error names the parameter, whatever it is given. */
static void
test_refused (void)
{
  static const char *const names[] = { "start",       "end", "limit",   "minDuration",
                                       "maxDuration", "tag", "traceID", "tags" };
  static const char *const values[] = {
    "x", "%20", "%7B", "1.2.3", "%F0%9F%98%80", "--", "%5B%5D"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint j = 0; j < G_N_ELEMENTS (values); j++) {
      g_autofree char *query = g_strdup_printf ("service=a&%s=%s", names[i], values[j]);
      g_autoptr (GError) error = NULL;

      g_assert_null (orf_jaeger_search_parse (query, NOW_US, &error));
      g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (orf_error_get_field (error), ==, names[i]);
    }
}

/* Bytes of all kinds: read or refused, and nothing else. */
static void
test_random (void)
{
  static const char *const pieces[] = {
    "service=", "start=", "&", "tags=", "%7B",          "%22", "%00", "limit=", "traceID", "=",
    "1",        "%",      "+", "%ff",   "minDuration=", "h",   ".",   "endTs=", ":",       "tag="
  };

  for (guint round = 0; round < 20000; round++) {
    g_autoptr (GString) query = g_string_new (NULL);
    g_autofree char *service = NULL;
    gint64 from_us, to_us;
    OrfSpanKind kind;
    OrfJaegerSearch *search;

    for (gint32 n = g_test_rand_int_range (0, 12); n > 0; n--)
      g_string_append (query, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
    search = orf_jaeger_search_parse (query->str, NOW_US, NULL);
    if (search != NULL) {
      g_assert_true (search->service != NULL || search->trace_ids->len > 0);
      g_assert_cmpuint (search->limit, >, 0);
    }
    orf_jaeger_search_free (search);
    if (orf_jaeger_query_parse_window (query->str, NOW_US, &from_us, &to_us, NULL))
      g_assert_cmpint (from_us, <, to_us);
    if (orf_jaeger_query_parse_operations (query->str, &service, &kind, NULL))
      g_assert_nonnull (service);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jaeger-query/duration", test_duration);
  g_test_add_func ("/jaeger-query/trace-id", test_trace_id);
  g_test_add_func ("/jaeger-query/search", test_search);
  g_test_add_func ("/jaeger-query/refused", test_refused);
  g_test_add_func ("/jaeger-query/random", test_random);
  return g_test_run ();
}
