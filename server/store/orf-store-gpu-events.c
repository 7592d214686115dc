/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "store/orf-store-device.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the table: one that is only looked at is not migrated. */
#define FIRST_VERSION 9

static const char write_sql[] =
  "INSERT INTO gpu_event (id, device, kind, severity, code, text, raised_us, cleared_us) "
  "VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (id) DO UPDATE SET cleared_us = ?8";
/* Of the last daemon: when it was over nobody knows. */
static const char clear_sql[] =
  "UPDATE gpu_event SET cleared_us = max(raised_us, ?1) WHERE cleared_us IS NULL";
static const char read_sql[] =
  "SELECT id, device, kind, severity, code, text, raised_us, cleared_us FROM gpu_event "
  "WHERE raised_us < ?3 AND (cleared_us IS NULL OR cleared_us >= ?2) "
  "AND (?1 IS NULL OR device = ?1) AND (raised_us, id) < (?4, ?5) "
  "ORDER BY raised_us DESC, id DESC LIMIT ?6";
/* A device has series from its first sample on. */
static const char known_sql[] =
  "SELECT EXISTS (SELECT 1 FROM gpu_event WHERE device = ?1) OR "
  "EXISTS (SELECT 1 FROM series WHERE name GLOB 'gpu.*' AND labels ->> '$.device' = ?1)";

OrfGpuEventRow *
orf_gpu_event_row_new (void)
{
  return g_new0 (OrfGpuEventRow, 1);
}

void
orf_gpu_event_row_free (OrfGpuEventRow *row)
{
  if (row == NULL)
    return;
  g_free (row->device);
  g_free (row->kind);
  g_free (row->severity);
  g_free (row->text);
  g_free (row);
}

OrfGpuEventRow *
orf_gpu_event_row_copy (const OrfGpuEventRow *row)
{
  OrfGpuEventRow *copy = g_memdup2 (row, sizeof *row);

  copy->device = g_strdup (row->device);
  copy->kind = g_strdup (row->kind);
  copy->severity = g_strdup (row->severity);
  copy->text = g_strdup (row->text);
  return copy;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfGpuEventRow *row = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, write_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->device);
  orf_statement_bind_text (statement, 3, row->kind);
  orf_statement_bind_text (statement, 4, row->severity);
  if (row->has_code)
    sqlite3_bind_int64 (statement, 5, row->code);
  orf_statement_bind_text (statement, 6, row->text);
  sqlite3_bind_int64 (statement, 7, row->raised_us);
  if (row->has_cleared_us)
    sqlite3_bind_int64 (statement, 8, row->cleared_us);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_write_gpu_event (OrfStore *store,
                           OrfGpuEventRow *event,
                           OrfWriteDone done,
                           gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = write_thread_cb,
    .data = event,
    .free = (GDestroyNotify) orf_gpu_event_row_free,
    .bytes = sizeof *event + strlen (event->device) + strlen (event->text),
  };

  orf_store_write (store, &change, done, user_data);
}

static gboolean
clear_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, clear_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, *(const gint64 *) data);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_clear_gpu_events (OrfStore *store, gint64 now_us, OrfWriteDone done, gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = clear_thread_cb,
    .data = g_memdup2 (&now_us, sizeof now_us),
    .free = g_free,
    .bytes = sizeof now_us,
  };

  orf_store_write (store, &change, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

static OrfGpuEventRow *
make_row (OrfStatement *statement)
{
  OrfGpuEventRow *row = orf_gpu_event_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->device = orf_statement_dup_sure_text (statement, 1);
  row->kind = orf_statement_dup_sure_text (statement, 2);
  row->severity = orf_statement_dup_sure_text (statement, 3);
  row->has_code = sqlite3_column_type (statement, 4) != SQLITE_NULL;
  row->code = sqlite3_column_int64 (statement, 4);
  row->text = orf_statement_dup_sure_text (statement, 5);
  row->raised_us = sqlite3_column_int64 (statement, 6);
  row->has_cleared_us = sqlite3_column_type (statement, 7) != SQLITE_NULL;
  row->cleared_us = sqlite3_column_int64 (statement, 7);
  return row;
}

static gboolean
read_rows (const OrfGpuEventFilter *filter,
           OrfConnection *connection,
           GPtrArray *rows,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, filter->device);
  sqlite3_bind_int64 (statement, 2, filter->from_us);
  sqlite3_bind_int64 (statement, 3, filter->to_us);
  sqlite3_bind_int64 (statement, 4, filter->before_us);
  sqlite3_bind_int64 (statement, 5, filter->before_id);
  sqlite3_bind_int64 (statement, 6, filter->max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfGpuEventFilter *filter = data;

  return read_rows (filter, connection, rows, error) &&
         (filter->device == NULL || filter->known || rows->len > 0 ||
          orf_device_check (connection, known_sql, filter->device, error));
}

static void
filter_free (gpointer data)
{
  OrfGpuEventFilter *filter = data;

  g_free ((char *) filter->device);
  g_free (filter);
}

void
orf_store_read_gpu_events (OrfStore *store,
                           const OrfGpuEventFilter *filter,
                           OrfCancel *cancel,
                           OrfRowsDone done,
                           gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_gpu_event_row_free, NULL, filter_free };
  OrfGpuEventFilter *own = g_memdup2 (filter, sizeof *filter);

  own->device = g_strdup (filter->device);
  orf_store_read_rows (store, &how, own, cancel, done, user_data);
}

gboolean
orf_store_load_max_gpu_event_id (OrfStore *store, gint64 *max_id, GError **error)
{
  return orf_store_load_max_id (store, FIRST_VERSION, ORF_STORE_MAX_ID_SQL ("gpu_event"), max_id,
                                error);
}
