/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-spark.h"

static void
assert_taken (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_line (void)
{
  static const double rising[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
  static const double gap[] = { 1, NAN, 2 };
  static const double flat[] = { 5, 5, 5 };
  static const double unknown[] = { NAN, NAN };

  assert_taken (orf_ctl_spark_line (rising, 8, TRUE), "▁▂▃▄▅▆▇█");
  assert_taken (orf_ctl_spark_line (rising, 8, FALSE), "_.-~=+*#");
  assert_taken (orf_ctl_spark_line (gap, 3, TRUE), "▁ █");
  assert_taken (orf_ctl_spark_line (flat, 3, TRUE), "▂▂▂");
  assert_taken (orf_ctl_spark_line (unknown, 2, TRUE), "  ");
  assert_taken (orf_ctl_spark_line (NULL, 0, TRUE), "");
}

/* One point a second, value i at second i. */
static OrfPoint *
new_ramp (guint n_points)
{
  OrfPoint *points = g_new (OrfPoint, n_points);

  for (guint i = 0; i < n_points; i++)
    points[i] = (OrfPoint){ i * G_USEC_PER_SEC, i };
  return points;
}

static void
test_points_fit (void)
{
  g_autofree OrfPoint *points = new_ramp (800);
  g_autofree char *wide = orf_ctl_spark_points (points, 800, 0, 799 * G_USEC_PER_SEC, 16, TRUE);

  assert_taken (orf_ctl_spark_points (points, 800, 0, 799 * G_USEC_PER_SEC, 8, TRUE), "▁▂▃▄▅▆▇█");
  g_assert_cmpint (g_utf8_strlen (wide, -1), ==, 16);
  /* as many columns as there are points, not as many as there is room */
  assert_taken (orf_ctl_spark_points (points, 8, 0, 7 * G_USEC_PER_SEC, 70, TRUE), "▁▂▃▄▅▆▇█");
}

static void
test_points_gap (void)
{
  g_autofree OrfPoint *points = new_ramp (20);
  g_autofree char *line = NULL;
  const char *gap;

  /* nothing between 5 s and 15 s; and the jitter of real samples leaves no holes */
  for (guint i = 0; i < 20; i++) {
    points[i].t_us += i % 2 ? 300000 : 0;
    if (i >= 5 && i < 15)
      points[i].value = NAN;
  }
  line = orf_ctl_spark_points (points, 20, 0, 20 * G_USEC_PER_SEC, 60, TRUE);
  gap = g_utf8_strchr (line, -1, ' ');
  g_assert_nonnull (gap);
  for (guint spaces = 0;; spaces++) {
    if (gap[spaces] == ' ')
      continue;
    g_assert_cmpuint (spaces, >=, 8);
    g_assert_null (g_utf8_strchr (gap + spaces, -1, ' '));
    break;
  }
}

static void
test_points_edges (void)
{
  static const OrfPoint one = { 500, 3 };
  static const OrfPoint outside[] = { { -5, 1 }, { 50, 2 }, { 2000, 3 } };

  assert_taken (orf_ctl_spark_points (NULL, 0, 0, 1000, 3, TRUE), "   ");
  assert_taken (orf_ctl_spark_points (&one, 1, 0, 1000, 3, TRUE), " ▂ ");
  /* an empty span, and points that are not in it, are drawn without harm */
  assert_taken (orf_ctl_spark_points (&one, 1, 500, 500, 1, TRUE), "▂");
  assert_taken (orf_ctl_spark_points (outside, 3, 0, 1000, 1, TRUE), "▂");
}

static void
test_bar (void)
{
  assert_taken (orf_ctl_spark_bar (0, 4, TRUE), "░░░░");
  assert_taken (orf_ctl_spark_bar (0.5, 4, TRUE), "██░░");
  assert_taken (orf_ctl_spark_bar (0.40, 4, TRUE), "█▋░░");
  assert_taken (orf_ctl_spark_bar (1, 4, TRUE), "████");
  assert_taken (orf_ctl_spark_bar (7, 4, TRUE), "████");
  assert_taken (orf_ctl_spark_bar (-1, 4, TRUE), "░░░░");
  assert_taken (orf_ctl_spark_bar (NAN, 4, TRUE), "░░░░");
  assert_taken (orf_ctl_spark_bar (0.5, 4, FALSE), "##..");
  assert_taken (orf_ctl_spark_bar (0.5, 0, TRUE), "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/spark/line", test_line);
  g_test_add_func ("/ctl/spark/points-fit", test_points_fit);
  g_test_add_func ("/ctl/spark/points-gap", test_points_gap);
  g_test_add_func ("/ctl/spark/points-edges", test_points_edges);
  g_test_add_func ("/ctl/spark/bar", test_bar);
  return g_test_run ();
}
