/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-loads.h"

#include <string.h>

#include "store/orf-row-struct.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-rows.h"

/* The first versions whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION       17
#define FIRST_SLICE_VERSION 18

#define COLUMNS                                                                                    \
  "id, name, kind, started_us, took_us, requests, errors, passed, rate_per_s, p50_us, p95_us, "    \
  "p99_us"

static const char insert_sql[] = "INSERT INTO load_run (" COLUMNS ", report, author) "
                                 "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char read_sql[] =
  "SELECT " COLUMNS " FROM load_run WHERE started_us >= ?1 AND started_us < ?2 "
  "AND (started_us, id) < (?3, ?4) ORDER BY started_us DESC, id DESC LIMIT ?5";
static const char insert_slice_sql[] = "INSERT INTO load_slice VALUES (?,?,?,?,?,?,?,?)";
static const char get_sql[] = "SELECT " COLUMNS ", report FROM load_run WHERE id = ?1";
static const char slices_sql[] = "SELECT * FROM load_slice WHERE load_id = ?1 ORDER BY at_us";

OrfLoadRow *
orf_load_row_new (void)
{
  OrfLoadRow *row = g_new0 (OrfLoadRow, 1);

  row->slices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_load_slice_free);
  return row;
}

void
orf_load_row_free (OrfLoadRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->report);
  g_free (row->author);
  g_clear_pointer (&row->slices, g_ptr_array_unref);
  g_free (row);
}

/* ---- writing --------------------------------------------------------------------------------- */

static gsize
measure (const OrfLoadRow *row)
{
  return sizeof *row + strlen (row->name) + (row->report != NULL ? strlen (row->report) : 0) +
         row->slices->len * sizeof (OrfLoadSlice);
}

static gboolean
insert_slices (const OrfLoadRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, insert_slice_sql, error);

  for (guint i = 0; statement != NULL && i < row->slices->len; i++) {
    const OrfLoadSlice *slice = row->slices->pdata[i];

    sqlite3_bind_int64 (statement, 1, row->id);
    sqlite3_bind_int64 (statement, 2, slice->at_us);
    orf_statement_bind_double (statement, 3, slice->planned_per_s);
    orf_statement_bind_double (statement, 4, slice->rate_per_s);
    orf_statement_bind_int64 (statement, 5, slice->failed, slice->has_failed);
    orf_statement_bind_int64 (statement, 6, slice->p50_us, slice->has_p50_us);
    orf_statement_bind_int64 (statement, 7, slice->p95_us, slice->has_p95_us);
    orf_statement_bind_int64 (statement, 8, slice->p99_us, slice->has_p99_us);
    if (!orf_connection_run (connection, statement, error))
      return FALSE;
    sqlite3_reset (statement);
  }
  return statement != NULL;
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
  return orf_connection_run (connection, statement, error) &&
         insert_slices (row, connection, error);
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
  row->name = orf_statement_dup_sure_text (statement, 1);
  row->kind = orf_load_kind_from_string (kind);
  row->started_us = sqlite3_column_int64 (statement, 3);
  row->took_us = sqlite3_column_int64 (statement, 4);
  row->requests = sqlite3_column_int64 (statement, 5);
  row->errors = sqlite3_column_int64 (statement, 6);
  row->has_passed = get_int64 (statement, 7, &passed);
  row->passed = passed != 0;
  row->rate_per_s = orf_statement_get_double (statement, 8);
  row->has_p50_us = get_int64 (statement, 9, &row->p50_us);
  row->has_p95_us = get_int64 (statement, 10, &row->p95_us);
  row->has_p99_us = get_int64 (statement, 11, &row->p99_us);
  return row;
}

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfLoadFilter *filter = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->from_us);
  sqlite3_bind_int64 (statement, 2, filter->to_us);
  sqlite3_bind_int64 (statement, 3, filter->before_us);
  sqlite3_bind_int64 (statement, 4, filter->before_id);
  sqlite3_bind_int64 (statement, 5, filter->max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

void
orf_store_read_loads (OrfStore *store,
                      const OrfLoadFilter *filter,
                      OrfCancel *cancel,
                      OrfRowsDone done,
                      gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_load_row_free, NULL, g_free };

  orf_store_read_rows (store, &how, g_memdup2 (filter, sizeof *filter), cancel, done, user_data);
}

gboolean
orf_store_load_max_load_id (OrfStore *store, gint64 *max_id, GError **error)
{
  return orf_store_load_max_id (store, FIRST_VERSION, ORF_STORE_MAX_ID_SQL ("load_run"), max_id,
                                error);
}

/* ---- one ------------------------------------------------------------------------------------- */

static gpointer
make_slice (OrfStatement *statement)
{
  return orf_row_struct_new (statement, &orf_load_slice_desc);
}

static gboolean
read_slices (OrfLoadRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_SLICE_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  statement = orf_connection_prepare (connection, slices_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  return orf_connection_collect (connection, statement, make_slice, row->slices, error);
}

gboolean
orf_load_read (OrfConnection *connection, gint64 id, OrfLoadRow **row, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  g_autoptr (OrfLoadRow) found = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  statement = orf_connection_prepare (connection, get_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  if (!orf_connection_step (connection, statement, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  found = make_row (statement);
  found->report = orf_statement_dup_text (statement, 12);
  if (!read_slices (found, connection, error))
    return FALSE;
  *row = g_steal_pointer (&found);
  return TRUE;
}
