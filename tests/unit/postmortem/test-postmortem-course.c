/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "postmortem/orf-postmortem-course.h"

#define S G_GINT64_CONSTANT (1000000)

static void
add_point (OrfPostmortemCourse *course, gint64 t_us, double value)
{
  const OrfPoint point = { t_us, value };

  orf_postmortem_course_add_point (course, &point);
}

static void
test_gauge (void)
{
  g_autoptr (OrfPostmortemCourse) course = orf_postmortem_course_new (100 * S, 10 * S, 4, FALSE);
  g_autoptr (GArray) points = NULL;
  double values[4];
  OrfPostmortemSum sum;

  add_point (course, 99 * S, 1000);  /* before */
  add_point (course, 140 * S, 1000); /* behind */
  add_point (course, 100 * S, 2);
  add_point (course, 109 * S, 4);
  add_point (course, 115 * S, NAN);
  add_point (course, 139 * S, 9);
  orf_postmortem_course_get_values (course, 0, 4, values);
  g_assert_cmpfloat (values[0], ==, 3);
  g_assert_true (isnan (values[1]));
  g_assert_true (isnan (values[2]));
  g_assert_cmpfloat (values[3], ==, 9);
  points = orf_postmortem_course_get_points (course, 1, 3);
  g_assert_cmpuint (points->len, ==, 1);
  g_assert_cmpint (g_array_index (points, OrfPoint, 0).t_us, ==, 130 * S);
  sum = orf_postmortem_course_sum (course, 0, 4);
  g_assert_cmpfloat (sum.mean, ==, 5);
  g_assert_cmpfloat (sum.min, ==, 2);
  g_assert_cmpfloat (sum.max, ==, 9);
  g_assert_cmpint (sum.count, ==, 3);
  sum = orf_postmortem_course_sum (course, 1, 1);
  g_assert_true (isnan (sum.mean));
  g_assert_cmpint (sum.count, ==, 0);
}

static void
test_rollups (void)
{
  g_autoptr (OrfPostmortemCourse) course = orf_postmortem_course_new (0, 120 * S, 2, FALSE);
  const OrfRollup rollups[] = {
    { .t_us = 0, .count = 60, .min = 1, .max = 3, .sum = 120, .last = 2 },
    { .t_us = 60 * S, .count = 20, .min = 0, .max = 5, .sum = 80, .last = 5 },
    { .t_us = 180 * S, .count = 1, .min = 7, .max = 7, .sum = 7, .last = 7 },
  };
  double values[2];
  OrfPostmortemSum sum;

  for (guint i = 0; i < G_N_ELEMENTS (rollups); i++)
    orf_postmortem_course_add_rollup (course, &rollups[i]);
  orf_postmortem_course_get_values (course, 0, 2, values);
  g_assert_cmpfloat (values[0], ==, 2.5);
  g_assert_cmpfloat (values[1], ==, 7);
  sum = orf_postmortem_course_sum (course, 0, 1);
  g_assert_cmpfloat (sum.min, ==, 0);
  g_assert_cmpfloat (sum.max, ==, 5);
  g_assert_cmpint (sum.count, ==, 80);
}

/* What a counter rose by in a second; steps without a sample are bridged, and one that falls began
 * anew. */
static void
test_counter (void)
{
  g_autoptr (OrfPostmortemCourse) course = orf_postmortem_course_new (0, 10 * S, 6, TRUE);
  double values[6];

  add_point (course, 9 * S, 100);
  add_point (course, 5 * S, 50); /* late: the last of a step is by time */
  add_point (course, 19 * S, 120);
  add_point (course, 39 * S, 160);
  add_point (course, 49 * S, 30);
  orf_postmortem_course_get_values (course, 0, 6, values);
  g_assert_true (isnan (values[0]));
  g_assert_cmpfloat (values[1], ==, 2);
  g_assert_true (isnan (values[2]));
  g_assert_cmpfloat (values[3], ==, 2);
  g_assert_cmpfloat (values[4], ==, 3);
  g_assert_true (isnan (values[5]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-course/gauge", test_gauge);
  g_test_add_func ("/postmortem-course/rollups", test_rollups);
  g_test_add_func ("/postmortem-course/counter", test_counter);
  return g_test_run ();
}
