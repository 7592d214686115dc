/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * Gives a statement its values: an array for ?, an object for :name (the name with its sign or
 * without).  null, booleans as 0 and 1, numbers, texts, and {"hex": "00ff"} for a blob.  All that
 * the statement has must be there, and nothing else.  params_json NULL: there are none.  Errors are
 * INVALID_ARGUMENT with the field "params[3]" or "params.name".
 */
gboolean orf_sql_bind (sqlite3_stmt *statement, const char *params_json, GError **error);

G_END_DECLS
