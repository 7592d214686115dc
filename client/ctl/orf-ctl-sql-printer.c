/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-sql-printer.h"

#include <stdio.h>
#include <string.h>

#include "orf-encode.h"

#include "orf-ctl-format.h"
#include "orf-ctl-table.h"
#include "orf-ctl.h"

struct _OrfCtlSqlPrinter {
  const OrfCtlTerminal *terminal;
  OrfCtlSqlForm form;
  char **columns;
  guint n_columns;
  guint n_rows;
  OrfCtlTable *table; /* from the first row on, which tells what is a number */
};

OrfCtlSqlPrinter *
orf_ctl_sql_printer_new (const OrfCtlTerminal *terminal, OrfCtlSqlForm form)
{
  OrfCtlSqlPrinter *printer = g_new0 (OrfCtlSqlPrinter, 1);

  printer->terminal = terminal;
  printer->form = form;
  return printer;
}

static void
forget (OrfCtlSqlPrinter *printer)
{
  g_clear_pointer (&printer->columns, g_strfreev);
  g_clear_pointer (&printer->table, orf_ctl_table_free);
  printer->n_rows = 0;
}

void
orf_ctl_sql_printer_free (OrfCtlSqlPrinter *printer)
{
  forget (printer);
  g_free (printer);
}

OrfCtlSqlForm
orf_ctl_sql_printer_get_form (const OrfCtlSqlPrinter *printer)
{
  return printer->form;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void
append_cell (OrfCtlSqlPrinter *printer, GString *out, const OrfCtlSqlCell *cell)
{
  g_autofree char *clean = NULL;

  if (printer->form == ORF_CTL_SQL_JSON) {
    if (cell->text == NULL)
      g_string_append (out, "null");
    else if (cell->is_number)
      g_string_append (out, cell->text);
    else
      orf_encode_string (out, cell->text, -1);
  } else if (cell->text != NULL && printer->form == ORF_CTL_SQL_CSV) {
    clean = cell->is_number ? g_strdup (cell->text) : orf_ctl_format_csv_text (cell->text);
    g_string_append (out, clean);
  } else if (cell->text != NULL) {
    clean = orf_ctl_terminal_clean (printer->terminal, cell->text);
    g_string_append (out, clean);
  }
}

static void
append_line (OrfCtlSqlPrinter *printer, GString *out, const OrfCtlSqlCell *cells)
{
  static const char *const between[] = { "", "\t", ",", "," };
  static const char *const ends[] = { "", "\n", "\r\n", "]" };

  if (printer->form == ORF_CTL_SQL_JSON)
    g_string_append_c (out, '[');
  for (guint i = 0; i < printer->n_columns; i++) {
    if (i > 0)
      g_string_append (out, between[printer->form]);
    append_cell (printer, out, &cells[i]);
  }
  g_string_append (out, ends[printer->form]);
}

static void
print_head (OrfCtlSqlPrinter *printer)
{
  g_autofree OrfCtlSqlCell *cells = g_new0 (OrfCtlSqlCell, printer->n_columns);
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < printer->n_columns; i++)
    cells[i].text = printer->columns[i];
  if (printer->form == ORF_CTL_SQL_JSON)
    g_string_append (out, "{\"columns\":");
  append_line (printer, out, cells);
  if (printer->form == ORF_CTL_SQL_JSON)
    g_string_append (out, ",\"rows\":[");
  orf_ctl_print (out->str);
}

/* ---- a table ----------------------------------------------------------------------------------
 */

static void
make_table (OrfCtlSqlPrinter *printer, const OrfCtlSqlCell *cells)
{
  printer->table = orf_ctl_table_new (printer->terminal);
  for (guint i = 0; i < printer->n_columns; i++)
    orf_ctl_table_add_column (printer->table, printer->columns[i],
                              cells != NULL && cells[i].is_number ? ORF_CTL_COLUMN_RIGHT
                                                                  : ORF_CTL_COLUMN_GIVES_WAY);
}

static void
print_table (OrfCtlSqlPrinter *printer)
{
  g_autoptr (GString) out = g_string_new (NULL);

  if (printer->n_columns == 0)
    return;
  if (printer->table == NULL)
    make_table (printer, NULL);
  orf_ctl_table_append_to (printer->table, out);
  orf_ctl_print (out->str);
}

static void
print_foot (OrfCtlSqlPrinter *printer, gboolean truncated, gint64 took_us)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *took = orf_ctl_format_duration_us ((double) took_us, printer->terminal->utf8);
  g_autofree char *line = g_strdup_printf ("%u row%s%s, %s", printer->n_rows,
                                           printer->n_rows == 1 ? "" : "s",
                                           truncated ? ", and there are more (--max-rows N)" : "",
                                           took);

  orf_ctl_terminal_append (printer->terminal, out, ORF_CTL_FAINT, line);
  g_string_append_c (out, '\n');
  orf_ctl_print (out->str);
}

/* ---- an answer --------------------------------------------------------------------------------
 */

void
orf_ctl_sql_printer_begin (OrfCtlSqlPrinter *printer, const char *const *columns, guint n_columns)
{
  forget (printer);
  printer->columns = g_new0 (char *, n_columns + 1);
  printer->n_columns = n_columns;
  for (guint i = 0; i < n_columns; i++)
    printer->columns[i] = g_strdup (columns[i]);
  if (printer->form != ORF_CTL_SQL_TABLE)
    print_head (printer);
}

gboolean
orf_ctl_sql_printer_add_row (OrfCtlSqlPrinter *printer, const OrfCtlSqlCell *cells)
{
  g_autoptr (GString) out = NULL;

  if (printer->form == ORF_CTL_SQL_TABLE) {
    if (printer->table == NULL)
      make_table (printer, cells);
    for (guint i = 0; i < printer->n_columns; i++)
      orf_ctl_table_add (printer->table, ORF_CTL_PLAIN, cells[i].text);
  } else {
    out = g_string_new (printer->form == ORF_CTL_SQL_JSON && printer->n_rows > 0 ? "," : NULL);
    append_line (printer, out, cells);
    orf_ctl_print (out->str);
  }
  printer->n_rows++;
  return !ferror (stdout);
}

void
orf_ctl_sql_printer_end (OrfCtlSqlPrinter *printer, gboolean truncated, gint64 took_us)
{
  g_autofree char *line = NULL;

  if (printer->form == ORF_CTL_SQL_TABLE) {
    print_table (printer);
    print_foot (printer, truncated, took_us);
  } else if (printer->form == ORF_CTL_SQL_JSON) {
    line = g_strdup_printf ("],\"truncated\":%s,\"took_us\":%" G_GINT64_FORMAT "}",
                            truncated ? "true" : "false", took_us);
    orf_ctl_print_line (line);
  } else if (truncated) {
    fprintf (stderr, "orfeasctl: there are more than %u rows: --max-rows N\n", printer->n_rows);
  }
  forget (printer);
}

void
orf_ctl_sql_printer_abandon (OrfCtlSqlPrinter *printer)
{
  if (printer->form == ORF_CTL_SQL_TABLE && printer->n_rows > 0)
    print_table (printer);
  forget (printer);
}
