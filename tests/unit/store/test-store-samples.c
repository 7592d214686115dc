/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-clock.h"
#include "orf-error.h"
#include "store-fixture.h"

#define N_SERIES 20

/* Random batches, with late and repeated times, into the store and into a model: series -> t_us ->
 * value, where the later wins. */
static void
fill (StoreFixture *fixture, GHashTable **model, guint first_batch, guint n_batches, gint64 from_us)
{
  for (guint i = first_batch; i < first_batch + n_batches; i++) {
    guint n = (guint) g_test_rand_int_range (0, 400);
    OrfSampleBatch *batch = orf_sample_batch_new (n);

    for (guint id = 1; i == 0 && id <= N_SERIES; id++) {
      g_autofree char *name = g_strdup_printf ("s%u", id);

      g_ptr_array_add (batch->new_series, store_series_row (id, name));
    }
    for (guint k = 0; k < n; k++) {
      gint id = g_test_rand_int_range (1, N_SERIES + 1);
      gint64 *t_us = g_new (gint64, 1);
      gint64 late = g_test_rand_int_range (0, 20) == 0 ? g_test_rand_int_range (0, 50) : 0;
      double value = g_test_rand_double ();

      *t_us = from_us + ((gint64) i - late) * ORF_US_PER_S + g_test_rand_int_range (0, 5);
      orf_sample_batch_add (batch, *t_us, id, value);
      g_hash_table_replace (model[id], t_us, g_memdup2 (&value, sizeof value));
    }
    orf_store_write_frame (fixture->store, batch);
  }
  store_fixture_reopen (fixture);
}

static guint
count_model (GHashTable *series, gint64 from_us, gint64 to_us)
{
  GHashTableIter iter;
  gpointer key;
  guint n = 0;

  g_hash_table_iter_init (&iter, series);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    n += *(gint64 *) key >= from_us && *(gint64 *) key < to_us;
  return n;
}

static void
compare_series (const OrfSeriesPoints *got, GHashTable *series, gint64 from_us, gint64 to_us)
{
  gint64 last_us = G_MININT64;

  g_assert_cmpuint (got->points->len, ==, count_model (series, from_us, to_us));
  for (guint i = 0; i < got->points->len; i++) {
    OrfPoint *point = &g_array_index (got->points, OrfPoint, i);
    double *value = g_hash_table_lookup (series, &point->t_us);

    g_assert_cmpint (point->t_us, >, last_us);
    g_assert_nonnull (value);
    g_assert_cmpfloat (*value, ==, point->value);
    last_us = point->t_us;
  }
}

static void
compare_range (StoreFixture *fixture, GHashTable **model, gint64 from_us, gint64 to_us, guint n_ids)
{
  g_auto (StoreAnswer) answer = { 0 };
  gint64 ids[N_SERIES + 2] = { 0 };
  guint n_expected = 0;

  for (guint i = 0; i < n_ids; i++) /* some twice, some that do not exist */
    ids[i] = g_test_rand_int_range (1, N_SERIES + 3);
  orf_store_read_samples (fixture->store, ids, n_ids, from_us, to_us, G_MAXUINT, NULL,
                          store_answer_samples_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  for (gint64 id = 1; id <= N_SERIES; id++) {
    gboolean asked = n_ids == 0;

    for (guint i = 0; i < n_ids; i++)
      asked |= ids[i] == id;
    n_expected += asked && count_model (model[id], from_us, to_us) > 0;
  }
  g_assert_cmpuint (answer.rows->len, ==, n_expected);
  for (guint i = 0; i < answer.rows->len; i++) {
    OrfSeriesPoints *got = g_ptr_array_index (answer.rows, i);

    compare_series (got, model[got->series_id], from_us, to_us);
  }
}

/* As all points, but for those between the windows, of which there are no more than queries ask
 * for. */
static void
compare_windows (StoreFixture *fixture, GHashTable **model, gint64 last_us)
{
  static const gint64 all[] = { 1, 2, 3, 5, N_SERIES, N_SERIES + 1 };
  gint64 step_us = g_test_rand_int_range (200000, 20000000);
  const OrfWindowedQuery query = {
    .ids = all,
    .n_ids = G_N_ELEMENTS (all),
    .from_us = last_us - g_test_rand_int_range (0, 100000000),
    .to_us = last_us + 1 - g_test_rand_int_range (0, 1000000),
    .last_us = last_us,
    .step_us = step_us,
    .window_us = g_test_rand_int_range (1, (gint32) step_us),
    .max_points = G_MAXUINT,
  };
  g_auto (StoreAnswer) got = { 0 };
  guint at = 0;

  orf_store_read_windows (fixture->store, &query, NULL, store_answer_samples_cb, &got);
  store_answer_wait (&got);
  g_assert_no_error (got.error);
  for (guint i = 0; i < query.n_ids; i++) {
    const OrfSeriesPoints *one = at < got.rows->len ? got.rows->pdata[at] : NULL;
    gboolean has = one != NULL && one->series_id == all[i];
    guint n = 0;

    at += has;
    for (gint64 end_us = last_us; end_us >= query.from_us - step_us && all[i] <= N_SERIES;
         end_us -= step_us)
      n += count_model (model[all[i]], MAX (end_us - query.window_us + 1, query.from_us),
                        MIN (end_us + 1, query.to_us));
    g_assert_cmpuint (has ? one->points->len : 0, ==, n);
    for (guint k = 1; k < n; k++)
      g_assert_cmpint (g_array_index (one->points, OrfPoint, k - 1).t_us, <,
                       g_array_index (one->points, OrfPoint, k).t_us);
  }
  g_assert_cmpuint (at, ==, got.rows->len);
}

static GHashTable **
new_model (void)
{
  GHashTable **model = g_new0 (GHashTable *, N_SERIES + 1);

  for (guint i = 0; i <= N_SERIES; i++)
    model[i] = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return model;
}

static void
free_model (GHashTable **model)
{
  for (guint i = 0; i <= N_SERIES; i++)
    g_hash_table_unref (model[i]);
  g_free (model);
}

static void
test_model (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  GHashTable **model = new_model ();
  gint64 start_us = orf_clock_now_us ();

  store_fixture_open (fixture);
  fill (fixture, model, 0, 100, start_us);
  for (guint i = 0; i < 60; i++) {
    gint64 from_us = start_us + g_test_rand_int_range (-60, 110) * ORF_US_PER_S;
    gint64 to_us = from_us + g_test_rand_int_range (0, 60000000);

    compare_range (fixture, model, from_us, to_us, (guint) g_test_rand_int_range (0, N_SERIES));
    compare_windows (fixture, model, to_us);
  }
  compare_range (fixture, model, 0, G_MAXINT64, 0);
  free_model (model);
}

/* ---- packed ---------------------------------------------------------------------------------- */

static guint
pack_steps (StoreFixture *fixture, guint n, const OrfPackLimits *limits)
{
  guint n_done;

  store_fixture_close (fixture);
  n_done = store_fixture_pack (fixture, n, limits);
  store_fixture_open (fixture);
  return n_done;
}

static int
compare_times_cb (gconstpointer a, gconstpointer b)
{
  gint64 left = **(gint64 *const *) a, right = **(gint64 *const *) b;

  return (left > right) - (left < right);
}

static GArray *
fold_model (GHashTable *series, gint64 id, gint64 step_us)
{
  GArray *rows = orf_rollup_array_new ();
  guint n;
  g_autofree gpointer *keys = g_hash_table_get_keys_as_array (series, &n);
  g_autofree gint64 *times_us = g_new (gint64, n + 1);
  g_autofree double *values = g_new (double, n + 1);

  qsort (keys, n, sizeof *keys, compare_times_cb);
  for (guint i = 0; i < n; i++) {
    times_us[i] = *(gint64 *) keys[i];
    values[i] = *(double *) g_hash_table_lookup (series, keys[i]);
  }
  orf_rollup_fold (id, times_us, values, n, step_us, FALSE, rows);
  return rows;
}

static void
compare_rollups (OrfConnection *connection, const char *sql, gint64 id, GArray *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, &error);
  gboolean row = TRUE;

  g_assert_no_error (error);
  sqlite3_bind_int64 (statement, 1, id);
  for (guint i = 0; i < expected->len; i++) {
    const OrfRollup *want = &g_array_index (expected, OrfRollup, i);

    g_assert_true (orf_connection_step (connection, statement, &row, &error) && row);
    g_assert_cmpint (sqlite3_column_int64 (statement, 0), ==, want->t_us);
    g_assert_cmpint (sqlite3_column_int64 (statement, 1), ==, want->count);
    g_assert_cmpfloat (sqlite3_column_double (statement, 2), ==, want->min);
    g_assert_cmpfloat (sqlite3_column_double (statement, 3), ==, want->max);
    g_assert_cmpfloat_with_epsilon (sqlite3_column_double (statement, 4), want->sum, 1e-9);
    g_assert_cmpfloat (sqlite3_column_double (statement, 5), ==, want->last);
  }
  g_assert_true (orf_connection_step (connection, statement, &row, &error) && !row);
}

static void
compare_all_rollups (StoreFixture *fixture, GHashTable **model)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConnection)
    connection = orf_connection_open (fixture->path, ORF_CONNECTION_READ, &error);

  g_assert_no_error (error);
  for (gint64 id = 1; id <= N_SERIES; id++) {
    g_autoptr (GArray) minutes = fold_model (model[id], id, ORF_MINUTE_US);
    g_autoptr (GArray) hours = fold_model (model[id], id, ORF_HOUR_US);

    compare_rollups (connection,
                     "SELECT t_us, count, min, max, sum, last FROM rollup_1m WHERE series_id = ? "
                     "ORDER BY t_us",
                     id, minutes);
    compare_rollups (connection,
                     "SELECT t_us, count, min, max, sum, last FROM rollup_1h WHERE series_id = ? "
                     "ORDER BY t_us",
                     id, hours);
  }
}

/* Reads see the same at each point of packing and merging, whatever was lost on the way. */
static void
test_packed (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  GHashTable **model = new_model ();
  gint64 start_us = orf_clock_now_us () - 3000 * ORF_US_PER_S;
  const OrfPackLimits all = { 1000, TRUE };

  store_fixture_open (fixture);
  for (guint i = 0; i < 40; i++) {
    const OrfPackLimits limits = { (guint) g_test_rand_int_range (500, 4000), i % 3 == 0 };
    gint64 from_us = start_us + g_test_rand_int_range (-60, 820) * ORF_US_PER_S;

    fill (fixture, model, i * 20, 20, start_us);
    pack_steps (fixture, (guint) g_test_rand_int_range (0, 12), &limits);
    compare_range (fixture, model, from_us, from_us + g_test_rand_int_range (0, 60000000),
                   (guint) g_test_rand_int_range (0, N_SERIES));
    compare_range (fixture, model, 0, G_MAXINT64, 0);
  }
  g_assert_cmpuint (pack_steps (fixture, 100000, &all), <, 100000);
  compare_range (fixture, model, 0, G_MAXINT64, 0);
  compare_all_rollups (fixture, model);
  /* everything is packed, once, and some of it merged */
  g_assert_cmpint (store_query (fixture->path, "SELECT max (last_rowid) FROM raw_block"), ==,
                   store_query (fixture->path, "SELECT from_rowid - 1 FROM packing"));
  g_assert_cmpint (store_query (fixture->path, "SELECT count (*) FROM chunk_block WHERE level > 0"),
                   >, 0);
  g_assert_cmpint (store_query (fixture->path, "SELECT sum (samples) FROM chunk_block"), ==,
                   store_query (fixture->path, "SELECT sum (count) FROM chunk"));
  free_model (model);
}

static void
read_all (StoreFixture *fixture, guint max_points, OrfCancel *cancel, StoreAnswer *answer)
{
  orf_store_read_samples (fixture->store, NULL, 0, 0, G_MAXINT64, max_points, cancel,
                          store_answer_samples_cb, answer);
  store_answer_wait (answer);
}

/* Rows of the same time count once. */
static void
test_max_points (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  gint64 now_us = orf_clock_now_us ();
  g_auto (StoreAnswer) enough = { 0 };
  g_auto (StoreAnswer) less = { 0 };

  store_fixture_open (fixture);
  for (guint i = 0; i < 10; i++)
    orf_store_write_frame (fixture->store, store_batch (now_us, 100));
  store_fixture_reopen (fixture);
  read_all (fixture, 100, NULL, &enough);
  g_assert_no_error (enough.error);
  g_assert_cmpuint (((OrfSeriesPoints *) enough.rows->pdata[0])->points->len, ==, 100);
  read_all (fixture, 99, NULL, &less);
  g_assert_error (less.error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
}

static void
test_cancel (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfCancel) triggered = orf_cancel_new (0);
  g_autoptr (OrfCancel) past = orf_cancel_new (1);
  g_auto (StoreAnswer) cancelled = { 0 };
  g_auto (StoreAnswer) late = { 0 };
  g_auto (StoreAnswer) good = { 0 };

  store_fixture_open (fixture);
  orf_cancel_trigger (triggered);
  read_all (fixture, 10, triggered, &cancelled);
  g_assert_error (cancelled.error, ORF_ERROR, ORF_ERROR_CANCELLED);
  read_all (fixture, 10, past, &late);
  g_assert_error (late.error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED);
  read_all (fixture, 10, NULL, &good);
  g_assert_no_error (good.error);
}

/* A statement under way stops at read_us, and the reader is good for the next. */
static void
test_read_us (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };

  fixture->options.read_us = 1;
  store_fixture_open (fixture);
  orf_store_write_frame (fixture->store, store_batch (orf_clock_now_us (), 50000));
  store_fixture_reopen (fixture);
  read_all (fixture, G_MAXUINT, NULL, &answer);
  g_assert_error (answer.error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED);
}

/* Answers come for all that was asked, whether or not the queue had room. */
static void
test_read_queue_full (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  StoreAnswer answers[200] = { 0 };

  fixture->options.max_read_jobs = 1;
  fixture->options.readers = 1;
  store_fixture_open (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    orf_store_read_samples (fixture->store, NULL, 0, 0, 1, 1, NULL, store_answer_samples_cb,
                            &answers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    store_answer_wait (&answers[i]);
    if (answers[i].error != NULL) {
      g_assert_error (answers[i].error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
      g_assert_cmpint (orf_error_get_retry_after_ms (answers[i].error), >, 0);
    }
    store_answer_clear (&answers[i]);
  }
}

/* Old runs and keys go once they are packed; the newest run stays even when old, so that rowids
 * only grow. */
static void
test_retention (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfIdempotency key = { "k", "m", 1, "{}" };
  const OrfGpuProcessRow process = { "gpu0", 1, "x", 1 };
  const OrfPackLimits all = { 100000, TRUE };
  g_auto (StoreAnswer) old = { 0 };
  g_auto (StoreAnswer) checked = { 0 };
  gint64 now_us = orf_clock_now_us (), left;

  fixture->options.raw_us = 3600 * ORF_US_PER_S;
  fixture->options.idempotency_us = 0;
  store_fixture_open (fixture);
  orf_store_write_gpu_processes (fixture->store, 5, &process, 1);
  orf_store_write_gpu_processes (fixture->store, now_us, &process, 1);
  orf_store_write_frame (fixture->store, store_batch (now_us - 90000 * ORF_US_PER_S, 30720));
  store_fixture_reopen (fixture);
  store_fixture_write (fixture, store_batch (now_us, 2000), &key, &old);
  g_assert_no_error (old.error);
  /* Old, but not packed. */
  while (store_query (fixture->path, "SELECT count(*) FROM idempotency") > 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 32720);
  pack_steps (fixture, 1000, &all); /* care begins with the first tick */
  do {
    g_main_context_iteration (NULL, FALSE);
    left = store_query (fixture->path, "SELECT (SELECT count(*) FROM sample_raw) "
                                       "+ (SELECT count(*) FROM idempotency) "
                                       "+ (SELECT count(*) FROM gpu_process)");
  } while (left > 2001);
  g_assert_cmpint (left, ==, 2001);
  g_assert_cmpint (store_query (fixture->path, "SELECT min(t_us) FROM sample_raw"), ==, now_us);
  orf_store_check (fixture->store, NULL, store_answer_check_cb, &checked);
  store_answer_wait (&checked);
  g_assert_no_error (checked.error);
  g_assert_cmpuint (g_strv_length (checked.problems), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/samples/" name, StoreFixture, NULL, store_fixture_set_up, test,              \
              store_fixture_tear_down)
  ADD ("model", test_model);
  ADD ("packed", test_packed);
  ADD ("max-points", test_max_points);
  ADD ("cancel", test_cancel);
  ADD ("read-us", test_read_us);
  ADD ("queue-full", test_read_queue_full);
  ADD ("retention", test_retention);
  return g_test_run ();
}
