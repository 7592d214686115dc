/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-run.h"

#include <string.h>

#include "orf-encode.h"
#include "orf-error.h"
#include "sql/orf-sql-bind.h"
#include "sql/orf-sql-error.h"
#include "sql/orf-sql-value.h"

typedef sqlite3_stmt Statement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Statement, sqlite3_finalize)

/* What the authorizer denied is told better than SQLite's "not authorized". */
static gboolean
fail (sqlite3 *db, OrfSqlGuard *guard, int code, const char *sql, GError **error)
{
  g_autofree char *denied = orf_sql_guard_take_denied (guard);

  if (denied != NULL)
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_PERMISSION_DENIED, "sql", NULL,
                                                   "sql: %s is denied: statements here only read",
                                                   denied));
  else
    g_propagate_error (error, orf_sql_error_new (db, code, sql));
  return FALSE;
}

/* Only blanks and comments may follow: what is left prepares to nothing. */
static gboolean
check_tail (sqlite3 *db, OrfSqlGuard *guard, const char *sql, const char *tail, GError **error)
{
  g_autoptr (Statement) more = NULL;
  int code = sqlite3_prepare_v2 (db, tail, -1, &more, NULL);

  g_free (orf_sql_guard_take_denied (guard));
  if (code == SQLITE_OK && more == NULL)
    return TRUE;
  g_propagate_error (error, orf_sql_error_new_at (sql, (int) (tail - sql),
                                                  "one statement a call, and here is another"));
  return FALSE;
}

static Statement *
prepare (sqlite3 *db, OrfSqlGuard *guard, const OrfSqlAsk *ask, GError **error)
{
  g_autoptr (Statement) statement = NULL;
  const char *tail;
  int code = orf_sql_guard_takes (guard, ask->sql)
               ? sqlite3_prepare_v2 (db, ask->sql, -1, &statement, &tail)
               : SQLITE_AUTH;

  if (code != SQLITE_OK) {
    fail (db, guard, code, ask->sql, error);
    return NULL;
  }
  if (statement == NULL) {
    g_propagate_error (error, orf_sql_error_new_at (ask->sql, -1, "there is no statement in it"));
    return NULL;
  }
  if (!check_tail (db, guard, ask->sql, tail, error))
    return NULL;
  /* VACUUM asks the authorizer for nothing before it runs; EXPLAIN only tells what would be. */
  if (!sqlite3_stmt_readonly (statement) && sqlite3_stmt_isexplain (statement) == 0) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_PERMISSION_DENIED, "sql", NULL,
                                                   "sql: statements here only read"));
    return NULL;
  }
  return g_steal_pointer (&statement);
}

static void
append_columns (Statement *statement, gsize max_bytes, GString *out)
{
  g_string_append (out, "{\"columns\":[");
  for (int i = 0; i < sqlite3_column_count (statement) && out->len <= max_bytes; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    orf_encode_string (out, sqlite3_column_name (statement, i), -1);
  }
  g_string_append (out, "],\"rows\":[");
}

/* No further than it is known to be too much: one column may be as large as all may. */
static void
append_row (Statement *statement, gsize max_bytes, GString *out)
{
  g_string_append_c (out, '[');
  for (int i = 0; i < sqlite3_column_count (statement) && out->len <= max_bytes; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    orf_sql_value_append_json (statement, i, out);
  }
  g_string_append_c (out, ']');
}

/* Returns SQLite's code: DONE, ROW where there were more than may be, or what went wrong. */
static int
append_rows (Statement *statement, const OrfSqlAsk *ask, GString *out, gint64 *n_rows)
{
  gsize max_bytes = (gsize) ask->max_result_bytes;
  int code;

  for (*n_rows = 0; (code = sqlite3_step (statement)) == SQLITE_ROW; (*n_rows)++) {
    gsize length = out->len;

    if (*n_rows == ask->max_rows)
      return code;
    if (*n_rows > 0)
      g_string_append_c (out, ',');
    append_row (statement, max_bytes, out);
    if (out->len > max_bytes) {
      g_string_truncate (out, length);
      return code;
    }
  }
  return code;
}

gboolean
orf_sql_run (sqlite3 *db, OrfSqlGuard *guard, const OrfSqlAsk *ask, GString *out, GError **error)
{
  gint64 started_us = g_get_monotonic_time ();
  g_autoptr (Statement) statement = prepare (db, guard, ask, error);
  gint64 n_rows;
  int code;

  if (statement == NULL || !orf_sql_bind (statement, ask->params, error))
    return FALSE;
  append_columns (statement, (gsize) ask->max_result_bytes, out);
  code = append_rows (statement, ask, out, &n_rows);
  if (code != SQLITE_DONE && code != SQLITE_ROW)
    return fail (db, guard, code, ask->sql, error);
  if (n_rows == 0 && (code == SQLITE_ROW || out->len > (gsize) ask->max_result_bytes)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "sql: one row, or the names of its columns, is larger than [sql] max_result_bytes "
                 "(%" G_GINT64_FORMAT ")",
                 ask->max_result_bytes);
    return FALSE;
  }
  g_string_append_printf (out, "],\"truncated\":%s,\"took_us\":%" G_GINT64_FORMAT "}",
                          code == SQLITE_ROW ? "true" : "false",
                          g_get_monotonic_time () - started_us);
  return TRUE;
}
