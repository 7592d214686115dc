/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "orf-schema-types.h"
#include "sql/orf-sql-guard.h"

G_BEGIN_DECLS

/*
 * Runs the one statement that ask has and appends the result of sql.query to out, as JSON.  Rows
 * beyond ask's max_rows and max_result_bytes are left out, and the result says so.
 */
gboolean
orf_sql_run (sqlite3 *db, OrfSqlGuard *guard, const OrfSqlAsk *ask, GString *out, GError **error);

G_END_DECLS
