/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-sql-source.h"

G_BEGIN_DECLS

/* Asks for statements on a terminal until its end: several lines until a semicolon, with history
 * and completion.  Errors are told and do not end it. */
OrfCtlExit
orf_ctl_sql_shell_run (OrfCtlSqlSource *source, OrfCtlSqlPrinter *printer, gint64 max_rows);

G_END_DECLS
