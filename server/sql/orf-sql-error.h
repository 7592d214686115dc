/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * SQLite's codes about a statement of somebody else's, folded into our domain.  What is wrong with
 * the text is INVALID_ARGUMENT of the field "sql", with line and column where SQLite knows them.
 */
GError *orf_sql_error_new (sqlite3 *db, int code, const char *sql);
/* INVALID_ARGUMENT of "sql" at byte `offset` of it; -1: nowhere. */
GError *orf_sql_error_new_at (const char *sql, int offset, const char *message);

G_END_DECLS
