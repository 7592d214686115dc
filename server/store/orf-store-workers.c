/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-workers.h"

#include <string.h>

#include <jansson.h>

#include "store/orf-connection.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-open.h"
#include "store/orf-store-private.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION 9

#define COLUMNS                                                                                    \
  "id, name, device, pid, source, capabilities, registered_us, reported_us, lost_us, left_us, "    \
  "allocated_bytes, reserved_bytes, active_bytes, inactive_split_bytes, largest_free_bytes, "      \
  "ooms, "                                                                                         \
  "retries, batches"

static const char put_sql[] =
  "INSERT INTO worker (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
  "ON CONFLICT (id) DO UPDATE SET name = excluded.name, device = excluded.device, "
  "pid = excluded.pid, source = excluded.source, capabilities = excluded.capabilities, "
  "registered_us = excluded.registered_us, reported_us = excluded.reported_us, "
  "lost_us = excluded.lost_us, left_us = excluded.left_us, "
  "allocated_bytes = excluded.allocated_bytes, reserved_bytes = excluded.reserved_bytes, "
  "active_bytes = excluded.active_bytes, inactive_split_bytes = excluded.inactive_split_bytes, "
  "largest_free_bytes = excluded.largest_free_bytes, ooms = excluded.ooms, "
  "retries = excluded.retries, batches = worker.batches + excluded.batches";
static const char drop_sql[] =
  "DELETE FROM worker WHERE id <= ? AND (lost_us IS NOT NULL OR left_us IS NOT NULL)";
static const char put_batch_sql[] =
  "INSERT INTO worker_batch (t_us, worker_id, size, peak_bytes, duration_us, operation) "
  "VALUES (?,?,?,?,?,?)";
static const char drop_batches_sql[] =
  "DELETE FROM worker_batch WHERE rowid <= (SELECT max(rowid) FROM worker_batch) - ?";
static const char read_sql[] =
  "SELECT " COLUMNS " FROM (SELECT * FROM worker WHERE coalesce(lost_us, left_us, ?1) >= ?1 "
  "ORDER BY id DESC LIMIT ?2) ORDER BY id";

static const char named_sql[] =
  "SELECT id, lost_us IS NULL AND left_us IS NULL FROM worker WHERE name = ? ORDER BY id";
static const char read_one_sql[] = "SELECT " COLUMNS " FROM worker WHERE id = ?";

/* ---- values ---------------------------------------------------------------------------------- */

OrfWorkerRow *
orf_worker_row_new (void)
{
  return g_new0 (OrfWorkerRow, 1);
}

void
orf_worker_row_free (OrfWorkerRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->device);
  g_free (row->source);
  g_strfreev (row->capabilities);
  g_free (row);
}

void
orf_worker_batch_row_free (OrfWorkerBatchRow *row)
{
  g_free (row->operation);
  g_free (row);
}

void
orf_worker_change_free (OrfWorkerChange *change)
{
  if (change == NULL)
    return;
  orf_worker_row_free (change->row);
  g_clear_pointer (&change->batches, g_ptr_array_unref);
  g_free (change);
}

static gsize
measure_text (const char *text)
{
  return text != NULL ? strlen (text) + 1 : 0;
}

static gsize
measure_change (const OrfWorkerChange *change)
{
  gsize bytes = sizeof *change + sizeof *change->row + measure_text (change->row->name) +
                measure_text (change->row->device);

  for (char **word = change->row->capabilities; *word != NULL; word++)
    bytes += sizeof *word + measure_text (*word);
  for (guint i = 0; change->batches != NULL && i < change->batches->len; i++)
    bytes += sizeof (OrfWorkerBatchRow) +
             measure_text (((OrfWorkerBatchRow *) change->batches->pdata[i])->operation);
  return bytes;
}

static char *
dup_words_json (char *const *words)
{
  json_t *array = json_array ();
  char *text;

  for (; *words != NULL; words++)
    json_array_append_new (array, json_string (*words));
  text = json_dumps (array, JSON_COMPACT);
  json_decref (array);
  return text;
}

/* Empty where it is none: somebody else wrote it. */
static char **
parse_words (const char *text)
{
  json_t *array = json_loads (text, 0, NULL);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  json_t *word;
  gsize i;

  json_array_foreach (array, i, word) if (json_is_string (word))
    g_strv_builder_add (words, json_string_value (word));
  json_decref (array);
  return g_strv_builder_end (words);
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
put_row (OrfConnection *connection, const OrfWorkerRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_sql, error);
  const gint64 known[] = {
    row->allocated_bytes,    row->reserved_bytes, row->active_bytes, row->inactive_split_bytes,
    row->largest_free_bytes, row->ooms,           row->retries
  };
  char *capabilities;

  if (statement == NULL)
    return FALSE;
  capabilities = dup_words_json (row->capabilities);
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->name);
  orf_statement_bind_text (statement, 3, row->device);
  orf_statement_bind_int64 (statement, 4, row->pid, row->pid >= 0);
  orf_statement_bind_text (statement, 5, row->source);
  sqlite3_bind_text (statement, 6, capabilities, -1, free);
  sqlite3_bind_int64 (statement, 7, row->registered_us);
  orf_statement_bind_int64 (statement, 8, row->reported_us, row->reported_us > 0);
  orf_statement_bind_int64 (statement, 9, row->lost_us, row->lost_us > 0);
  orf_statement_bind_int64 (statement, 10, row->left_us, row->left_us > 0);
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    orf_statement_bind_int64 (statement, 11 + (int) i, known[i], known[i] >= 0);
  sqlite3_bind_int64 (statement, 18, row->batches);
  return orf_connection_run (connection, statement, error);
}

static gboolean
put_batch (OrfConnection *connection,
           const OrfWorkerChange *change,
           const OrfWorkerBatchRow *batch,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_batch_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, change->t_us);
  sqlite3_bind_int64 (statement, 2, change->row->id);
  sqlite3_bind_int64 (statement, 3, batch->size);
  orf_statement_bind_int64 (statement, 4, batch->peak_bytes, batch->peak_bytes >= 0);
  orf_statement_bind_int64 (statement, 5, batch->duration_us, batch->duration_us >= 0);
  orf_statement_bind_text (statement, 6, batch->operation);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfWorkerChange *change = data;
  guint n_batches = change->batches != NULL ? change->batches->len : 0;

  if (!put_row (connection, change->row, error) ||
      !orf_connection_run_with (connection, drop_sql, change->row->id - change->max_workers, error))
    return FALSE;
  for (guint i = 0; i < n_batches; i++)
    if (!put_batch (connection, change, change->batches->pdata[i], error))
      return FALSE;
  return n_batches == 0 ||
         orf_connection_run_with (connection, drop_batches_sql, change->max_batches, error);
}

void
orf_store_write_worker (OrfStore *store,
                        OrfWorkerChange *change,
                        const OrfIdempotency *idempotency,
                        OrfWriteDone done,
                        gpointer user_data)
{
  const OrfStoreChange written = {
    .write_thread_cb = write_thread_cb,
    .data = change,
    .free = (GDestroyNotify) orf_worker_change_free,
    .bytes = measure_change (change),
    .idempotency = idempotency,
  };

  orf_store_write (store, &written, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

static OrfWorkerRow *
make_row (OrfStatement *statement)
{
  OrfWorkerRow *row = orf_worker_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->name = orf_statement_dup_sure_text (statement, 1);
  row->device = orf_statement_dup_text (statement, 2);
  row->pid = orf_statement_get_int64 (statement, 3, -1);
  row->source = orf_statement_dup_sure_text (statement, 4);
  row->capabilities = parse_words ((const char *) sqlite3_column_text (statement, 5));
  row->registered_us = sqlite3_column_int64 (statement, 6);
  row->reported_us = orf_statement_get_int64 (statement, 7, 0);
  row->lost_us = orf_statement_get_int64 (statement, 8, 0);
  row->left_us = orf_statement_get_int64 (statement, 9, 0);
  row->allocated_bytes = orf_statement_get_int64 (statement, 10, -1);
  row->reserved_bytes = orf_statement_get_int64 (statement, 11, -1);
  row->active_bytes = orf_statement_get_int64 (statement, 12, -1);
  row->inactive_split_bytes = orf_statement_get_int64 (statement, 13, -1);
  row->largest_free_bytes = orf_statement_get_int64 (statement, 14, -1);
  row->ooms = orf_statement_get_int64 (statement, 15, -1);
  row->retries = orf_statement_get_int64 (statement, 16, -1);
  row->batches = sqlite3_column_int64 (statement, 17);
  return row;
}

static gboolean
read_rows (OrfConnection *connection, gint64 since_us, guint max, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, since_us);
  sqlite3_bind_int64 (statement, 2, max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

GPtrArray *
orf_workers_read (OrfConnection *connection, gint64 since_us, guint max, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_worker_row_free);
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      (has && !read_rows (connection, since_us, max, rows, error)))
    return NULL;
  return g_steal_pointer (&rows);
}

OrfWorkerRow *
orf_worker_read (OrfConnection *connection, gint64 id, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) || !has)
    return NULL;
  statement = orf_connection_prepare (connection, read_one_sql, error);
  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, id);
  if (!orf_connection_step (connection, statement, &has, error) || !has)
    return NULL;
  return make_row (statement);
}

GArray *
orf_workers_read_named (OrfConnection *connection, const char *name, GError **error)
{
  g_autoptr (GArray) named = g_array_new (FALSE, FALSE, sizeof (OrfWorkerNamed));
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return NULL;
  if (!has)
    return g_steal_pointer (&named);
  statement = orf_connection_prepare (connection, named_sql, error);
  if (statement == NULL)
    return NULL;
  orf_statement_bind_text (statement, 1, name);
  for (;;) {
    OrfWorkerNamed one;

    if (!orf_connection_step (connection, statement, &has, error))
      return NULL;
    if (!has)
      return g_steal_pointer (&named);
    one.id = sqlite3_column_int64 (statement, 0);
    one.live = sqlite3_column_int (statement, 1) != 0;
    g_array_append_val (named, one);
  }
}

GPtrArray *
orf_store_load_workers (OrfStore *store, gint64 since_us, guint max, gint64 *max_id, GError **error)
{
  g_autoptr (OrfConnection)
    connection = orf_store_open_reader (store->options.path, store->read_mode, error);

  if (connection == NULL ||
      !orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("worker"), max_id, error))
    return NULL;
  return orf_workers_read (connection, since_us, max, error);
}
