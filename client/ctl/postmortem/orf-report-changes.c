/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which series changed most against the same span before. */
#include <math.h>

#include "orf-chart.h"
#include "orf-report-cell.h"

#define SPARK_HEIGHT 28

/* ---- the line -------------------------------------------------------------------------------- */

static gint64
get_baseline_from_us (const OrfReport *report)
{
  gint64 from_us = report->from_us;

  orf_value_get_integer (json_object_get (report->document, "window"), "baseline_from_us",
                         &from_us);
  return from_us;
}

static void
draw_spark (OrfReport *report, json_t *row)
{
  g_autoptr (GArray) before = orf_value_dup_points (row, "before_points");
  g_autoptr (GArray) during = orf_value_dup_points (row, "points");
  OrfChart chart = { .from_us = before->len > 0 ? get_baseline_from_us (report) : report->from_us,
                     .to_us = report->to_us,
                     .low = NAN,
                     .high = NAN,
                     .height = SPARK_HEIGHT };
  gint64 left_us;

  orf_chart_extend (&chart, before);
  orf_chart_extend (&chart, during);
  orf_chart_settle (&chart);
  orf_chart_open_hidden (report->html, &chart, "spark");
  orf_chart_add_line (report->html, &chart, before, "line before");
  orf_chart_add_line (report->html, &chart, during, "line c1");
  orf_chart_add_moment (report->html, &chart, report->from_us, "edge");
  if (orf_value_get_integer (row, "from_us", &left_us))
    orf_chart_add_moment (report->html, &chart, left_us, "moment");
  orf_chart_close (report->html);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void
draw_figure (OrfReport *report, json_t *row, const char *span, const char *figure)
{
  double value = orf_value_get_number (json_object_get (row, span), figure);
  g_autofree char *text = orf_report_format_metric (row, value);

  orf_html_add (report->html, "span", text != NULL ? text : ORF_REPORT_DASH, "class", "figure",
                NULL);
}

static void
draw_before (OrfReport *report, json_t *row)
{
  draw_figure (report, row, "before", "mean");
}

static void
draw_during (OrfReport *report, json_t *row)
{
  draw_figure (report, row, "during", "mean");
}

static void
draw_max (OrfReport *report, json_t *row)
{
  draw_figure (report, row, "during", "max");
}

static const OrfColumn columns[] = {
  { .title = "Series", .member = "series", .kind = ORF_CELL_CODE },
  { .title = "Before, then the window", .draw = draw_spark },
  { .title = "Mean before", .draw = draw_before },
  { .title = "Mean now", .draw = draw_during },
  { .title = "Most", .draw = draw_max },
  { .title = "Change", .member = "change_percent", .kind = ORF_CELL_SIGNED_PERCENT },
  { .title = "Effect", .member = "effect", .kind = ORF_CELL_NUMBER },
  { .title = "Since", .member = "from_us", .kind = ORF_CELL_TIME },
  { .title = NULL },
};

/* Of how many these are the strongest. */
static void
add_compared (OrfReport *report, json_t *section)
{
  gint64 compared = orf_value_get_count (section, "series");
  gint64 skipped = orf_value_get_count (section, "skipped");
  g_autoptr (GString) text = g_string_new (NULL);

  if (compared == 0)
    return;
  g_string_append_printf (text, "%" G_GINT64_FORMAT " series were compared", compared);
  if (skipped > 0)
    g_string_append_printf (text, "; %" G_GINT64_FORMAT " were not, for there are too many",
                            skipped);
  g_string_append_c (text, '.');
  orf_html_add (report->html, "p", text->str, "class", "muted", NULL);
}

gboolean
orf_report_draw_changes (OrfReport *report, json_t *section)
{
  json_t *rows = orf_value_get_array (section, "rows");

  if (json_array_size (rows) == 0)
    return FALSE;
  orf_html_add (
    report->html, "p",
    "Ranked by effect: how far the window is from the span before, measured by how "
    "much the series varied then. In each line the grey part is before, and the upright "
    "stroke in colour is where it left what was usual.",
    "class", "muted", NULL);
  add_compared (report, section);
  orf_report_add_table (report, "Series that changed most, the strongest first", columns, rows);
  orf_report_add_more (report, section);
  return TRUE;
}
