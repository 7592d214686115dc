/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-owners.h"

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

typedef struct {
  char *device;
  GPtrArray *rows; /* OrfOwnerRow */
  OrfOwnersDone done;
  gpointer user_data;
} Read;

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
read_rows (Read *job, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, owners_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, job->device);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, job->rows, error);
}

static gboolean
read_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  gboolean has;

  return orf_connection_has_version (connection, FIRST_VERSION, &has, error) &&
         (!has || read_rows (data, connection, error));
}

static void
read_cb (gpointer user_data, const GError *error)
{
  Read *job = user_data;

  job->done (job->user_data, error == NULL ? job->rows : NULL, error);
  g_ptr_array_unref (job->rows);
  g_free (job->device);
  g_free (job);
}

void
orf_store_read_owners (
  OrfStore *store, const char *device, OrfCancel *cancel, OrfOwnersDone done, gpointer user_data)
{
  Read *job = g_new0 (Read, 1);

  job->device = g_strdup (device);
  job->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_owner_row_free);
  job->done = done;
  job->user_data = user_data;
  orf_store_read (store, read_thread_cb, job, cancel, read_cb, job);
}
