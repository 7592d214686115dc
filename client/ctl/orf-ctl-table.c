/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-ctl-table.h"

#define GAP 2 /* columns between two cells */
/* A column that gives way keeps at least this much, or the row runs over. */
#define MIN_SHRUNK_WIDTH 8

typedef struct {
  char *title;
  OrfCtlColumnFlags flags;
  guint width;
} Column;

typedef struct {
  char *text;
  OrfCtlStyle style;
} Cell;

struct _OrfCtlTable {
  const OrfCtlTerminal *terminal;
  GArray *columns; /* Column */
  GArray *cells;   /* Cell, row by row */
  guint indent;
};

static void
clear_column (gpointer data)
{
  g_free (((Column *) data)->title);
}

static void
clear_cell (gpointer data)
{
  g_free (((Cell *) data)->text);
}

OrfCtlTable *
orf_ctl_table_new (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = g_new0 (OrfCtlTable, 1);

  table->terminal = terminal;
  table->columns = g_array_new (FALSE, FALSE, sizeof (Column));
  table->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (table->columns, clear_column);
  g_array_set_clear_func (table->cells, clear_cell);
  return table;
}

void
orf_ctl_table_free (OrfCtlTable *table)
{
  if (table == NULL)
    return;
  g_array_unref (table->columns);
  g_array_unref (table->cells);
  g_free (table);
}

void
orf_ctl_table_set_indent (OrfCtlTable *table, guint indent)
{
  table->indent = indent;
}

void
orf_ctl_table_add_column (OrfCtlTable *table, const char *title, OrfCtlColumnFlags flags)
{
  /* a currency is one, which somebody else named */
  Column column = { .title = orf_ctl_terminal_clean (table->terminal, title), .flags = flags };

  g_return_if_fail (table->cells->len == 0);
  column.width = orf_ctl_text_width (column.title);
  g_array_append_val (table->columns, column);
}

void
orf_ctl_table_add (OrfCtlTable *table, OrfCtlStyle style, const char *text)
{
  Column *column;
  Cell cell = { NULL, style };

  g_return_if_fail (table->columns->len > 0);
  if (text != NULL)
    cell.text = orf_ctl_terminal_clean (table->terminal, text);
  else
    cell = (Cell){ g_strdup (orf_ctl_terminal_get_dash (table->terminal)), ORF_CTL_FAINT };

  column = &g_array_index (table->columns, Column, table->cells->len % table->columns->len);
  column->width = MAX (column->width, orf_ctl_text_width (cell.text));
  g_array_append_val (table->cells, cell);
}

void
orf_ctl_table_take (OrfCtlTable *table, OrfCtlStyle style, char *text)
{
  orf_ctl_table_add (table, style, text);
  g_free (text);
}

guint
orf_ctl_table_get_n_rows (const OrfCtlTable *table)
{
  return table->columns->len > 0 ? table->cells->len / table->columns->len : 0;
}

/* The widths on paper: those of the content, but for what gives way. */
static guint *
fit_widths (const OrfCtlTable *table)
{
  guint n_columns = table->columns->len;
  guint *widths = g_new0 (guint, n_columns);
  guint total = table->indent + GAP * (n_columns - 1);

  for (guint i = 0; i < n_columns; i++) {
    widths[i] = g_array_index (table->columns, Column, i).width;
    total += widths[i];
  }
  /* from the right: what comes first says which row it is */
  for (guint i = n_columns; i-- > 0 && total > table->terminal->width;) {
    guint excess = total - table->terminal->width;
    guint least = MIN (widths[i], MIN_SHRUNK_WIDTH);

    if (g_array_index (table->columns, Column, i).flags & ORF_CTL_COLUMN_GIVES_WAY) {
      guint shrunk = widths[i] > excess + least ? widths[i] - excess : least;

      total -= widths[i] - shrunk;
      widths[i] = shrunk;
    }
  }
  return widths;
}

/* At most `width` columns of text, the last an ellipsis where something is left out. */
static char *
shorten (const OrfCtlTerminal *terminal, const char *text, guint width)
{
  const char *ellipsis = terminal->utf8 ? "…" : "~";
  const char *at = text;
  guint used = 0;

  if (orf_ctl_text_width (text) <= width)
    return g_strdup (text);
  while (*at != '\0') {
    gunichar c = g_utf8_get_char (at);
    guint step = g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;

    if (used + step > width - 1)
      break;
    used += step;
    at = g_utf8_next_char (at);
  }
  return g_strdup_printf ("%.*s%s", (int) (at - text), text, ellipsis);
}

static void
append_spaces (GString *out, guint count)
{
  for (guint i = 0; i < count; i++)
    g_string_append_c (out, ' ');
}

static void
append_aligned (const OrfCtlTable *table,
                GString *out,
                guint column,
                guint width,
                OrfCtlStyle style,
                const char *text)
{
  g_autofree char *shown = shorten (table->terminal, text, width);
  guint padding = width - MIN (width, orf_ctl_text_width (shown));
  gboolean right = g_array_index (table->columns, Column, column).flags & ORF_CTL_COLUMN_RIGHT;

  append_spaces (out, column == 0 ? table->indent : GAP);
  if (right)
    append_spaces (out, padding);
  orf_ctl_terminal_append (table->terminal, out, style, shown);
  if (!right && column + 1 < table->columns->len)
    append_spaces (out, padding);
}

static void
append_row (const OrfCtlTable *table, GString *out, const guint *widths, const Cell *row)
{
  for (guint i = 0; i < table->columns->len; i++) {
    const char *title = g_array_index (table->columns, Column, i).title;
    const char *text = row != NULL ? row[i].text : title;

    if (!table->terminal->is_terminal)
      g_string_append_printf (out, "%s%s", i > 0 ? "\t" : "", text);
    else
      append_aligned (table, out, i, widths[i], row != NULL ? row[i].style : ORF_CTL_FAINT, text);
  }
  /* an empty last cell leaves the gap before it */
  while (table->terminal->is_terminal && out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

void
orf_ctl_table_append_to (const OrfCtlTable *table, GString *out)
{
  g_autofree guint *widths = NULL;
  guint n_columns = table->columns->len;

  g_return_if_fail (n_columns > 0 && table->cells->len % n_columns == 0);
  widths = fit_widths (table);
  append_row (table, out, widths, NULL);
  for (guint i = 0; i < table->cells->len; i += n_columns)
    append_row (table, out, widths, &g_array_index (table->cells, Cell, i));
}
