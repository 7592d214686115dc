/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* The answer to one statement, as it comes: a table on a terminal, which is put together at the
 * end, or lines at once. */
typedef struct _OrfCtlSqlPrinter OrfCtlSqlPrinter;

typedef enum {
  ORF_CTL_SQL_TABLE,
  ORF_CTL_SQL_TSV,
  ORF_CTL_SQL_CSV,  /* RFC 4180 */
  ORF_CTL_SQL_JSON, /* as sql.query answers */
} OrfCtlSqlForm;

typedef struct {
  const char *text; /* NULL: NULL */
  gboolean is_number;
} OrfCtlSqlCell;

OrfCtlSqlPrinter *orf_ctl_sql_printer_new (const OrfCtlTerminal *terminal, OrfCtlSqlForm form);
void orf_ctl_sql_printer_free (OrfCtlSqlPrinter *printer);
OrfCtlSqlForm orf_ctl_sql_printer_get_form (const OrfCtlSqlPrinter *printer);

void
orf_ctl_sql_printer_begin (OrfCtlSqlPrinter *printer, const char *const *columns, guint n_columns);
/* FALSE: nobody reads on. */
gboolean orf_ctl_sql_printer_add_row (OrfCtlSqlPrinter *printer, const OrfCtlSqlCell *cells);
/* truncated: there were more rows.  Ready for the next statement then. */
void orf_ctl_sql_printer_end (OrfCtlSqlPrinter *printer, gboolean truncated, gint64 took_us);
/* Instead of the end: what has been gathered is shown, and nothing is said of it. */
void orf_ctl_sql_printer_abandon (OrfCtlSqlPrinter *printer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlSqlPrinter, orf_ctl_sql_printer_free)

G_END_DECLS
