/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-chart.h"

#include <math.h>

/* Below this a block cannot be seen on a phone. */
#define MIN_BLOCK_WIDTH 6.0
/* Points further apart than so many of their mean distance have a gap between them. */
#define GAP_STEPS 4
/* A tenth of a unit is less than a pixel. */
#define NUMBER_FORMAT "%.1f"

typedef char Number[32];

static const char *
format (Number text, double value)
{
  return g_ascii_formatd (text, sizeof (Number), NUMBER_FORMAT, value);
}

/* ---- where things are ------------------------------------------------------------------------ */

void
orf_chart_extend (OrfChart *chart, const GArray *points)
{
  for (guint i = 0; i < points->len; i++) {
    double value = g_array_index (points, OrfPoint, i).value;

    if (!isfinite (value))
      continue;
    chart->low = isnan (chart->low) ? value : MIN (chart->low, value);
    chart->high = isnan (chart->high) ? value : MAX (chart->high, value);
  }
}

void
orf_chart_settle (OrfChart *chart)
{
  if (isnan (chart->low)) {
    chart->low = 0;
    chart->high = 1;
  }
  if (chart->low > 0 && chart->low < chart->high / 2)
    chart->low = 0;
  if (chart->high <= chart->low) {
    double room = chart->low != 0 ? fabs (chart->low) / 2 : 1;

    chart->low -= chart->low > 0 || chart->low < 0 ? room : 0;
    chart->high += room;
  }
  if (chart->to_us <= chart->from_us)
    chart->to_us = chart->from_us + 1;
}

double
orf_chart_get_x (const OrfChart *chart, gint64 t_us)
{
  double share = ((double) t_us - (double) chart->from_us) /
                 ((double) chart->to_us - (double) chart->from_us);

  return CLAMP (share, 0, 1) * ORF_CHART_WIDTH;
}

static double
get_y (const OrfChart *chart, double value)
{
  double share = (value - chart->low) / (chart->high - chart->low);

  return (1 - CLAMP (share, 0, 1)) * chart->height;
}

/* ---- the frame ------------------------------------------------------------------------------- */

static char *
format_view (const OrfChart *chart)
{
  return g_strdup_printf ("0 0 %d %.0f", ORF_CHART_WIDTH, chart->height);
}

void
orf_chart_open (
  OrfHtml *html, const OrfChart *chart, const char *class, const char *title, const char *text)
{
  guint number = orf_html_next_number (html);
  g_autofree char *view = format_view (chart);
  g_autofree char *title_id = g_strdup_printf ("t%u", number);
  g_autofree char *text_id = g_strdup_printf ("d%u", number);

  orf_html_open (html, "svg", "class", class, "viewBox", view, "preserveAspectRatio", "none",
                 "role", "img", "aria-labelledby", title_id, "aria-describedby",
                 text != NULL ? text_id : NULL, NULL);
  orf_html_add (html, "title", title, "id", title_id, NULL);
  if (text != NULL)
    orf_html_add (html, "desc", text, "id", text_id, NULL);
}

void
orf_chart_open_hidden (OrfHtml *html, const OrfChart *chart, const char *class)
{
  g_autofree char *view = format_view (chart);

  orf_html_open (html, "svg", "class", class, "viewBox", view, "preserveAspectRatio", "none",
                 "aria-hidden", "true", NULL);
}

void
orf_chart_close (OrfHtml *html)
{
  orf_html_close (html);
}

/* ---- lines ----------------------------------------------------------------------------------- */

typedef void (*RunCb) (GString *path, const OrfChart *chart, const OrfPoint *points, guint n);

static void
append_step (GString *path, const OrfChart *chart, char step, const OrfPoint *point)
{
  Number x, y;

  g_string_append_printf (path, "%c%s %s", step, format (x, orf_chart_get_x (chart, point->t_us)),
                          format (y, get_y (chart, point->value)));
}

static void
append_line_cb (GString *path, const OrfChart *chart, const OrfPoint *points, guint n)
{
  append_step (path, chart, 'M', &points[0]);
  for (guint i = 1; i < n; i++)
    append_step (path, chart, 'L', &points[i]);
  /* one by itself is a dot: the line's cap */
  if (n == 1)
    g_string_append (path, "h0");
}

static void
append_area_cb (GString *path, const OrfChart *chart, const OrfPoint *points, guint n)
{
  OrfPoint corner = { points[0].t_us, chart->low };

  append_step (path, chart, 'M', &corner);
  for (guint i = 0; i < n; i++)
    append_step (path, chart, 'L', &points[i]);
  corner.t_us = points[n - 1].t_us;
  append_step (path, chart, 'L', &corner);
  g_string_append_c (path, 'Z');
}

static gint64
get_gap_us (const OrfPoint *points, guint n)
{
  return n > 1 ? (points[n - 1].t_us - points[0].t_us) / (n - 1) * GAP_STEPS : G_MAXINT64;
}

/* Each run of points that has neither a gap nor a missing value in it. */
static void
add_runs (
  OrfHtml *html, const OrfChart *chart, const GArray *array, RunCb append, const char *class)
{
  g_autoptr (GString) path = g_string_new (NULL);
  const OrfPoint *points = (const OrfPoint *) array->data;
  gint64 gap_us = get_gap_us (points, array->len);
  guint first = 0;

  while (first < array->len) {
    guint end = first;

    while (end < array->len && isfinite (points[end].value) &&
           (end == first || points[end].t_us - points[end - 1].t_us <= gap_us))
      end++;
    if (end > first)
      append (path, chart, points + first, end - first);
    first = MAX (end, first + 1);
  }
  if (path->len > 0)
    orf_html_add_void (html, "path", "class", class, "d", path->str, NULL);
}

void
orf_chart_add_line (OrfHtml *html, const OrfChart *chart, const GArray *points, const char *class)
{
  add_runs (html, chart, points, append_line_cb, class);
}

void
orf_chart_add_area (OrfHtml *html, const OrfChart *chart, const GArray *points, const char *class)
{
  add_runs (html, chart, points, append_area_cb, class);
}

static void
add_straight (OrfHtml *html, double x1, double y1, double x2, double y2, const char *class)
{
  Number from_x, from_y, to_x, to_y;

  orf_html_add_void (html, "line", "class", class, "x1", format (from_x, x1), "y1",
                     format (from_y, y1), "x2", format (to_x, x2), "y2", format (to_y, y2), NULL);
}

void
orf_chart_add_level (OrfHtml *html, const OrfChart *chart, double value, const char *class)
{
  double y = get_y (chart, value);

  if (isfinite (y))
    add_straight (html, 0, y, ORF_CHART_WIDTH, y, class);
}

void
orf_chart_add_moment (OrfHtml *html, const OrfChart *chart, gint64 t_us, const char *class)
{
  double x = orf_chart_get_x (chart, t_us);

  add_straight (html, x, 0, x, chart->height, class);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void
open_box (OrfHtml *html, double x, double width, double height, const char *class)
{
  Number left, wide, high;

  orf_html_open (html, "rect", "class", class, "x", format (left, x), "y", "0", "width",
                 format (wide, width), "height", format (high, height), NULL);
}

void
orf_chart_add_block (OrfHtml *html,
                     const OrfChart *chart,
                     gint64 from_us,
                     gint64 to_us,
                     const char *class,
                     const char *text)
{
  double left = orf_chart_get_x (chart, from_us);
  double width = MAX (orf_chart_get_x (chart, to_us) - left, MIN_BLOCK_WIDTH);

  open_box (html, MIN (left, ORF_CHART_WIDTH - width), width, chart->height, class);
  if (text != NULL)
    orf_html_add (html, "title", text, NULL);
  orf_html_close (html);
}

void
orf_chart_add_box (OrfHtml *html, double x, double width, double height, const char *class)
{
  open_box (html, x, width, height, class);
  orf_html_close (html);
}
