/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.query and metrics.list as JSON, over a real file. */
#include <string.h>

#include "core/orf-clock.h"
#include "metrics-fixture.h"
#include "metrics/orf-metrics-list.h"
#include "metrics/orf-metrics-query.h"

typedef struct {
  MetricsFixture base;
  gint64 t0_us; /* of the first sample */
} Fixture;

static void
bind (Fixture *fixture)
{
  orf_metrics_list_bind (fixture->base.router, &fixture->base.parts);
  orf_metrics_query_bind (fixture->base.router, &fixture->base.parts);
}

static void
restart (Fixture *fixture)
{
  metrics_fixture_restart (&fixture->base);
  bind (fixture);
}

/* 60 points a second apart, value 0, 1, …, the last a minute ago. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  metrics_fixture_set_up (&fixture->base, data);
  bind (fixture);
  fixture->t0_us = orf_clock_now_us () / ORF_US_PER_S * ORF_US_PER_S - 120 * ORF_US_PER_S;
  for (int k = 0; k < 2; k++) {
    g_autoptr (GString) params = g_string_new ("{\"samples\":[");

    for (int i = 0; i < 60; i++)
      g_string_append_printf (
        params,
        "%s{\"name\":\"m\",\"labels\":{\"k\":\"%c\"},\"value\":%d,\"t_us\":%" G_GINT64_FORMAT "}",
        i > 0 ? "," : "", 'a' + k, i, fixture->t0_us + i * ORF_US_PER_S);
    g_string_append (params, "]}");
    metrics_fixture_call (&fixture->base, "metrics.record", params->str, NULL);
  }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  metrics_fixture_tear_down (&fixture->base, data);
}

/* %FROM% and %TO% stand for the first sample's time and a minute later. */
static char *
fill_in (Fixture *fixture, const char *text)
{
  g_autofree char *from = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->t0_us);
  g_autofree char *to = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->t0_us + 60 * ORF_US_PER_S);
  GString *filled = g_string_new (text);

  g_string_replace (filled, "%FROM%", from, 0);
  g_string_replace (filled, "%TO%", to, 0);
  return g_string_free (filled, FALSE);
}

static const char *
query (Fixture *fixture, const char *params)
{
  g_autofree char *filled = fill_in (fixture, params);

  return metrics_fixture_call (&fixture->base, "metrics.query", filled, NULL);
}

static void
check (Fixture *fixture, const char *params, const char *series)
{
  g_autofree char *text = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"series\":[%"
                                           "s],\"from_us\":%%FROM%%,\"to_us\":%%TO%%}}",
                                           series);
  g_autofree char *expected = fill_in (fixture, text);

  g_assert_cmpstr (query (fixture, params), ==, expected);
}

#define SPAN "\"from_us\":%FROM%,\"to_us\":%TO%"
#define SERIES(k)                                                                                  \
  "{\"series\":\"m{k=\\\"" k "\\\"}\",\"name\":\"m\",\"labels\":{\"k\":\"" k "\"},\"points\":"

static void
check_all (Fixture *fixture)
{
  check (fixture, "{\"select\":\"m{k='a'}\"," SPAN ",\"aggregate\":\"sum\"}",
         SERIES ("a") "[[%FROM%,1770]]}");
  check (fixture, "{\"select\":\"m\"," SPAN ",\"aggregate\":\"max\"}",
         SERIES ("a") "[[%FROM%,59]]}," SERIES ("b") "[[%FROM%,59]]}");
  check (fixture, "{\"select\":\"m\"," SPAN ",\"aggregate\":\"count\",\"by\":[]}",
         "{\"series\":\"m\",\"name\":\"m\",\"labels\":{},\"points\":[[%FROM%,120]]}");
  check (fixture, "{\"select\":\"m\"," SPAN ",\"aggregate\":\"increase\",\"by\":[\"z\"]}",
         "{\"series\":\"m\",\"name\":\"m\",\"labels\":{},\"points\":[[%FROM%,118]]}");
  check (fixture, "{\"select\":\"nothing\"," SPAN "}", "");
}

static void
test_from_memory (Fixture *fixture, gconstpointer data)
{
  check_all (fixture);
}

static void
test_after_a_restart (Fixture *fixture, gconstpointer data)
{
  restart (fixture);
  check_all (fixture); /* from the file */
  orf_registry_rebuild (fixture->base.registry);
  check_all (fixture);
}

static void
test_retired (Fixture *fixture, gconstpointer data)
{
  orf_registry_tick (fixture->base.registry,
                     orf_clock_now_us () + 2 * fixture->base.config->metrics.idle_us);
  orf_registry_tick (fixture->base.registry,
                     orf_clock_now_us () + 2 * fixture->base.config->metrics.idle_us);
  g_assert_cmpuint (orf_registry_get_n_active (fixture->base.registry), ==, 0);
  fixture->base.config->metrics.idle_us = 60 * ORF_US_PER_S; /* so long ago that they may be */
  check_all (fixture);
}

/* Part in the file alone, part in the chunk. */
static void
test_over_the_border (Fixture *fixture, gconstpointer data)
{
  OrfSeries *series = orf_registry_find (fixture->base.registry, "m",
                                         (char *const[]){ (char *) "k", (char *) "a", NULL });

  orf_open_chunk_trim (&series->chunk, fixture->t0_us + 30 * ORF_US_PER_S);
  g_assert_cmpuint (series->chunk.count, ==, 30);
  check_all (fixture);
}

/* Of all series. */
static guint
count_points (const char *answer)
{
  guint n = 0;

  for (const char *at = answer; (at = strstr (at, "\"points\":[[")) != NULL; at++)
    n++;
  for (const char *at = answer; (at = strstr (at, "],[")) != NULL; at++)
    n++;
  return n;
}

static const char *
wait_after (Fixture *fixture, const char *params, void (*meanwhile) (Fixture *fixture))
{
  g_autofree char *filled = fill_in (fixture, params);
  g_autofree char *text = g_strdup_printf (
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"metrics.query\",\"params\":%s}", filled);
  guint n = fixture->base.answers->len;

  metrics_fixture_send (&fixture->base, text);
  meanwhile (fixture);
  return metrics_fixture_wait (&fixture->base, n);
}

static void
trim_to (Fixture *fixture, int n_s)
{
  OrfSeries *series = orf_registry_find (fixture->base.registry, "m",
                                         (char *const[]){ (char *) "k", (char *) "a", NULL });

  orf_open_chunk_trim (&series->chunk, fixture->t0_us + n_s * ORF_US_PER_S);
}

static void
trim_more (Fixture *fixture)
{
  trim_to (fixture, 50);
}

/* What the chunk drops while the file is read is not lost to the answer. */
static void
test_dropped_meanwhile (Fixture *fixture, gconstpointer data)
{
  trim_to (fixture, 30);
  g_assert_cmpuint (
    count_points (wait_after (fixture, "{\"select\":\"m{k='a'}\"," SPAN "}", trim_more)), ==, 60);
}

static void
wake (Fixture *fixture)
{
  const char *const labels[] = { "k", "a", NULL };

  g_assert_nonnull (metrics_fixture_resolve (&fixture->base, "m", labels, NULL));
}

/* Nor is a series that comes back while the file is asked which there are. */
static void
test_woken_meanwhile (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    orf_registry_tick (fixture->base.registry,
                       orf_clock_now_us () + 2 * fixture->base.config->metrics.idle_us);
  g_assert_cmpuint (orf_registry_get_n_active (fixture->base.registry), ==, 0);
  fixture->base.config->metrics.idle_us = 60 * ORF_US_PER_S;
  g_assert_cmpuint (count_points (wait_after (fixture, "{\"select\":\"m\"," SPAN "}", wake)), ==,
                    120);
}

/* The bound is that of the answer, and of what is read for it. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  static const char merged[] = "{\"select\":\"m\"," SPAN ",\"step_us\":500000,\"by\":[]}";
  static const char single[] = "{\"select\":\"m\"," SPAN ",\"step_us\":500000}";
  static const char *const finer = "{\"select\":\"m{k='a'}\"," SPAN ",\"step_us\":1000}";
  const char *answer;

  fixture->base.config->metrics.max_query_points = 130;
  g_assert_cmpuint (count_points (query (fixture, merged)), ==, 120);
  answer = query (fixture, single);
  g_assert_nonnull (strstr (answer, "RESOURCE_EXHAUSTED"));
  g_assert_nonnull (strstr (answer, "step_us"));
  g_assert_nonnull (strstr (query (fixture, finer), "RESOURCE_EXHAUSTED"));
}

static void
test_points (Fixture *fixture, gconstpointer data)
{
  const char *answer = query (fixture, "{\"select\":\"m{k='a'}\"," SPAN "}");
  g_autofree char *second = g_strdup_printf (",[%" G_GINT64_FORMAT ",1],",
                                             fixture->t0_us + ORF_US_PER_S);
  guint n = 0;

  g_assert_nonnull (strstr (answer, second));
  for (const char *at = answer; (at = strstr (at, ",[")) != NULL; at++)
    n++;
  g_assert_cmpuint (n, ==, 59);
  /* by default the last five minutes, this moment included */
  g_assert_nonnull (strstr (query (fixture, "{\"select\":\"m{k='a'}\"}"), second));
}

static void
test_steps (Fixture *fixture, gconstpointer data)
{
  const char *answer = query (
    fixture, "{\"select\":\"m{k='a'}\",\"from_us\":%FROM%,\"to_us\":%TO%,\"step_us\":1000000}");
  g_autofree char *point = g_strdup_printf ("[%" G_GINT64_FORMAT ",7]",
                                            fixture->t0_us + 7 * ORF_US_PER_S);

  g_assert_nonnull (strstr (answer, point)); /* the average of one */
}

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  MetricsFixture *base = &fixture->base;

  metrics_fixture_refused (base, "metrics.query", "{}", "INVALID_ARGUMENT", "select");
  metrics_fixture_refused (base, "metrics.query", "{\"expr\":\"avg(a)\"}", "INVALID_ARGUMENT",
                           "expr");
  metrics_fixture_refused (base, "metrics.query", "{\"expr\":\"a\",\"select\":\"a\"}",
                           "INVALID_ARGUMENT", "expr");
  metrics_fixture_refused (base, "metrics.query", "{\"select\":\"m{\"}", "INVALID_ARGUMENT",
                           "select");
  metrics_fixture_refused (base, "metrics.query", "{\"select\":\"m\",\"by\":[]}",
                           "INVALID_ARGUMENT", "aggregate");
  metrics_fixture_refused (base, "metrics.query", "{\"select\":\"m\",\"from_us\":5,\"to_us\":5}",
                           "INVALID_ARGUMENT", "from_us");
  metrics_fixture_refused (base, "metrics.query",
                           "{\"select\":\"m\",\"from_us\":0,\"step_us\":1000}",
                           "RESOURCE_EXHAUSTED", NULL);
  base->config->metrics.max_query_points = 100;
  metrics_fixture_refused (base, "metrics.query", "{\"select\":\"m\"}", "RESOURCE_EXHAUSTED", NULL);
}

/* Asked for by -m perf: 300 points of one series among many, from request text to answer text. */
static void
test_cost (Fixture *fixture, gconstpointer data)
{
  static const char request[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"metrics.query\",\"params\":{\"select\":\"cost\"}}";
  const guint rounds = 20000;
  OrfSeries *series;
  gint64 now_us;
  double cost_us;

  if (!g_test_perf ()) {
    g_test_skip ("not asked for");
    return;
  }
  for (guint i = 0; i < 1000; i++) {
    g_autofree char *name = g_strdup_printf ("cost.of.%u", i);

    metrics_fixture_resolve (&fixture->base, name, NULL, NULL);
  }
  series = metrics_fixture_resolve (&fixture->base, "cost", NULL, NULL);
  now_us = orf_clock_now_us ();
  for (int i = 0; i < 300; i++)
    orf_registry_append (fixture->base.registry, series,
                         now_us - (299 - i) * ORF_US_PER_S * 19 / 20, i * 1048576.0 + 0.25);
  g_assert_nonnull (
    strstr (metrics_fixture_call (&fixture->base, "metrics.query", "{\"select\":\"cost\"}", NULL),
            "0.25]"));
  g_test_timer_start ();
  for (guint i = 0; i < rounds; i++) {
    metrics_fixture_send (&fixture->base, request);
    g_ptr_array_set_size (fixture->base.answers, 0);
  }
  cost_us = g_test_timer_elapsed () * 1e6 / rounds;
  g_test_minimized_result (cost_us, "a query of 300 points: %.1f us", cost_us);
}

/* ---- metrics.list ---------------------------------------------------------------------------- */

static const char *
list (Fixture *fixture, const char *params)
{
  return metrics_fixture_call (&fixture->base, "metrics.list", params, NULL);
}

static char *
get_cursor (const char *answer)
{
  const char *begin = strstr (answer, "\"next_cursor\":\"");

  g_assert_nonnull (begin);
  begin += strlen ("\"next_cursor\":\"");
  return g_strndup (begin, (gsize) (strchr (begin, '"') - begin));
}

static void
test_pages (Fixture *fixture, gconstpointer data)
{
  const char *answer = list (fixture, "{\"limit\":1}");
  g_autofree char *cursor = get_cursor (answer);
  g_autofree char *params = g_strdup_printf ("{\"cursor\":\"%s\"}", cursor);

  g_assert_nonnull (strstr (answer, "m{k=\\\"a\\\"}"));
  g_assert_null (strstr (answer, "m{k=\\\"b\\\"}"));
  /* one that came in between is no trouble */
  metrics_fixture_call (&fixture->base, "metrics.record",
                        "{\"samples\":[{\"name\":\"aaa\",\"value\":1}]}", NULL);
  answer = list (fixture, params);
  g_assert_nonnull (strstr (answer, "m{k=\\\"b\\\"}"));
  g_assert_null (strstr (answer, "m{k=\\\"a\\\"}"));
  g_assert_null (strstr (answer, "aaa"));
  g_assert_nonnull (strstr (answer, "\"next_cursor\":null"));
}

static void
test_choice (Fixture *fixture, gconstpointer data)
{
  g_assert_null (strstr (list (fixture, "{\"match\":\"k=\\\"b\"}"), "k=\\\"a\\\""));
  g_assert_null (strstr (list (fixture, "{\"select\":\"m{k!='b'}\"}"), "k=\\\"b\\\""));
  g_assert_nonnull (strstr (list (fixture, "{\"match\":\"no such\"}"), "\"series\":[]"));
  metrics_fixture_refused (&fixture->base, "metrics.list", "{\"cursor\":\"%%%\"}",
                           "INVALID_ARGUMENT", "cursor");
  metrics_fixture_refused (&fixture->base, "metrics.list", "{\"select\":\"{\"}", "INVALID_ARGUMENT",
                           "select");
}

static void
test_retired_are_told (Fixture *fixture, gconstpointer data)
{
  g_assert_nonnull (strstr (list (fixture, "{}"), "\"active\":true"));
  fixture->base.config->metrics.idle_us = -1000 * ORF_US_PER_S;
  restart (fixture);
  g_assert_null (strstr (list (fixture, "{}"), "\"active\":true"));
  g_assert_nonnull (strstr (list (fixture, "{}"), "\"active\":false"));
}

/* 7200 durations, a second apart, from an hour's beginning on: 1, 2, … 3600 us in each hour. */
static void
record_durations (Fixture *fixture, gint64 from_us)
{
  metrics_fixture_call (&fixture->base, "metrics.define",
                        "{\"name\":\"lat\",\"kind\":\"gauge\",\"unit\":\"us\"}", NULL);
  for (int k = 0; k < 7200; k += 900) {
    g_autoptr (GString) params = g_string_new ("{\"samples\":[");

    for (int i = k; i < k + 900; i++)
      g_string_append_printf (params,
                              "%s{\"name\":\"lat\",\"value\":%d,\"t_us\":%" G_GINT64_FORMAT "}",
                              i > k ? "," : "", i % 3600 + 1, from_us + i * ORF_US_PER_S);
    g_string_append (params, "]}");
    metrics_fixture_call (&fixture->base, "metrics.record", params->str, NULL);
  }
}

/* With the samples gone, what the sketches say; within their accuracy. */
static void
test_percentiles_of_rollups (Fixture *fixture, gconstpointer data)
{
  gint64 from_us = (orf_clock_now_us () / ORF_HOUR_US - 4) * ORF_HOUR_US;
  g_autoptr (OrfConnection) connection = NULL;
  g_autofree char *params =
    g_strdup_printf ("{\"select\":\"lat\",\"aggregate\":\"p95\",\"step_us\":"
                     "3600000000,\"from_us\":%" G_GINT64_FORMAT ",\"to_us\":%" G_GINT64_FORMAT "}",
                     from_us, from_us + 2 * ORF_HOUR_US);
  const char *answer, *points;
  double value;

  record_durations (fixture, from_us);
  metrics_fixture_restart_packed (&fixture->base, 1000);
  connection = orf_connection_open (fixture->base.store.path, ORF_CONNECTION_WRITE, NULL);
  g_assert_true (
    orf_connection_exec (connection, "DELETE FROM chunk; DELETE FROM chunk_block", NULL));
  bind (fixture);
  answer = query (fixture, params);
  g_test_message ("%s", answer);
  points = strstr (answer, "\"points\":[[");
  g_assert_nonnull (points);
  for (int hour = 0; hour < 2; hour++) {
    points = strchr (points, ',') + 1;
    value = g_ascii_strtod (points, NULL);
    g_assert_cmpfloat_with_epsilon (value, 3420, 3420 * 0.0101);
    points = strchr (points, ']');
    points = strchr (points + 1, '[') != NULL ? strchr (points + 1, '[') : points;
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/metrics-query/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("from-memory", test_from_memory);
  ADD ("after-a-restart", test_after_a_restart);
  ADD ("retired", test_retired);
  ADD ("over-the-border", test_over_the_border);
  ADD ("dropped-meanwhile", test_dropped_meanwhile);
  ADD ("woken-meanwhile", test_woken_meanwhile);
  ADD ("bound", test_bound);
  ADD ("points", test_points);
  ADD ("steps", test_steps);
  ADD ("refusals", test_refusals);
  ADD ("cost", test_cost);
  ADD ("percentiles-of-rollups", test_percentiles_of_rollups);
  ADD ("list-pages", test_pages);
  ADD ("list-choice", test_choice);
  ADD ("list-retired", test_retired_are_told);
  return g_test_run ();
}
