/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which traces go, and what goes with them. */
#include "span-maker.h"
#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "store/orf-retain-traces.h"

#define DAY_US (24 * ORF_HOUR_US)
/* Of several operations: fewer than the least that each has. */
#define MAX_EXEMPLARS 10
#define COUNT(sql)    store_query (fixture->path, sql)

/* Trace n of n days ago, a span of a service of its own in each of three hours, oldest first. */
static void
write_days (StoreFixture *fixture, guint n_days)
{
  gint64 now_us = orf_clock_now_us ();

  store_fixture_set_up (fixture, NULL);
  store_fixture_open (fixture);
  for (guint day = n_days; day > 0; day--) {
    g_autofree char *service = g_strdup_printf ("day-%u", day);
    gint64 t_us = now_us - day * DAY_US;
    const MadeSpan made[] = { { day, 1, 0, service, "x", t_us, 10 },
                              { day, 2, 1, "other", "x", t_us + ORF_HOUR_US, 10 },
                              { day, 3, 2, service, "x", t_us + 2 * ORF_HOUR_US, 10 } };

    made_spans_write (fixture, made, G_N_ELEMENTS (made));
  }
  store_fixture_close (fixture);
}

static void
execute (StoreFixture *fixture, const char *format, gint64 first, gint64 second)
{
  g_autofree char *sql = g_strdup_printf (format, first, second);
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

/* A whole round, from the front. */
static void
retain (StoreFixture *fixture, OrfRetainTraces *traces, gint64 keep_us, gint64 max_bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConnection)
    connection = orf_connection_open (fixture->path, ORF_CONNECTION_WRITE, &error);
  g_autoptr (OrfPins) pins = orf_pins_load (connection, &error);
  gint64 now_us = orf_clock_now_us ();
  const OrfRetainTracesLimits limits = {
    .before_us = keep_us > 0 ? now_us - keep_us : 0,
    .max_bytes = max_bytes,
    .max_exemplars = MAX_EXEMPLARS,
    .now_us = now_us,
    .pins = pins,
  };
  gboolean more = TRUE;

  while (more)
    g_assert_true (orf_retain_traces_step (traces, connection, &limits, &more, &error));
  g_assert_no_error (error);
}

/* Totals tell of what is there. */
static void
assert_sums (StoreFixture *fixture)
{
  g_assert_cmpint (COUNT ("SELECT spans = (SELECT count(*) FROM span) FROM span_total"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT spans = (SELECT coalesce(sum(spans), 0) FROM trace) AND "
                          "bytes = (SELECT coalesce(sum(bytes), 0) FROM trace) FROM span_total"),
                   ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span WHERE trace_no NOT IN (SELECT trace_no FROM "
                          "trace)"),
                   ==, 0);
  /* nothing is left of operations that are gone */
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_stat WHERE operation_no NOT IN (SELECT "
                          "operation_no FROM span_operation)"),
                   ==, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_gpu WHERE operation_no NOT IN (SELECT "
                          "operation_no FROM span_operation)"),
                   ==, 0);
  /* no exemplar leads nowhere */
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_exemplar WHERE (span_no, trace_no) NOT IN "
                          "(SELECT span_no, trace_no FROM span)"),
                   ==, 0);
}

static void
test_age (StoreFixture *fixture, gconstpointer data)
{
  OrfRetainTraces traces = { 0 };

  write_days (fixture, 10);
  retain (fixture, &traces, 0, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 10);
  retain (fixture, &traces, 5 * DAY_US, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 5);
  assert_sums (fixture);
  /* what was counted goes with them, and who was heard of last then */
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_operation WHERE service = 'day-6'"), ==, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_operation WHERE service = 'other'"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(DISTINCT child) FROM span_edge WHERE parent = 'other'"), <=,
                   6);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_stat WHERE step_us = 60000000 AND t_us < "
                          "(SELECT max(t_us) FROM span_stat) - 3 * 86400000000"),
                   ==, 0);
  retain (fixture, &traces, ORF_HOUR_US, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_source"), ==, 0);
  assert_sums (fixture);
}

/* Each operation has its share, of which whole minutes go, the oldest first. */
static void
test_exemplars (StoreFixture *fixture, gconstpointer data)
{
  OrfRetainTraces traces = { 0 };
  gint64 now_us = orf_clock_now_us (), t_us = now_us - now_us % ORF_MINUTE_US - ORF_HOUR_US;
  MadeSpan made[120];

  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    made[i] = (MadeSpan){ i + 1, 1, 0, "busy", "x", t_us - i / 2 * ORF_MINUTE_US, i % 2 * 5000 };
  store_fixture_set_up (fixture, NULL);
  store_fixture_open (fixture);
  made_spans_write (fixture, made, G_N_ELEMENTS (made));
  made_spans_write (fixture, &(MadeSpan){ 1000, 1, 0, "quiet", "x", t_us - 2 * ORF_HOUR_US, 1 }, 1);
  store_fixture_close (fixture);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_exemplar"), ==, 121);
  retain (fixture, &traces, 5 * DAY_US, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_exemplar"), ==, 51);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM v_exemplar WHERE service = 'quiet'"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT (max(minute_us) - min(minute_us)) / 60000000 FROM v_exemplar "
                          "WHERE service = 'busy'"),
                   ==, 24);
  g_assert_cmpint (COUNT ("SELECT max(t_us) FROM v_exemplar"), ==, t_us);
  assert_sums (fixture);
}

/* One span of a trace is in the window: all of it stays, and what was counted then. */
static void
test_pinned (StoreFixture *fixture, gconstpointer data)
{
  OrfRetainTraces traces = { 0 };
  gint64 t_us = orf_clock_now_us () - 8 * DAY_US;

  write_days (fixture, 10);
  execute (fixture,
           "INSERT INTO pin (incident_id, from_us, to_us) VALUES (1, %" G_GINT64_FORMAT
           ", %" G_GINT64_FORMAT ")",
           t_us + 50 * ORF_MINUTE_US, t_us + 70 * ORF_MINUTE_US);
  retain (fixture, &traces, 2 * DAY_US, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 3);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span WHERE service = 'day-8'"), ==, 2);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span_edge WHERE parent = 'day-8'"), ==, 1);
  assert_sums (fixture);
  execute (fixture, "DELETE FROM pin", 0, 0);
  retain (fixture, &traces, 2 * DAY_US, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 3);
  orf_retain_traces_restart (&traces);
  retain (fixture, &traces, 2 * DAY_US, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 2);
}

static void
test_bytes (StoreFixture *fixture, gconstpointer data)
{
  OrfRetainTraces traces = { 0 };
  gint64 bytes;

  write_days (fixture, 10);
  bytes = COUNT ("SELECT bytes FROM span_total");
  retain (fixture, &traces, 0, bytes / 2);
  assert_sums (fixture);
  g_assert_cmpint (COUNT ("SELECT bytes FROM span_total"), <=, bytes / 2);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 5);
  /* the newest are left */
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span WHERE service = 'day-1'"), ==, 2);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span WHERE service = 'day-6'"), ==, 0);
}

/* One that does not go in one step, and one that a wrong clock wrote before the others. */
static void
test_large (StoreFixture *fixture, gconstpointer data)
{
  OrfRetainTraces traces = { 0 };
  g_autofree MadeSpan *made = g_new0 (MadeSpan, 1000);
  gint64 now_us = orf_clock_now_us ();

  store_fixture_set_up (fixture, NULL);
  store_fixture_open (fixture);
  made_spans_write (fixture, &(MadeSpan){ 1, 1, 0, "ahead", "x", now_us + DAY_US, 1 }, 1);
  for (guint i = 0; i < 1000; i++)
    made[i] = (MadeSpan){ 2, i + 1, 0, "a", "x", now_us - 9 * DAY_US, i };
  made_spans_write (fixture, made, 1000);
  store_fixture_close (fixture);
  retain (fixture, &traces, DAY_US, 0);
  assert_sums (fixture);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM trace"), ==, 1);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM span WHERE service = 'ahead'"), ==, 1);
}

/* The store's own round drops them. */
static void
test_store (StoreFixture *fixture, gconstpointer data)
{
  g_auto (StoreAnswer) answer = { 0 };
  const OrfHistoryLimits limits = { .trace_us = 5 * DAY_US };

  write_days (fixture, 10);
  store_fixture_open (fixture);
  orf_store_set_history (fixture->store, &limits);
  while (COUNT ("SELECT count(*) FROM trace") > 5)
    g_main_context_iteration (NULL, TRUE); /* the writer tells figures each second */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/store/retain-traces/" name, StoreFixture, NULL, NULL, function,                    \
              store_fixture_tear_down)
  ADD ("age", test_age);
  ADD ("exemplars", test_exemplars);
  ADD ("pinned", test_pinned);
  ADD ("bytes", test_bytes);
  ADD ("large", test_large);
  ADD ("store", test_store);
  return g_test_run ();
}
