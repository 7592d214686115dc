/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "postmortem/orf-postmortem-runs.h"

static GArray *
find (const double *values, guint n, const OrfPostmortemRunSpec *spec)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (guint i = 0; i < n; i++) {
    const OrfPoint point = { i, values[i] };

    g_array_append_val (points, point);
  }
  return orf_postmortem_runs_find (points, spec);
}

static void
check (const GArray *runs, guint i, gint64 from_us, gint64 until_us, double highest)
{
  const OrfPostmortemRun *run = &g_array_index (runs, OrfPostmortemRun, i);

  g_assert_cmpuint (i, <, runs->len);
  g_assert_cmpint (run->from_us, ==, from_us);
  g_assert_cmpint (run->until_us, ==, until_us);
  g_assert_cmpfloat (run->highest, ==, highest);
}

static void
test_runs (void)
{
  const double values[] = { 2, 2, 0, 2, 3, 2, 0, 0, 0, 2 };
  OrfPostmortemRunSpec spec = { 1, 10, 2, INFINITY, 0, 10 };
  g_autoptr (GArray) runs = find (values, G_N_ELEMENTS (values), &spec);

  /* what began before the span begins with it; the last goes on */
  g_assert_cmpuint (runs->len, ==, 3);
  check (runs, 0, 1, 2, 2);
  check (runs, 1, 3, 6, 3);
  check (runs, 2, 9, -1, 2);
}

static void
test_apart (void)
{
  const double values[] = { 2, 0, 3, 0, 0, 0, 2, 0 };
  OrfPostmortemRunSpec spec = { 0, 10, 2, INFINITY, 2, 10 };
  g_autoptr (GArray) runs = find (values, G_N_ELEMENTS (values), &spec);

  g_assert_cmpuint (runs->len, ==, 2);
  check (runs, 0, 0, 3, 3);
  check (runs, 1, 6, 7, 2);
}

static void
test_max (void)
{
  const double values[] = { 0, 1, 0, 1, 0, 1, 1 };
  OrfPostmortemRunSpec spec = { 0, 10, -INFINITY, 0.5, 0, 2 };
  g_autoptr (GArray) runs = find (values, G_N_ELEMENTS (values), &spec);

  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmpint (g_array_index (runs, OrfPostmortemRun, 1).from_us, ==, 2);
  g_assert_cmpint (g_array_index (runs, OrfPostmortemRun, 1).until_us, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postmortem-runs/runs", test_runs);
  g_test_add_func ("/postmortem-runs/apart", test_apart);
  g_test_add_func ("/postmortem-runs/max", test_max);
  return g_test_run ();
}
