/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-connection.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store/orf-store-error.h"

/* VM instructions between two looks at the watch: some 20 µs. */
#define WATCH_INSTRUCTIONS 1000
/* Another program may hold the write lock for a moment (`sqlite3` by hand); an acknowledgement
 * waits no longer than this for it. */
#define BUSY_TIMEOUT_MS 1000

struct _OrfConnection {
  sqlite3 *db;
  char *path;
  GHashTable *statements; /* static SQL text, by address -> OrfStatement */
  int last_code;
  OrfCancel *cancel;
  OrfCancel *closing;
  gint64 deadline_us;
  OrfTierReader *tiers; /* NULL: not asked for yet */
};

static char *
dup_uri (const char *path, OrfConnectionMode mode)
{
  static const char *const queries[] = {
    [ORF_CONNECTION_WRITE] = "mode=rw",
    [ORF_CONNECTION_READ] = "mode=ro",
    [ORF_CONNECTION_IMMUTABLE] = "mode=ro&immutable=1",
  };
  g_autofree char *escaped = g_uri_escape_string (path, "/", TRUE);

  return g_strdup_printf ("file:%s?%s", escaped, queries[mode]);
}

static void
finalize_cb (gpointer statement)
{
  sqlite3_finalize (statement);
}

/* Folds `code` into error unless it is a success; TRUE when it is. */
static gboolean
check (OrfConnection *connection, int code, GError **error)
{
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
    return TRUE;
  connection->last_code = code;
  if ((code & 0xff) == SQLITE_INTERRUPT && orf_connection_is_stopped (connection, error))
    return FALSE;
  g_propagate_error (error,
                     orf_store_error_new (code,
                                          connection->db != NULL ? sqlite3_errmsg (connection->db)
                                                                 : sqlite3_errstr (code),
                                          connection->path));
  return FALSE;
}

OrfConnection *
orf_connection_open (const char *path, OrfConnectionMode mode, GError **error)
{
  g_autoptr (OrfConnection) connection = g_new0 (OrfConnection, 1);
  g_autofree char *uri = dup_uri (path, mode);
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

  connection->path = g_strdup (path);
  connection->statements = g_hash_table_new_full (NULL, NULL, NULL, finalize_cb);
  flags |= mode == ORF_CONNECTION_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  if (!check (connection, sqlite3_open_v2 (uri, &connection->db, flags, NULL), error))
    return NULL;
  sqlite3_extended_result_codes (connection->db, 1);
  sqlite3_busy_timeout (connection->db, BUSY_TIMEOUT_MS);
  /* Only the writer checkpoints, and says when. */
  sqlite3_db_config (connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  return g_steal_pointer (&connection);
}

void
orf_connection_close (OrfConnection *connection)
{
  if (connection == NULL)
    return;
  orf_connection_unwatch (connection);
  g_clear_pointer (&connection->tiers, orf_tier_reader_free);
  g_hash_table_unref (connection->statements);
  sqlite3_close (connection->db);
  g_free (connection->path);
  g_free (connection);
}

sqlite3 *
orf_connection_get_db (OrfConnection *connection)
{
  return connection->db;
}

const char *
orf_connection_get_path (OrfConnection *connection)
{
  return connection->path;
}

OrfTierReader *
orf_connection_get_tiers (OrfConnection *connection)
{
  if (connection->tiers == NULL)
    connection->tiers = orf_tier_reader_new (connection->db);
  return connection->tiers;
}

gboolean
orf_connection_adopt_error (OrfConnection *connection, GError *failure, GError **error)
{
  int code = sqlite3_extended_errcode (connection->db);

  if (code != SQLITE_ROW && code != SQLITE_DONE)
    connection->last_code = code;
  if (orf_connection_is_stopped (connection, error))
    g_error_free (failure);
  else
    g_propagate_error (error, failure);
  return FALSE;
}

int
orf_connection_take_last_code (OrfConnection *connection)
{
  int code = connection->last_code;

  connection->last_code = SQLITE_OK;
  return code;
}

gboolean
orf_connection_exec (OrfConnection *connection, const char *sql, GError **error)
{
  return check (connection, sqlite3_exec (connection->db, sql, NULL, NULL, NULL), error);
}

OrfStatement *
orf_connection_prepare (OrfConnection *connection, const char *sql, GError **error)
{
  OrfStatement *statement = g_hash_table_lookup (connection->statements, sql);
  int code;

  if (statement != NULL)
    return statement;
  code = sqlite3_prepare_v3 (connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  if (!check (connection, code, error))
    return NULL;
  g_hash_table_insert (connection->statements, (gpointer) sql, statement);
  return statement;
}

void
orf_statement_reset (OrfStatement *statement)
{
  /* The code is the last step's, which has been looked at already. */
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

gboolean
orf_connection_step (OrfConnection *connection,
                     OrfStatement *statement,
                     gboolean *row,
                     GError **error)
{
  int code = sqlite3_step (statement);

  if (!check (connection, code, error))
    return FALSE;
  *row = code == SQLITE_ROW;
  return TRUE;
}

gboolean
orf_connection_collect (OrfConnection *connection,
                        OrfStatement *statement,
                        OrfRowMake make,
                        GPtrArray *rows,
                        GError **error)
{
  gboolean row = FALSE;

  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    g_ptr_array_add (rows, make (statement));
  }
  return FALSE;
}

gboolean
orf_connection_run (OrfConnection *connection, OrfStatement *statement, GError **error)
{
  gboolean row;

  return orf_connection_step (connection, statement, &row, error);
}

gboolean
orf_connection_run_with (OrfConnection *connection, const char *sql, gint64 value, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, value);
  return orf_connection_run (connection, statement, error);
}

gboolean
orf_connection_get_int64 (OrfConnection *connection, const char *sql, gint64 *value, GError **error)
{
  OrfStatement *statement = NULL;
  gboolean row = FALSE;
  gboolean done;

  if (!check (connection, sqlite3_prepare_v2 (connection->db, sql, -1, &statement, NULL), error))
    return FALSE;
  done = orf_connection_step (connection, statement, &row, error);
  if (done && row)
    *value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  if (done && !row)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s: no row for %s", connection->path, sql);
  return done && row;
}

gboolean
orf_connection_has_version (OrfConnection *connection,
                            gint64 version,
                            gboolean *has,
                            GError **error)
{
  gint64 is;

  if (!orf_connection_get_int64 (connection, "PRAGMA user_version", &is, error))
    return FALSE;
  *has = is >= version;
  return TRUE;
}

gboolean
orf_connection_rollback (OrfConnection *connection)
{
  /* SQLite has rolled back by itself after some errors. */
  if (!sqlite3_get_autocommit (connection->db))
    sqlite3_exec (connection->db, "ROLLBACK", NULL, NULL, NULL);
  return sqlite3_get_autocommit (connection->db) != 0;
}

void
orf_connection_forget_pages (OrfConnection *connection)
{
  sqlite3_db_release_memory (connection->db);
}

static int
watch_cb (void *data)
{
  return orf_connection_is_stopped (data, NULL);
}

void
orf_connection_watch (OrfConnection *connection,
                      OrfCancel *cancel,
                      OrfCancel *closing,
                      gint64 deadline_us)
{
  orf_connection_unwatch (connection);
  connection->cancel = cancel != NULL ? orf_cancel_ref (cancel) : NULL;
  connection->closing = closing != NULL ? orf_cancel_ref (closing) : NULL;
  connection->deadline_us = deadline_us;
  sqlite3_progress_handler (connection->db, WATCH_INSTRUCTIONS, watch_cb, connection);
}

void
orf_connection_unwatch (OrfConnection *connection)
{
  if (connection->db != NULL)
    sqlite3_progress_handler (connection->db, 0, NULL, NULL);
  g_clear_pointer (&connection->cancel, orf_cancel_unref);
  g_clear_pointer (&connection->closing, orf_cancel_unref);
  connection->deadline_us = 0;
}

gboolean
orf_connection_is_stopped (OrfConnection *connection, GError **error)
{
  gint64 cancel_us = connection->cancel != NULL ? orf_cancel_get_deadline_us (connection->cancel)
                                                : 0;
  gint64 now_us = orf_clock_monotonic_us ();

  if (connection->closing != NULL && orf_cancel_is_set (connection->closing)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s is being closed", connection->path);
    return TRUE;
  }
  if ((connection->deadline_us != 0 && now_us >= connection->deadline_us) ||
      (cancel_us != 0 && now_us >= cancel_us)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                 "reading %s took too long: ask for less", connection->path);
    return TRUE;
  }
  if (connection->cancel != NULL && orf_cancel_is_set (connection->cancel)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_CANCELLED, "the call was cancelled");
    return TRUE;
  }
  return FALSE;
}

void
orf_statement_bind_text (OrfStatement *statement, int index, const char *text)
{
  /* STATIC: every caller's text outlives the step.  A failed bind shows as the step's error. */
  sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}

void
orf_statement_bind_int64 (OrfStatement *statement, int index, gint64 value, gboolean known)
{
  if (known)
    sqlite3_bind_int64 (statement, index, value);
  else
    sqlite3_bind_null (statement, index);
}

void
orf_statement_bind_double (OrfStatement *statement, int index, double value)
{
  if (isfinite (value))
    sqlite3_bind_double (statement, index, value);
  else
    sqlite3_bind_null (statement, index);
}

char *
orf_statement_dup_text (OrfStatement *statement, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}

const char *
orf_statement_get_sure_text (OrfStatement *statement, int column)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);

  return text != NULL ? text : "";
}

char *
orf_statement_dup_sure_text (OrfStatement *statement, int column)
{
  return g_strdup (orf_statement_get_sure_text (statement, column));
}

gboolean
orf_statement_get_id (OrfStatement *statement, int column, guint8 *id, int length)
{
  const void *data = sqlite3_column_blob (statement, column);

  if (data == NULL || sqlite3_column_bytes (statement, column) != length)
    return FALSE;
  memcpy (id, data, (gsize) length);
  return TRUE;
}

gint64
orf_statement_get_int64 (OrfStatement *statement, int column, gint64 unknown)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL
           ? unknown
           : sqlite3_column_int64 (statement, column);
}

double
orf_statement_get_double (OrfStatement *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL
           ? NAN
           : sqlite3_column_double (statement, column);
}
