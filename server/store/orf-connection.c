/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-connection.h"

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

OrfConnection *
orf_connection_open (const char *path, OrfConnectionMode mode, GError **error)
{
  g_autoptr (OrfConnection) self = g_new0 (OrfConnection, 1);
  g_autofree char *uri = dup_uri (path, mode);
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

  self->path = g_strdup (path);
  self->statements = g_hash_table_new_full (NULL, NULL, NULL, finalize_cb);
  flags |= mode == ORF_CONNECTION_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  if (!orf_connection_check (self, sqlite3_open_v2 (uri, &self->db, flags, NULL), error))
    return NULL;
  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);
  /* Only the writer checkpoints, and says when. */
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  return g_steal_pointer (&self);
}

void
orf_connection_close (OrfConnection *self)
{
  if (self == NULL)
    return;
  orf_connection_unwatch (self);
  g_hash_table_unref (self->statements);
  sqlite3_close (self->db);
  g_free (self->path);
  g_free (self);
}

sqlite3 *
orf_connection_get_db (OrfConnection *self)
{
  return self->db;
}

const char *
orf_connection_get_path (OrfConnection *self)
{
  return self->path;
}

int
orf_connection_take_last_code (OrfConnection *self)
{
  int code = self->last_code;

  self->last_code = SQLITE_OK;
  return code;
}

gboolean
orf_connection_check (OrfConnection *self, int code, GError **error)
{
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
    return TRUE;
  self->last_code = code;
  if ((code & 0xff) == SQLITE_INTERRUPT && orf_connection_is_stopped (self, error))
    return FALSE;
  g_propagate_error (error, orf_store_error_new (code,
                                                 self->db != NULL ? sqlite3_errmsg (self->db)
                                                                  : sqlite3_errstr (code),
                                                 self->path));
  return FALSE;
}

gboolean
orf_connection_exec (OrfConnection *self, const char *sql, GError **error)
{
  return orf_connection_check (self, sqlite3_exec (self->db, sql, NULL, NULL, NULL), error);
}

OrfStatement *
orf_connection_prepare (OrfConnection *self, const char *sql, GError **error)
{
  OrfStatement *statement = g_hash_table_lookup (self->statements, sql);
  int code;

  if (statement != NULL)
    return statement;
  code = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  if (!orf_connection_check (self, code, error))
    return NULL;
  g_hash_table_insert (self->statements, (gpointer) sql, statement);
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
orf_connection_step (OrfConnection *self, OrfStatement *statement, gboolean *row, GError **error)
{
  int code = sqlite3_step (statement);

  if (!orf_connection_check (self, code, error))
    return FALSE;
  *row = code == SQLITE_ROW;
  return TRUE;
}

gboolean
orf_connection_run (OrfConnection *self, OrfStatement *statement, GError **error)
{
  gboolean row;

  return orf_connection_step (self, statement, &row, error);
}

gboolean
orf_connection_get_int64 (OrfConnection *self, const char *sql, gint64 *value, GError **error)
{
  OrfStatement *statement = NULL;
  gboolean row = FALSE;
  gboolean done;

  if (!orf_connection_check (self, sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL), error))
    return FALSE;
  done = orf_connection_step (self, statement, &row, error);
  if (done && row)
    *value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  if (done && !row)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "%s: no row for %s", self->path, sql);
  return done && row;
}

void
orf_connection_rollback (OrfConnection *self)
{
  /* SQLite has rolled back by itself after some errors; if even ROLLBACK fails there is nothing
   * left to undo by hand: the next BEGIN says so. */
  if (self->db != NULL && !sqlite3_get_autocommit (self->db))
    sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
}

static int
watch_cb (void *data)
{
  return orf_connection_is_stopped (data, NULL);
}

void
orf_connection_watch (OrfConnection *self,
                      OrfCancel *cancel,
                      OrfCancel *closing,
                      gint64 deadline_us)
{
  orf_connection_unwatch (self);
  self->cancel = cancel != NULL ? orf_cancel_ref (cancel) : NULL;
  self->closing = closing != NULL ? orf_cancel_ref (closing) : NULL;
  self->deadline_us = deadline_us;
  sqlite3_progress_handler (self->db, WATCH_INSTRUCTIONS, watch_cb, self);
}

void
orf_connection_unwatch (OrfConnection *self)
{
  if (self->db != NULL)
    sqlite3_progress_handler (self->db, 0, NULL, NULL);
  g_clear_pointer (&self->cancel, orf_cancel_unref);
  g_clear_pointer (&self->closing, orf_cancel_unref);
  self->deadline_us = 0;
}

gboolean
orf_connection_is_stopped (OrfConnection *self, GError **error)
{
  gint64 cancel_us = self->cancel != NULL ? orf_cancel_get_deadline_us (self->cancel) : 0;
  gint64 now_us = orf_clock_monotonic_us ();

  if (self->closing != NULL && orf_cancel_is_set (self->closing)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s is being closed", self->path);
    return TRUE;
  }
  if ((self->deadline_us != 0 && now_us >= self->deadline_us) ||
      (cancel_us != 0 && now_us >= cancel_us)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                 "reading %s took too long: ask for less", self->path);
    return TRUE;
  }
  if (self->cancel != NULL && orf_cancel_is_set (self->cancel)) {
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

char *
orf_statement_dup_text (OrfStatement *statement, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}
