/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-load-page.h"

#include <math.h>

#include "orf-report-figure.h"

#include "orf-ctl-format.h"
#include "orf-ctl-load-page-server.h"

/* Of each table: the page goes with a ticket. */
#define MAX_ROWS 100

/* ---- values ---------------------------------------------------------------------------------- */

static double
get_number (json_t *object, const char *name)
{
  json_t *value = json_object_get (object, name);

  return json_is_number (value) ? json_number_value (value) : NAN;
}

static const char *
get_text (json_t *object, const char *name)
{
  return json_string_value (json_object_get (object, name));
}

/* Never 0, by which is divided. */
static gint64
get_slice_us (json_t *measured)
{
  return MAX (orf_value_get_count (measured, "slice_us"), 1);
}

/* In the middle of each slice; a count becomes one a second. */
static GArray *
make_points (json_t *measured, const char *name, gboolean is_count)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  gint64 slice_us = get_slice_us (measured);
  double divisor = is_count ? (double) slice_us / (double) G_USEC_PER_SEC : 1;
  gsize i;
  json_t *slice;

  json_array_foreach (json_object_get (measured, "slices"), i, slice)
  {
    OrfPoint point = { orf_value_get_count (measured, "started_us") +
                         orf_value_get_count (slice, "from_us") + slice_us / 2,
                       get_number (slice, name) / divisor };

    if (!isnan (point.value))
      g_array_append_val (points, point);
  }
  return points;
}

/* What was planned, from level to level. */
static GArray *
make_plan (json_t *measured, gint64 end_us)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  json_t *levels = json_object_get (measured, "levels");

  for (gsize i = 0; i < json_array_size (levels); i++) {
    json_t *level = json_array_get (levels, i);
    double rate = get_number (level, "planned_per_s");
    gint64 start_us = orf_value_get_count (measured, "started_us");
    OrfPoint from = { start_us + orf_value_get_count (level, "from_us"), rate };
    OrfPoint until = { i + 1 < json_array_size (levels)
                         ? start_us +
                             orf_value_get_count (json_array_get (levels, i + 1), "from_us")
                         : end_us,
                       rate };

    if (isnan (rate))
      continue;
    g_array_append_val (points, from);
    g_array_append_val (points, until);
  }
  return points;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void
add_fact (OrfHtml *html, const char *name, const char *text)
{
  orf_html_open (html, "div", NULL);
  orf_html_add (html, "dt", name, NULL);
  orf_html_add (html, "dd", text != NULL ? text : "–", NULL);
  orf_html_close (html);
}

static void
add_facts (OrfReport *page, json_t *measured)
{
  json_t *summary = json_object_get (page->document, "summary");
  g_autofree char *started = orf_ctl_format_time_utc (page->from_us);
  g_autofree char *took = orf_ctl_format_duration_us (get_number (measured, "took_us"), TRUE);
  g_autofree char *breaking = orf_ctl_format_number (
    get_number (summary, "stress_test_breaking_point_rps"));
  g_autofree char *recovery = orf_ctl_format_duration_us (
    get_number (summary, "spike_recovery_time_seconds") * (double) G_USEC_PER_SEC, TRUE);

  orf_html_open (page->html, "dl", "class", "facts", NULL);
  add_fact (page->html, "Target", get_text (page->document, "target_url"));
  add_fact (page->html, "Kind", get_text (measured, "kind"));
  add_fact (page->html, "Model", get_text (measured, "model"));
  add_fact (page->html, "Started", started);
  add_fact (page->html,
            json_is_true (json_object_get (measured, "stopped")) ? "Stopped after" : "Took", took);
  if (g_strcmp0 (get_text (measured, "kind"), "stress") == 0)
    add_fact (page->html, "Breaking point, requests a second",
              breaking != NULL ? breaking : "none up to the last level");
  if (g_strcmp0 (get_text (measured, "kind"), "spike") == 0)
    add_fact (page->html, "Recovered after", recovery != NULL ? recovery : "not seen");
  orf_html_close (page->html);
}

char *
orf_ctl_load_page_format_measured (json_t *requirement)
{
  g_autofree char *name = g_strconcat ("_", get_text (requirement, "unit"), NULL);

  return orf_ctl_format_metric (name, get_number (requirement, "measured"), TRUE);
}

static void
add_requirements (OrfReport *page, json_t *measured)
{
  json_t *list = json_object_get (measured, "requirements");
  gsize i;
  json_t *one;

  if (json_array_size (list) == 0)
    return;
  orf_html_open (page->html, "ul", NULL);
  json_array_foreach (list, i, one)
  {
    gboolean met = json_is_true (json_object_get (one, "met"));
    g_autofree char *value = orf_ctl_load_page_format_measured (one);
    g_autofree char *text = g_strdup_printf (": %s (measured %s)", get_text (one, "requirement"),
                                             value != NULL ? value : "nothing");

    orf_html_open (page->html, "li", NULL);
    orf_html_add (page->html, "span", met ? "met" : "missed", "class",
                  met ? "sev ok" : "sev critical", NULL);
    orf_html_add_text (page->html, text);
    orf_html_close (page->html);
  }
  orf_html_close (page->html);
}

static const struct {
  const char *title;
  const char *name; /* its end is the unit */
} columns[] = {
  { "Planned/s", "planned_per_s" },
  { "Rate/s", "rate_per_s" },
  { "p50", "p50_us" },
  { "p95", "p95_us" },
  { "p99", "p99_us" },
  { "max", "max_us" },
  { "Sent", "sent" },
  { "Failed", "failed" },
  { "Late", "late" },
  { "Dropped", "dropped" },
};

static void
add_row (OrfHtml *html, const char *name, json_t *tally)
{
  orf_html_open (html, "tr", NULL);
  orf_html_add (html, "th", name != NULL ? name : "–", "scope", "row", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    g_autofree char *text = orf_ctl_format_metric (columns[i].name,
                                                   get_number (tally, columns[i].name), TRUE);

    orf_html_add (html, "td", text != NULL ? text : "–", "class", "n", NULL);
  }
  orf_html_close (html);
}

static void
add_levels (OrfReport *page, json_t *measured)
{
  OrfHtml *html = page->html;
  g_autoptr (json_t) all = json_copy (json_object_get (measured, "total"));
  gsize i;
  json_t *level;

  json_object_set (all, "planned_per_s", json_object_get (measured, "planned_per_s"));
  orf_html_open (html, "div", "class", "scroll", "tabindex", "0", NULL);
  orf_html_open (html, "table", NULL);
  orf_html_open (html, "thead", NULL);
  orf_html_open (html, "tr", NULL);
  orf_html_add (html, "th", "Level", "scope", "col", NULL);
  for (guint column = 0; column < G_N_ELEMENTS (columns); column++)
    orf_html_add (html, "th", columns[column].title, "scope", "col", "class", "n", NULL);
  orf_html_close (html);
  orf_html_close (html);
  orf_html_open (html, "tbody", NULL);
  json_array_foreach (json_object_get (measured, "levels"), i, level)
    add_row (html, get_text (level, "level"), level);
  add_row (html, "all", all);
  for (guint depth = 0; depth < 3; depth++)
    orf_html_close (html);
}

char *
orf_ctl_load_page_format_faults (json_t *report)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *name;
  json_t *count;

  json_object_foreach (json_object_get (json_object_get (report, "orfeas"), "faults"), name, count)
  {
    if (json_number_value (count) > 0)
      g_string_append_printf (text, "%s%s %.0f", text->len > 0 ? ", " : "", name,
                              json_number_value (count));
  }
  return text->len > 0 ? g_strconcat ("Failed by: ", text->str, NULL) : NULL;
}

/* ---- curves ---------------------------------------------------------------------------------- */

static void
add_figure (OrfReport *page,
            const char *title,
            const char *caption,
            const char *unit,
            OrfFigureLine *lines,
            guint n)
{
  OrfFigure figure = {
    .title = caption, .text = NULL, .name = unit, .lines = lines, .n_lines = n, .level = NAN
  };

  orf_html_open (page->html, "section", NULL);
  orf_html_add (page->html, "h2", title, NULL);
  if (!orf_report_add_figure (page, &figure))
    orf_html_add (page->html, "p", "There is nothing to draw.", "class", "muted", NULL);
  orf_html_close (page->html);
}

static void
add_curves (OrfReport *page, json_t *measured)
{
  g_autoptr (GArray) plan = make_plan (measured, page->to_us);
  g_autoptr (GArray) rate = make_points (measured, "rate_per_s", FALSE);
  g_autoptr (GArray) p50 = make_points (measured, "p50_us", FALSE);
  g_autoptr (GArray) p95 = make_points (measured, "p95_us", FALSE);
  g_autoptr (GArray) p99 = make_points (measured, "p99_us", FALSE);
  g_autoptr (GArray) failed = make_points (measured, "failed", TRUE);
  g_autoptr (GArray) dropped = make_points (measured, "dropped", TRUE);
  g_autoptr (GArray) late = make_points (measured, "late_p99_us", FALSE);
  OrfFigureLine rates[] = { { "answered", "c1", rate, TRUE },
                            { "planned", "before", plan, FALSE } };
  OrfFigureLine latencies[] = { { "p99", "c1", p99, FALSE },
                                { "p95", "c2", p95, FALSE },
                                { "p50", "before", p50, FALSE } };
  OrfFigureLine failures[] = { { "failed", "c1", failed, TRUE },
                               { "of them dropped", "c2", dropped, FALSE } };
  OrfFigureLine lateness[] = { { "p99 of the sending", "c1", late, FALSE } };

  add_figure (page, "Answers a second", "Answers of each slice, and what was planned", "rate_per_s",
              rates, G_N_ELEMENTS (rates));
  add_figure (page, "Latency", "Quantiles of the answers that did not fail", "p99_us", latencies,
              G_N_ELEMENTS (latencies));
  add_figure (page, "Failed a second", "Failures, and those of them that were never sent", "failed",
              failures, G_N_ELEMENTS (failures));
  add_figure (page, "Sent after its time", "How late requests were sent", "late_p99_us", lateness,
              G_N_ELEMENTS (lateness));
}

char *
orf_ctl_load_page_render (json_t *report)
{
  json_t *measured = json_object_get (report, "orfeas");
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfReport page = { .html = html, .document = report, .max_rows = MAX_ROWS };
  g_autofree char *faults = orf_ctl_load_page_format_faults (report);
  g_autofree char *title = g_strdup_printf ("Load test: %s", get_text (measured, "kind"));

  page.from_us = orf_value_get_count (measured, "started_us");
  page.to_us = page.from_us + get_slice_us (measured) *
                                (gint64) json_array_size (json_object_get (measured, "slices"));
  orf_html_open (html, "html", "lang", "en", NULL);
  orf_report_add_head (&page, title);
  orf_html_open (html, "body", NULL);
  orf_html_open (html, "header", NULL);
  orf_html_add (html, "h1", title, NULL);
  add_facts (&page, measured);
  orf_html_close (html);
  orf_html_open (html, "main", NULL);
  orf_html_open (html, "section", NULL);
  orf_html_add (html, "h2", "What came of it", NULL);
  add_requirements (&page, measured);
  add_levels (&page, measured);
  if (faults != NULL)
    orf_html_add (html, "p", faults, NULL);
  orf_html_close (html);
  add_curves (&page, measured);
  orf_ctl_load_page_add_server (&page, json_object_get (report, "server"));
  return orf_html_finish (html);
}
