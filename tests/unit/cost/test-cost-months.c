/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-months.h"

#include <math.h>

#define S G_GINT64_CONSTANT (1000000)
#define H (3600 * S)

static gint64
at (const char *text)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

  return g_date_time_to_unix (time) * S;
}

static void
test_boundaries (void)
{
  const struct {
    const char *time;
    int n;
    const char *start;
  } cases[] = {
    { "2026-11-21T23:32:00Z", 0, "2026-11-01T00:00:00Z" },
    { "2026-11-01T00:00:00Z", 0, "2026-11-01T00:00:00Z" },
    { "2026-10-31T23:59:59Z", 0, "2026-10-01T00:00:00Z" },
    { "2026-12-31T23:59:59Z", 1, "2027-01-01T00:00:00Z" },
    { "2026-01-01T00:00:00Z", -1, "2025-12-01T00:00:00Z" },
    { "2026-11-21T00:00:00Z", -12, "2025-11-01T00:00:00Z" },
    { "2026-03-31T00:00:00Z", -1, "2026-02-01T00:00:00Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (orf_cost_month_get_start_us (at (cases[i].time), cases[i].n), ==,
                     at (cases[i].start));
  g_assert_cmpint (orf_cost_month_get_start_us (5, -1), ==, 0);
  g_assert_cmpint (orf_cost_month_get_start_us (G_MAXINT64, 1), ==, 0);
}

static gint64
get_days (const char *month)
{
  gint64 from_us = at (month);

  return (orf_cost_month_get_start_us (from_us, 1) - from_us) / (24 * H);
}

static void
test_lengths (void)
{
  g_assert_cmpint (get_days ("2026-02-01T00:00:00Z"), ==, 28);
  g_assert_cmpint (get_days ("2028-02-01T00:00:00Z"), ==, 29);
  g_assert_cmpint (get_days ("2000-02-01T00:00:00Z"), ==, 29);
  g_assert_cmpint (get_days ("2100-02-01T00:00:00Z"), ==, 28);
  /* where clocks of people are moved, those of bills are not */
  g_assert_cmpint (get_days ("2026-03-01T00:00:00Z"), ==, 31);
  g_assert_cmpint (get_days ("2026-10-01T00:00:00Z"), ==, 31);
}

static void
test_projection (void)
{
  gint64 now_us = at ("2026-11-21T00:00:00Z"), end_us = at ("2026-12-01T00:00:00Z");

  /* twenty days at 60 a day, and ten to go */
  g_assert_cmpfloat_with_epsilon (orf_cost_month_project (1200, 420, 7 * 24 * H, now_us, end_us),
                                  1800, 1e-9);
  /* a device that came an hour ago */
  g_assert_cmpfloat_with_epsilon (orf_cost_month_project (2, 2, H, now_us, end_us), 2 + 2 * 240,
                                  1e-9);
  g_assert_true (isnan (orf_cost_month_project (2, 2, 59 * S, now_us, end_us)));
  g_assert_true (isnan (orf_cost_month_project (NAN, NAN, H, now_us, end_us)));
}

int
main (int argc, char **argv)
{
  /* months are UTC's wherever we are */
  g_setenv ("TZ", "Europe/Berlin", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost-months/boundaries", test_boundaries);
  g_test_add_func ("/cost-months/lengths", test_lengths);
  g_test_add_func ("/cost-months/projection", test_projection);
  return g_test_run ();
}
