/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-file-twin.h"

#include <string.h>

#include "store/orf-migrations.h"
#include "store/orf-store-error.h"

gboolean
orf_twin_fail (sqlite3 *db, GError **error)
{
  g_propagate_error (error, orf_store_error_new (sqlite3_extended_errcode (db), sqlite3_errmsg (db),
                                                 sqlite3_db_filename (db, "main")));
  return FALSE;
}

gboolean
orf_twin_exec (sqlite3 *db, const char *sql, GError **error)
{
  return sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK || orf_twin_fail (db, error);
}

/* A schema that somebody made up may have more behind it. */
static gboolean
exec_first (sqlite3 *db, const char *sql, GError **error)
{
  g_autoptr (OrfTwinStatement) statement = NULL;

  return (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) == SQLITE_OK &&
          sqlite3_step (statement) == SQLITE_DONE) ||
         orf_twin_fail (db, error);
}

gboolean
orf_twin_prepare (sqlite3 *db, GError **error)
{
  return orf_twin_exec (db,
                        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; "
                        "PRAGMA temp_store = MEMORY",
                        error);
}

gboolean
orf_twin_make (sqlite3 *db, const OrfTwinSource *source, const char *which, GError **error)
{
  g_autofree char *sql =
    g_strdup_printf ("SELECT sql FROM %s.sqlite_schema WHERE (%s) AND sql IS NOT NULL "
                     "AND name NOT LIKE 'sqlite!_%%' ESCAPE '!' ORDER BY rowid",
                     source->schema, which);
  g_autoptr (OrfTwinStatement) statement = NULL;
  int code;

  if (sqlite3_prepare_v2 (source->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (source->db, error);
  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    if (!exec_first (db, (const char *) sqlite3_column_text (statement, 0), error))
      return FALSE;
  return code == SQLITE_DONE || orf_twin_fail (source->db, error);
}

/* Whether one of our migrations has that text: what a file that somebody made up would have done
 * at each write is none. */
static void
is_ours_cb (sqlite3_context *context, int n, sqlite3_value **values)
{
  const GPtrArray *steps = sqlite3_user_data (context);
  const char *sql = (const char *) sqlite3_value_text (values[0]);
  gboolean ours = FALSE;

  for (guint i = 0; sql != NULL && !ours && i < steps->len; i++)
    ours = strstr (g_bytes_get_data (steps->pdata[i], NULL), sql) != NULL;
  sqlite3_result_int (context, ours);
}

gboolean
orf_twin_make_triggers (sqlite3 *db, const OrfTwinSource *source, GError **error)
{
  g_autoptr (GPtrArray) steps = orf_migrations_load (error);
  gboolean made;

  if (steps == NULL)
    return FALSE;
  if (sqlite3_create_function (source->db, "is_ours", 1, SQLITE_UTF8, steps, is_ours_cb, NULL,
                               NULL) != SQLITE_OK)
    return orf_twin_fail (source->db, error);
  made = orf_twin_make (db, source, "type = 'trigger' AND is_ours (sql)", error);
  sqlite3_create_function (source->db, "is_ours", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
  return made;
}

static gboolean
get_pragma (const OrfTwinSource *source, const char *name, gint64 *value, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("PRAGMA %s.%s", source->schema, name);
  g_autoptr (OrfTwinStatement) statement = NULL;

  if (sqlite3_prepare_v2 (source->db, sql, -1, &statement, NULL) != SQLITE_OK ||
      sqlite3_step (statement) != SQLITE_ROW)
    return orf_twin_fail (source->db, error);
  *value = sqlite3_column_int64 (statement, 0);
  return TRUE;
}

gboolean
orf_twin_copy_version (sqlite3 *db, const OrfTwinSource *source, GError **error)
{
  static const char *const names[] = { "application_id", "user_version" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *sql = NULL;
    gint64 value = 0;

    if (!get_pragma (source, names[i], &value, error))
      return FALSE;
    sql = g_strdup_printf ("PRAGMA main.%s = %" G_GINT64_FORMAT, names[i], value);
    if (!orf_twin_exec (db, sql, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
orf_twin_has_table (const OrfTwinSource *source, const char *name, gboolean *has, GError **error)
{
  g_autofree char *sql = g_strdup_printf (
    "SELECT 1 FROM %s.sqlite_schema WHERE type = 'table' AND name = ?1", source->schema);
  g_autoptr (OrfTwinStatement) statement = NULL;
  int code;

  if (sqlite3_prepare_v2 (source->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (source->db, error);
  sqlite3_bind_text (statement, 1, name, -1, SQLITE_STATIC);
  code = sqlite3_step (statement);
  *has = code == SQLITE_ROW;
  /* a table that cannot be looked for is not one that is not there */
  return code == SQLITE_ROW || code == SQLITE_DONE || orf_twin_fail (source->db, error);
}
