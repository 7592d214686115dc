/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics.list: pages of active and retired series by canonical text, over a real file. */
#include <string.h>

#include <jansson.h>

#include "core/orf-clock.h"
#include "metrics-fixture.h"
#include "metrics/orf-metrics-list.h"

static void
set_up (MetricsFixture *fixture, gconstpointer data)
{
  metrics_fixture_set_up (fixture, data);
  orf_metrics_list_bind (fixture->router, &fixture->parts);
}

static void
restart (MetricsFixture *fixture)
{
  metrics_fixture_restart (fixture);
  orf_metrics_list_bind (fixture->router, &fixture->parts);
}

static void
record (MetricsFixture *fixture, const char *name, const char *value)
{
  const char *const labels[] = { "k", value, NULL };
  g_autoptr (GError) error = NULL;
  OrfSeries *series = metrics_fixture_resolve (fixture, name, value ? labels : NULL, &error);

  g_assert_no_error (error);
  metrics_fixture_record (fixture, series, orf_clock_now_us (), 1);
}

/* Twice: a tick moves to the next series before it looks. */
static void
retire_all (MetricsFixture *fixture)
{
  gint64 later_us = orf_clock_now_us () + 2 * fixture->config->metrics.idle_us;

  for (guint i = 0; i < 2; i++)
    orf_registry_tick (fixture->registry, later_us);
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), ==, 0);
}

/* The result, to be freed. */
static json_t *
list (MetricsFixture *fixture, const char *params)
{
  json_t *answer = json_loads (metrics_fixture_call (fixture, "metrics.list", params, NULL), 0,
                               NULL);
  json_t *result = json_incref (json_object_get (answer, "result"));

  json_decref (answer);
  g_assert_nonnull (result);
  return result;
}

static const char *
get_text (const json_t *one, const char *key)
{
  return json_string_value (json_object_get (one, key));
}

/* Page by page, each text on a line; between pages, come is recorded. */
static char *
walk (MetricsFixture *fixture, guint limit, const char *come)
{
  GString *all = g_string_new (NULL);
  g_autofree char *cursor = NULL;

  do {
    g_autofree char *params = cursor != NULL ? g_strdup_printf ("{\"limit\":%u,\"cursor\":\"%s\"}",
                                                                limit, cursor)
                                             : g_strdup_printf ("{\"limit\":%u}", limit);
    json_t *page = list (fixture, params);
    json_t *series = json_object_get (page, "series");

    g_assert_cmpuint (json_array_size (series), <=, limit);
    for (gsize i = 0; i < json_array_size (series); i++)
      g_string_append_printf (all, "%s\n", get_text (json_array_get (series, i), "series"));
    g_free (cursor);
    cursor = g_strdup (get_text (page, "next_cursor"));
    if (cursor != NULL)
      g_assert_cmpuint (strspn (cursor,
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"
                                "789-_"),
                        ==, strlen (cursor));
    json_decref (page);
    if (come != NULL)
      record (fixture, come, NULL);
  } while (cursor != NULL);
  return g_string_free (all, FALSE);
}

static void
test_pages (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (256, '\\');
  g_autoptr (GString) expected = g_string_new (NULL);

  record (fixture, "a", NULL);
  record (fixture, "a.b", NULL);
  record (fixture, "a", "\xc3\xbf?>~"); /* what base64 has + and / for */
  record (fixture, "a", longest);
  g_string_append (expected, "a\na.b\na{k=\"");
  for (guint i = 0; i < 256; i++)
    g_string_append (expected, "\\\\");
  g_string_append (expected, "\"}\na{k=\"\xc3\xbf?>~\"}\n");
  for (guint limit = 1; limit <= 5; limit++) {
    g_autofree char *all = walk (fixture, limit, NULL);

    g_assert_cmpstr (all, ==, expected->str);
  }
}

static void
test_come_and_go (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *early = NULL;
  g_autofree char *late = NULL;
  json_t *page;

  record (fixture, "b", NULL);
  record (fixture, "c", NULL);
  early = walk (fixture, 1, "a"); /* before what was told: on no page any more */
  g_assert_cmpstr (early, ==, "b\nc\n");
  late = walk (fixture, 1, "d");
  g_assert_cmpstr (late, ==, "a\nb\nc\nd\n");
  page = list (fixture, "{\"cursor\":\"Yi5nb25l\"}"); /* b.gone, which there is not */
  g_assert_cmpuint (json_array_size (json_object_get (page, "series")), ==, 2);
  json_decref (page);
}

static void
test_retired (MetricsFixture *fixture, gconstpointer data)
{
  static const gboolean active[] = { TRUE, FALSE, TRUE };
  g_autofree char *all = NULL;
  json_t *page;

  record (fixture, "m", "2");
  retire_all (fixture);
  record (fixture, "m", "1");
  record (fixture, "m", "3");
  all = walk (fixture, 1, NULL);
  g_assert_cmpstr (all, ==, "m{k=\"1\"}\nm{k=\"2\"}\nm{k=\"3\"}\n");
  page = list (fixture, "{\"select\":\"m{k=~'.'}\"}");
  for (gsize i = 0; i < 3; i++) {
    json_t *one = json_array_get (json_object_get (page, "series"), i);

    g_assert_cmpint (json_is_true (json_object_get (one, "active")), ==, active[i]);
    g_assert_cmpint (json_integer_value (json_object_get (one, "last_us")), >, 0);
    g_assert_cmpstr (get_text (one, "kind"), ==, "gauge");
    g_assert_cmpstr (get_text (one, "name"), ==, "m");
  }
  json_decref (page);
}

static void
test_defined_only (MetricsFixture *fixture, gconstpointer data)
{
  json_t *page, *one;

  metrics_fixture_call (fixture, "metrics.define",
                        "{\"name\":\"d\",\"kind\":\"counter\",\"unit\":\"bytes\",\"help\":\"H.\"}",
                        NULL);
  page = list (fixture, "{\"match\":\"d\"}");
  one = json_array_get (json_object_get (page, "series"), 0);
  g_assert_cmpstr (get_text (one, "kind"), ==, "counter");
  g_assert_cmpstr (get_text (one, "unit"), ==, "bytes");
  g_assert_cmpstr (get_text (one, "help"), ==, "H.");
  g_assert_true (json_is_null (json_object_get (one, "last_us")));
  json_decref (page);
}

/* As orfeasd --stdio has it: nothing is active, and nothing can be written. */
static void
test_read_only (MetricsFixture *fixture, gconstpointer data)
{
  g_autofree char *all = NULL;

  record (fixture, "m", "1");
  record (fixture, "m", "2");
  retire_all (fixture);
  fixture->config->metrics.idle_us = -1000 *
                                     ORF_US_PER_S; /* all of it is too long ago to be active */
  fixture->store.options.read_only = TRUE;
  restart (fixture);
  g_assert_cmpuint (orf_registry_get_n_active (fixture->registry), ==, 0);
  all = walk (fixture, 1, NULL);
  g_assert_cmpstr (all, ==, "m{k=\"1\"}\nm{k=\"2\"}\n");
}

static void
test_refused (MetricsFixture *fixture, gconstpointer data)
{
  static const char *const cursors[] = {
    "", "a", "%%%", "YQ==", "Y Q", "____", "YWJjAA", "YWJjZg"
  };

  for (guint i = 0; i + 1 < G_N_ELEMENTS (cursors); i++) {
    g_autofree char *params = g_strdup_printf ("{\"cursor\":\"%s\"}", cursors[i]);

    metrics_fixture_refused (fixture, "metrics.list", params, "INVALID_ARGUMENT", "cursor");
  }
  json_decref (list (fixture, "{\"cursor\":\"YWJjZg\"}"));
  metrics_fixture_refused (fixture, "metrics.list", "{\"select\":\"m{\"}", "INVALID_ARGUMENT",
                           "select");
  metrics_fixture_refused (fixture, "metrics.list", "{\"limit\":0}", "INVALID_ARGUMENT", "limit");
}

/* More than may be told is told as that, not by leaving some out. */
static void
test_too_many (MetricsFixture *fixture, gconstpointer data)
{
  static const char *const values[] = { "1", "2", "3" };
  g_autofree char *all = NULL;
  json_t *page;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    record (fixture, "m", values[i]);
  retire_all (fixture);
  fixture->config->metrics.max_series = 3;
  all = walk (fixture, 2, NULL);
  g_assert_cmpstr (all, ==, "m{k=\"1\"}\nm{k=\"2\"}\nm{k=\"3\"}\n");
  fixture->config->metrics.max_series = 2;
  metrics_fixture_refused (fixture, "metrics.list", "{}", "RESOURCE_EXHAUSTED", NULL);
  /* by name the others are not even read */
  fixture->config->metrics.max_series = 2000;
  record (fixture, "other", "1");
  retire_all (fixture);
  fixture->config->metrics.max_series = 2;
  page = list (fixture, "{\"select\":\"other\"}");
  g_assert_cmpuint (json_array_size (json_object_get (page, "series")), ==, 1);
  json_decref (page);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/metrics-list/" path, MetricsFixture, NULL, set_up, func, metrics_fixture_tear_down)
  ADD ("pages", test_pages);
  ADD ("come-and-go", test_come_and_go);
  ADD ("retired", test_retired);
  ADD ("defined-only", test_defined_only);
  ADD ("read-only", test_read_only);
  ADD ("refused", test_refused);
  ADD ("too-many", test_too_many);
  return g_test_run ();
}
