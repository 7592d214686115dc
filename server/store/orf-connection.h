/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "core/orf-cancel.h"
#include "history/orf-tier-reader.h"

G_BEGIN_DECLS

/*
 * One SQLite connection with the statements prepared on it.  Owned by one thread at a time and not
 * locked; errors come out folded.
 */
typedef struct _OrfConnection OrfConnection;
typedef sqlite3_stmt OrfStatement;

typedef enum {
  ORF_CONNECTION_WRITE, /* the file exists; the only connection that may write or checkpoint */
  ORF_CONNECTION_READ,
  ORF_CONNECTION_IMMUTABLE, /* nothing is locked and nothing created beside the file */
} OrfConnectionMode;

OrfConnection *orf_connection_open (const char *path, OrfConnectionMode mode, GError **error);
void orf_connection_close (OrfConnection *connection);
sqlite3 *orf_connection_get_db (OrfConnection *connection);
const char *orf_connection_get_path (OrfConnection *connection);
/* The connection's own, made with the first call. */
OrfTierReader *orf_connection_get_tiers (OrfConnection *connection);
/* What a function on the bare handle failed with becomes the connection's: noted as its last code,
 * and told as the watch says where that stopped it.  FALSE. */
gboolean orf_connection_adopt_error (OrfConnection *connection, GError *failure, GError **error);
/* SQLite's extended code of the last error that was folded since the last take; 0: none. */
int orf_connection_take_last_code (OrfConnection *connection);

gboolean orf_connection_exec (OrfConnection *connection, const char *sql, GError **error);
/* sql: a static string, its address is the statement's name.  Borrowed until the reset that autoptr
 * does. */
OrfStatement *orf_connection_prepare (OrfConnection *connection, const char *sql, GError **error);
void orf_statement_reset (OrfStatement *statement);
/* *row: whether there is one. */
gboolean orf_connection_step (OrfConnection *connection,
                              OrfStatement *statement,
                              gboolean *row,
                              GError **error);
/* What a row is made into, for whoever frees it. */
typedef gpointer (*OrfRowMake) (OrfStatement *statement);
/* All rows that are left, each made into one of `rows`. */
gboolean orf_connection_collect (OrfConnection *connection,
                                 OrfStatement *statement,
                                 OrfRowMake make,
                                 GPtrArray *rows,
                                 GError **error);
/* For what gives no rows. */
gboolean orf_connection_run (OrfConnection *connection, OrfStatement *statement, GError **error);
/* The same of a statement with one parameter. */
gboolean
orf_connection_run_with (OrfConnection *connection, const char *sql, gint64 value, GError **error);
/* The first column of the first row; not cached. */
gboolean orf_connection_get_int64 (OrfConnection *connection,
                                   const char *sql,
                                   gint64 *value,
                                   GError **error);
/* *has: user_version is `version` or later.  A file that is only looked at is not migrated. */
gboolean orf_connection_has_version (OrfConnection *connection,
                                     gint64 version,
                                     gboolean *has,
                                     GError **error);
/* Rolls back what is open, if SQLite has not done so by itself.  FALSE: not even that could be done
 * (there is no memory), and the connection is of no further use. */
gboolean orf_connection_rollback (OrfConnection *connection);

/* Nothing that was read is kept: it is read anew where it is needed. */
void orf_connection_forget_pages (OrfConnection *connection);

/* From now until unwatch, statements stop (SQLITE_INTERRUPT) once one of the flags is set or
 * monotonic deadline_us is past (0: none). */
void orf_connection_watch (OrfConnection *connection,
                           OrfCancel *cancel,
                           OrfCancel *closing,
                           gint64 deadline_us);
void orf_connection_unwatch (OrfConnection *connection);
/* Whether the watch says stop; the error then says which. */
gboolean orf_connection_is_stopped (OrfConnection *connection, GError **error);

void orf_statement_bind_text (OrfStatement *statement, int index, const char *text);
/* NULL where it is not known. */
void orf_statement_bind_int64 (OrfStatement *statement, int index, gint64 value, gboolean known);
/* NULL where it is no finite number. */
void orf_statement_bind_double (OrfStatement *statement, int index, double value);
char *orf_statement_dup_text (OrfStatement *statement, int column);
/* Of columns that are NOT NULL: "" where a damaged page has none all the same.  A sector of zeros
 * within a page reads as rows of NULLs, and is no error to SQLite. */
const char *orf_statement_get_sure_text (OrfStatement *statement, int column);
char *orf_statement_dup_sure_text (OrfStatement *statement, int column);
/* A blob of that length; FALSE: there is none. */
gboolean orf_statement_get_id (OrfStatement *statement, int column, guint8 *id, int length);
/* unknown: where it is NULL. */
gint64 orf_statement_get_int64 (OrfStatement *statement, int column, gint64 unknown);
/* NAN where it is NULL. */
double orf_statement_get_double (OrfStatement *statement, int column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfConnection, orf_connection_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStatement, orf_statement_reset)

G_END_DECLS
