/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "stats/orf-holt.h"

static void
test_first (void)
{
  OrfHolt holt;

  orf_holt_init (&holt);
  g_assert_true (isnan (orf_holt_forecast (&holt, 1)));
  orf_holt_push (&holt, 7);
  g_assert_cmpfloat (orf_holt_forecast (&holt, 1), ==, 7);
  g_assert_cmpfloat (orf_holt_forecast (&holt, 100), ==, 7);
}

/* On a line the damped trend settles where each surprise makes up for what is damped:
 * trend = .98 trend + .05 surprise, 1 = .98 trend + .5 surprise. */
static void
test_line (void)
{
  OrfHolt holt;
  double trend = 1 / (.98 + .5 * .02 / .05);

  orf_holt_init (&holt);
  for (guint i = 0; i < 3000; i++)
    orf_holt_push (&holt, i);
  g_assert_cmpfloat_with_epsilon ((double) holt.trend, trend, 1e-4);
  g_assert_cmpfloat (orf_holt_forecast (&holt, 10), >, 2999 + 7);
  g_assert_cmpfloat (orf_holt_forecast (&holt, 10), <, 2999 + 10);
  /* damped: in the end it stands still */
  g_assert_cmpfloat_with_epsilon (orf_holt_forecast (&holt, 100000),
                                  holt.level + (double) holt.trend * .98 / .02, 1e-6);
}

static void
test_jump (void)
{
  OrfHolt holt;

  orf_holt_init (&holt);
  for (guint i = 0; i < 200; i++)
    orf_holt_push (&holt, i % 2);
  orf_holt_push (&holt, 1000);
  /* a plain trend would now be .05 × 1000 × .5 a row */
  g_assert_cmpfloat (fabs ((double) holt.trend), <, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/holt/first", test_first);
  g_test_add_func ("/holt/line", test_line);
  g_test_add_func ("/holt/jump", test_jump);
  return g_test_run ();
}
