/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-owners.h"

#include "store/orf-store-rows.h"

/* The first version whose files have `worker`. */
#define FIRST_VERSION 9

/* Each process that was seen on the device, and each worker that is there no more, with the last
 * that is known of it; rows of the last hours are enough, as older ones have gone. */
static const char owners_sql[] =
  "SELECT pid, name, used_bytes, t_us, NULL AS worker FROM "
  "(SELECT pid, name, used_bytes, max(t_us) AS t_us FROM gpu_process "
  "WHERE rowid > (SELECT coalesce(max(rowid), 0) FROM gpu_process) - 100000 AND device = ?1 "
  "GROUP BY pid) "
  "UNION ALL SELECT pid, name, reserved_bytes, lost_us, 'w-' || id FROM worker "
  "WHERE device = ?1 AND lost_us IS NOT NULL AND pid IS NOT NULL "
  "ORDER BY t_us DESC LIMIT 1000";

void
orf_owner_row_free (OrfOwnerRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->worker);
  g_free (row);
}

static OrfOwnerRow *
make_row (OrfStatement *statement)
{
  OrfOwnerRow *row = g_new0 (OrfOwnerRow, 1);

  row->pid = sqlite3_column_int64 (statement, 0);
  row->name = orf_statement_dup_text (statement, 1);
  row->used_bytes = orf_statement_get_int64 (statement, 2, -1);
  row->t_us = sqlite3_column_int64 (statement, 3);
  row->worker = orf_statement_dup_text (statement, 4);
  return row;
}

static gboolean
read_thread_cb (gconstpointer device, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, owners_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, device);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

void
orf_store_read_owners (
  OrfStore *store, const char *device, OrfCancel *cancel, OrfRowsDone done, gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_owner_row_free, NULL, g_free };

  orf_store_read_rows (store, &how, g_strdup (device), cancel, done, user_data);
}
