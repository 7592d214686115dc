/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often the cache had what was asked, and what its nodes went through. */
#include <math.h>

#include "orf-chart.h"
#include "orf-report-cell.h"
#include "orf-report-figure.h"

#define LANE_HEIGHT 14

static void
draw_away (OrfReport *report, json_t *span)
{
  gint64 t_us;

  orf_html_open (report->html, "li", NULL);
  orf_html_add_text (report->html, "from ");
  if (orf_value_get_integer (span, "from_us", &t_us))
    orf_report_add_time (report, t_us);
  orf_html_add_text (report->html, " until ");
  if (orf_value_get_integer (span, "until_us", &t_us))
    orf_report_add_time (report, t_us);
  else
    orf_html_add_text (report->html, "the end");
  orf_html_close (report->html);
}

/* The window, and in it when the node was away; the same in words. */
static void
draw_times_away (OrfReport *report, json_t *row)
{
  json_t *away = orf_value_get_array (row, "away");
  OrfChart chart = { .from_us = report->from_us, .to_us = report->to_us, .height = LANE_HEIGHT };

  orf_chart_settle (&chart);
  orf_chart_open_hidden (report->html, &chart, "bar");
  orf_chart_add_box (report->html, 0, ORF_CHART_WIDTH, LANE_HEIGHT, "up");
  for (gsize i = 0; i < json_array_size (away); i++) {
    gint64 from_us = report->from_us, until_us = report->to_us;

    orf_value_get_integer (json_array_get (away, i), "from_us", &from_us);
    orf_value_get_integer (json_array_get (away, i), "until_us", &until_us);
    orf_chart_add_block (report->html, &chart, from_us, until_us, "critical", NULL);
  }
  orf_chart_close (report->html);
  orf_report_add_items (report, away, draw_away);
}

static const OrfColumn node_columns[] = {
  { .title = "Node", .member = "node", .kind = ORF_CELL_CODE },
  { .title = "There", .member = "up_percent", .kind = ORF_CELL_PERCENT },
  { .title = "Latency", .member = "latency_us", .kind = ORF_CELL_DURATION },
  { .title = "Latency before", .member = "before_latency_us", .kind = ORF_CELL_DURATION },
  { .title = "Away", .draw = draw_times_away },
  { .title = NULL },
};

static void
add_rates (OrfReport *report, json_t *section)
{
  g_autofree char *rate = orf_report_format (ORF_CELL_PERCENT, section, "hit_rate_percent");
  g_autofree char *before = orf_report_format (ORF_CELL_PERCENT, section,
                                               "before_hit_rate_percent");
  g_autofree char *text = g_strdup_printf ("Hits %s, before %s.", rate != NULL ? rate : "not known",
                                           before != NULL ? before : "not known");

  orf_html_add (report->html, "p", text, NULL);
}

gboolean
orf_report_draw_cache (OrfReport *report, json_t *section)
{
  g_autoptr (GArray) points = orf_value_dup_points (section, "points");
  const OrfFigureLine line = { .label = "hits", .class = "c2", .points = points, .filled = TRUE };
  const OrfFigure figure = { .title = "Hits of the cache",
                             .text = "The share of what was asked that the cache had, over the "
                                     "window.",
                             .name = "hit_rate_percent",
                             .lines = &line,
                             .n_lines = 1,
                             .level = NAN };

  if (!json_is_object (section))
    return FALSE;
  add_rates (report, section);
  orf_report_add_figure (report, &figure);
  orf_report_add_table (report, "Nodes of its second level", node_columns,
                        orf_value_get_array (section, "nodes"));
  orf_report_add_more (report, section);
  return TRUE;
}
