/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <math.h>

#include "metrics/orf-gathered.h"

static const OrfMetricsAggregate aggregates[] = {
  ORF_METRICS_AGGREGATE_AVG,   ORF_METRICS_AGGREGATE_MIN,   ORF_METRICS_AGGREGATE_MAX,
  ORF_METRICS_AGGREGATE_SUM,   ORF_METRICS_AGGREGATE_COUNT, ORF_METRICS_AGGREGATE_LAST,
  ORF_METRICS_AGGREGATE_STDDEV
};

static OrfGathered
gather (const OrfPoint *points, guint n)
{
  OrfGathered all = { 0 };

  for (guint i = 0; i < n; i++)
    orf_gathered_add (&all, &points[i]);
  return all;
}

/* However points are cut into parts, they come to the same. */
static void
test_parts (void)
{
  OrfPoint points[50];

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    points[i] = (OrfPoint){ i, 1e6 + g_test_rand_double_range (-1, 1) };
  for (guint n = 0; n <= G_N_ELEMENTS (points); n++) {
    guint cut = n > 0 ? (guint) g_test_rand_int_range (0, (int) n + 1) : 0;
    OrfGathered whole = gather (points, n), first = gather (points, cut),
                second = gather (points + cut, n - cut);

    orf_gathered_merge (&first, &second);
    for (guint i = 0; i < G_N_ELEMENTS (aggregates); i++) {
      double expected = orf_gathered_conclude (&whole, aggregates[i]);
      double got = orf_gathered_conclude (&first, aggregates[i]);

      if (n == 0)
        g_assert_true (isnan (expected) && isnan (got));
      else
        g_assert_cmpfloat_with_epsilon (got, expected, 1e-6);
    }
  }
}

/* The mean of numbers whose sum is beyond a double. */
static void
test_large (void)
{
  const OrfPoint points[] = { { 0, DBL_MAX }, { 1, DBL_MAX }, { 2, DBL_MAX } };
  OrfGathered all = gather (points, 1), more = gather (points + 1, 2);

  orf_gathered_merge (&all, &more);
  g_assert_cmpfloat (orf_gathered_conclude (&all, ORF_METRICS_AGGREGATE_AVG), ==, DBL_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gathered/parts", test_parts);
  g_test_add_func ("/gathered/large", test_large);
  return g_test_run ();
}
