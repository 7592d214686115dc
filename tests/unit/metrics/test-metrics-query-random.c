/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.query against the definition read naively, on random data wherever it lies. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "core/orf-clock.h"
#include "metrics-fixture.h"
#include "metrics/orf-metrics-query.h"

#define N_SERIES 6
#define N_POINTS 80
#define SPAN_US  (400 * ORF_US_PER_S)
/* Of some tests: hours of it. */
#define LONG_SPAN_US (6 * 3600 * ORF_US_PER_S)

typedef struct {
  MetricsFixture base;
  gint64 t0_us, span_us;
  OrfPoint points[N_SERIES][N_POINTS]; /* series i: m{a="i%2",b="i%3"} */
} Fixture;

typedef struct {
  gint64 from_us, to_us, step_us; /* step 0: none */
  const char *aggregate;          /* NULL: none */
  const char *by;                 /* "a", "b" or ""; NULL: none */
} Query;

static char *
name_series (guint i, const char *by)
{
  if (by == NULL)
    return g_strdup_printf ("m{a=\"%u\",b=\"%u\"}", i % 2, i % 3);
  if (*by == '\0')
    return g_strdup ("m");
  return g_strdup_printf ("m{%s=\"%u\"}", by, *by == 'a' ? i % 2 : i % 3);
}

/* Of hours a counter that begins anew now and then, not always below where it was; else any. */
static double
choose_value (const Fixture *fixture, double before)
{
  double value = g_test_rand_int_range (0, 1000) / 8.0;

  return fixture->span_us > SPAN_US && g_test_rand_int_range (0, 20) > 0 ? before + value : value;
}

static void
record (Fixture *fixture, guint i)
{
  g_autoptr (GString) params = g_string_new ("{\"samples\":[");
  gint64 t_us = fixture->t0_us;

  for (guint k = 0; k < N_POINTS; k++) {
    OrfPoint *point = &fixture->points[i][k];

    t_us += (gint64) (g_test_rand_double () * 2 * (double) fixture->span_us / N_POINTS) + 1;
    *point = (OrfPoint){ t_us, choose_value (fixture, k > 0 ? point[-1].value : 0) };
    g_string_append_printf (params,
                            "%s{\"name\":\"m\",\"labels\":{\"a\":\"%u\",\"b\":\"%u\"},\"t_us\":"
                            "%" G_GINT64_FORMAT ",\"value\":%.3f}",
                            k > 0 ? "," : "", i % 2, i % 3, t_us, point->value);
  }
  g_string_append (params, "]}");
  g_assert_null (
    strstr (metrics_fixture_call (&fixture->base, "metrics.record", params->str, NULL), "error"));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  metrics_fixture_set_up (&fixture->base, data);
  orf_metrics_query_bind (fixture->base.router, &fixture->base.parts);
  /* all within open_us, so that all of it is in memory at first, and none of it ahead of now */
  fixture->span_us = data != NULL ? *(const gint64 *) data : SPAN_US;
  fixture->t0_us = orf_clock_now_us () - 2 * fixture->span_us - ORF_US_PER_S;
  fixture->base.config->metrics.open_us = 3 * SPAN_US;
  metrics_fixture_restart (&fixture->base);
  orf_metrics_query_bind (fixture->base.router, &fixture->base.parts);
  if (fixture->span_us > SPAN_US)
    metrics_fixture_call (&fixture->base, "metrics.define", "{\"name\":\"m\",\"kind\":\"counter\"}",
                          NULL);
  for (guint i = 0; i < N_SERIES; i++)
    record (fixture, i);
  /* names that begin alike are others */
  metrics_fixture_call (
    &fixture->base, "metrics.record",
    "{\"samples\":[{\"name\":\"m.a\",\"value\":1},{\"name\":\"mz\",\"value\":1},"
    "{\"name\":\"mz\",\"labels\":{\"a\":\"1\"},\"value\":1}]}",
    NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  metrics_fixture_tear_down (&fixture->base, data);
}

/* ---- the definition -------------------------------------------------------------------------- */

static int
compare (const void *a, const void *b)
{
  return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

typedef struct {
  double values[N_SERIES * N_POINTS];
  guint n, n_rises;
  double sum, rise;
  OrfPoint last;
} Window;

static void
gather (
  const Fixture *fixture, const Query *query, guint i, gint64 start, gint64 end, Window *window)
{
  gint64 back_us = query->step_us > 0 ? MIN (query->step_us, 300 * ORF_US_PER_S)
                                      : 300 * ORF_US_PER_S;

  for (guint k = 0; k < N_POINTS; k++) {
    const OrfPoint *point = &fixture->points[i][k];

    if (point->t_us < start || point->t_us >= end)
      continue;
    window->values[window->n++] = point->value;
    window->sum += point->value;
    if (window->n == 1 || point->t_us > window->last.t_us)
      window->last = *point;
    if (k == 0 || point[-1].t_us < query->from_us - back_us)
      continue;
    window->n_rises++;
    window->rise += point->value < point[-1].value ? point->value : point->value - point[-1].value;
  }
}

static double
conclude (Window *window, const char *aggregate, gint64 length_us)
{
  double rank, mean, squares = 0;

  if (g_str_equal (aggregate, "increase") || g_str_equal (aggregate, "rate")) {
    if (window->n_rises == 0)
      return NAN;
    return *aggregate == 'i' ? window->rise : window->rise * 1e6 / (double) length_us;
  }
  if (window->n == 0)
    return NAN;
  if (g_str_equal (aggregate, "last"))
    return window->last.value;
  if (g_str_equal (aggregate, "count"))
    return window->n;
  if (g_str_equal (aggregate, "min") || g_str_equal (aggregate, "max")) {
    qsort (window->values, window->n, sizeof (double), compare);
    return window->values[aggregate[1] == 'i' ? 0 : window->n - 1];
  }
  mean = window->sum / window->n;
  for (guint i = 0; i < window->n; i++)
    squares += (window->values[i] - mean) * (window->values[i] - mean);
  if (g_str_equal (aggregate, "stddev"))
    return sqrt (squares / window->n);
  if (!g_str_equal (aggregate, "p95"))
    return mean;
  qsort (window->values, window->n, sizeof (double), compare);
  rank = 0.95 * (window->n - 1);
  return window->values[(guint) floor (rank)] * (1 - rank + floor (rank)) +
         window->values[(guint) ceil (rank)] * (rank - floor (rank));
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void
check_point (const json_t *got, gint64 t_us, double value)
{
  g_assert_cmpint (json_integer_value (json_array_get (got, 0)), ==, t_us);
  if (isnan (value))
    g_assert_true (json_is_null (json_array_get (got, 1)));
  else
    g_assert_cmpfloat_with_epsilon (json_number_value (json_array_get (got, 1)), value, 1e-9);
}

static void
check_windows (const Fixture *fixture, const Query *query, const char *text, const json_t *points)
{
  const char *usual = fixture->span_us > SPAN_US ? "last" : "avg"; /* of a counter, of a gauge */
  gint64 start_us = query->step_us > 0 ? query->from_us - query->from_us % query->step_us
                                       : query->from_us;
  gsize n = 0;

  while (start_us < query->to_us) {
    gint64 next_us = query->step_us > 0 ? start_us + query->step_us : query->to_us;
    gint64 from_us = MAX (start_us, query->from_us), to_us = MIN (next_us, query->to_us);
    Window window = { .n = 0 };

    for (guint i = 0; i < N_SERIES; i++) {
      g_autofree char *own = name_series (i, query->by);

      if (g_str_equal (own, text))
        gather (fixture, query, i, from_us, to_us, &window);
    }
    check_point (json_array_get (points, n++), start_us,
                 conclude (&window, query->aggregate != NULL ? query->aggregate : usual,
                           to_us - from_us));
    start_us = next_us;
  }
  g_assert_cmpuint (json_array_size (points), ==, n);
}

static void
check_raw (const Fixture *fixture, const Query *query, const char *text, const json_t *points)
{
  gsize n = 0;

  for (guint i = 0; i < N_SERIES; i++) {
    g_autofree char *own = name_series (i, NULL);

    for (guint k = 0; k < N_POINTS && g_str_equal (own, text); k++) {
      const OrfPoint *point = &fixture->points[i][k];

      if (point->t_us >= query->from_us && point->t_us < query->to_us)
        check_point (json_array_get (points, n++), point->t_us, point->value);
    }
  }
  g_assert_cmpuint (json_array_size (points), ==, n);
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Those with points in the span, sorted, one a line. */
static char *
expect_series (const Fixture *fixture, const Query *query)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < N_SERIES; i++) {
    g_autofree char *text = name_series (i, query->by);
    gboolean any = FALSE;

    for (guint k = 0; k < N_POINTS; k++)
      any = any || (fixture->points[i][k].t_us >= query->from_us &&
                    fixture->points[i][k].t_us < query->to_us);
    if (any && !g_ptr_array_find_with_equal_func (texts, text, g_str_equal, NULL))
      g_ptr_array_add (texts, g_steal_pointer (&text));
  }
  g_ptr_array_sort (texts, compare_texts);
  for (guint i = 0; i < texts->len; i++)
    g_string_append_printf (all, "%s\n", (char *) texts->pdata[i]);
  return g_string_free (all, FALSE);
}

static char *
format (const Query *query)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text,
                   "{\"select\":\"m{a=~'.'}\",\"from_us\":%" G_GINT64_FORMAT
                   ",\"to_us\":%" G_GINT64_FORMAT,
                   query->from_us, query->to_us);
  if (query->step_us > 0)
    g_string_append_printf (text, ",\"step_us\":%" G_GINT64_FORMAT, query->step_us);
  if (query->aggregate != NULL)
    g_string_append_printf (text, ",\"aggregate\":\"%s\"", query->aggregate);
  if (query->by != NULL)
    g_string_append_printf (text, *query->by != '\0' ? ",\"by\":[\"%s\"]" : ",\"by\":[%s]",
                            query->by);
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
check (Fixture *fixture, const Query *query)
{
  g_autofree char *params = format (query);
  g_autofree char *expected = expect_series (fixture, query);
  g_autoptr (GString) told = g_string_new (NULL);
  json_t *answer = json_loads (metrics_fixture_call (&fixture->base, "metrics.query", params, NULL),
                               0, NULL);
  json_t *series = json_object_get (json_object_get (answer, "result"), "series");

  g_test_message ("%s", params);
  g_assert_true (json_is_array (series));
  for (gsize i = 0; i < json_array_size (series); i++) {
    json_t *one = json_array_get (series, i), *points = json_object_get (one, "points");
    const char *text = json_string_value (json_object_get (one, "series"));

    g_string_append_printf (told, "%s\n", text);
    if (query->step_us > 0 || query->aggregate != NULL)
      check_windows (fixture, query, text, points);
    else
      check_raw (fixture, query, text, points);
  }
  g_assert_cmpstr (told->str, ==, expected);
  json_decref (answer);
}

/* Minutes and hours, which rollups may stand for, and any other. */
static gint64
choose_step (const Fixture *fixture)
{
  switch (g_test_rand_int_range (0, 3)) {
  case 0:
    return g_test_rand_int_range (1, 4) * 60 * ORF_US_PER_S;
  case 1:
    return fixture->span_us > 3600 * ORF_US_PER_S
             ? g_test_rand_int_range (1, 3) * 3600 * ORF_US_PER_S
             : 300 * ORF_US_PER_S;
  default:
    return ORF_US_PER_S + (gint64) (g_test_rand_double () * (double) fixture->span_us);
  }
}

static void
check_some (Fixture *fixture)
{
  static const char *const aggregates[] = { NULL,   "avg",    "increase", "rate", "p95",
                                            "last", "stddev", "count",    "min",  "max" };
  static const char *const bys[] = { NULL, NULL, "", "a", "b" };

  for (guint i = 0; i < 40; i++) {
    Query query = { .aggregate = aggregates[g_test_rand_int_range (0, G_N_ELEMENTS (aggregates))] };

    query.from_us = fixture->t0_us - 10 * ORF_US_PER_S +
                    (gint64) (g_test_rand_double () * (double) fixture->span_us);
    query.to_us = query.from_us + 1 + (gint64) (g_test_rand_double () * (double) fixture->span_us);
    if (g_test_rand_int_range (0, 2) == 0)
      query.step_us = choose_step (fixture);
    if (g_test_rand_int_range (0, 4) == 0)
      query.from_us -= query.from_us % (60 * ORF_US_PER_S);
    if (query.step_us > 0 || query.aggregate != NULL)
      query.by = bys[g_test_rand_int_range (0, G_N_ELEMENTS (bys))];
    check (fixture, &query);
  }
}

/* ---- where the points are -------------------------------------------------------------------- */

static void
test_memory (Fixture *fixture, gconstpointer data)
{
  check_some (fixture);
}

/* Each series' chunk begins somewhere else. */
static void
test_borders (Fixture *fixture, gconstpointer data)
{
  for (guint round = 0; round < 3; round++) {
    GPtrArray *active = orf_registry_get_active (fixture->base.registry);

    for (guint i = 0; i < active->len; i++)
      orf_open_chunk_trim (&((OrfSeries *) active->pdata[i])->chunk,
                           fixture->t0_us +
                             g_test_rand_int_range ((gint32) (round * SPAN_US / 3), SPAN_US));
    check_some (fixture);
  }
}

static void
test_restart (Fixture *fixture, gconstpointer data)
{
  metrics_fixture_restart (&fixture->base);
  orf_metrics_query_bind (fixture->base.router, &fixture->base.parts);
  check_some (fixture);
  orf_registry_rebuild (fixture->base.registry); /* it goes on while queries are answered */
  check_some (fixture);
}

static void
test_read_only (Fixture *fixture, gconstpointer data)
{
  fixture->base.config->metrics.idle_us = -1000 * ORF_US_PER_S; /* nothing is active */
  fixture->base.store.options.read_only = TRUE;
  metrics_fixture_restart (&fixture->base);
  orf_metrics_query_bind (fixture->base.router, &fixture->base.parts);
  g_assert_cmpuint (orf_registry_get_n_active (fixture->base.registry), ==, 0);
  check_some (fixture);
}

/* More and more of it in chunks and rollups, until all is; then in memory too. */
static void
test_packed (Fixture *fixture, gconstpointer data)
{
  for (guint round = 0; round < 8; round++) {
    metrics_fixture_restart_packed (&fixture->base, round < 6 ? round : 100);
    orf_metrics_query_bind (fixture->base.router, &fixture->base.parts);
    if (round == 7)
      orf_registry_rebuild (fixture->base.registry);
    check_some (fixture);
  }
}

int
main (int argc, char **argv)
{
  static const gint64 span_us = LONG_SPAN_US;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/metrics-query-random/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("memory", test_memory);
  ADD ("borders", test_borders);
  ADD ("restart", test_restart);
  ADD ("read-only", test_read_only);
  ADD ("packed", test_packed);
  g_test_add ("/metrics-query-random/hours", Fixture, &span_us, set_up, test_packed, tear_down);
  return g_test_run ();
}
