/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/orf-clock.h"
#include "metrics-fixture.h"

#define ACCEPTED(n) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"accepted\":" #n "}}"

static const char *
record (MetricsFixture *fixture, const char *samples)
{
  g_autofree char *params = g_strdup_printf ("{\"samples\":%s}", samples);

  return metrics_fixture_call (fixture, "metrics.record", params, NULL);
}

static void
refused (MetricsFixture *fixture, const char *samples, const char *status, const char *field)
{
  g_autofree char *params = g_strdup_printf ("{\"samples\":%s}", samples);

  metrics_fixture_refused (fixture, "metrics.record", params, status, field);
}

static double
newest (MetricsFixture *fixture, const char *name, const char *const *labels)
{
  OrfSeries *series = orf_registry_find (fixture->registry, name, (char *const *) labels);
  OrfPoint point;

  g_assert_nonnull (series);
  g_assert_true (orf_open_chunk_get_last (&series->chunk, &point));
  return point.value;
}

static void
test_stored_when_answered (MetricsFixture *fixture, gconstpointer data)
{
  g_assert_cmpstr (record (fixture, "[{\"name\":\"a\",\"value\":1},"
                                    "{\"name\":\"a\",\"labels\":{\"k\":\"v\"},\"value\":2.5}]"),
                   ==, ACCEPTED (2));
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM sample_raw"), ==, 2);
  g_assert_cmpint (
    store_query (fixture->store.path,
                 "SELECT count(*) FROM sample_raw JOIN series ON id=series_id WHERE name='a' "
                 "AND labels='{\"k\":\"v\"}' AND value=2.5 AND kind='gauge'"),
    ==, 1);
  g_assert_cmpfloat (newest (fixture, "a", NULL), ==, 1);
}

static void
test_refusals (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *old = g_strdup_printf ("[{\"name\":\"a\",\"value\":1,\"t_us\":%" G_GINT64_FORMAT
                                          "}]",
                                          orf_clock_now_us () - 31 * 86400 * ORF_US_PER_S);
  g_autofree char *ahead = g_strdup_printf (
    "[{\"name\":\"a\",\"value\":1},{\"name\":\"a\",\"value\":1,\"t_us\":%" G_GINT64_FORMAT "}]",
    orf_clock_now_us () + 90 * ORF_US_PER_S);

  refused (fixture, "[]", "INVALID_ARGUMENT", "samples");
  refused (fixture, "[{\"name\":\"a\"}]", "INVALID_ARGUMENT", "samples[0].value");
  refused (fixture, "[{\"name\":\"a\",\"value\":null}]", "INVALID_ARGUMENT", "samples[0].value");
  refused (fixture, "[{\"name\":\"a\",\"value\":1},{\"name\":\"9\",\"value\":1}]",
           "INVALID_ARGUMENT", "samples[1].name");
  refused (fixture, "[{\"name\":\"a\",\"value\":1,\"labels\":{\"x-y\":\"1\"}}]", "INVALID_ARGUMENT",
           "samples[0].labels.x-y");
  refused (fixture, "[{\"name\":\"gpu.power_w\",\"value\":1}]", "INVALID_ARGUMENT",
           "samples[0].name");
  refused (fixture, old, "OUT_OF_RANGE", "samples[0].t_us");
  refused (fixture, ahead, "OUT_OF_RANGE", "samples[1].t_us");
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM sample_raw"), ==, 0);
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), ==, 0);
}

static void
test_no_place (MetricsFixture *fixture, gconstpointer data)
{
  fixture->config->metrics.max_series = fixture->config->metrics.builtin_series + 1;
  refused (fixture, "[{\"name\":\"a\",\"value\":1},{\"name\":\"b\",\"value\":1}]",
           "RESOURCE_EXHAUSTED", NULL);
  g_assert_cmpstr (record (fixture, "[{\"name\":\"a\",\"value\":1}]"), ==, ACCEPTED (1));
}

static void
test_later_wins (MetricsFixture *fixture, gconstpointer data)
{
  gint64 t_us = orf_clock_now_us () - 5 * ORF_US_PER_S;
  g_autofree char *samples =
    g_strdup_printf ("[{\"name\":\"a\",\"value\":1,\"t_us\":%" G_GINT64_FORMAT "},"
                     "{\"name\":\"a\",\"value\":2,\"t_us\":%" G_GINT64_FORMAT "}]",
                     t_us, t_us);

  g_assert_cmpstr (record (fixture, samples), ==, ACCEPTED (2));
  g_assert_cmpfloat (newest (fixture, "a", NULL), ==, 2);
  g_assert_cmpuint (orf_registry_find (fixture->registry, "a", NULL)->chunk.count, ==, 1);
}

#define KEYED "{\"samples\":[{\"name\":\"a\",\"value\":1}]}"

static void
test_key_is_done_once (MetricsFixture *fixture, gconstpointer data)
{
  const char *meta = "{\"idempotency_key\":\"k1\"}";

  g_assert_cmpstr (metrics_fixture_call (fixture, "metrics.record", KEYED, meta), ==, ACCEPTED (1));
  g_assert_cmpstr (metrics_fixture_call (fixture, "metrics.record", KEYED, meta), ==, ACCEPTED (1));
  metrics_fixture_restart (fixture);
  g_assert_cmpstr (metrics_fixture_call (fixture, "metrics.record", KEYED, meta), ==, ACCEPTED (1));
  g_assert_nonnull (
    strstr (metrics_fixture_call (fixture, "metrics.record",
                                  "{\"samples\":[{\"name\":\"a\",\"value\":2}]}", meta),
            "FAILED_PRECONDITION"));
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM sample_raw"), ==, 1);
}

static void
test_key_twice_at_once (MetricsFixture *fixture, gconstpointer data)
{
  const char *text = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"metrics.record\",\"params\":" KEYED
                     ",\"meta\":{\"idempotency_key\":\"k\"}}";

  for (int i = 0; i < 5; i++)
    metrics_fixture_send (fixture, text);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpstr (metrics_fixture_wait (fixture, i), ==, ACCEPTED (1));
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM sample_raw"), ==, 1);
}

static void
test_counter (MetricsFixture *fixture, gconstpointer data)
{
  metrics_fixture_call (fixture, "metrics.define", "{\"name\":\"c\",\"kind\":\"counter\"}", NULL);
  refused (fixture, "[{\"name\":\"c\",\"value\":-1}]", "INVALID_ARGUMENT", "samples[0].value");
  g_assert_cmpstr (record (fixture, "[{\"name\":\"c\",\"value\":1}]"), ==, ACCEPTED (1));
}

static void
define_histogram (MetricsFixture *fixture)
{
  const char *answer = metrics_fixture_call (
    fixture, "metrics.define", "{\"name\":\"h\",\"kind\":\"histogram\",\"buckets\":[1,10]}", NULL);

  g_assert_nonnull (strstr (answer, "\"created\":true"));
}

static const char *const le_1[] = { "a", "x", "le", "1", "z", "y", NULL };
static const char *const le_10[] = { "a", "x", "le", "10", "z", "y", NULL };
static const char *const le_inf[] = { "a", "x", "le", "+Inf", "z", "y", NULL };
static const char *const labels[] = { "a", "x", "z", "y", NULL };

static void
check_counts (MetricsFixture *fixture, double one, double ten, double all, double sum)
{
  g_assert_cmpfloat (newest (fixture, "h_bucket", le_1), ==, one);
  g_assert_cmpfloat (newest (fixture, "h_bucket", le_10), ==, ten);
  g_assert_cmpfloat (newest (fixture, "h_bucket", le_inf), ==, all);
  g_assert_cmpfloat (newest (fixture, "h_count", labels), ==, all);
  g_assert_cmpfloat (newest (fixture, "h_sum", labels), ==, sum);
}

static void
test_histogram (MetricsFixture *fixture, gconstpointer data)
{
  const char *observations = "[{\"name\":\"h\",\"labels\":{\"z\":\"y\",\"a\":\"x\"},\"value\":1},"
                             "{\"name\":\"h\",\"labels\":{\"z\":\"y\",\"a\":\"x\"},\"value\":5},"
                             "{\"name\":\"h\",\"labels\":{\"z\":\"y\",\"a\":\"x\"},\"value\":50}]";

  define_histogram (fixture);
  g_assert_cmpstr (record (fixture, observations), ==, ACCEPTED (3));
  check_counts (fixture, 1, 2, 3, 56);
  /* after a start it goes on from what the file has */
  metrics_fixture_restart (fixture);
  orf_registry_rebuild (fixture->registry);
  while (orf_registry_find (fixture->registry, "h_count", (char *const *) labels)->chunk.count == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (record (fixture, observations), ==, ACCEPTED (3));
  check_counts (fixture, 2, 4, 6, 112);
  refused (fixture, "[{\"name\":\"h_count\",\"value\":1}]", "INVALID_ARGUMENT", "samples[0].name");
  refused (fixture, "[{\"name\":\"h\",\"value\":1,\"labels\":{\"le\":\"1\"}}]", "INVALID_ARGUMENT",
           "samples[0].labels.le");
}

static void
test_histogram_takes_back (MetricsFixture *fixture, gconstpointer data)
{
  const char *params =
    "{\"samples\":[{\"name\":\"h\",\"labels\":{\"z\":\"y\",\"a\":\"x\"},\"value\":5}]}";
  const char *meta = "{\"idempotency_key\":\"k\"}";

  define_histogram (fixture);
  g_assert_cmpstr (metrics_fixture_call (fixture, "metrics.record", params, meta), ==,
                   ACCEPTED (1));
  g_assert_cmpstr (metrics_fixture_call (fixture, "metrics.record", params, meta), ==,
                   ACCEPTED (1));
  check_counts (fixture, 0, 1, 1, 5);
  metrics_fixture_call (fixture, "metrics.record", params, NULL);
  check_counts (fixture, 0, 2, 2, 10);
}

static void
test_many (MetricsFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) samples = g_string_new ("[");

  for (int i = 0; i < 10000; i++)
    g_string_append_printf (samples, "%s{\"name\":\"m\",\"labels\":{\"i\":\"%d\"},\"value\":%d}",
                            i > 0 ? "," : "", i % 5000, i);
  g_string_append (samples, "]");
  g_assert_cmpstr (record (fixture, samples->str), ==, ACCEPTED (10000));
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), ==, 5000);
  g_assert_cmpint (store_query (fixture->store.path, "SELECT count(*) FROM sample_raw"), ==, 10000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/metrics-record/" path, MetricsFixture, NULL, metrics_fixture_set_up, func,         \
              metrics_fixture_tear_down)
  ADD ("stored-when-answered", test_stored_when_answered);
  ADD ("refusals", test_refusals);
  ADD ("no-place", test_no_place);
  ADD ("later-wins", test_later_wins);
  ADD ("key-is-done-once", test_key_is_done_once);
  ADD ("key-twice-at-once", test_key_twice_at_once);
  ADD ("counter", test_counter);
  ADD ("histogram", test_histogram);
  ADD ("histogram-takes-back", test_histogram_takes_back);
  ADD ("many", test_many);
  return g_test_run ();
}
