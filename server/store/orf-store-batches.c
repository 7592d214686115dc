/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-batches.h"

#define FIRST_VERSION 9

static const char batches_sql[] =
  "SELECT size, peak_bytes, duration_us, operation, t_us "
  "FROM worker_batch WHERE worker_id = ? ORDER BY rowid DESC LIMIT ?";

static gboolean
read_batches (
  OrfConnection *connection, gint64 worker_id, guint max, GPtrArray *batches, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, batches_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, worker_id);
  sqlite3_bind_int64 (statement, 2, max);
  for (;;) {
    OrfWorkerBatchRow *batch;

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    batch = g_new0 (OrfWorkerBatchRow, 1);
    batch->size = sqlite3_column_int64 (statement, 0);
    batch->peak_bytes = orf_statement_get_int64 (statement, 1, -1);
    batch->duration_us = orf_statement_get_int64 (statement, 2, -1);
    batch->operation = orf_statement_dup_text (statement, 3);
    batch->t_us = sqlite3_column_int64 (statement, 4);
    g_ptr_array_add (batches, batch);
  }
}

GPtrArray *
orf_worker_batches_read (OrfConnection *connection, gint64 worker_id, guint max, GError **error)
{
  g_autoptr (GPtrArray)
    batches = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_worker_batch_row_free);
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      (has && !read_batches (connection, worker_id, max, batches, error)))
    return NULL;
  return g_steal_pointer (&batches);
}
