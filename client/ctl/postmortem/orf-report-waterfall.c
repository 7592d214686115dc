/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-report-waterfall.h"

#include "orf-ctl-format.h"

#include "orf-chart.h"
#include "orf-report-cell.h"
#include "orf-report-figure.h"

#define BAR_HEIGHT 14
/* Deeper ones are indented no further: the style sheet has a class for each. */
#define MAX_INDENT 12

typedef struct {
  OrfReport *report;
  OrfChart chart;      /* from the first span's start to the last one's end */
  GPtrArray *services; /* the document's; each has the colour of its place */
} Waterfall;

/* ---- the whole trace ------------------------------------------------------------------------- */

static void
extend (OrfChart *chart, json_t *span)
{
  gint64 start_us, duration_us;

  if (!orf_value_get_integer (span, "start_us", &start_us))
    return;
  duration_us = MAX (orf_value_get_count (span, "duration_us"), 0);
  chart->from_us = chart->to_us == 0 ? start_us : MIN (chart->from_us, start_us);
  chart->to_us = MAX (chart->to_us, start_us + duration_us);
}

static guint
find_service (const GPtrArray *services, json_t *span)
{
  const char *service = orf_value_get_text (span, "service");
  guint index = 0;

  g_ptr_array_find_with_equal_func ((GPtrArray *) services, service != NULL ? service : "",
                                    g_str_equal, &index);
  return index;
}

static void
look_through (Waterfall *waterfall, json_t *spans)
{
  for (gsize i = 0; i < json_array_size (spans); i++) {
    json_t *span = json_array_get (spans, i);
    const char *service = orf_value_get_text (span, "service");

    extend (&waterfall->chart, span);
    if (service == NULL)
      service = "";
    if (!g_ptr_array_find_with_equal_func (waterfall->services, service, g_str_equal, NULL))
      g_ptr_array_add (waterfall->services, (gpointer) service);
  }
  orf_chart_settle (&waterfall->chart);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static void
add_name (const Waterfall *waterfall, json_t *span)
{
  OrfHtml *html = waterfall->report->html;
  gint64 depth = CLAMP (orf_value_get_count (span, "depth"), 0, MAX_INDENT);
  g_autofree char *indent = g_strdup_printf ("span i%d", (int) depth);
  g_autofree char *operation = orf_report_format (ORF_CELL_CODE, span, "operation");
  g_autofree char *service = orf_report_format (ORF_CELL_CODE, span, "service");

  orf_html_open (html, "th", "scope", "row", "class", indent, NULL);
  orf_html_add (html, "code", operation != NULL ? operation : ORF_REPORT_DASH, NULL);
  if (service != NULL)
    orf_html_add (html, "span", service, "class", "muted", NULL);
  orf_html_close (html);
}

static void
add_bar (const Waterfall *waterfall, json_t *span)
{
  const OrfChart *chart = &waterfall->chart;
  OrfHtml *html = waterfall->report->html;
  gboolean failed = g_strcmp0 (orf_value_get_text (span, "outcome"), "error") == 0;
  const char *color = orf_report_get_color (find_service (waterfall->services, span));
  g_autofree char *class = g_strconcat (failed ? "critical" : color,
                                        orf_value_is_true (span, "critical") ? "" : " beside",
                                        NULL);
  gint64 start_us = chart->from_us;

  orf_value_get_integer (span, "start_us", &start_us);
  orf_html_open (html, "td", NULL);
  orf_chart_open_hidden (html, chart, "bar");
  orf_chart_add_level (html, chart, chart->low, "grid");
  orf_chart_add_block (html, chart, start_us, start_us + orf_value_get_count (span, "duration_us"),
                       class, NULL);
  orf_chart_close (html);
  orf_html_close (html);
}

static void
add_duration (const Waterfall *waterfall, double duration_us)
{
  g_autofree char *text = orf_ctl_format_duration_us (duration_us, TRUE);

  orf_html_add (waterfall->report->html, "td", text != NULL ? text : ORF_REPORT_DASH, "class", "n",
                NULL);
}

static void
add_span (const Waterfall *waterfall, json_t *span)
{
  OrfHtml *html = waterfall->report->html;
  g_autofree char *outcome = orf_report_format (ORF_CELL_TEXT, span, "outcome");

  orf_html_open (html, "tr", NULL);
  add_name (waterfall, span);
  add_bar (waterfall, span);
  add_duration (waterfall,
                orf_value_get_number (span, "start_us") - (double) waterfall->chart.from_us);
  add_duration (waterfall, orf_value_get_number (span, "duration_us"));
  orf_html_add (html, "td", outcome != NULL ? outcome : ORF_REPORT_DASH, NULL);
  orf_html_add (html, "td", orf_value_is_true (span, "critical") ? "yes" : ORF_REPORT_DASH, NULL);
  orf_html_close (html);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void
add_head (OrfHtml *html)
{
  static const char *const titles[] = { "Span", "When",    "After",
                                        "Took", "Outcome", "On the critical path" };

  orf_html_open (html, "thead", NULL);
  orf_html_open (html, "tr", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_html_add (html, "th", titles[i], "scope", "col", "class",
                  i == 1             ? "wide"
                  : i == 2 || i == 3 ? "n"
                                     : NULL,
                  NULL);
  orf_html_close (html);
  orf_html_close (html);
}

static void
add_services (const Waterfall *waterfall)
{
  OrfHtml *html = waterfall->report->html;

  orf_html_open (html, "ul", "class", "legend", NULL);
  for (guint i = 0; i < waterfall->services->len; i++) {
    orf_html_open (html, "li", NULL);
    orf_report_add_swatch (waterfall->report, orf_report_get_color (i));
    orf_html_add_text (html, waterfall->services->pdata[i]);
    orf_html_close (html);
  }
  orf_html_close (html);
}

static void
add_table (const Waterfall *waterfall, const char *trace_id, json_t *spans)
{
  OrfHtml *html = waterfall->report->html;
  g_autofree char *caption = g_strdup_printf ("Spans of trace %s, by depth", trace_id);

  orf_html_open (html, "div", "class", "scroll", "role", "region", "tabindex", "0", "aria-label",
                 caption, NULL);
  orf_html_open (html, "table", "class", "waterfall", NULL);
  orf_html_add (html, "caption", caption, NULL);
  add_head (html);
  orf_html_open (html, "tbody", NULL);
  for (gsize i = 0; i < orf_report_count_rows (waterfall->report, spans); i++)
    add_span (waterfall, json_array_get (spans, i));
  orf_html_close (html);
  orf_html_close (html);
  orf_html_close (html);
  orf_report_add_cut (waterfall->report, spans);
}

gboolean
orf_report_add_waterfall (OrfReport *report, json_t *waterfall)
{
  json_t *spans = orf_value_get_array (waterfall, "spans");
  const char *trace_id = orf_value_get_text (waterfall, "trace_id");
  g_autoptr (GPtrArray) services = g_ptr_array_new ();
  Waterfall drawing = { .report = report, .services = services, .chart.height = BAR_HEIGHT };

  if (json_array_size (spans) == 0)
    return FALSE;
  if (trace_id == NULL)
    trace_id = "not known";
  look_through (&drawing, spans);
  orf_html_open (report->html, "h3", NULL);
  orf_html_add_text (report->html, "Trace ");
  orf_html_add (report->html, "code", trace_id, NULL);
  orf_html_close (report->html);
  add_services (&drawing);
  add_table (&drawing, trace_id, spans);
  orf_report_add_more (report, waterfall);
  return TRUE;
}
