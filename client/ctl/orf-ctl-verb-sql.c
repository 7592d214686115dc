/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-input.h"
#include "orf-ctl-sql-shell.h"
#include "orf-ctl-sql-source.h"

/* Rows that are shown on a terminal when nobody said. */
#define TERMINAL_ROWS 1000

static OrfCtlSqlForm
choose_form (const OrfCtl *ctl)
{
  if (orf_ctl_wants_json (ctl))
    return ORF_CTL_SQL_JSON;
  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "csv"))
    return ORF_CTL_SQL_CSV;
  return orf_ctl_get_terminal (ctl)->is_terminal ? ORF_CTL_SQL_TABLE : ORF_CTL_SQL_TSV;
}

static gboolean
parse_max_rows (const OrfCtl *ctl, gint64 *max_rows, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "max-rows");
  guint64 number = orf_ctl_get_terminal (ctl)->is_terminal ? TERMINAL_ROWS : 0;

  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &number, NULL)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--max-rows: \"%s\" is no number from 1 on", text);
    return FALSE;
  }
  *max_rows = (gint64) number;
  return TRUE;
}

/* One after the other, until one fails. */
static OrfCtlExit
run_all (OrfCtlSqlSource *source,
         const char *text,
         gint64 max_rows,
         OrfCtlSqlPrinter *printer,
         GError **error)
{
  OrfCtlExit verdict = ORF_CTL_DONE;

  while (verdict == ORF_CTL_DONE) {
    g_autofree char *statement = orf_ctl_sql_take_statement (&text);

    if (statement == NULL)
      break;
    verdict = orf_ctl_sql_source_run (source, statement, max_rows, printer, error);
  }
  return verdict;
}

OrfCtlExit
orf_ctl_verb_sql (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlSqlPrinter)
    printer = orf_ctl_sql_printer_new (orf_ctl_get_terminal (ctl), choose_form (ctl));
  g_autoptr (OrfCtlSqlSource) source = NULL;
  g_autofree char *input = NULL;
  const char *text = orf_ctl_get_argument (ctl, 0);
  gint64 max_rows;

  if (!parse_max_rows (ctl, &max_rows, error))
    return ORF_CTL_USAGE;
  source = orf_ctl_sql_source_new (ctl, error);
  if (source == NULL)
    return ORF_CTL_NO_CONNECTION;
  if (text == NULL && isatty (STDIN_FILENO) && isatty (STDOUT_FILENO))
    return orf_ctl_sql_shell_run (source, printer, max_rows);
  if (text == NULL)
    text = input = orf_ctl_input_read (error);
  if (text == NULL)
    return ORF_CTL_USAGE;
  return run_all (source, text, max_rows, printer, error);
}
