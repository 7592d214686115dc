/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened when: a lane for each kind, then all of it as a table. */
#include "orf-chart.h"
#include "orf-report-cell.h"
#include "orf-report-figure.h"

#define LANE_HEIGHT 20
/* Kinds beyond are in the table alone. */
#define MAX_LANES 20

static const OrfColumn columns[] = {
  { .title = "Time", .member = "t_us", .kind = ORF_CELL_TIME },
  { .title = "Until", .member = "until_us", .kind = ORF_CELL_TIME },
  { .title = "Kind", .member = "kind", .kind = ORF_CELL_TEXT },
  { .title = "Severity", .member = "severity", .kind = ORF_CELL_SEVERITY },
  { .title = "What", .member = "text", .kind = ORF_CELL_TEXT },
  { .title = "Id", .member = "id", .kind = ORF_CELL_CODE },
  { .title = NULL },
};

static const char *
get_kind (json_t *row)
{
  const char *kind = orf_value_get_text (row, "kind");

  return kind != NULL ? kind : "other";
}

/* In the order in which they came. */
static GPtrArray *
collect_kinds (json_t *rows)
{
  GPtrArray *kinds = g_ptr_array_new ();

  for (gsize i = 0; i < json_array_size (rows) && kinds->len < MAX_LANES; i++) {
    const char *kind = get_kind (json_array_get (rows, i));

    if (!g_ptr_array_find_with_equal_func (kinds, kind, g_str_equal, NULL))
      g_ptr_array_add (kinds, (gpointer) kind);
  }
  return kinds;
}

static const char *
get_severity_class (json_t *row)
{
  const char *severity = orf_value_get_text (row, "severity");

  if (g_strcmp0 (severity, "critical") == 0)
    return "mark critical";
  return g_strcmp0 (severity, "warning") == 0 ? "mark warning" : "mark";
}

static void
add_block (OrfReport *report, const OrfChart *chart, json_t *row)
{
  g_autofree char *what = orf_report_format (ORF_CELL_TEXT, row, "text");
  g_autofree char *when = NULL;
  g_autofree char *text = NULL;
  gint64 t_us, until_us;

  if (!orf_value_get_integer (row, "t_us", &t_us))
    return;
  until_us = t_us;
  orf_value_get_integer (row, "until_us", &until_us);
  when = orf_report_format_time (t_us);
  text = g_strdup_printf ("%s  %s", when, what != NULL ? what : get_kind (row));
  orf_chart_add_block (report->html, chart, t_us, until_us, get_severity_class (row), text);
}

static guint
count_kind (json_t *rows, const char *kind)
{
  guint n = 0;

  for (gsize i = 0; i < json_array_size (rows); i++)
    n += g_str_equal (get_kind (json_array_get (rows, i)), kind);
  return n;
}

static void
add_lane (OrfReport *report, json_t *rows, const char *kind)
{
  OrfHtml *html = report->html;
  OrfChart chart = { .from_us = report->from_us, .to_us = report->to_us, .height = LANE_HEIGHT };
  g_autofree char *title = g_strdup_printf ("%s: %u", kind, count_kind (rows, kind));

  orf_chart_settle (&chart);
  orf_html_add (html, "span", kind, "class", "lane", "aria-hidden", "true", NULL);
  orf_chart_open (html, &chart, "plot", title, "Each is a row of the table below.");
  orf_chart_add_level (html, &chart, chart.low, "grid");
  for (gsize i = 0; i < orf_report_count_rows (report, rows); i++) {
    json_t *row = json_array_get (rows, i);

    if (g_str_equal (get_kind (row), kind))
      add_block (report, &chart, row);
  }
  orf_chart_close (html);
}

gboolean
orf_report_draw_timeline (OrfReport *report, json_t *section)
{
  json_t *rows = orf_value_get_array (section, "rows");
  g_autoptr (GPtrArray) kinds = collect_kinds (rows);

  if (kinds->len == 0)
    return FALSE;
  orf_html_open (report->html, "figure", NULL);
  orf_html_open (report->html, "div", "class", "lanes", NULL);
  for (guint i = 0; i < kinds->len; i++)
    add_lane (report, rows, kinds->pdata[i]);
  orf_report_add_time_axis (report);
  orf_html_close (report->html);
  orf_html_close (report->html);
  orf_report_add_table (report, "All that happened, by time", columns, rows);
  orf_report_add_more (report, section);
  return TRUE;
}
