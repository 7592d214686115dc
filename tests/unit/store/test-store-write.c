/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store-fixture.h"

static _Atomic gint64 ahead_us;

/* Instead of GLib's: the time of day may jump. */
gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return now.tv_sec * ORF_US_PER_S + now.tv_nsec / 1000 + ahead_us;
}

static void
test_acknowledged (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };
  gint64 now_us = orf_clock_now_us ();

  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (now_us, 20), NULL, &answer);
  g_assert_no_error (answer.error);
  g_assert_null (answer.replayed_json);
  /* Seen by others at once, and by the figures that came with the answer. */
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 20);
  g_assert_cmpint (orf_store_get_stats (fixture->store)->rows_written, ==, 20);
  g_assert_cmpint (orf_store_get_stats (fixture->store)->commits, ==, 1);
  g_assert_null (orf_store_get_stats (fixture->store)->fault);
}

static void
test_close_drains (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  StoreAnswer answers[50] = { 0 };
  gint64 now_us = orf_clock_now_us ();

  store_fixture_open (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    orf_store_write_frame (fixture->store, store_batch (now_us + i, 3));
    orf_store_write_samples (fixture->store, store_batch (now_us + i, 2), NULL,
                             store_answer_write_cb, &answers[i]);
  }
  store_fixture_close (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_assert_true (answers[i].done);
    g_assert_no_error (answers[i].error);
  }
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 250);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM series"), ==, 1);
}

/* A frame of many batch_us: acknowledgements that come after it go before its end. */
static void
test_ack_before_bulk (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const guint n = 400000;
  OrfSampleBatch *frame = store_batch (0, 0);
  g_auto (StoreAnswer) answer = { 0 };

  fixture->options.batch_us = ORF_US_PER_MS;
  for (guint i = 0; i < n; i++)
    orf_sample_batch_add (frame, 1, 1, 0);
  store_fixture_open (fixture);
  orf_store_write_frame (fixture->store, frame);
  store_fixture_write (fixture, store_batch (2, 1), NULL, &answer);
  g_assert_no_error (answer.error);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, n + 1);
  g_assert_cmpint (store_query (fixture->path, "SELECT rowid FROM sample_raw WHERE t_us = 2"), <,
                   n + 1);
}

static void
test_large_frame_is_cut (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) answer = { 0 };
  OrfSampleBatch *frame = store_batch (orf_clock_now_us (), 100000);

  fixture->options.batch_us = 1; /* each slice is a transaction */
  store_fixture_open (fixture);
  orf_store_write_frame (fixture->store, frame);
  store_fixture_reopen (fixture);
  orf_store_check (fixture->store, NULL, store_answer_check_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
  g_assert_cmpuint (g_strv_length (answer.problems), ==, 0);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 100000);
}

static void
test_idempotency (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfIdempotency key = { "k1", "metrics.record", G_MAXUINT64, "{\"accepted\":2}" };
  const OrfIdempotency again = { "k1", "metrics.record", G_MAXUINT64, "{\"other\":1}" };
  const OrfIdempotency other = { "k1", "metrics.record", 7, "{}" };
  gint64 now_us = orf_clock_now_us ();

  store_fixture_open (fixture);
  for (guint i = 0; i < 4; i++) {
    g_auto (StoreAnswer) answer = { 0 };
    const OrfIdempotency *keys[] = { &key, &again, &other, &again };

    store_fixture_write (fixture, store_batch (now_us, 2), keys[i], &answer);
    if (i == 2) {
      g_assert_error (answer.error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION);
    } else {
      g_assert_no_error (answer.error);
      g_assert_cmpstr (answer.replayed_json, ==, i == 0 ? NULL : key.response_json);
    }
    if (i == 2) { /* and across a restart */
      store_fixture_reopen (fixture);
    }
  }
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 2);
}

static void
test_idempotency_expires (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfIdempotency key = { "k1", "m", 1, "{}" };
  const OrfIdempotency other = { "k1", "m", 2, "{}" };
  g_auto (StoreAnswer) first = { 0 };
  g_auto (StoreAnswer) second = { 0 };

  fixture->options.idempotency_us = -1; /* older than that at once */
  store_fixture_open (fixture);
  store_fixture_write (fixture, store_batch (1, 1), &key, &first);
  store_fixture_write (fixture, store_batch (2, 1), &other, &second);
  g_assert_no_error (second.error);
  g_assert_null (second.replayed_json);
}

/* What was done is done once, wherever the clock is when it is asked again, and wherever it was. */
static void
test_idempotency_while_the_clock_jumps (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfIdempotency keys[] = { { "k1", "m", 1, "{}" }, { "k2", "m", 1, "{}" } };
  const gint64 day_us = 86400 * ORF_US_PER_S;
  const gint64 jumps[] = { 0, 660 * ORF_US_PER_S, 365 * day_us, 0 };
  /* the jump is warned of, and meant */
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  gint64 now_us = orf_clock_now_us ();

  store_fixture_open (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (jumps); i++) {
    ahead_us = jumps[i];
    /* the second comes when the clock is wrong for the first time */
    for (guint k = 0; k < MIN (i + 1, G_N_ELEMENTS (keys)); k++) {
      g_auto (StoreAnswer) answer = { 0 };

      store_fixture_write (fixture, store_batch (now_us, 1), &keys[k], &answer);
      g_assert_no_error (answer.error);
      g_assert_cmpstr (answer.replayed_json, ==, i == k ? NULL : "{}");
    }
    g_assert_cmpint (orf_store_get_age_now_us (fixture->store), <, now_us + day_us);
  }
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 2);
  store_fixture_close (fixture);
  g_log_set_always_fatal (fatal);
}

/* Of those that wait together, the bad one alone fails. */
static void
test_bad_one_in_a_group (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfIdempotency key = { "k", "m", 1, "{}" }, conflict = { "k", "m", 2, "{}" };
  StoreAnswer answers[30] = { 0 };

  store_fixture_open (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    OrfSampleBatch *batch = store_batch (i + 1, 1);

    if (i % 3 == 1) /* the same name under another id */
      g_ptr_array_add (batch->new_series, store_series_row (100 + i, "one"));
    if (i % 3 == 2) { /* what it declares is kept, though it is refused */
      g_autofree char *name = g_strdup_printf ("declared%u", i);

      g_ptr_array_add (batch->new_series, store_series_row (200 + i, name));
    }
    orf_store_write_samples (fixture->store, batch,
                             i == 0       ? &key
                             : i % 3 == 2 ? &conflict
                                          : NULL,
                             store_answer_write_cb, &answers[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    store_answer_wait (&answers[i]);
    if (i % 3 == 0)
      g_assert_no_error (answers[i].error);
    else
      g_assert_cmpint (orf_error_get_code (answers[i].error), ==,
                       i % 3 == 1 ? ORF_ERROR_INTERNAL : ORF_ERROR_FAILED_PRECONDITION);
    store_answer_clear (&answers[i]);
  }
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==, 10);
  g_assert_cmpint (store_query (fixture->path,
                                "SELECT sum(last_rowid-first_rowid+1) FROM raw_block"),
                   ==, 10);
  {
    g_auto (StoreAnswer) answer = { 0 };

    store_fixture_write (fixture, store_batch (99, 1), NULL, &answer);
    g_assert_no_error (answer.error);
  }
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM series"), ==, 11);
}

static void
test_series (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfAudit audit = { "uid 0", "metrics.define", "{\"name\":\"b\"}" };
  const char *const keys[] = { "b", "{\"k\":\"v\"}", "none", "{}", "a", "{}", NULL };
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  g_autoptr (GPtrArray) loaded = NULL;
  g_autoptr (GError) error = NULL;
  OrfSeriesRow *b = store_series_row (7, "b");
  g_auto (StoreAnswer) written = { 0 };
  g_auto (StoreAnswer) changed = { 0 };
  g_auto (StoreAnswer) found = { 0 };
  g_auto (StoreAnswer) listed = { 0 };
  g_auto (StoreAnswer) named = { 0 };
  gint64 max_id = 0;

  g_free (b->labels_json);
  b->labels_json = g_strdup ("{\"k\":\"v\"}");
  b->kind = 3;
  b->unit = g_strdup ("bytes");
  b->extra_json = g_strdup ("[1,2]");
  b->last_us = 500;
  g_ptr_array_add (rows, b);
  g_ptr_array_add (rows, store_series_row (3, "a"));
  store_fixture_open (fixture);
  orf_store_write_series (fixture->store, g_ptr_array_ref (rows), &audit, NULL,
                          store_answer_write_cb, &written);
  store_answer_wait (&written);
  g_assert_no_error (written.error);
  b->last_us = 400; /* never falls */
  g_free (b->help);
  b->help = g_strdup ("what it is");
  orf_store_write_series (fixture->store, g_ptr_array_ref (rows), NULL, NULL, store_answer_write_cb,
                          &changed);
  store_answer_wait (&changed);
  g_assert_no_error (changed.error);

  orf_store_find_series (fixture->store, g_strdupv ((char **) keys), NULL, store_answer_series_cb,
                         &found);
  store_answer_wait (&found);
  g_assert_no_error (found.error);
  g_assert_cmpuint (found.rows->len, ==, 2);
  b = g_ptr_array_index (found.rows, 0);
  g_assert_cmpint (b->id, ==, 7);
  g_assert_cmpint (b->kind, ==, 3);
  g_assert_cmpint (b->last_us, ==, 500);
  g_assert_cmpstr (b->help, ==, "what it is");
  g_assert_cmpstr (b->unit, ==, "bytes");
  g_assert_cmpstr (b->extra_json, ==, "[1,2]");

  orf_store_list_series (fixture->store, NULL, 501, 10, NULL, store_answer_series_cb, &listed);
  store_answer_wait (&listed);
  g_assert_cmpuint (listed.rows->len, ==, 1);
  orf_store_list_series (fixture->store, "b", 0, 10, NULL, store_answer_series_cb, &named);
  store_answer_wait (&named);
  g_assert_cmpuint (named.rows->len, ==, 1);
  g_assert_cmpstr (((OrfSeriesRow *) g_ptr_array_index (named.rows, 0))->name, ==, "b");
  loaded = orf_store_load_series (fixture->store, 0, 1, &max_id, &error);
  g_assert_no_error (error);
  g_assert_cmpint (max_id, ==, 7);
  g_assert_cmpuint (loaded->len, ==, 1);
  g_assert_cmpstr (((OrfSeriesRow *) g_ptr_array_index (loaded, 0))->name, ==, "a");
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM audit"), ==, 1);
  g_assert_cmpint (store_query (fixture->path,
                                "SELECT count(*) FROM v_series "
                                "WHERE series = 'b{k=\"v\"}' AND kind = 'histogram'"),
                   ==, 1);
}

static void
test_gpu_processes (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfGpuProcessRow rows[] = { { "gpu0", 12, "python", 5000 }, { "gpu0", 13, NULL, -1 } };

  store_fixture_open (fixture);
  orf_store_write_gpu_processes (fixture->store, orf_clock_now_us (), rows, 2);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path,
                                "SELECT count(*) FROM gpu_process WHERE device = 'gpu0'"),
                   ==, 2);
  g_assert_cmpint (store_query (fixture->path,
                                "SELECT pid FROM gpu_process WHERE used_bytes IS NULL"),
                   ==, 13);
}

/* A batch that is not let in takes its samples with it, not the series that later ones name. */
static void
test_queue_full (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  StoreAnswer answers[300] = { 0 };
  g_auto (StoreAnswer) last = { 0 };
  guint n_refused = 0;

  fixture->options.max_write_jobs = 1;
  store_fixture_open (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    OrfSampleBatch *batch = store_batch (orf_clock_now_us (), 1);
    g_autofree char *name = g_strdup_printf ("s%u", i);

    g_ptr_array_add (batch->new_series, store_series_row (10 + i, name));
    if (i % 2 == 0)
      orf_store_write_frame (fixture->store, batch);
    else
      orf_store_write_samples (fixture->store, batch, NULL, store_answer_write_cb, &answers[i]);
  }
  for (guint i = 1; i < G_N_ELEMENTS (answers); i += 2) {
    store_answer_wait (&answers[i]);
    if (answers[i].error != NULL) {
      g_assert_error (answers[i].error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
      n_refused++;
    }
    store_answer_clear (&answers[i]);
  }
  n_refused += (guint) orf_store_get_stats (fixture->store)->frames_dropped;
  g_assert_cmpuint (n_refused, >, 0);
  store_fixture_write (fixture, store_batch (orf_clock_now_us (), 1), NULL, &last);
  g_assert_no_error (last.error);
  store_fixture_close (fixture);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM sample_raw"), ==,
                   301 - n_refused);
  g_assert_cmpint (store_query (fixture->path, "SELECT count(*) FROM series"), ==, 301);
}

static void
write_more_cb (gpointer data, const OrfWriteResult *result G_GNUC_UNUSED, const GError *error)
{
  StoreFixture *fixture = ((gpointer *) data)[0];

  g_assert_no_error (error);
  orf_store_write_samples (fixture->store, store_batch (5, 1), NULL, store_answer_write_cb,
                           ((gpointer *) data)[1]);
}

/* What a callback asks for while the store closes is answered, by a refusal. */
static void
test_write_while_closing (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_auto (StoreAnswer) late = { 0 };
  gpointer pair[] = { fixture, &late };

  store_fixture_open (fixture);
  orf_store_write_samples (fixture->store, store_batch (1, 1), NULL, write_more_cb, pair);
  orf_store_close (fixture->store);
  fixture->store = NULL;
  g_assert_true (late.done);
  g_assert_error (late.error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add ("/store/write/" name, StoreFixture, NULL, store_fixture_set_up, test,                \
              store_fixture_tear_down)
  ADD ("acknowledged", test_acknowledged);
  ADD ("close-drains", test_close_drains);
  ADD ("ack-before-bulk", test_ack_before_bulk);
  ADD ("large-frame", test_large_frame_is_cut);
  ADD ("idempotency", test_idempotency);
  ADD ("idempotency-expires", test_idempotency_expires);
  ADD ("idempotency-clock-jumps", test_idempotency_while_the_clock_jumps);
  ADD ("bad-one", test_bad_one_in_a_group);
  ADD ("series", test_series);
  ADD ("gpu-processes", test_gpu_processes);
  ADD ("queue-full", test_queue_full);
  ADD ("closing", test_write_while_closing);
  return g_test_run ();
}
