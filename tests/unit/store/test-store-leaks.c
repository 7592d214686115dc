/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-leaks.h"

#define REACH_US 100

static OrfLeakRow *
make_row (const char *subject, gint64 since_us, double slope)
{
  OrfLeakRow *row = orf_leak_row_new ();

  row->subject = g_strdup (subject);
  row->device = g_strdup (g_str_has_prefix (subject, "other") ? "gpu1" : "gpu0");
  row->worker = g_str_has_prefix (subject, "worker") ? 7 : 0;
  row->name = g_strdup ("python");
  row->pid = row->worker > 0 ? -1 : 42;
  row->since_us = since_us;
  row->found_us = row->told_us = since_us + 500;
  row->slope_bytes_per_s = slope;
  row->slope_lower_bytes_per_s = slope - 1;
  row->slope_upper_bytes_per_s = slope + 1;
  row->confidence = .9;
  row->grown_bytes = 1000;
  return row;
}

static void
write_row (StoreFixture *fixture, OrfLeakRow *row, gint64 keep_from_us)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_write_leak (fixture->store, row, REACH_US, keep_from_us, store_answer_write_cb,
                        &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static GPtrArray *
read_rows (StoreFixture *fixture, OrfLeakFilter filter)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_read_leaks (fixture->store, &filter, NULL, store_answer_series_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  return g_ptr_array_ref (answer.rows);
}

static const OrfLeakFilter all = { NULL, G_MAXINT64, 0, 100 };

static void
execute (StoreFixture *fixture, const char *sql)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
  /* The store's writer may be at it. */
  sqlite3_busy_timeout (db, 60000);
  g_assert_cmpint (sqlite3_exec (db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
}

static void
test_list (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GPtrArray) rows = NULL, rest = NULL, device = NULL;
  const OrfLeakRow *row;

  store_fixture_open (fixture);
  write_row (fixture, make_row ("process 42 of gpu0", 1000, 5), 0);
  write_row (fixture, make_row ("worker w-7", 1000, 50), 0);
  write_row (fixture, make_row ("other", 1000, 20), 0);
  rows = read_rows (fixture, all);
  g_assert_cmpuint (rows->len, ==, 3);
  row = rows->pdata[0];
  g_assert_cmpint (row->worker, ==, 7);
  g_assert_cmpint (row->pid, ==, -1);
  g_assert_cmpfloat (row->slope_bytes_per_s, ==, 50);
  g_assert_cmpfloat (row->slope_upper_bytes_per_s, ==, 51);
  g_assert_cmpint (row->grown_bytes, ==, 1000);
  g_assert_null (row->trigger);
  row = rows->pdata[2];
  g_assert_cmpint (row->worker, ==, 0);
  g_assert_cmpint (row->pid, ==, 42);
  row = rows->pdata[0];
  rest = read_rows (fixture, (OrfLeakFilter){ NULL, 50, row->id, 100 });
  g_assert_cmpuint (rest->len, ==, 2);
  device = read_rows (fixture, (OrfLeakFilter){ "gpu1", G_MAXINT64, 0, 100 });
  g_assert_cmpuint (device->len, ==, 1);
}

static void
test_unknown_device (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfLeakFilter filter = { "nothing", G_MAXINT64, 0, 1 };
  g_auto (StoreAnswer) answer = { 0 };

  store_fixture_open (fixture);
  orf_store_read_leaks (fixture->store, &filter, NULL, store_answer_series_cb, &answer);
  store_answer_wait (&answer);
  g_assert_error (answer.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
}

/* One row as long as it goes on, also beyond a start; another when it had become flat. */
static void
test_again (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) ended = { 0 };
  OrfLeakRow *flat = make_row ("a", 1200, 8);
  g_autoptr (GPtrArray) rows = NULL;

  store_fixture_open (fixture);
  write_row (fixture, make_row ("a", 1000, 5), 0);
  orf_store_end_leaks (fixture->store, store_answer_write_cb, &ended);
  store_answer_wait (&ended);
  g_assert_no_error (ended.error);
  g_assert_cmpint (store_query (fixture->path, "SELECT ended_us FROM leak WHERE ending = 'gone'"),
                   ==, 1500);
  write_row (fixture, make_row ("a", 1100, 6), 0);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM leak"), ==, 1);
  g_assert_cmpint (store_query (fixture->path, "SELECT since_us FROM leak WHERE ended_us IS NULL"),
                   ==, 1100);
  flat->ended_us = 2000;
  flat->ending = "flat";
  write_row (fixture, flat, 0);
  rows = read_rows (fixture, all);
  g_assert_cmpuint (rows->len, ==, 0);
  write_row (fixture, make_row ("a", 3000, 7), 0);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM leak"), ==, 2);
  /* What ended long ago goes. */
  write_row (fixture, make_row ("a", 3000, 7), 2001);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM leak"), ==, 1);
}

static char *
find_trigger (StoreFixture *fixture, const char *subject, gint64 since_us)
{
  g_autoptr (GPtrArray) rows = NULL;

  write_row (fixture, make_row (subject, since_us, 5), 0);
  rows = read_rows (fixture, all);
  for (guint i = 0; i < rows->len; i++) {
    const OrfLeakRow *row = rows->pdata[i];

    if (g_str_equal (row->subject, subject))
      return g_strdup (row->trigger);
  }
  g_assert_not_reached ();
}

static void
assert_trigger (StoreFixture *fixture, const char *subject, gint64 since_us, const char *wanted)
{
  g_autofree char *trigger = find_trigger (fixture, subject, since_us);

  g_assert_cmpstr (trigger, ==, wanted);
}

static void
test_trigger (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  store_fixture_open (fixture);
  execute (
    fixture,
    "INSERT INTO event (id, t_us, kind, text) VALUES (1, 1000, 'deploy', 'studio 2.4'), "
    "(2, 1990, 'note', 'lunch');"
    "INSERT INTO worker (id, name, device, source, capabilities, registered_us, batches) "
    "VALUES (9, 'vllm', 'gpu0', 'registered', '[]', 3000, 0);"
    "INSERT INTO worker_batch (t_us, worker_id, size, operation) VALUES (3900, 7, 8, NULL), "
    "(4000, 7, 8, NULL), (4050, 7, 16, NULL), (4060, 7, 16, NULL), (5000, 7, 4, 'load_model'), "
    "(4010, 8, 99, NULL);");
  assert_trigger (fixture, "a", 1090, "deploy mark: studio 2.4");
  assert_trigger (fixture, "a", 1101, NULL);
  assert_trigger (fixture, "a", 1990, NULL);
  assert_trigger (fixture, "a", 2950, "model load: w-9 (vllm) registered");
  assert_trigger (fixture, "other", 2950, NULL);
  assert_trigger (fixture, "worker w-7", 4000, "batch change: 16 items, more than ever before");
  assert_trigger (fixture, "worker w-7", 5001, "model load: load_model");
  /* It is looked for again with each writing. */
  assert_trigger (fixture, "worker w-7", 900, "deploy mark: studio 2.4");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/store/leaks/" name, StoreFixture, NULL, store_fixture_set_up, function,            \
              store_fixture_tear_down)
  ADD ("list", test_list);
  ADD ("unknown-device", test_unknown_device);
  ADD ("again", test_again);
  ADD ("trigger", test_trigger);
  return g_test_run ();
}
