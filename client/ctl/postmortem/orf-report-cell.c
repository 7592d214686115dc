/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-report-cell.h"

#include <math.h>
#include <string.h>

#include "orf-ctl-format.h"

/* Characters: a cell that says more is no cell.  Names of series stay whole. */
#define MAX_TEXT 400
#define N_COLORS 8
/* A text from here on gets room to be read. */
#define LONG_TEXT 24
#define DAY_US    (86400 * (gint64) G_USEC_PER_SEC)

/* ---- texts of members ------------------------------------------------------------------------ */

static char *
shorten (const char *text)
{
  g_autofree char *valid = NULL;
  g_autofree char *start = NULL;

  if (text == NULL)
    return NULL;
  valid = g_utf8_make_valid (text, -1);
  if (g_utf8_strlen (valid, -1) <= MAX_TEXT)
    return g_steal_pointer (&valid);
  start = g_utf8_substring (valid, 0, MAX_TEXT - 1);
  return g_strconcat (start, "…", NULL);
}

char *
orf_report_format_time (gint64 t_us)
{
  return orf_ctl_format_time (t_us - t_us % G_USEC_PER_SEC, TRUE);
}

/* The series' own name, without its labels: its end is its unit. */
static char *
dup_series_name (json_t *row)
{
  const char *name = orf_value_get_text (row, "name");

  if (name == NULL)
    name = orf_value_get_text (row, "series");
  return name != NULL ? g_strndup (name, strcspn (name, "{")) : g_strdup ("");
}

char *
orf_report_format_metric (json_t *row, double value)
{
  g_autofree char *name = dup_series_name (row);
  g_autofree char *text = orf_ctl_format_metric (name, value, TRUE);

  /* a counter is told by what it grows in a second */
  if (text != NULL && orf_value_is_true (row, "rate"))
    return g_strconcat (text, "/s", NULL);
  return g_steal_pointer (&text);
}

static char *
format_number (OrfCellKind kind, json_t *row, double value)
{
  g_autofree char *text = NULL;

  if (isnan (value))
    return NULL;
  switch (kind) {
  case ORF_CELL_DURATION:
    return orf_ctl_format_duration_us (value, TRUE);
  case ORF_CELL_BYTES:
    return orf_ctl_format_bytes (value);
  case ORF_CELL_RATE:
    text = orf_ctl_format_bytes (value);
    return g_strconcat (text, "/s", NULL);
  case ORF_CELL_PERCENT:
    return orf_ctl_format_percent (value);
  case ORF_CELL_SIGNED_PERCENT:
    text = orf_ctl_format_percent (value);
    return g_strconcat (value > 0 ? "+" : "", text, NULL);
  case ORF_CELL_COUNT:
    return g_strdup_printf ("%.0f", value);
  case ORF_CELL_MONEY:
    return g_strdup_printf ("%.2f", value);
  case ORF_CELL_METRIC:
    return orf_report_format_metric (row, value);
  default:
    return orf_ctl_format_number (value);
  }
}

char *
orf_report_format (OrfCellKind kind, json_t *row, const char *member)
{
  json_t *value = json_object_get (row, member);
  gint64 t_us;

  switch (kind) {
  case ORF_CELL_TEXT:
  case ORF_CELL_CODE:
  case ORF_CELL_SEVERITY:
    return shorten (json_string_value (value));
  case ORF_CELL_TIME:
    return orf_json_get_integer (value, &t_us) ? orf_report_format_time (t_us) : NULL;
  case ORF_CELL_YES_NO:
    return json_is_boolean (value) ? g_strdup (json_is_true (value) ? "yes" : "no") : NULL;
  default:
    return format_number (kind, row, orf_value_get_number (row, member));
  }
}

/* ---- cells ----------------------------------------------------------------------------------- */

const char *
orf_report_get_color (guint index)
{
  static const char *const colors[N_COLORS] = { "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8" };

  return colors[index % N_COLORS];
}

static void
add_time (OrfReport *report, gint64 t_us, const char *shown)
{
  g_autofree char *exact = orf_ctl_format_time_utc (t_us);

  orf_html_add (report->html, "time", shown, "datetime", exact, NULL);
}

void
orf_report_add_full_time (OrfReport *report, gint64 t_us)
{
  g_autofree char *shown = orf_report_format_time (t_us);

  add_time (report, t_us, shown);
}

void
orf_report_add_time (OrfReport *report, gint64 t_us)
{
  gboolean same_day = t_us / DAY_US == report->from_us / DAY_US;
  g_autofree char *shown = same_day ? orf_ctl_format_clock (t_us, TRUE)
                                    : orf_report_format_time (t_us);

  add_time (report, t_us, shown);
}

void
orf_report_add_severity (OrfReport *report, const char *severity)
{
  static const char *const known[] = { "info",   "warning", "critical", "low",
                                       "medium", "high",    "ok",       NULL };
  g_autofree char *name = g_strconcat ("sev ",
                                       g_strv_contains (known, severity) ? severity : "info", NULL);

  orf_html_add (report->html, "span", severity, "class", name, NULL);
}

gsize
orf_report_count_rows (const OrfReport *report, json_t *rows)
{
  return MIN (json_array_size (rows), report->max_rows);
}

void
orf_report_add_cut (OrfReport *report, json_t *rows)
{
  gsize n = json_array_size (rows), n_shown = orf_report_count_rows (report, rows);
  g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                                           " are here, or the page would be too large",
                                           n_shown, n);

  if (n_shown < n)
    orf_html_add (report->html, "p", text, "class", "muted", NULL);
}

void
orf_report_add_items (OrfReport *report,
                      json_t *items,
                      void (*draw) (OrfReport *report, json_t *item))
{
  if (json_array_size (items) == 0) {
    orf_html_add (report->html, "span", ORF_REPORT_DASH, "class", "none", NULL);
    return;
  }
  orf_html_open (report->html, "ul", NULL);
  for (gsize i = 0; i < orf_report_count_rows (report, items); i++)
    draw (report, json_array_get (items, i));
  orf_html_close (report->html);
  orf_report_add_cut (report, items);
}

static gboolean
is_number (OrfCellKind kind)
{
  return kind >= ORF_CELL_DURATION && kind != ORF_CELL_YES_NO;
}

void
orf_report_add_cell (OrfReport *report, const OrfColumn *column, json_t *row)
{
  g_autofree char *text = NULL;
  gint64 t_us;

  if (column->draw != NULL) {
    column->draw (report, row);
    return;
  }
  text = orf_report_format (column->kind, row, column->member);
  if (text == NULL)
    orf_html_add (report->html, "span", ORF_REPORT_DASH, "class", "none", NULL);
  else if (column->kind == ORF_CELL_TIME && orf_value_get_integer (row, column->member, &t_us))
    orf_report_add_time (report, t_us);
  else if (column->kind == ORF_CELL_SEVERITY)
    orf_report_add_severity (report, text);
  else if (column->kind == ORF_CELL_CODE)
    orf_html_add (report->html, "code", text, NULL);
  else
    orf_html_add_text (report->html, text);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static gboolean
is_shown (const OrfColumn *column, json_t *rows)
{
  if (column->draw != NULL)
    return TRUE;
  for (gsize i = 0; i < json_array_size (rows); i++) {
    g_autofree char *text = orf_report_format (column->kind, json_array_get (rows, i),
                                               column->member);

    if (text != NULL)
      return TRUE;
  }
  return FALSE;
}

static const OrfColumn *
choose_columns (const OrfColumn *columns, json_t *rows)
{
  GArray *shown = g_array_new (TRUE, FALSE, sizeof (OrfColumn));

  for (; columns->title != NULL; columns++)
    if (is_shown (columns, rows))
      g_array_append_val (shown, *columns);
  return (const OrfColumn *) g_array_free (shown, FALSE);
}

/* row: NULL for the head. */
static const char *
get_cell_class (const OrfColumn *column, json_t *row)
{
  const char *text = row != NULL && column->draw == NULL && column->kind == ORF_CELL_TEXT
                       ? orf_value_get_text (row, column->member)
                       : NULL;

  if (text != NULL && strlen (text) >= LONG_TEXT)
    return "long";
  return column->draw == NULL && is_number (column->kind) ? "n" : NULL;
}

static void
add_head (OrfReport *report, const OrfColumn *columns)
{
  orf_html_open (report->html, "thead", NULL);
  orf_html_open (report->html, "tr", NULL);
  for (; columns->title != NULL; columns++)
    orf_html_add (report->html, "th", columns->title, "scope", "col", "class",
                  get_cell_class (columns, NULL), NULL);
  orf_html_close (report->html);
  orf_html_close (report->html);
}

static void
add_row (OrfReport *report, const OrfColumn *columns, json_t *row)
{
  orf_html_open (report->html, "tr", NULL);
  for (; columns->title != NULL; columns++) {
    orf_html_open (report->html, "td", "class", get_cell_class (columns, row), NULL);
    orf_report_add_cell (report, columns, row);
    orf_html_close (report->html);
  }
  orf_html_close (report->html);
}

gboolean
orf_report_add_table (OrfReport *report,
                      const char *caption,
                      const OrfColumn *columns,
                      json_t *rows)
{
  OrfHtml *html = report->html;
  g_autofree const OrfColumn *shown = choose_columns (columns, rows);

  if (json_array_size (rows) == 0)
    return FALSE;
  /* wider than a phone: it is moved by itself, by keys too */
  orf_html_open (html, "div", "class", "scroll", "role", "region", "tabindex", "0", "aria-label",
                 caption, NULL);
  orf_html_open (html, "table", NULL);
  orf_html_add (html, "caption", caption, NULL);
  add_head (report, shown);
  orf_html_open (html, "tbody", NULL);
  for (gsize i = 0; i < orf_report_count_rows (report, rows); i++)
    add_row (report, shown, json_array_get (rows, i));
  orf_html_close (html);
  orf_html_close (html);
  orf_html_close (html);
  orf_report_add_cut (report, rows);
  return TRUE;
}

void
orf_report_add_more (OrfReport *report, json_t *section)
{
  gint64 more = orf_value_get_count (section, "more");
  g_autofree char *text = g_strdup_printf ("and %" G_GINT64_FORMAT " more, left out here", more);

  if (more > 0)
    orf_html_add (report->html, "p", text, "class", "muted", NULL);
}
