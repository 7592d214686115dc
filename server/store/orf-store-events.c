/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "store/orf-store-ids.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the table: one that is only looked at is not migrated. */
#define FIRST_VERSION 2

static const char insert_sql[] =
  "INSERT INTO event (id, t_us, kind, text, author) VALUES (?,?,?,?,?)";
/* The index has the rowid behind t_us: it gives this order as it is, forth or back. */
static const char read_sql[] = "SELECT id, t_us, kind, text, author FROM event "
                               "WHERE t_us >= ?1 AND t_us < ?2 AND (?3 IS NULL OR kind = ?3) "
                               "AND (t_us, id) < (?4, ?5) ORDER BY t_us DESC, id DESC LIMIT ?6";
static const char max_id_sql[] = ORF_STORE_MAX_ID_SQL ("event");

OrfEventRow *
orf_event_row_new (void)
{
  return g_new0 (OrfEventRow, 1);
}

void
orf_event_row_free (OrfEventRow *row)
{
  if (row == NULL)
    return;
  g_free (row->kind);
  g_free (row->text);
  g_free (row->author);
  g_free (row);
}

gsize
orf_event_row_measure (const OrfEventRow *row)
{
  gsize bytes = sizeof *row + strlen (row->kind) + strlen (row->text);

  return row->author != NULL ? bytes + strlen (row->author) : bytes;
}

static gboolean
insert_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfEventRow *row = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, insert_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->t_us);
  orf_statement_bind_text (statement, 3, row->kind);
  orf_statement_bind_text (statement, 4, row->text);
  orf_statement_bind_text (statement, 5, row->author);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_write_event (OrfStore *store,
                       OrfEventRow *event,
                       const OrfAudit *audit,
                       const OrfIdempotency *idempotency,
                       OrfWriteDone done,
                       gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = insert_thread_cb,
    .data = event,
    .free = (GDestroyNotify) orf_event_row_free,
    .bytes = orf_event_row_measure (event),
    .audit = audit,
    .idempotency = idempotency,
  };

  orf_store_write (store, &change, done, user_data);
}

static OrfEventRow *
make_row (OrfStatement *statement)
{
  OrfEventRow *row = orf_event_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->t_us = sqlite3_column_int64 (statement, 1);
  row->kind = orf_statement_dup_sure_text (statement, 2);
  row->text = orf_statement_dup_sure_text (statement, 3);
  row->author = orf_statement_dup_text (statement, 4);
  return row;
}

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfEventFilter *filter = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->from_us);
  sqlite3_bind_int64 (statement, 2, filter->to_us);
  orf_statement_bind_text (statement, 3, filter->kind);
  sqlite3_bind_int64 (statement, 4, filter->before_us);
  sqlite3_bind_int64 (statement, 5, filter->before_id);
  sqlite3_bind_int64 (statement, 6, filter->max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

static void
filter_free (gpointer data)
{
  OrfEventFilter *filter = data;

  g_free ((char *) filter->kind);
  g_free (filter);
}

void
orf_store_read_events (OrfStore *store,
                       const OrfEventFilter *filter,
                       OrfCancel *cancel,
                       OrfRowsDone done,
                       gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_event_row_free,
                                   (OrfRowMeasure) orf_event_row_measure, filter_free };
  OrfEventFilter *own = g_memdup2 (filter, sizeof *filter);

  own->kind = g_strdup (filter->kind);
  orf_store_read_rows (store, &how, own, cancel, done, user_data);
}

gboolean
orf_store_load_max_event_id (OrfStore *store, gint64 *max_id, GError **error)
{
  return orf_store_load_max_id (store, FIRST_VERSION, max_id_sql, max_id, error);
}
