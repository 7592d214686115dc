/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-chart.h"

#define SECOND ((gint64) G_USEC_PER_SEC)

static GArray *
new_points (const double *values, guint n, gint64 step_us)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (guint i = 0; i < n; i++) {
    OrfPoint point = { i * step_us, values[i] };

    g_array_append_val (points, point);
  }
  return points;
}

static void
assert_finished (OrfHtml *html, const char *expected)
{
  g_autofree char *text = orf_html_finish (html);

  g_assert_cmpstr (text + strlen ("<!DOCTYPE html>\n"), ==, expected);
}

static void
test_line (void)
{
  static const double values[] = { 0, 10, 5 };
  g_autoptr (GArray) points = new_points (values, 3, SECOND);
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .to_us = 2 * SECOND, .low = NAN, .high = NAN, .height = 100 };

  orf_chart_extend (&chart, points);
  orf_chart_settle (&chart);
  orf_chart_add_line (html, &chart, points, "c1");
  assert_finished (html, "<path class=\"c1\" d=\"M0.0 100.0L500.0 0.0L1000.0 50.0\"/>");
}

/* Neither over what is not known, nor over a time in which nothing came. */
static void
test_gaps (void)
{
  static const double values[] = { 0, NAN, 1, 1, 0 };
  g_autoptr (GArray) points = new_points (values, 5, SECOND);
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .to_us = 100 * SECOND, .low = 0, .high = 1, .height = 10 };

  g_array_index (points, OrfPoint, 4).t_us = 100 * SECOND;
  /* the mean distance is 25 s: a hundred are a gap, less than four means are none */
  orf_chart_add_line (html, &chart, points, "l");
  assert_finished (html, "<path class=\"l\" d=\"M0.0 10.0h0M20.0 0.0L30.0 0.0L1000.0 10.0\"/>");
}

static void
test_long_gap (void)
{
  static const double values[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  g_autoptr (GArray) points = new_points (values, 10, SECOND);
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .to_us = 100 * SECOND, .low = 0, .high = 1, .height = 10 };
  g_autofree char *text = NULL;

  g_array_index (points, OrfPoint, 9).t_us = 100 * SECOND;
  orf_chart_add_line (html, &chart, points, "l");
  text = orf_html_finish (html);
  g_assert_nonnull (strstr (text, "L80.0 10.0M1000.0 10.0h0"));
}

static void
test_area (void)
{
  static const double values[] = { 1, 1 };
  g_autoptr (GArray) points = new_points (values, 2, SECOND);
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .to_us = SECOND, .low = 0, .high = 2, .height = 10 };

  orf_chart_add_area (html, &chart, points, "a");
  assert_finished (html, "<path class=\"a\" d=\"M0.0 10.0L0.0 5.0L1000.0 5.0L1000.0 10.0Z\"/>");
}

static void
test_nothing (void)
{
  g_autoptr (GArray) points = new_points (NULL, 0, SECOND);
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .low = NAN, .high = NAN, .height = 10 };

  orf_chart_extend (&chart, points);
  orf_chart_settle (&chart);
  g_assert_cmpfloat (chart.low, <, chart.high);
  g_assert_cmpint (chart.from_us, <, chart.to_us);
  orf_chart_add_line (html, &chart, points, "l");
  orf_chart_add_area (html, &chart, points, "a");
  assert_finished (html, "");
}

/* All the same value, of either sign: there is room above and below, and nothing is divided by 0.
 */
static void
test_flat (void)
{
  static const double flats[] = { 0, 5, -5, 1e300, 1e-300 };

  for (guint i = 0; i < G_N_ELEMENTS (flats); i++) {
    OrfChart chart = { .to_us = 1, .low = flats[i], .high = flats[i], .height = 10 };

    orf_chart_settle (&chart);
    g_assert_cmpfloat (chart.low, <, chart.high);
    g_assert_cmpfloat (chart.low, <=, flats[i]);
    g_assert_cmpfloat (chart.high, >=, flats[i]);
  }
}

/* What began before the window, or lasts beyond it, ends at its edges; a moment can be seen. */
static void
test_blocks (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .from_us = 100, .to_us = 200, .height = 20 };

  orf_chart_add_block (html, &chart, 50, 150, "a", "x<y");
  orf_chart_add_block (html, &chart, 200, 200, "b", NULL);
  assert_finished (html, "<rect class=\"a\" x=\"0.0\" y=\"0\" width=\"500.0\" height=\"20.0\">"
                         "<title>x&lt;y</title>\n</rect>\n"
                         "<rect class=\"b\" x=\"994.0\" y=\"0\" width=\"6.0\" height=\"20.0\">"
                         "</rect>\n");
}

static void
test_named (void)
{
  g_autoptr (OrfHtml) html = orf_html_new ();
  OrfChart chart = { .height = 5 };

  orf_chart_open (html, &chart, "p", "name", "words");
  orf_chart_close (html);
  orf_chart_open_hidden (html, &chart, "q");
  orf_chart_close (html);
  assert_finished (html, "<svg class=\"p\" viewBox=\"0 0 1000 5\" preserveAspectRatio=\"none\" "
                         "role=\"img\" aria-labelledby=\"t1\" aria-describedby=\"d1\">"
                         "<title id=\"t1\">name</title>\n<desc id=\"d1\">words</desc>\n</svg>\n"
                         "<svg class=\"q\" viewBox=\"0 0 1000 5\" preserveAspectRatio=\"none\" "
                         "aria-hidden=\"true\"></svg>\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/chart/line", test_line);
  g_test_add_func ("/ctl/chart/gaps", test_gaps);
  g_test_add_func ("/ctl/chart/long-gap", test_long_gap);
  g_test_add_func ("/ctl/chart/area", test_area);
  g_test_add_func ("/ctl/chart/nothing", test_nothing);
  g_test_add_func ("/ctl/chart/flat", test_flat);
  g_test_add_func ("/ctl/chart/blocks", test_blocks);
  g_test_add_func ("/ctl/chart/named", test_named);
  return g_test_run ();
}
