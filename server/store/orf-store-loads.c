/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-loads.h"

#include <math.h>
#include <string.h>

#include "store/orf-connection.h"

/* The first version whose files have the table: one that is only looked at is not migrated. */
#define FIRST_VERSION 17

#define COLUMNS                                                                                    \
  "id, name, kind, started_us, took_us, requests, errors, passed, rate_per_s, p50_us, p95_us, "    \
  "p99_us"

static const char insert_sql[] = "INSERT INTO load_run (" COLUMNS ", report, author) "
                                 "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char read_sql[] =
  "SELECT " COLUMNS " FROM load_run WHERE started_us >= ?1 AND started_us < ?2 "
  "AND (started_us, id) < (?3, ?4) ORDER BY started_us DESC, id DESC LIMIT ?5";
static const char max_sql[] = "SELECT coalesce(max(id), 0) FROM load_run";

OrfLoadRow *
orf_load_row_new (void)
{
  return g_new0 (OrfLoadRow, 1);
}

void
orf_load_row_free (OrfLoadRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->report);
  g_free (row->author);
  g_free (row);
}

/* ---- writing --------------------------------------------------------------------------------- */

static gsize
measure (const OrfLoadRow *row)
{
  return sizeof *row + strlen (row->name) + (row->report != NULL ? strlen (row->report) : 0);
}

static gboolean
insert_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfLoadRow *row = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, insert_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->name);
  orf_statement_bind_text (statement, 3, orf_load_kind_to_string (row->kind));
  sqlite3_bind_int64 (statement, 4, row->started_us);
  sqlite3_bind_int64 (statement, 5, row->took_us);
  sqlite3_bind_int64 (statement, 6, row->requests);
  sqlite3_bind_int64 (statement, 7, row->errors);
  orf_statement_bind_int64 (statement, 8, row->passed, row->has_passed);
  orf_statement_bind_double (statement, 9, row->rate_per_s);
  orf_statement_bind_int64 (statement, 10, row->p50_us, row->has_p50_us);
  orf_statement_bind_int64 (statement, 11, row->p95_us, row->has_p95_us);
  orf_statement_bind_int64 (statement, 12, row->p99_us, row->has_p99_us);
  orf_statement_bind_text (statement, 13, row->report);
  orf_statement_bind_text (statement, 14, row->author);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_write_load (OrfStore *store,
                      OrfLoadRow *row,
                      const OrfAudit *audit,
                      const OrfIdempotency *idempotency,
                      OrfWriteDone done,
                      gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = insert_thread_cb,
    .data = row,
    .free = (GDestroyNotify) orf_load_row_free,
    .bytes = measure (row),
    .audit = audit,
    .idempotency = idempotency,
  };

  orf_store_write (store, &change, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
  OrfLoadFilter filter;
  GPtrArray *rows;
  OrfLoadsDone done;
  gpointer user_data;
} Read;

/* FALSE: it is NULL. */
static gboolean
get_int64 (OrfStatement *statement, int column, gint64 *value)
{
  *value = sqlite3_column_int64 (statement, column);
  return sqlite3_column_type (statement, column) != SQLITE_NULL;
}

static OrfLoadRow *
make_row (OrfStatement *statement)
{
  OrfLoadRow *row = orf_load_row_new ();
  g_autofree char *kind = orf_statement_dup_text (statement, 2);
  gint64 passed;

  row->id = sqlite3_column_int64 (statement, 0);
  row->name = orf_statement_dup_text (statement, 1);
  row->kind = orf_load_kind_from_string (kind);
  row->started_us = sqlite3_column_int64 (statement, 3);
  row->took_us = sqlite3_column_int64 (statement, 4);
  row->requests = sqlite3_column_int64 (statement, 5);
  row->errors = sqlite3_column_int64 (statement, 6);
  row->has_passed = get_int64 (statement, 7, &passed);
  row->passed = passed != 0;
  row->rate_per_s = sqlite3_column_type (statement, 8) != SQLITE_NULL
                      ? sqlite3_column_double (statement, 8)
                      : NAN;
  row->has_p50_us = get_int64 (statement, 9, &row->p50_us);
  row->has_p95_us = get_int64 (statement, 10, &row->p95_us);
  row->has_p99_us = get_int64 (statement, 11, &row->p99_us);
  return row;
}

static gboolean
read_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Read *read = data;
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  statement = orf_connection_prepare (connection, read_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, read->filter.from_us);
  sqlite3_bind_int64 (statement, 2, read->filter.to_us);
  sqlite3_bind_int64 (statement, 3, read->filter.before_us);
  sqlite3_bind_int64 (statement, 4, read->filter.before_id);
  sqlite3_bind_int64 (statement, 5, read->filter.max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, read->rows, error);
}

static void
read_cb (gpointer user_data, const GError *error)
{
  Read *read = user_data;

  read->done (read->user_data, error == NULL ? read->rows : NULL, error);
  g_ptr_array_unref (read->rows);
  g_free (read);
}

void
orf_store_read_loads (OrfStore *store,
                      const OrfLoadFilter *filter,
                      OrfCancel *cancel,
                      OrfLoadsDone done,
                      gpointer user_data)
{
  Read *read = g_new0 (Read, 1);

  *read = (Read){ *filter, g_ptr_array_new_with_free_func ((GDestroyNotify) orf_load_row_free),
                  done, user_data };
  orf_store_read (store, read_thread_cb, read, cancel, read_cb, read);
}

static gboolean
max_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  return !has || orf_connection_get_int64 (connection, max_sql, data, error);
}

gboolean
orf_store_load_max_load_id (OrfStore *store, gint64 *max_id, GError **error)
{
  gint64 found = 0;

  if (!orf_store_load (store, max_thread_cb, &found, error))
    return FALSE;
  *max_id = found;
  return TRUE;
}
