/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

G_BEGIN_DECLS

/*
 * One column of the current row as JSON.  Integers beyond 2^53 and infinities, which JSON's numbers
 * do not carry safely, are texts ("9007199254740993", "Infinity"); a blob is its hex digits; bytes
 * that are no UTF-8 become U+FFFD.
 */
void orf_sql_value_append_json (sqlite3_stmt *statement, int column, GString *out);
/* The same as plain text; NULL is nothing. */
void orf_sql_value_append_text (sqlite3_stmt *statement, int column, GString *out);
/* TRUE: its JSON is a number. */
gboolean orf_sql_value_is_number (sqlite3_stmt *statement, int column);

G_END_DECLS
