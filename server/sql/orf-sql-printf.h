/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sqlite3.h>

/*
 * printf() and format() of SQL with widths and precisions bounded, in place of SQLite's own: of
 * printf('%.*c',900000000,'x') it runs for seconds inside one instruction, where nothing can stop
 * it.  Returns SQLite's code.
 */
int orf_sql_printf_register (sqlite3 *db);
