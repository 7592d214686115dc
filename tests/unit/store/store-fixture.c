/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-fixture.h"

#include <glib/gstdio.h>

#include "core/orf-clock.h"
#include "store/orf-store-pack.h"

void
store_fixture_set_up (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("orf-store-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->directory, "t.db", NULL);
  fixture->options = (OrfStoreOptions){
    .path = fixture->path,
    .readers = 2,
    .max_write_jobs = 1000,
    .max_read_jobs = 100,
    .batch_us = 20 * ORF_US_PER_MS,
    .read_us = 20 * ORF_US_PER_S,
    .raw_us = 7200 * ORF_US_PER_S,
    .idempotency_us = 600 * ORF_US_PER_S,
    .min_free_bytes = 1 << 16,
    .ballast_bytes = 1 << 16,
  };
}

void
store_remove_directory (const char *directory)
{
  g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL) {
    g_autofree char *path = g_build_filename (directory, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      store_remove_directory (path);
    else
      g_unlink (path);
  }
  g_rmdir (directory);
}

void
store_fixture_tear_down (StoreFixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  store_fixture_close (fixture);
  store_remove_directory (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->directory);
}

void
store_fixture_open (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = orf_store_open (&fixture->options, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fixture->store);
}

void
store_fixture_close (StoreFixture *fixture)
{
  g_clear_pointer (&fixture->store, orf_store_close);
}

void
store_fixture_reopen (StoreFixture *fixture)
{
  store_fixture_close (fixture);
  store_fixture_open (fixture);
}

/* FALSE: there was nothing to do. */
static gboolean
pack_step (OrfPacker *packer, OrfConnection *connection, const OrfPackLimits *limits, gboolean lost)
{
  g_autoptr (OrfPackStep) step = NULL;
  g_autoptr (GError) error = NULL;

  orf_connection_exec (connection, "BEGIN IMMEDIATE", &error);
  orf_packer_make_step (packer, connection, limits, &step, &error);
  g_assert_no_error (error);
  if (step != NULL)
    orf_pack_apply (connection, step, &error);
  g_assert_no_error (error);
  orf_connection_exec (connection, lost ? "ROLLBACK" : "COMMIT", &error);
  g_assert_no_error (error);
  return step != NULL;
}

guint
store_fixture_pack (StoreFixture *fixture, guint n, const OrfPackLimits *limits)
{
  g_autoptr (OrfPacker) packer = orf_packer_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConnection) connection = NULL;
  guint n_done = 0;

  connection = orf_connection_open (fixture->path, ORF_CONNECTION_WRITE, &error);
  g_assert_no_error (error);
  while (n_done < n) {
    int fate = g_test_rand_int_range (0, 6);

    if (!pack_step (packer, connection, limits, fate == 0))
      return n_done;
    n_done += fate != 0;
    /* one that has nothing in memory goes on */
    if (fate == 1) {
      orf_packer_free (packer);
      packer = orf_packer_new ();
    }
  }
  return n_done;
}

char *
store_fixture_dup_path (StoreFixture *fixture, const char *name)
{
  return g_build_filename (fixture->directory, name, NULL);
}

void
store_answer_clear (StoreAnswer *answer)
{
  g_free (answer->replayed_json);
  g_strfreev (answer->problems);
  g_clear_pointer (&answer->rows, g_ptr_array_unref);
  g_clear_error (&answer->error);
  *answer = (StoreAnswer){ 0 };
}

void
store_answer_wait (StoreAnswer *answer)
{
  while (!answer->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
take_error (StoreAnswer *answer, const GError *error)
{
  g_assert_false (answer->done);
  answer->done = TRUE;
  answer->error = error != NULL ? g_error_copy (error) : NULL;
}

void
store_answer_write_cb (gpointer data, const OrfWriteResult *result, const GError *error)
{
  StoreAnswer *answer = data;

  take_error (answer, error);
  g_assert_true ((result == NULL) == (error != NULL));
  if (result != NULL)
    answer->replayed_json = g_strdup (result->replayed_json);
}

void
store_answer_backup_cb (gpointer data,
                        gint64 size_bytes,
                        gint64 took_us G_GNUC_UNUSED,
                        const GError *error)
{
  StoreAnswer *answer = data;

  take_error (answer, error);
  answer->size_bytes = size_bytes;
}

void
store_answer_check_cb (gpointer data,
                       char **problems,
                       gint64 took_us G_GNUC_UNUSED,
                       const GError *error)
{
  StoreAnswer *answer = data;

  take_error (answer, error);
  answer->problems = g_strdupv (problems);
}

void
store_answer_series_cb (gpointer data, GPtrArray *rows, const GError *error)
{
  StoreAnswer *answer = data;

  take_error (answer, error);
  if (rows != NULL)
    answer->rows = g_ptr_array_ref (rows);
}

void
store_answer_samples_cb (gpointer data, GPtrArray *series, const GError *error)
{
  store_answer_series_cb (data, series, error);
}

OrfSeriesRow *
store_series_row (gint64 id, const char *name)
{
  OrfSeriesRow *row = orf_series_row_new ();

  row->id = id;
  row->name = g_strdup (name);
  row->labels_json = g_strdup ("{}");
  row->kind = 1;
  row->created_us = row->last_us = orf_clock_now_us ();
  return row;
}

OrfSampleBatch *
store_batch (gint64 t_us, guint n)
{
  OrfSampleBatch *batch = orf_sample_batch_new (n);

  g_ptr_array_add (batch->new_series, store_series_row (1, "one"));
  for (guint i = 0; i < n; i++)
    orf_sample_batch_add (batch, t_us + (gint64) i * ORF_US_PER_S, 1, i);
  return batch;
}

void
store_fixture_write (StoreFixture *fixture,
                     OrfSampleBatch *batch,
                     const OrfIdempotency *idempotency,
                     StoreAnswer *answer)
{
  orf_store_write_samples (fixture->store, batch, idempotency, store_answer_write_cb, answer);
  store_answer_wait (answer);
}

gint64
store_query (const char *path, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfConnection) connection = orf_connection_open (path, ORF_CONNECTION_READ, &error);
  gint64 value = -1;

  g_assert_no_error (error);
  orf_connection_get_int64 (connection, sql, &value, &error);
  g_assert_no_error (error);
  return value;
}

void
store_fixture_settle (StoreFixture *fixture)
{
  const OrfAudit audit = { "test", "test", NULL };
  g_auto (StoreAnswer) answer = { 0 };

  orf_store_write_audit (fixture->store, &audit, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}
