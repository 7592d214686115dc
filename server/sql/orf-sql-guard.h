/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * What a statement of somebody who is not trusted may do on a connection: read the tables and views
 * of the file and call functions that only compute.  All else is denied, what later versions of
 * SQLite bring as well.
 */
typedef struct _OrfSqlGuard OrfSqlGuard;

/* From now on, for as long as the connection lives, which is to be closed first.  The connection
 * has been opened read-only, and the tables are those that are there now. */
OrfSqlGuard *orf_sql_guard_new (sqlite3 *db, GError **error);
void orf_sql_guard_free (OrfSqlGuard *guard);
/* FALSE: it names a table that nobody is told of, wherever; to be asked before it is prepared. */
gboolean orf_sql_guard_takes (OrfSqlGuard *guard, const char *sql);
/* What was denied first since the last take: "DELETE (series)"; NULL: nothing. */
char *orf_sql_guard_take_denied (OrfSqlGuard *guard);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSqlGuard, orf_sql_guard_free)

G_END_DECLS
