/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"
#include "store-fixture.h"
#include "store/orf-store-cleanups.h"

static const OrfCleanupFilter all = { .to_us = G_MAXINT64, .before_id = G_MAXINT64, .max = 100 };

static OrfCleanupRow *
make_begun (gint64 id)
{
  OrfCleanupRow *row = orf_cleanup_row_new ();

  row->id = id;
  row->device = g_strdup (id % 2 == 0 ? "even" : "odd");
  row->trigger = ORF_CLEANUP_TRIGGER_CALL;
  row->actor = g_strdup ("loopback");
  row->level = ORF_CLEANUP_LEVEL_NORMAL;
  row->started_us = 1000 * id;
  return row;
}

static void
add_worker (OrfCleanupRow *row, gint64 no, OrfCleanupWorkerVerdict verdict)
{
  OrfCleanupWorkerRow *worker = orf_cleanup_worker_row_new ();

  worker->worker_no = no;
  worker->name = g_strdup_printf ("vllm-%d", (int) no);
  worker->verdict = verdict;
  worker->measured_by = ORF_CLEANUP_MEASURE_PROCESS;
  worker->idle = (OrfMaybeBytes){ TRUE, 500 };
  worker->freed = (OrfMaybeBytes){ TRUE, -5 };
  worker->expected = (OrfMaybeBytes){ TRUE, 450 };
  worker->released = (OrfMaybeBytes){ TRUE, 480 };
  worker->regained = (OrfMaybeBytes){ TRUE, 485 };
  worker->reason = g_strdup ("500 B held idle");
  worker->took_us = 77;
  worker->text = no == 1 ? g_strdup ("no room") : NULL;
  g_ptr_array_add (row->workers, worker);
}

static OrfCleanupRow *
make_ended (gint64 id)
{
  OrfCleanupRow *row = make_begun (id);

  row->verdict = ORF_CLEANUP_VERDICT_PARTIAL;
  row->took_us = 4711;
  row->measured_by = ORF_CLEANUP_MEASURE_DEVICE;
  row->before = (OrfMaybeBytes){ TRUE, 1000 };
  row->after = (OrfMaybeBytes){ TRUE, 400 };
  row->freed = (OrfMaybeBytes){ TRUE, 600 };
  row->retained = (OrfMaybeBytes){ TRUE, 0 };
  row->released = (OrfMaybeBytes){ TRUE, 960 };
  orf_cleanup_row_leave_out (row, 3, "vllm \"3\"", "does not listen");
  add_worker (row, 2, ORF_CLEANUP_WORKER_VERDICT_FREED);
  add_worker (row, 1, ORF_CLEANUP_WORKER_VERDICT_UNMEASURED);
  return row;
}

static void
begin (StoreFixture *fixture, gint64 id, const OrfIdempotency *idempotency, StoreAnswer *answer)
{
  orf_store_write_cleanup (fixture->store, make_begun (id), idempotency, store_answer_write_cb,
                           answer);
  store_answer_wait (answer);
  g_assert_no_error (answer->error);
}

static void
end (StoreFixture *fixture, gint64 id)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_end_cleanup (fixture->store, make_ended (id), store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static GPtrArray *
read_rows (StoreFixture *fixture, OrfCleanupFilter filter)
{
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_read_cleanups (fixture->store, &filter, NULL, store_answer_series_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  return g_ptr_array_ref (answer.rows);
}

static void
expect_ids (StoreFixture *fixture, OrfCleanupFilter filter, const char *expected)
{
  g_autoptr (GPtrArray) rows = read_rows (fixture, filter);
  g_autoptr (GString) ids = g_string_new (NULL);

  for (guint i = 0; i < rows->len; i++)
    g_string_append_printf (ids, "%d ", (int) ((OrfCleanupRow *) rows->pdata[i])->id);
  g_assert_cmpstr (ids->str, ==, expected);
}

static void
test_one (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) begun = NULL, ended = NULL;
  g_auto (StoreAnswer) answer = { 0 }, set = { 0 };
  const OrfCleanupRow *row;
  const OrfCleanupWorkerRow *worker;
  const OrfCleanupLeftOutRow *left_out;

  store_fixture_open (fixture);
  begin (fixture, 1, NULL, &answer);
  begun = read_rows (fixture, all);
  row = begun->pdata[0];
  g_assert_cmpint (row->verdict, ==, ORF_CLEANUP_VERDICT_UNSET);
  g_assert_cmpstr (row->actor, ==, "loopback");
  g_assert_null (row->reason);
  g_assert_false (row->before.known);
  g_assert_cmpuint (row->workers->len, ==, 0);
  g_assert_cmpuint (row->left_out->len, ==, 0);
  g_assert_false (row->released.known);

  end (fixture, 1);
  orf_store_set_cleanup_regained (fixture->store, 1, 300, store_answer_write_cb, &set);
  store_answer_wait (&set);
  ended = read_rows (fixture, all);
  g_assert_cmpuint (ended->len, ==, 1);
  row = ended->pdata[0];
  g_assert_cmpint (row->verdict, ==, ORF_CLEANUP_VERDICT_PARTIAL);
  g_assert_cmpint (row->measured_by, ==, ORF_CLEANUP_MEASURE_DEVICE);
  g_assert_cmpint (row->took_us, ==, 4711);
  g_assert_cmpint (row->after.bytes, ==, 400);
  g_assert_true (row->retained.known);
  g_assert_false (row->others.known);
  g_assert_cmpint (row->regained.bytes, ==, 300);
  g_assert_cmpuint (row->workers->len, ==, 2);
  worker = row->workers->pdata[1];
  g_assert_cmpint (worker->worker_no, ==, 1);
  g_assert_cmpint (worker->verdict, ==, ORF_CLEANUP_WORKER_VERDICT_UNMEASURED);
  g_assert_cmpint (worker->freed.bytes, ==, -5);
  g_assert_false (worker->claimed.known);
  g_assert_cmpstr (worker->text, ==, "no room");
  g_assert_cmpint (worker->expected.bytes, ==, 450);
  g_assert_cmpint (worker->released.bytes, ==, 480);
  g_assert_cmpint (worker->regained.bytes, ==, 485);
  g_assert_cmpstr (worker->reason, ==, "500 B held idle");
  g_assert_cmpint (row->released.bytes, ==, 960);
  g_assert_cmpuint (row->left_out->len, ==, 1);
  left_out = row->left_out->pdata[0];
  g_assert_cmpint (left_out->worker_no, ==, 3);
  g_assert_cmpstr (left_out->name, ==, "vllm \"3\"");
  g_assert_cmpstr (left_out->reason, ==, "does not listen");
}

static void
test_list (StoreFixture *fixture, gconstpointer data)
{
  g_auto (StoreAnswer) unknown = { 0 };
  OrfCleanupFilter filter = all;

  store_fixture_open (fixture);
  for (gint64 id = 1; id <= 5; id++)
    end (fixture, id);
  expect_ids (fixture, filter, "5 4 3 2 1 ");
  filter.max = 2;
  filter.before_id = 4;
  expect_ids (fixture, filter, "3 2 ");
  filter = all;
  filter.device = "odd";
  expect_ids (fixture, filter, "5 3 1 ");
  filter = all;
  filter.from_us = 2000;
  filter.to_us = 4000;
  expect_ids (fixture, filter, "3 2 ");
  filter = all;
  filter.id = 4;
  expect_ids (fixture, filter, "4 ");
  filter = all;
  filter.device = "odd";
  filter.from_us = 9000;
  expect_ids (fixture, filter, "");
  filter.device = "nonsense";
  orf_store_read_cleanups (fixture->store, &filter, NULL, store_answer_series_cb, &unknown);
  store_answer_wait (&unknown);
  g_assert_error (unknown.error, ORF_ERROR, ORF_ERROR_NOT_FOUND);
}

/* A repetition begins none, and is told which it was. */
static void
test_repeated (StoreFixture *fixture, gconstpointer data)
{
  const OrfIdempotency idempotency = { "key", "gpu.cleanup", 1, "c-1" };
  g_auto (StoreAnswer) first = { 0 }, second = { 0 };

  store_fixture_open (fixture);
  begin (fixture, 1, &idempotency, &first);
  g_assert_null (first.replayed_json);
  begin (fixture, 2, &idempotency, &second);
  g_assert_cmpstr (second.replayed_json, ==, "c-1");
  expect_ids (fixture, all, "1 ");
}

/* What a start needs: the last id, and the last turns, oldest first. */
static void
test_start (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) none = NULL, last = NULL;
  gint64 max_id = -1;

  store_fixture_open (fixture);
  g_assert_true (orf_store_load_max_cleanup_id (fixture->store, &max_id, &error));
  g_assert_cmpint (max_id, ==, 0);
  none = orf_store_load_cleanup_workers (fixture->store, 10, &error);
  g_assert_cmpuint (none->len, ==, 0);
  end (fixture, 1);
  end (fixture, 7);
  g_assert_true (orf_store_load_max_cleanup_id (fixture->store, &max_id, &error));
  g_assert_cmpint (max_id, ==, 7);
  last = orf_store_load_cleanup_workers (fixture->store, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (last->len, ==, 3);
  g_assert_cmpint (((OrfCleanupWorkerRow *) last->pdata[0])->worker_no, ==, 1);
  g_assert_cmpint (((OrfCleanupWorkerRow *) last->pdata[1])->worker_no, ==, 2);
  g_assert_cmpint (((OrfCleanupWorkerRow *) last->pdata[2])->worker_no, ==, 1);
}

static void
test_bounded (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_open (fixture);
  end (fixture, 1);
  end (fixture, 2);
  end (fixture, 2 + ORF_MAX_CLEANUPS);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM cleanup"), ==, 1);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM cleanup_worker"), ==, 2);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (StoreFixture *fixture, gconstpointer data);
  } tests[] = {
    { "/store-cleanups/one", test_one },           { "/store-cleanups/list", test_list },
    { "/store-cleanups/repeated", test_repeated }, { "/store-cleanups/start", test_start },
    { "/store-cleanups/bounded", test_bounded },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, StoreFixture, NULL, store_fixture_set_up, tests[i].test,
                store_fixture_tear_down);
  return g_test_run ();
}
