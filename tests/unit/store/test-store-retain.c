/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Retention, step by step on a file that was made by hand. */
#include "core/orf-clock.h"
#include "history/orf-rollup.h"
#include "history/orf-tier-reader.h"
#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-retain.h"

#define DAY_US    (24 * ORF_HOUR_US)
#define PER_BLOCK 40

static OrfConnection *
open_file (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  OrfConnection *connection;

  store_fixture_open (fixture);
  store_fixture_close (fixture);
  connection = orf_connection_open (fixture->path, ORF_CONNECTION_WRITE, &error);
  g_assert_no_error (error);
  return connection;
}

static void G_GNUC_PRINTF (2, 3) run (OrfConnection *connection, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *sql = NULL;
  va_list args;

  va_start (args, format);
  sql = g_strdup_vprintf (format, args);
  va_end (args);
  orf_connection_exec (connection, sql, &error);
  g_assert_no_error (error);
}

/* The first column of all rows, as text. */
static char *
list (OrfConnection *connection, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, &error);
  GString *text = g_string_new (NULL);
  gboolean row = TRUE;

  g_assert_no_error (error);
  while (orf_connection_step (connection, statement, &row, &error) && row)
    g_string_append_printf (text, "%s ", (const char *) sqlite3_column_text (statement, 0));
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

static void
assert_list (OrfConnection *connection, const char *sql, const char *expected)
{
  g_autofree char *is = list (connection, sql);

  g_assert_cmpstr (is, ==, expected);
}

static gint64
ask (OrfConnection *connection, const char *sql)
{
  g_autoptr (GError) error = NULL;
  gint64 value = -1;

  orf_connection_get_int64 (connection, sql, &value, &error);
  g_assert_no_error (error);
  return value;
}

/* A block of a day that ended a minute less than `days` before now. */
static void
make_block (OrfConnection *connection, gint64 block, gint64 days, guint n_bytes)
{
  gint64 to_us = orf_clock_now_us () - days * DAY_US + ORF_MINUTE_US;
  gint64 from_us = to_us - DAY_US + ORF_US_PER_S;

  run (connection,
       "INSERT INTO chunk_block VALUES (%" G_GINT64_FORMAT ", 2, %" G_GINT64_FORMAT
       ", %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ", %d, %d)",
       block, block * 1000, from_us, to_us, PER_BLOCK, PER_BLOCK * 10);
  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
       "INSERT INTO chunk SELECT (%" G_GINT64_FORMAT " << 32) + i, i, %" G_GINT64_FORMAT
       ", %" G_GINT64_FORMAT ", 10, 0, 1, 5, 1, zeroblob (%u), 0 FROM n",
       PER_BLOCK, block, from_us, to_us, n_bytes);
}

static void
pin (OrfConnection *connection, gint64 incident, gint64 from_us, gint64 to_us)
{
  run (connection,
       "INSERT INTO pin (incident_id, from_us, to_us) VALUES (%" G_GINT64_FORMAT
       ", %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ")",
       incident, from_us, to_us);
}

/* What readers and the check may rely on after any step. */
static void
assert_whole (OrfConnection *connection)
{
  g_assert_cmpint (ask (connection,
                        "SELECT count(*) FROM chunk_block AS b WHERE (b.chunks, b.samples) <> "
                        "(SELECT count(*), coalesce(sum(count), 0) FROM chunk "
                        "WHERE id >> 32 = b.block)"),
                   ==, 0);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM chunk WHERE id >> 32 NOT IN "
                                    "(SELECT block FROM chunk_block)"),
                   ==, 0);
}

/* One round.  In one of kill_every steps a kill comes after it: a retainer that remembers nothing.
 */
static void
retain_with_kills (OrfConnection *connection, const OrfRetainLimits *limits, guint kill_every)
{
  g_autoptr (OrfRetainer) retainer = orf_retainer_new ();
  g_autoptr (GError) error = NULL;
  OrfRetainLimits now = *limits;
  gboolean more = TRUE;
  guint n = 0;

  if (now.now_us == 0)
    now.now_us = orf_clock_now_us ();
  while (more) {
    orf_retainer_step (retainer, connection, &now, 0, &more, &error);
    g_assert_no_error (error);
    assert_whole (connection);
    if (++n % kill_every == 0 && n < 500) {
      orf_retainer_free (retainer);
      retainer = orf_retainer_new ();
    }
  }
}

static void
retain (OrfConnection *connection, const OrfRetainLimits *limits)
{
  retain_with_kills (connection, limits, 24);
}

static void
test_blocks (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  const OrfRetainLimits limits = { .history.packed_us = 10 * DAY_US };
  gint64 now_us = orf_clock_now_us ();

  for (gint64 i = 1; i <= 20; i++)
    make_block (connection, i, 21 - i, 100);
  retain (connection, &limits);
  assert_list (connection, "SELECT block FROM chunk_block", "11 12 13 14 15 16 17 18 19 20 ");
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM chunk"), ==, 10 * PER_BLOCK);
  g_assert_cmpint (ask (connection, "SELECT packed_from_us FROM retention"), >=,
                   now_us - 11 * DAY_US);
  g_assert_cmpint (ask (connection, "SELECT packed_from_us FROM retention"), <,
                   now_us - 10 * DAY_US + ORF_HOUR_US);
  /* nothing more */
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM chunk"), ==, 10 * PER_BLOCK);
}

/* What one incident lets go, another may still hold. */
static void
test_pinned_blocks (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  const OrfRetainLimits limits = { .history.packed_us = DAY_US };
  gint64 now_us = orf_clock_now_us ();

  for (gint64 i = 1; i <= 8; i++)
    make_block (connection, i, 10 - i, 100);
  /* the last µs of block 2 (8 days ago), and overlapping windows over 5 and 6 */
  pin (connection, 1, now_us - 8 * DAY_US - ORF_US_PER_S, now_us - 8 * DAY_US + 1000);
  pin (connection, 2, now_us - 5 * DAY_US - DAY_US / 2, now_us - 4 * DAY_US - DAY_US / 2);
  pin (connection, 3, now_us - 5 * DAY_US - DAY_US / 3, now_us - 5 * DAY_US - DAY_US / 4);
  retain (connection, &limits);
  assert_list (connection, "SELECT block FROM chunk_block", "2 5 6 ");
  run (connection, "DELETE FROM pin WHERE incident_id IN (1, 2)");
  retain (connection, &limits);
  assert_list (connection, "SELECT block FROM chunk_block", "5 ");
  run (connection, "DELETE FROM pin");
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM chunk"), ==, 0);
}

static void
test_busy_blocks (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  const OrfRetainLimits limits = { .history.packed_us = DAY_US };

  for (gint64 i = 1; i <= 8; i++)
    make_block (connection, i, 10 - i, 100);
  /* 3 to 5 become 9, which already has some; 8 is being packed */
  make_block (connection, 9, 5, 100);
  run (connection, "UPDATE chunk_block SET order_no = 5000 WHERE block = 9");
  run (connection, "UPDATE packing SET from_rowid = 5, to_rowid = 9, block = 8, merge_block = 9, "
                   "merge_from_order = 2999, merge_to_order = 5000");
  retain (connection, &limits);
  assert_list (connection, "SELECT block FROM chunk_block", "3 4 5 8 9 ");
  run (connection, "UPDATE packing SET from_rowid = 10, merge_block = 0");
  retain (connection, &limits);
  assert_list (connection, "SELECT block FROM chunk_block", "");
}

/* A block that a clock far ahead wrote goes with what came after it, and not before. */
static void
test_clock_was_ahead (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  const OrfRetainLimits limits = { .history.packed_us = 5 * DAY_US };

  make_block (connection, 1, 9, 100);
  make_block (connection, 2, -900, 100);
  make_block (connection, 3, 7, 100);
  make_block (connection, 4, -900, 100);
  make_block (connection, 5, 2, 100);
  retain (connection, &limits);
  assert_list (connection, "SELECT block FROM chunk_block", "4 5 ");
  /* told whole from where it is, not from the year that the clock showed */
  g_assert_cmpint (ask (connection, "SELECT packed_from_us FROM retention"), <=,
                   orf_clock_now_us () + 1);
}

/* ---- rollups --------------------------------------------------------------------------------- */

static void
make_minutes (OrfConnection *connection, gint64 series_id, gint64 from_us, guint n)
{
  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
       "INSERT INTO rollup_1m SELECT %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
       " + i * 60000000, 60, 0, 1, 5, 1, NULL FROM n",
       n - 1, series_id, from_us);
}

static void
test_minutes (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  const OrfRetainLimits limits = { .history.rollup_1m_us = DAY_US,
                                   .history.rollup_1h_us = 100 * DAY_US };
  gint64 day_us = orf_rollup_align (orf_clock_now_us (), ORF_HOUR_US) - 3 * DAY_US;
  g_autofree char *kept = NULL;

  for (gint64 id = 1; id <= 5; id++)
    make_minutes (connection, id * 1000, day_us, 3 * 1440);
  run (connection, "INSERT INTO rollup_1h SELECT series_id, t_us, 60, 0, 1, 5, 1, NULL "
                   "FROM rollup_1m WHERE t_us %% 3600000000 = 0");
  /* a µs of the minute 100, all of the minutes to 109, none of 110 */
  pin (connection, 1, day_us + 101 * ORF_MINUTE_US - 1, day_us + 110 * ORF_MINUTE_US);
  pin (connection, 2, day_us + 105 * ORF_MINUTE_US, day_us + 106 * ORF_MINUTE_US);
  retain (connection, &limits);
  kept = g_strdup_printf ("SELECT count(*) FROM rollup_1m WHERE t_us < %" G_GINT64_FORMAT,
                          ask (connection, "SELECT minutes_from_us FROM retention"));
  g_assert_cmpint (ask (connection, kept), ==, 5 * 10);
  g_assert_cmpint (ask (connection, "SELECT min(t_us) FROM rollup_1m"), ==,
                   day_us + 100 * ORF_MINUTE_US);
  /* within the last day and its hour nothing went */
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM rollup_1m"), >=, 5 * (1440 - 61 + 10));
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM rollup_1m"), <=, 5 * (1440 + 10));
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM rollup_1h"), ==, 5 * 72);
  run (connection, "DELETE FROM pin");
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, kept), ==, 0);
}

/* ---- size ------------------------------------------------------------------------------------ */

static gint64
get_used (OrfConnection *connection)
{
  return (ask (connection, "PRAGMA page_count") - ask (connection, "PRAGMA freelist_count")) * 4096;
}

static void
test_size (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  OrfRetainLimits limits = { .history = { .packed_us = 100 * DAY_US,
                                          .rollup_1m_us = 100 * DAY_US,
                                          .rollup_1h_us = 1000 * DAY_US } };
  gint64 now_us = orf_clock_now_us (), empty_bytes = get_used (connection), block_bytes, left;

  make_block (connection, 1, 9, 10000);
  block_bytes = get_used (connection) - empty_bytes;
  for (gint64 i = 2; i <= 10; i++)
    make_block (connection, i, 10 - i, 10000);
  make_minutes (connection, 1, orf_rollup_align (now_us, ORF_HOUR_US) - 30 * DAY_US, 30 * 1440);
  /* block 2, and the minutes of an hour of it */
  pin (connection, 1, now_us - 9 * DAY_US + ORF_HOUR_US, now_us - 9 * DAY_US + 2 * ORF_HOUR_US);
  limits.history.max_bytes = get_used (connection) - 3 * block_bytes - block_bytes / 2;
  retain_with_kills (connection, &limits, 1000);
  assert_list (connection, "SELECT block FROM chunk_block", "2 6 7 8 9 10 ");
  g_assert_cmpint (get_used (connection), <=, limits.history.max_bytes);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM rollup_1m"), ==, 30 * 1440);

  /* then the oldest minutes, no more than need be */
  limits.history.max_bytes = get_used (connection) - 5 * block_bytes - 20 * 4096;
  retain_with_kills (connection, &limits, 1000);
  assert_list (connection, "SELECT block FROM chunk_block", "2 ");
  left = ask (connection, "SELECT count(*) FROM rollup_1m");
  g_assert_cmpint (left, <, 30 * 1440);
  g_assert_cmpint (left, >, 15 * 1440);
  g_assert_cmpint (get_used (connection), <=, limits.history.max_bytes);

  /* what is pinned is never given up: that is said, once */
  limits.history.max_bytes = empty_bytes + 4096;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*what is left is pinned or new");
  retain_with_kills (connection, &limits, 1000);
  g_test_assert_expected_messages ();
  assert_list (connection, "SELECT block FROM chunk_block", "2 ");
  left = ask (connection, "SELECT count(*) FROM rollup_1m");
  g_assert_cmpint (left, >=, 60);
  g_assert_cmpint (left, <=, 61 + 121);
}

/* ---- rows by their rowids ----------------------------------------------------------------------
 */

static void
make_processes (OrfConnection *connection, gint64 from_us, guint n)
{
  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
       "INSERT INTO gpu_process SELECT %" G_GINT64_FORMAT
       " + i * 1000000, 'gpu0', 1, 'x', 1 FROM n",
       n - 1, from_us);
}

static void
test_pinned_rows (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  gint64 now_us = orf_clock_now_us ();
  OrfRetainLimits limits = { .raw_before_us = now_us - ORF_HOUR_US, .event_rows = 100 };

  make_processes (connection, now_us - DAY_US, 3000);
  make_processes (connection, now_us, 10);
  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
       "INSERT INTO event (id, t_us, kind, text) SELECT i, %" G_GINT64_FORMAT
       " - 1000000 * i, 'note', 'x' FROM n",
       now_us);
  pin (connection, 1, now_us - DAY_US + 100 * ORF_US_PER_S, now_us - DAY_US + 700 * ORF_US_PER_S);
  pin (connection, 2, now_us - 500 * ORF_US_PER_S, now_us - 490 * ORF_US_PER_S);
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM gpu_process"), ==, 600 + 10);
  assert_list (connection, "SELECT id FROM event WHERE id <= 900",
               "491 492 493 494 495 496 497 498 499 500 ");
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM event"), ==, 110);
  run (connection, "DELETE FROM pin");
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM gpu_process"), ==, 10);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM event"), ==, 100);
}

/* By their number, and by when they were raised. */
static void
test_gpu_events (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  gint64 now_us = orf_clock_now_us ();
  OrfRetainLimits limits = { .raw_before_us = now_us - ORF_HOUR_US, .event_rows = 100 };

  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
       "INSERT INTO gpu_event (id, device, kind, severity, text, raised_us) "
       "SELECT i, 'd', 'xid', 'info', 'x', %" G_GINT64_FORMAT " + 1000000 * i FROM n",
       now_us - DAY_US);
  pin (connection, 1, now_us - DAY_US + 10 * ORF_US_PER_S, now_us - DAY_US + 20 * ORF_US_PER_S);
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM gpu_event"), ==, 110);
  assert_list (connection, "SELECT id FROM gpu_event WHERE id <= 900",
               "10 11 12 13 14 15 16 17 18 19 ");
  run (connection, "DELETE FROM pin");
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM gpu_event"), ==, 100);
}

static void
test_loads (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  gint64 now_us = orf_clock_now_us ();
  OrfRetainLimits limits = { .event_rows = 10, .load_rows = 100 };

  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
       "INSERT INTO load_run (id, name, kind, started_us, took_us, requests, errors) "
       "SELECT i, 'x', 'spike', %" G_GINT64_FORMAT " + 1000000 * i, 1, 1, 0 FROM n",
       now_us - DAY_US);
  pin (connection, 1, now_us - DAY_US + 10 * ORF_US_PER_S, now_us - DAY_US + 12 * ORF_US_PER_S);
  retain (connection, &limits);
  assert_list (connection, "SELECT id FROM load_run WHERE id <= 900", "10 11 ");
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM load_run"), ==, 102);
}

/* One beyond all that can be is not what the others are counted from. */
static void
test_damaged_id (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  OrfRetainLimits limits = { .event_rows = 10 };

  run (connection, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
                   "INSERT INTO event (id, t_us, kind, text) SELECT i, i, 'note', 'x' FROM n");
  run (connection,
       "INSERT INTO event (id, t_us, kind, text) VALUES (%" G_GINT64_FORMAT ", 1, 'note', 'x')",
       G_MAXINT64);
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM event"), ==, 11);
}

static void
make_audit (OrfConnection *connection, gint64 t_us, guint n)
{
  run (connection,
       "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
       "INSERT INTO audit (t_us, actor, method) SELECT %" G_GINT64_FORMAT ", 'a', 'm' FROM n",
       n, t_us);
}

/* With a clock that was set back, all there is seems to lie ahead: it stays.  What a clock that was
 * ahead has written goes in its turn, and keeps nothing that came after it. */
static void
test_clock_is_back (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  gint64 now_us = orf_clock_now_us ();
  OrfRetainLimits limits = { .audit_before_us = now_us - 100 * DAY_US };

  make_audit (connection, now_us + 9000 * DAY_US, 1000);
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM audit"), ==, 1000);
  make_audit (connection, now_us - 101 * DAY_US, 600);
  make_audit (connection, now_us - 99 * DAY_US, 10);
  make_audit (connection, now_us + 9000 * DAY_US, 5);
  make_audit (connection, now_us - 98 * DAY_US, 10);
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM audit"), ==, 25);
  limits.audit_rows = 12;
  retain (connection, &limits);
  g_assert_cmpint (ask (connection, "SELECT count(*) FROM audit"), ==, 12);
}

/* The same retainer over days, as the daemon has it: it goes on where it was. */
static void
test_rounds (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfConnection) connection = open_file (fixture);
  g_autoptr (OrfRetainer) retainer = orf_retainer_new ();
  g_autoptr (GError) error = NULL;
  gint64 now_us = orf_clock_now_us ();

  make_processes (connection, now_us - 5000 * ORF_US_PER_S, 5000);
  pin (connection, 1, now_us - 4900 * ORF_US_PER_S, now_us - 4000 * ORF_US_PER_S);
  for (gint64 age_s = 5000; age_s > 0; age_s -= 100) {
    const OrfRetainLimits limits = { .raw_before_us = now_us - age_s * ORF_US_PER_S };
    gint64 gone = 5000 - age_s, pinned = CLAMP (gone - 100, 0, 900);
    gboolean more = TRUE;

    while (more) {
      orf_retainer_step (retainer, connection, &limits, G_MAXINT64, &more, &error);
      g_assert_no_error (error);
    }
    g_assert_cmpint (ask (connection, "SELECT count(*) FROM gpu_process"), ==,
                     5000 - gone + pinned);
  }
}

/* ---- in the store ------------------------------------------------------------------------------
 */

static void
wait_until (StoreFixture *fixture, const char *sql, gint64 value)
{
  while (store_query (fixture->path, sql) != value)
    g_main_context_iteration (NULL, FALSE);
}

static void
test_limits_that_change (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfHistoryLimits shorter = { .packed_us = 5 * DAY_US,
                                     .max_bytes = G_GINT64_CONSTANT (1) << 40 };
  g_autoptr (OrfConnection) connection = open_file (fixture);
  OrfIncidentRow *incident = orf_incident_row_new ();
  g_auto (StoreAnswer) pinned = { 0 }, gone = { 0 }, none = { 0 };

  for (gint64 i = 1; i <= 8; i++)
    make_block (connection, i, 9 - i, 100);
  g_clear_pointer (&connection, orf_connection_close);
  fixture->options.history.packed_us = 100 * DAY_US;
  store_fixture_open (fixture);
  incident->id = 1;
  incident->to_us = orf_clock_now_us () - 6 * DAY_US - ORF_HOUR_US;
  incident->from_us = incident->to_us - 1;
  incident->title = g_strdup ("t");
  incident->reason = g_strdup ("r");
  orf_store_write_incident (fixture->store, incident, 1, NULL, store_answer_write_cb, &pinned);
  store_answer_wait (&pinned);
  g_assert_no_error (pinned.error);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM chunk_block"), ==, 8);
  orf_store_set_history (fixture->store, &shorter);
  wait_until (fixture, "SELECT count(*) FROM chunk_block", 6);
  g_assert_cmpint (store_query (fixture->path, "SELECT min(block) FROM chunk_block"), ==, 3);
  orf_store_delete_incident (fixture->store, 1, NULL, store_answer_write_cb, &gone);
  store_answer_wait (&gone);
  g_assert_no_error (gone.error);
  wait_until (fixture, "SELECT count(*) FROM chunk_block", 5);
  orf_store_delete_incident (fixture->store, 1, NULL, store_answer_write_cb, &none);
  store_answer_wait (&none);
  g_assert_error (none.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/retain/" name, StoreFixture, NULL, store_fixture_set_up, test,               \
              store_fixture_tear_down)
  ADD ("blocks", test_blocks);
  ADD ("pinned-blocks", test_pinned_blocks);
  ADD ("busy-blocks", test_busy_blocks);
  ADD ("clock-was-ahead", test_clock_was_ahead);
  ADD ("minutes", test_minutes);
  ADD ("size", test_size);
  ADD ("pinned-rows", test_pinned_rows);
  ADD ("gpu-events", test_gpu_events);
  ADD ("loads", test_loads);
  ADD ("damaged-id", test_damaged_id);
  ADD ("clock-is-back", test_clock_is_back);
  ADD ("rounds", test_rounds);
  ADD ("limits-that-change", test_limits_that_change);
  return g_test_run ();
}
