/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-sql-printer.h"
#include "orf-ctl.h"

G_BEGIN_DECLS

/* Who answers statements: sql.query of the daemon, or the file itself with --db, read here. */
typedef struct _OrfCtlSqlSource OrfCtlSqlSource;

OrfCtlSqlSource *orf_ctl_sql_source_new (OrfCtl *ctl, GError **error);
void orf_ctl_sql_source_free (OrfCtlSqlSource *source);

/* One statement; max_rows 0: as many as there are, which the daemon does not give. */
OrfCtlExit orf_ctl_sql_source_run (OrfCtlSqlSource *source,
                                   const char *sql,
                                   gint64 max_rows,
                                   OrfCtlSqlPrinter *printer,
                                   GError **error);
/* From a signal's handler: what runs on a file stops.  FALSE: a daemon is asked, and there is no
 * telling it. */
gboolean orf_ctl_sql_source_interrupt (OrfCtlSqlSource *source);
/* The first column of all rows, as texts, for completion; NULL on error. */
char **orf_ctl_sql_source_list (OrfCtlSqlSource *source, const char *sql);

/* The next statement of *text, which moves past it; NULL: there is none.  What is left at the end
 * needs no semicolon. */
char *orf_ctl_sql_take_statement (const char **text);
/* Nothing of it is asked: blanks and comments. */
gboolean orf_ctl_sql_is_blank (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlSqlSource, orf_ctl_sql_source_free)

G_END_DECLS
