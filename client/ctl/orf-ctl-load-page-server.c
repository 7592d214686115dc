/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its curves have the time axis of the client's; what the tables list is drawn as in a post-mortem.
 */
#include "orf-ctl-load-page-server.h"

#include <math.h>

#include "orf-report-cell.h"
#include "orf-report-figure.h"

/* Lines in one drawing: more cannot be told apart. */
#define MAX_LINES 8

/* ---- what saturated -------------------------------------------------------------------------- */

static void
draw_at (OrfReport *page, json_t *row)
{
  g_autofree char *at = orf_report_format (ORF_CELL_DURATION, row, "at_us");

  orf_html_add_text (page->html, at != NULL ? at : ORF_REPORT_DASH);
}

static const OrfColumn saturation_columns[] = {
  { .title = "At", .draw = draw_at },
  { .title = "Side", .member = "side", .kind = ORF_CELL_TEXT },
  { .title = "Series", .member = "series", .kind = ORF_CELL_CODE },
  { .title = "What", .member = "kind", .kind = ORF_CELL_TEXT },
  { .title = "Planned/s", .member = "planned_per_s", .kind = ORF_CELL_NUMBER },
  { .title = "Reason", .member = "reason", .kind = ORF_CELL_TEXT },
  { .title = NULL },
};

static void
add_saturated (OrfReport *page, json_t *server)
{
  orf_html_open (page->html, "section", NULL);
  orf_html_add (page->html, "h2", "What saturated, first of all first", NULL);
  if (!orf_report_add_table (page, "Limits and knees that were crossed, by time of the run",
                             saturation_columns, orf_value_get_array (server, "saturated")))
    orf_html_add (page->html, "p", "Nothing did.", "class", "muted", NULL);
  orf_html_close (page->html);
}

/* ---- series ---------------------------------------------------------------------------------- */

/* One drawing for all series of a name: their unit is the same. */
static void
add_series (OrfReport *page, json_t *server, const char *name)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  OrfFigureLine lines[MAX_LINES];
  OrfFigure figure = { .title = name, .name = name, .lines = lines, .level = NAN };
  gsize i;
  json_t *series;

  json_array_foreach (orf_value_get_array (server, "series"), i, series)
  {
    const char *label = orf_value_get_text (series, "series");

    if (g_strcmp0 (orf_value_get_text (series, "name"), name) != 0 || points->len == MAX_LINES)
      continue;
    g_ptr_array_add (points, orf_value_dup_points (series, "points"));
    lines[figure.n_lines] = (OrfFigureLine){ .label = label != NULL ? label : name,
                                             .class = orf_report_get_color (figure.n_lines),
                                             .points = points->pdata[points->len - 1] };
    figure.n_lines++;
  }
  orf_report_add_figure (page, &figure);
}

static void
add_all_series (OrfReport *page, json_t *server)
{
  const char *last = NULL;
  gsize i;
  json_t *series;

  orf_html_open (page->html, "section", NULL);
  orf_html_add (page->html, "h2", "What the daemon recorded meanwhile", NULL);
  json_array_foreach (orf_value_get_array (server, "series"), i, series)
  {
    const char *name = orf_value_get_text (series, "name");

    /* those of a name stand together */
    if (name != NULL && g_strcmp0 (name, last) != 0)
      add_series (page, server, name);
    last = name;
  }
  if (last == NULL)
    orf_html_add (page->html, "p", "Nothing.", "class", "muted", NULL);
  orf_html_close (page->html);
}

/* ---- what happened --------------------------------------------------------------------------- */

static const OrfReportSection sections[] = {
  { "memory", "Device memory", "No device was seen.", orf_report_draw_memory },
  { "cleanups", "Cleanups", "There were none.", orf_report_draw_cleanups },
  { "alerts", "Alerts", "There were none.", orf_report_draw_alerts },
  { "anomalies", "Anomalies", "There were none.", orf_report_draw_anomalies },
  { "traces", "Operations and slow traces", "There were no spans.", orf_report_draw_traces },
};

void
orf_ctl_load_page_add_server (OrfReport *page, json_t *server)
{
  if (server == NULL)
    return;
  add_saturated (page, server);
  add_all_series (page, server);
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++) {
    orf_html_open (page->html, "section", NULL);
    orf_html_add (page->html, "h2", sections[i].title, NULL);
    if (!sections[i].draw (page, json_object_get (server, sections[i].name)))
      orf_html_add (page->html, "p", sections[i].none, "class", "muted", NULL);
    orf_html_close (page->html);
  }
}
