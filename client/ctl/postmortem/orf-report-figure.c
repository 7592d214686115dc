/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-report-figure.h"

#include <math.h>

#include "orf-ctl-format.h"

#include "orf-chart.h"

#define HEIGHT 160
/* Beyond this a clock alone does not say when. */
#define CLOCK_SPAN_US (20 * 3600 * (gint64) G_USEC_PER_SEC)

void
orf_report_add_swatch (OrfReport *report, const char *class)
{
  OrfChart chart = { .height = ORF_CHART_WIDTH };

  orf_chart_open_hidden (report->html, &chart, "swatch");
  orf_chart_add_box (report->html, 0, ORF_CHART_WIDTH, ORF_CHART_WIDTH, class);
  orf_chart_close (report->html);
}

static void
add_axis_time (OrfReport *report, gint64 t_us)
{
  gboolean clock = report->to_us - report->from_us < CLOCK_SPAN_US;
  gint64 whole_us = t_us - t_us % G_USEC_PER_SEC;
  g_autofree char *text = clock ? orf_ctl_format_clock (whole_us, TRUE)
                                : orf_ctl_format_time (whole_us, TRUE);

  orf_html_add (report->html, "span", text, NULL);
}

void
orf_report_add_time_axis (OrfReport *report)
{
  orf_html_open (report->html, "div", "class", "axis", NULL);
  add_axis_time (report, report->from_us);
  add_axis_time (report, report->from_us + (report->to_us - report->from_us) / 2);
  add_axis_time (report, report->to_us);
  orf_html_close (report->html);
}

static void
add_value_axis (OrfReport *report, const OrfFigure *figure, const OrfChart *chart)
{
  const double values[] = { chart->high, (chart->high + chart->low) / 2, chart->low };

  orf_html_open (report->html, "div", "class", "values", "aria-hidden", "true", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autofree char *text = orf_ctl_format_metric (figure->name, values[i], TRUE);

    orf_html_add (report->html, "span", text, NULL);
  }
  orf_html_close (report->html);
}

static void
add_drawing (OrfReport *report, const OrfFigure *figure, const OrfChart *chart)
{
  OrfHtml *html = report->html;

  orf_chart_open (html, chart, "plot", figure->title, figure->text);
  orf_chart_add_level (html, chart, chart->high, "grid");
  orf_chart_add_level (html, chart, (chart->high + chart->low) / 2, "grid");
  orf_chart_add_level (html, chart, chart->low, "grid");
  for (guint i = 0; i < figure->n_lines; i++) {
    const OrfFigureLine *line = &figure->lines[i];
    g_autofree char *area = g_strconcat ("area ", line->class, NULL);
    g_autofree char *stroke = g_strconcat ("line ", line->class, NULL);

    if (line->filled)
      orf_chart_add_area (html, chart, line->points, area);
    orf_chart_add_line (html, chart, line->points, stroke);
  }
  orf_chart_add_level (html, chart, figure->level, "level");
  if (figure->moment_us > 0)
    orf_chart_add_moment (html, chart, figure->moment_us, "moment");
  orf_chart_close (html);
}

static void
add_key (OrfReport *report, const char *class, const char *label)
{
  orf_html_open (report->html, "li", NULL);
  orf_report_add_swatch (report, class);
  orf_html_add_text (report->html, label);
  orf_html_close (report->html);
}

static void
add_legend (OrfReport *report, const OrfFigure *figure)
{
  orf_html_open (report->html, "ul", "class", "legend", NULL);
  for (guint i = 0; i < figure->n_lines; i++)
    if (figure->lines[i].points->len > 0)
      add_key (report, figure->lines[i].class, figure->lines[i].label);
  if (!isnan (figure->level))
    add_key (report, "level", figure->level_label);
  if (figure->moment_us > 0)
    add_key (report, "moment", figure->moment_label);
  orf_html_close (report->html);
}

gboolean
orf_report_add_figure (OrfReport *report, const OrfFigure *figure)
{
  OrfHtml *html = report->html;
  OrfChart chart = {
    .from_us = report->from_us, .to_us = report->to_us, .low = NAN, .high = NAN, .height = HEIGHT
  };

  gboolean filled = FALSE;

  for (guint i = 0; i < figure->n_lines; i++) {
    orf_chart_extend (&chart, figure->lines[i].points);
    filled |= figure->lines[i].filled;
  }
  if (isnan (chart.low))
    return FALSE;
  /* an area says how much, which it does from zero on alone */
  if (filled)
    chart.low = MIN (chart.low, 0);
  if (!isnan (figure->level))
    chart.high = MAX (chart.high, figure->level);
  orf_chart_settle (&chart);
  orf_html_open (html, "figure", NULL);
  orf_html_add (html, "figcaption", figure->title, NULL);
  orf_html_open (html, "div", "class", "chart", NULL);
  add_value_axis (report, figure, &chart);
  add_drawing (report, figure, &chart);
  orf_report_add_time_axis (report);
  orf_html_close (html);
  add_legend (report, figure);
  orf_html_close (html);
  return TRUE;
}
