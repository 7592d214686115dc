/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Against a window at a time, each from its points. */
#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-sliding.h"
#include "metrics/orf-window.h"

#define S ORF_US_PER_S

static void
check (const OrfGrid *grid,
       OrfMetricsAggregate aggregate,
       gint64 window_us,
       const OrfPoint *points,
       guint n_points,
       const double *expected)
{
  g_autofree double *values = g_new (double, grid->n_steps);

  orf_sliding_fill (grid, aggregate, window_us, points, n_points, values);
  for (guint i = 0; i < grid->n_steps; i++) {
    if (isnan (expected[i]))
      g_assert_true (isnan (values[i]));
    else
      g_assert_cmpfloat_with_epsilon (values[i], expected[i], 1e-6);
  }
}

/* The window of metrics.query that has the same points: from <= t < to there. */
static double
slow (OrfMetricsAggregate aggregate,
      gint64 t_us,
      gint64 window_us,
      const OrfPoint *points,
      guint n_points)
{
  OrfWindowSpec spec = { t_us - window_us + 1, t_us + 1, 0, aggregate };
  gint64 reach_us = orf_sliding_get_reach_us (aggregate, window_us);
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  OrfWindowInput input = { points, n_points };

  while (input.n_points > 0 && input.points->t_us <= t_us - reach_us) {
    input.points++;
    input.n_points--;
  }
  orf_window_aggregate (&spec, &input, 1, out);
  return g_array_index (out, OrfPoint, 0).value;
}

static void
test_closed_form (void)
{
  /* t = 1 … 9 s, value 10 t; a counter that began anew at 5 s */
  OrfPoint line[9], counter[9];
  const OrfGrid grid = { 12 * S, 2 * S, 6 }; /* 2, 4, … 12 s */

  for (gint64 t = 1; t <= 9; t++) {
    line[t - 1] = (OrfPoint){ t * S, 10.0 * (double) t };
    counter[t - 1] = (OrfPoint){ t * S, t < 5 ? 3.0 * (double) t : 3.0 * (double) (t - 4) };
  }
  check (&grid, ORF_METRICS_AGGREGATE_AVG, 3 * S, line, 9, (double[]){ 15, 30, 50, 70, 85, NAN });
  check (&grid, ORF_METRICS_AGGREGATE_COUNT, 3 * S, line, 9, (double[]){ 2, 3, 3, 3, 2, NAN });
  check (&grid, ORF_METRICS_AGGREGATE_MAX, 3 * S, line, 9, (double[]){ 20, 40, 60, 80, 90, NAN });
  check (&grid, ORF_METRICS_AGGREGATE_LAST, 3 * S, line, 9, (double[]){ 20, 40, 60, 80, 90, NAN });
  check (&grid, ORF_METRICS_AGGREGATE_DELTA, 3 * S, line, 9, (double[]){ 10, 20, 20, 20, 10, NAN });
  check (&grid, ORF_METRICS_AGGREGATE_P50, 2 * S, line, 9, (double[]){ 15, 35, 55, 75, 90, NAN });
  /* of 1, 2 s: no point before; over the fall 12 → 3 it is 3; of 9 s alone since 8 s */
  check (&grid, ORF_METRICS_AGGREGATE_INCREASE, 2 * S, counter, 9,
         (double[]){ 3, 6, 6, 6, 3, NAN });
  check (&grid, ORF_METRICS_AGGREGATE_RATE, 2 * S, counter, 9,
         (double[]){ 1.5, 3, 3, 3, 1.5, NAN });
}

/* What has left a window leaves nothing behind. */
static void
test_large_value_leaves (void)
{
  const OrfPoint points[] = { { 1 * S, 1e300 }, { 2 * S, 0.1 }, { 3 * S, 0.2 }, { 4 * S, 0.3 } };
  const OrfGrid grid = { 5 * S, S, 5 };
  double values[5];

  orf_sliding_fill (&grid, ORF_METRICS_AGGREGATE_SUM, 2 * S, points, 4, values);
  g_assert_cmpfloat (values[2], ==, 0.1 + 0.2);
  g_assert_cmpfloat (values[4], ==, 0.3);
}

/* A gap longer than what is looked back over. */
static void
test_gap (void)
{
  const OrfPoint points[] = { { 0, 100 }, { 1000 * S, 400 }, { 1001 * S, 401 } };
  const OrfGrid grid = { 1001 * S, S, 2 };

  check (&grid, ORF_METRICS_AGGREGATE_INCREASE, 500 * S, points, 3, (double[]){ NAN, 1 });
  check (&grid, ORF_METRICS_AGGREGATE_INCREASE, 702 * S, points, 3, (double[]){ 300, 301 });
}

static OrfPoint *
make_points (guint n, gboolean counter)
{
  OrfPoint *points = g_new (OrfPoint, n + 1);
  OrfPoint at = { g_test_rand_int_range (0, 50) * S, 0 };

  for (guint i = 0; i < n; i++) {
    at.t_us += g_test_rand_bit () ? S : g_test_rand_int_range (1, (int) (20 * S));
    if (!counter)
      at.value = g_test_rand_int_range (-50, 50);
    else if (g_test_rand_int_range (0, 10) == 0)
      at.value = 0;
    else
      at.value += g_test_rand_int_range (0, 20);
    points[i] = at;
  }
  return points;
}

static void
test_random (void)
{
  for (guint round = 0; round < 400; round++) {
    guint n = (guint) g_test_rand_int_range (0, 80);
    OrfMetricsAggregate aggregate = (OrfMetricsAggregate) g_test_rand_int_range (
      ORF_METRICS_AGGREGATE_AVG, ORF_METRICS_AGGREGATE_STDDEV + 1);
    g_autofree OrfPoint *points = make_points (n, orf_window_looks_back (aggregate));
    OrfGrid grid = { g_test_rand_int_range (100, 900) * S, g_test_rand_int_range (1, 30) * S,
                     (guint) g_test_rand_int_range (1, 60) };
    gint64 window_us = g_test_rand_int_range (1, 100) * S;
    g_autofree double *expected = g_new (double, grid.n_steps);

    for (guint i = 0; i < grid.n_steps; i++)
      expected[i] = slow (aggregate, orf_grid_get_time_us (&grid, i), window_us, points, n);
    check (&grid, aggregate, window_us, points, n, expected);
  }
}

/* Asked for by -m perf. */
static void
test_cost (void)
{
  static const OrfMetricsAggregate aggregates[] = { ORF_METRICS_AGGREGATE_AVG,
                                                    ORF_METRICS_AGGREGATE_RATE,
                                                    ORF_METRICS_AGGREGATE_P95 };
  const guint n = 1000000;
  const OrfGrid grid = { n * S, S, n };
  g_autofree OrfPoint *points = NULL;
  g_autofree double *values = NULL;

  if (!g_test_perf ()) {
    g_test_skip ("not asked for");
    return;
  }
  points = g_new (OrfPoint, n);
  values = g_new (double, n);
  for (guint i = 0; i < n; i++)
    points[i] = (OrfPoint){ i * S, g_test_rand_double () };
  for (guint i = 0; i < G_N_ELEMENTS (aggregates); i++) {
    gint64 start_us = g_get_monotonic_time ();
    double took_ms;

    orf_sliding_fill (&grid, aggregates[i], 3600 * S, points, n, values);
    took_ms = (double) (g_get_monotonic_time () - start_us) / 1e3;
    g_test_minimized_result (took_ms, "a million windows of an hour, aggregate %d: %.0f ms",
                             aggregates[i], took_ms);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sliding/closed-form", test_closed_form);
  g_test_add_func ("/sliding/large-value-leaves", test_large_value_leaves);
  g_test_add_func ("/sliding/gap", test_gap);
  g_test_add_func ("/sliding/random", test_random);
  g_test_add_func ("/sliding/cost", test_cost);
  return g_test_run ();
}
