/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-silences.h"

#include <string.h>

#include "store/orf-connection.h"
#include "store/orf-store-ids.h"

/* The first version whose files have the table: one that is only looked at is not migrated. */
#define FIRST_VERSION 12

static const char write_sql[] =
  "INSERT OR REPLACE INTO silence (id, matchers, from_us, until_us, author, note, created_us, "
  "ended_by) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)";
static const char drop_sql[] = "DELETE FROM silence WHERE until_us < ?1";
static const char load_sql[] =
  "SELECT id, matchers, from_us, until_us, author, note, created_us, ended_by FROM silence "
  "WHERE until_us > ?1 ORDER BY id";

OrfSilenceRow *
orf_silence_row_new (void)
{
  return g_new0 (OrfSilenceRow, 1);
}

OrfSilenceRow *
orf_silence_row_copy (const OrfSilenceRow *row)
{
  OrfSilenceRow *copy = g_memdup2 (row, sizeof *row);

  copy->matchers = g_strdup (row->matchers);
  copy->author = g_strdup (row->author);
  copy->note = g_strdup (row->note);
  copy->ended_by = g_strdup (row->ended_by);
  return copy;
}

void
orf_silence_row_free (OrfSilenceRow *row)
{
  if (row == NULL)
    return;
  g_free (row->matchers);
  g_free (row->author);
  g_free (row->note);
  g_free (row->ended_by);
  g_free (row);
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct {
  OrfSilenceRow *row;
  gint64 keep_from_us;
} Write;

static void
write_free (gpointer data)
{
  Write *write = data;

  orf_silence_row_free (write->row);
  g_free (write);
}

static gboolean
write_row (const OrfSilenceRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, write_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->matchers);
  sqlite3_bind_int64 (statement, 3, row->from_us);
  sqlite3_bind_int64 (statement, 4, row->until_us);
  orf_statement_bind_text (statement, 5, row->author);
  orf_statement_bind_text (statement, 6, row->note);
  sqlite3_bind_int64 (statement, 7, row->created_us);
  orf_statement_bind_text (statement, 8, row->ended_by);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const Write *write = data;

  return orf_connection_run_with (connection, drop_sql, write->keep_from_us, error) &&
         write_row (write->row, connection, error);
}

void
orf_store_write_silence (OrfStore *store,
                         OrfSilenceRow *row,
                         gint64 keep_from_us,
                         const OrfIdempotency *idempotency,
                         OrfWriteDone done,
                         gpointer user_data)
{
  Write *write = g_new (Write, 1);
  const OrfStoreChange change = {
    .write_thread_cb = write_thread_cb,
    .data = write,
    .free = write_free,
    .bytes = sizeof *write + sizeof *row + strlen (row->matchers),
    .idempotency = idempotency,
  };

  *write = (Write){ row, keep_from_us };
  orf_store_write (store, &change, done, user_data);
}

/* ---- at start -------------------------------------------------------------------------------- */

typedef struct {
  gint64 now_us, max_id;
  GPtrArray *rows;
} Load;

static OrfSilenceRow *
make_row (OrfStatement *statement)
{
  OrfSilenceRow *row = orf_silence_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->matchers = orf_statement_dup_sure_text (statement, 1);
  row->from_us = sqlite3_column_int64 (statement, 2);
  row->until_us = sqlite3_column_int64 (statement, 3);
  row->author = orf_statement_dup_sure_text (statement, 4);
  row->note = orf_statement_dup_text (statement, 5);
  row->created_us = sqlite3_column_int64 (statement, 6);
  row->ended_by = orf_statement_dup_text (statement, 7);
  return row;
}

static gboolean
load_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Load *load = data;
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  statement = orf_connection_prepare (connection, load_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, load->now_us);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, load->rows, error) &&
         orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("silence"), &load->max_id,
                                   error);
}

GPtrArray *
orf_store_load_silences (OrfStore *store, gint64 now_us, gint64 *max_id, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_silence_row_free);
  Load load = { now_us, 0, rows };

  if (!orf_store_load (store, load_thread_cb, &load, error))
    return NULL;
  *max_id = load.max_id;
  return g_steal_pointer (&rows);
}
