/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * A new file with the tables, views and version of another, whatever version that is; what rows it
 * gets is its maker's.  On bare handles, so that others than the daemon can have it.
 */

typedef sqlite3_stmt OrfTwinStatement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTwinStatement, sqlite3_finalize)

/* FALSE, with what SQLite said of its last call. */
gboolean orf_twin_fail (sqlite3 *db, GError **error);
gboolean orf_twin_exec (sqlite3 *db, const char *sql, GError **error);
/* Nobody but us has the new file: no journal. */
gboolean orf_twin_prepare (sqlite3 *db, GError **error);

/* The other file: a handle, and its name there ("main", or as it was attached). */
typedef struct {
  sqlite3 *db;
  const char *schema;
} OrfTwinSource;

/* Makes those objects that `which`, a condition on the rows of sqlite_schema, takes; nothing else
 * that a row may say. */
gboolean
orf_twin_make (sqlite3 *db, const OrfTwinSource *source, const char *which, GError **error);
/* Those of ours that are there. */
gboolean orf_twin_make_triggers (sqlite3 *db, const OrfTwinSource *source, GError **error);
gboolean orf_twin_copy_version (sqlite3 *db, const OrfTwinSource *source, GError **error);
gboolean
orf_twin_has_table (const OrfTwinSource *source, const char *name, gboolean *has, GError **error);

G_END_DECLS
