/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "gpu/orf-pressure.h"

#define NONE     ORF_PRESSURE_LEVEL_UNSET
#define LOW      ORF_PRESSURE_LEVEL_LOW
#define MEDIUM   ORF_PRESSURE_LEVEL_MEDIUM
#define HIGH     ORF_PRESSURE_LEVEL_HIGH
#define CRITICAL ORF_PRESSURE_LEVEL_CRITICAL

static const OrfPressureThresholds defaults = { 60, 75, 90 };

static const struct {
  double percent;
  OrfPressureLevel previous;
  OrfPressureLevel expected;
} table[] = {
  { 0, NONE, LOW },
  { 59.999, NONE, LOW },
  { 60, NONE, MEDIUM },
  { 60, LOW, MEDIUM },
  { 74.999, MEDIUM, MEDIUM },
  { 75, MEDIUM, HIGH },
  { 90, HIGH, CRITICAL },
  { 100, LOW, CRITICAL },
  /* held down to 2 points below */
  { 58, MEDIUM, MEDIUM },
  { 57.999, MEDIUM, LOW },
  { 73, HIGH, HIGH },
  { 72.999, HIGH, MEDIUM },
  { 88, CRITICAL, CRITICAL },
  { 87.999, CRITICAL, HIGH },
  /* and not further than the level that was */
  { 88, HIGH, HIGH },
  { 73, MEDIUM, MEDIUM },
  { 58, LOW, LOW },
  /* several steps at once, each with its own hold */
  { 50, CRITICAL, LOW },
  { 58.5, CRITICAL, MEDIUM },
  { 73.5, CRITICAL, HIGH },
  /* unknown is no level, and nothing to hold on to */
  { NAN, CRITICAL, NONE },
  { 88, NONE, HIGH },
};

static void
test_decide (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    OrfPressureLevel level = orf_pressure_decide (&defaults, table[i].percent, table[i].previous);

    g_test_message ("%g after %d", table[i].percent, table[i].previous);
    g_assert_cmpint (level, ==, table[i].expected);
  }
}

static void
test_all_at_once (void)
{
  const OrfPressureThresholds zero = { 0, 0, 0 };

  g_assert_cmpint (orf_pressure_decide (&zero, 0, NONE), ==, CRITICAL);
}

static void
test_burst (void)
{
  g_assert_false (orf_pressure_wants_burst (NONE));
  g_assert_false (orf_pressure_wants_burst (MEDIUM));
  g_assert_true (orf_pressure_wants_burst (HIGH));
  g_assert_true (orf_pressure_wants_burst (CRITICAL));
}

static void
test_percent (void)
{
  g_assert_cmpfloat (orf_pressure_used_percent (1, 4), ==, 25);
  g_assert_cmpfloat (orf_pressure_used_percent (0, 4), ==, 0);
  g_assert_cmpfloat (orf_pressure_used_percent (5, 4), ==, 100);
  g_assert_true (isnan (orf_pressure_used_percent (0, 0)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pressure/decide", test_decide);
  g_test_add_func ("/pressure/all-at-once", test_all_at_once);
  g_test_add_func ("/pressure/burst", test_burst);
  g_test_add_func ("/pressure/percent", test_percent);
  return g_test_run ();
}
