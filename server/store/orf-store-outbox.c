/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-outbox.h"

#include <string.h>

#include "orf-error.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION 8

static const char insert_sql[] =
  "INSERT INTO outbox (id, destination, created_us, attempts, next_us, sample_rowid, last_error, "
  "body) VALUES (?,?,?,?,?,?,?,?)";
static const char update_sql[] =
  "UPDATE outbox SET attempts = ?2, next_us = ?3, last_error = ?4 WHERE id = ?1";
static const char delete_sql[] = "DELETE FROM outbox WHERE id = ?";
static const char load_sql[] =
  "SELECT id, destination, created_us, attempts, next_us, coalesce(sample_rowid, 0), last_error, "
  "length(body) FROM outbox WHERE id > ?1 AND (?2 IS NULL OR destination = ?2) ORDER BY id LIMIT "
  "?3";
/* The bare columns are those of the row that min() found. */
static const char summarize_sql[] =
  "SELECT destination, count(*), sum(length(body)), min(id), created_us, next_us, attempts, "
  "last_error FROM outbox GROUP BY destination ORDER BY destination";
static const char body_sql[] = "SELECT body FROM outbox WHERE id = ?";
static const char put_cursor_sql[] =
  "INSERT INTO outbox_cursor (destination, next_rowid) VALUES (?1,?2) "
  "ON CONFLICT (destination) DO UPDATE SET next_rowid = excluded.next_rowid";
static const char drop_cursor_sql[] = "DELETE FROM outbox_cursor WHERE destination = ?";
static const char cursors_sql[] = "SELECT destination, next_rowid FROM outbox_cursor";
static const char keep_sql[] =
  "SELECT coalesce(min(rowid_), 9223372036854775807) FROM (SELECT min(sample_rowid) AS rowid_ FROM "
  "outbox UNION ALL SELECT min(next_rowid) FROM outbox_cursor "
  "WHERE destination NOT GLOB '" ORF_OUTBOX_SPANS_PREFIX "*')";
static const char next_span_sql[] =
  "SELECT coalesce(max(next_rowid), 0) FROM outbox_cursor "
  "WHERE destination GLOB '" ORF_OUTBOX_SPANS_PREFIX "*' "
  "AND next_rowid > (SELECT coalesce(max(span_no), 0) + 1 FROM span)";

/* ---- values ---------------------------------------------------------------------------------- */

OrfOutboxRow *
orf_outbox_row_new (void)
{
  return g_new0 (OrfOutboxRow, 1);
}

void
orf_outbox_row_free (OrfOutboxRow *row)
{
  if (row == NULL)
    return;
  g_free (row->destination);
  g_free (row->last_error);
  g_clear_pointer (&row->body, g_bytes_unref);
  g_free (row);
}

OrfOutboxChange *
orf_outbox_change_new (void)
{
  OrfOutboxChange *change = g_new0 (OrfOutboxChange, 1);

  change->added = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_row_free);
  change->tried = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_row_free);
  change->removed = g_array_new (FALSE, FALSE, sizeof (gint64));
  return change;
}

void
orf_outbox_change_free (OrfOutboxChange *change)
{
  if (change == NULL)
    return;
  g_ptr_array_unref (change->added);
  g_ptr_array_unref (change->tried);
  g_array_unref (change->removed);
  g_free (change->cursor.destination);
  g_free (change);
}

static gsize
measure_change (const OrfOutboxChange *change)
{
  gsize bytes = sizeof *change + change->removed->len * sizeof (gint64) +
                (change->added->len + change->tried->len) * sizeof (OrfOutboxRow);

  for (guint i = 0; i < change->added->len; i++)
    bytes += g_bytes_get_size (((OrfOutboxRow *) change->added->pdata[i])->body);
  return bytes;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
insert_row (OrfConnection *connection, const OrfOutboxRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, insert_sql, error);
  gsize length;
  gconstpointer data = g_bytes_get_data (row->body, &length);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->destination);
  sqlite3_bind_int64 (statement, 3, row->created_us);
  sqlite3_bind_int64 (statement, 4, row->attempts);
  sqlite3_bind_int64 (statement, 5, row->next_us);
  if (row->sample_rowid > 0)
    sqlite3_bind_int64 (statement, 6, row->sample_rowid);
  else
    sqlite3_bind_null (statement, 6);
  orf_statement_bind_text (statement, 7, row->last_error);
  /* an empty one is no NULL */
  sqlite3_bind_blob64 (statement, 8, length > 0 ? data : "", length, SQLITE_STATIC);
  return orf_connection_run (connection, statement, error);
}

static gboolean
update_row (OrfConnection *connection, const OrfOutboxRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, update_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->attempts);
  sqlite3_bind_int64 (statement, 3, row->next_us);
  orf_statement_bind_text (statement, 4, row->last_error);
  return orf_connection_run (connection, statement, error);
}

static gboolean
put_cursor (OrfConnection *connection, const OrfOutboxCursor *cursor, GError **error)
{
  g_autoptr (OrfStatement)
    statement = orf_connection_prepare (connection,
                                        cursor->next_rowid > 0 ? put_cursor_sql : drop_cursor_sql,
                                        error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, cursor->destination);
  if (cursor->next_rowid > 0)
    sqlite3_bind_int64 (statement, 2, cursor->next_rowid);
  return orf_connection_run (connection, statement, error);
}

static gboolean
apply_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfOutboxChange *change = data;

  for (guint i = 0; i < change->removed->len; i++)
    if (!orf_connection_run_with (connection, delete_sql,
                                  g_array_index (change->removed, gint64, i), error))
      return FALSE;
  for (guint i = 0; i < change->tried->len; i++)
    if (!update_row (connection, change->tried->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < change->added->len; i++)
    if (!insert_row (connection, change->added->pdata[i], error))
      return FALSE;
  return change->cursor.destination == NULL || put_cursor (connection, &change->cursor, error);
}

void
orf_store_write_outbox (OrfStore *store,
                        OrfOutboxChange *change,
                        OrfWriteDone done,
                        gpointer user_data)
{
  const OrfStoreChange write = {
    .write_thread_cb = apply_thread_cb,
    .data = change,
    .free = (GDestroyNotify) orf_outbox_change_free,
    .bytes = measure_change (change),
  };

  orf_store_write (store, &write, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

static OrfOutboxRow *
make_row (OrfStatement *statement)
{
  OrfOutboxRow *row = orf_outbox_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->destination = orf_statement_dup_sure_text (statement, 1);
  row->created_us = sqlite3_column_int64 (statement, 2);
  row->attempts = (guint) sqlite3_column_int64 (statement, 3);
  row->next_us = sqlite3_column_int64 (statement, 4);
  row->sample_rowid = sqlite3_column_int64 (statement, 5);
  row->last_error = orf_statement_dup_text (statement, 6);
  row->body_bytes = sqlite3_column_int64 (statement, 7);
  return row;
}

static gboolean
load_rows (OrfConnection *connection,
           const char *destination,
           gint64 after_id,
           guint max,
           GPtrArray *rows,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, load_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, after_id);
  orf_statement_bind_text (statement, 2, destination);
  sqlite3_bind_int64 (statement, 3, max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

GPtrArray *
orf_outbox_load (
  OrfConnection *connection, const char *destination, gint64 after_id, guint max, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_row_free);
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      (has && !load_rows (connection, destination, after_id, max, rows, error)))
    return NULL;
  return g_steal_pointer (&rows);
}

void
orf_outbox_summary_free (OrfOutboxSummary *summary)
{
  g_free (summary->destination);
  g_free (summary->last_error);
  g_free (summary);
}

static OrfOutboxSummary *
make_summary (OrfStatement *statement)
{
  OrfOutboxSummary *summary = g_new0 (OrfOutboxSummary, 1);

  summary->destination = orf_statement_dup_sure_text (statement, 0);
  summary->pending = sqlite3_column_int64 (statement, 1);
  summary->pending_bytes = sqlite3_column_int64 (statement, 2);
  summary->oldest_us = sqlite3_column_int64 (statement, 4);
  summary->next_us = sqlite3_column_int64 (statement, 5);
  summary->attempts = (guint) sqlite3_column_int64 (statement, 6);
  summary->last_error = orf_statement_dup_text (statement, 7);
  return summary;
}

GPtrArray *
orf_outbox_summarize (OrfConnection *connection, GError **error)
{
  g_autoptr (GPtrArray)
    summaries = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_outbox_summary_free);
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &row, error))
    return NULL;
  if (!row)
    return g_steal_pointer (&summaries);
  statement = orf_connection_prepare (connection, summarize_sql, error);
  if (statement == NULL)
    return NULL;
  for (;;) {
    if (!orf_connection_step (connection, statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer (&summaries);
    g_ptr_array_add (summaries, make_summary (statement));
  }
}

GBytes *
orf_outbox_read_body (OrfConnection *connection, gint64 id, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, body_sql, error);
  gboolean row;

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, id);
  if (!orf_connection_step (connection, statement, &row, error))
    return NULL;
  if (row)
    return g_bytes_new (sqlite3_column_blob (statement, 0),
                        (gsize) sqlite3_column_bytes (statement, 0));
  g_set_error (error, ORF_ERROR, ORF_ERROR_NOT_FOUND,
               "entry %" G_GINT64_FORMAT " of the outbox is not there", id);
  return NULL;
}

static void
clear_cursor (gpointer cursor)
{
  g_free (((OrfOutboxCursor *) cursor)->destination);
}

GArray *
orf_outbox_load_cursors (OrfConnection *connection, GError **error)
{
  g_autoptr (GArray) cursors = g_array_new (FALSE, FALSE, sizeof (OrfOutboxCursor));
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  g_array_set_clear_func (cursors, clear_cursor);
  if (!orf_connection_has_version (connection, FIRST_VERSION, &row, error))
    return NULL;
  if (!row)
    return g_steal_pointer (&cursors);
  statement = orf_connection_prepare (connection, cursors_sql, error);
  if (statement == NULL)
    return NULL;
  for (;;) {
    OrfOutboxCursor cursor;

    if (!orf_connection_step (connection, statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer (&cursors);
    cursor = (OrfOutboxCursor){ orf_statement_dup_sure_text (statement, 0),
                                sqlite3_column_int64 (statement, 1) };
    g_array_append_val (cursors, cursor);
  }
}

static gboolean
get_number (OrfConnection *connection, const char *sql, gint64 *number, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *number = sqlite3_column_int64 (statement, 0);
  return TRUE;
}

gboolean
orf_outbox_get_keep_rowid (OrfConnection *connection, gint64 *rowid, GError **error)
{
  return get_number (connection, keep_sql, rowid, error);
}

gboolean
orf_outbox_get_next_span_no (OrfConnection *connection, gint64 *span_no, GError **error)
{
  return get_number (connection, next_span_sql, span_no, error);
}
