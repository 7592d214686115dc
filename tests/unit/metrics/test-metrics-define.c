/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "metrics-fixture.h"

static const char *
define (MetricsFixture *fixture, const char *params)
{
  return metrics_fixture_call (fixture, "metrics.define", params, NULL);
}

#define ANSWER(text) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" text "}"

static void
test_define_and_again (MetricsFixture *fixture, gconstpointer data)
{
  g_assert_cmpstr (define (fixture, "{\"name\":\"g\",\"unit\":\"jobs\",\"help\":\"Waiting.\"}"), ==,
                   ANSWER (
                     "{\"name\":\"g\",\"kind\":\"gauge\",\"unit\":\"jobs\",\"help\":\"Waiting.\","
                     "\"buckets\":[],\"created\":true}"));
  /* what is left out stays */
  g_assert_cmpstr (define (fixture, "{\"name\":\"g\",\"help\":\"Jobs.\"}"), ==,
                   ANSWER (
                     "{\"name\":\"g\",\"kind\":\"gauge\",\"unit\":\"jobs\",\"help\":\"Jobs.\","
                     "\"buckets\":[],\"created\":false}"));
  metrics_fixture_restart (fixture);
  g_assert_cmpstr (orf_registry_find_family (fixture->registry, "g")->help, ==, "Jobs.");
  g_assert_cmpint (store_query (fixture->store.path,
                                "SELECT count(*) FROM audit WHERE method='metrics.define' "
                                "AND actor='test'"),
                   ==, 2);
}

static void
test_series_take_it_over (MetricsFixture *fixture, gconstpointer data)
{
  metrics_fixture_call (fixture, "metrics.record",
                        "{\"samples\":[{\"name\":\"g\",\"labels\":{\"k\":\"v\"},\"value\":1}]}",
                        NULL);
  g_assert_nonnull (
    strstr (define (fixture, "{\"name\":\"g\",\"unit\":\"bytes\"}"), "\"created\":false"));
  g_assert_cmpint (store_query (fixture->store.path,
                                "SELECT count(*) FROM series WHERE unit='bytes'"),
                   ==, 2);
}

static void
test_histogram_buckets (MetricsFixture *fixture, gconstpointer data)
{
  g_assert_nonnull (
    strstr (define (fixture, "{\"name\":\"h\",\"kind\":\"histogram\",\"buckets\":[1,2.5]}"),
            "\"buckets\":[1,2.5]"));
  g_assert_nonnull (strstr (define (fixture, "{\"name\":\"d\",\"kind\":\"histogram\"}"),
                            "\"buckets\":[0.001,0.004,0.016,"));
  metrics_fixture_restart (fixture);
  g_assert_nonnull (strstr (define (fixture, "{\"name\":\"h\",\"kind\":\"histogram\"}"),
                            "\"buckets\":[1,2.5],\"created\":false"));
}

static void
test_refusals (MetricsFixture *fixture, gconstpointer data)
{
  const struct {
    const char *params, *status, *field;
  } cases[] = {
    { "{\"name\":\"9\"}", "INVALID_ARGUMENT", "name" },
    { "{\"name\":\"\"}", "INVALID_ARGUMENT", "name" },
    { "{\"name\":\"x\",\"kind\":\"summary\"}", "INVALID_ARGUMENT", "kind" },
    { "{\"name\":\"x\",\"buckets\":[1]}", "INVALID_ARGUMENT", "buckets" },
    { "{\"name\":\"x\",\"kind\":\"histogram\",\"buckets\":[]}", "INVALID_ARGUMENT", "buckets" },
    { "{\"name\":\"x\",\"kind\":\"histogram\",\"buckets\":[2,1]}", "INVALID_ARGUMENT", "buckets" },
    { "{\"name\":\"x\",\"kind\":\"histogram\",\"buckets\":[1,1]}", "INVALID_ARGUMENT", "buckets" },
    { "{\"name\":\"gpu.power_w\"}", "ALREADY_EXISTS", "name" },
    { "{\"name\":\"c\",\"kind\":\"gauge\"}", "ALREADY_EXISTS", "kind" },
    { "{\"name\":\"h\",\"kind\":\"histogram\",\"buckets\":[1,3]}", "ALREADY_EXISTS", "buckets" },
    { "{\"name\":\"h_sum\"}", "ALREADY_EXISTS", "name" },
  };

  define (fixture, "{\"name\":\"c\",\"kind\":\"counter\"}");
  define (fixture, "{\"name\":\"h\",\"kind\":\"histogram\",\"buckets\":[1,2]}");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    metrics_fixture_refused (fixture, "metrics.define", cases[i].params, cases[i].status,
                             cases[i].field);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM series"), ==, 2);
}

static void
test_key (MetricsFixture *fixture, gconstpointer data)
{
  const char *meta = "{\"idempotency_key\":\"k\"}";
  g_autofree char *first = g_strdup (
    metrics_fixture_call (fixture, "metrics.define", "{\"name\":\"g\"}", meta));

  g_assert_cmpstr (metrics_fixture_call (fixture, "metrics.define", "{\"name\":\"g\"}", meta), ==,
                   first);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM audit"), ==, 1);
}

#define CALL(params)                                                                               \
  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"metrics.define\",\"params\":{\"name\":\"r\"," params \
  "}}"

/* Of those that come before the first is written none has another kind, and none is told that it
 * made the metric; what each leaves out stays as the one before had it. */
static void
test_at_once (MetricsFixture *fixture, gconstpointer data)
{
  metrics_fixture_send (fixture, CALL ("\"kind\":\"counter\",\"unit\":\"jobs\""));
  metrics_fixture_send (fixture, CALL ("\"kind\":\"gauge\""));
  metrics_fixture_send (fixture, CALL ("\"kind\":\"counter\",\"help\":\"Jobs.\""));
  metrics_fixture_send (fixture, CALL ("\"kind\":\"histogram\""));
  metrics_fixture_wait (fixture, 3);
  g_assert_nonnull (strstr (fixture->answers->pdata[0], "\"created\":true"));
  g_assert_nonnull (strstr (fixture->answers->pdata[1], "ALREADY_EXISTS"));
  g_assert_nonnull (strstr (fixture->answers->pdata[2], "\"unit\":\"jobs\",\"help\":\"Jobs.\""));
  g_assert_nonnull (strstr (fixture->answers->pdata[2], "\"created\":false"));
  g_assert_nonnull (strstr (fixture->answers->pdata[3], "ALREADY_EXISTS"));
  g_assert_cmpint (store_query (fixture->store.path,
                                "SELECT count(*) FROM series WHERE kind='counter' AND unit='jobs' "
                                "AND help='Jobs.'"),
                   ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/metrics-define/" path, MetricsFixture, NULL, metrics_fixture_set_up, func,         \
              metrics_fixture_tear_down)
  ADD ("define-and-again", test_define_and_again);
  ADD ("series-take-it-over", test_series_take_it_over);
  ADD ("histogram-buckets", test_histogram_buckets);
  ADD ("refusals", test_refusals);
  ADD ("key", test_key);
  ADD ("at-once", test_at_once);
  return g_test_run ();
}
