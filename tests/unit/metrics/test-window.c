/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "metrics/orf-window.h"

#define S G_GINT64_CONSTANT (1000000)

static GArray *
run (OrfWindowSpec spec, const OrfWindowInput *inputs, guint n_inputs)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  orf_window_aggregate (&spec, inputs, n_inputs, out);
  g_assert_cmpuint (out->len, ==, orf_window_count (&spec));
  return out;
}

static void
check_one (OrfMetricsAggregate aggregate, const OrfPoint *points, guint n, double expected)
{
  const OrfWindowInput input = { points, n };
  g_autoptr (GArray) out = run ((OrfWindowSpec){ 10 * S, 20 * S, 0, aggregate }, &input, 1);
  const OrfPoint *point = &g_array_index (out, OrfPoint, 0);

  g_assert_cmpint (point->t_us, ==, 10 * S);
  if (isnan (expected))
    g_assert_true (isnan (point->value));
  else
    g_assert_cmpfloat_with_epsilon (point->value, expected, 1e-9);
}

static void
test_aggregates (void)
{
  const OrfPoint points[] = {
    { 9 * S, 100 }, { 10 * S, 1 }, { 12 * S, 4 }, { 14 * S, 2 }, { 19 * S, 5 }
  };

  check_one (ORF_METRICS_AGGREGATE_AVG, points, 5, 3);
  check_one (ORF_METRICS_AGGREGATE_MIN, points, 5, 1);
  check_one (ORF_METRICS_AGGREGATE_MAX, points, 5, 5);
  check_one (ORF_METRICS_AGGREGATE_SUM, points, 5, 12);
  check_one (ORF_METRICS_AGGREGATE_COUNT, points, 5, 4);
  check_one (ORF_METRICS_AGGREGATE_LAST, points, 5, 5);
  check_one (ORF_METRICS_AGGREGATE_DELTA, points, 5, 4);
  check_one (ORF_METRICS_AGGREGATE_P50, points, 5, 3);
  check_one (ORF_METRICS_AGGREGATE_P95, points, 5, 4.85);
  check_one (ORF_METRICS_AGGREGATE_P99, points, 5, 4.97);
  check_one (ORF_METRICS_AGGREGATE_STDDEV, points, 5, sqrt (2.5));
  /* from 100 it fell to 1 (a new beginning), rose by 3, began anew at 2, rose by 3 */
  check_one (ORF_METRICS_AGGREGATE_INCREASE, points, 5, 1 + 3 + 2 + 3);
  check_one (ORF_METRICS_AGGREGATE_RATE, points, 5, 0.9);
}

static void
test_nothing_and_one (void)
{
  const OrfPoint before[] = { { 9 * S, 100 } }, one[] = { { 11 * S, 7 } },
                 both[] = { { 9 * S, 3 }, { 11 * S, 7 } };

  for (OrfMetricsAggregate i = ORF_METRICS_AGGREGATE_AVG; i <= ORF_METRICS_AGGREGATE_STDDEV; i++)
    check_one (i, before, 1, NAN);
  check_one (ORF_METRICS_AGGREGATE_P99, one, 1, 7);
  check_one (ORF_METRICS_AGGREGATE_STDDEV, one, 1, 0);
  check_one (ORF_METRICS_AGGREGATE_INCREASE, one, 1, NAN); /* from what? */
  check_one (ORF_METRICS_AGGREGATE_INCREASE, both, 2, 4);
  check_one (ORF_METRICS_AGGREGATE_DELTA, both, 2, NAN);
}

static void
test_alignment (void)
{
  const OrfPoint points[] = { { 11 * S, 1 }, { 19 * S, 2 }, { 20 * S, 3 }, { 41 * S, 4 } };
  const OrfWindowInput input = { points, 4 };
  g_autoptr (GArray)
    out = run ((OrfWindowSpec){ 11 * S, 41 * S, 10 * S, ORF_METRICS_AGGREGATE_SUM }, &input, 1);
  const double expected[] = { 3, 3, NAN, NAN };

  g_assert_cmpuint (out->len, ==, 4); /* 10, 20, 30, 40; the end is not in it */
  for (guint i = 0; i < 4; i++) {
    const OrfPoint *point = &g_array_index (out, OrfPoint, i);

    g_assert_cmpint (point->t_us, ==, (10 + 10 * i) * S);
    g_assert_true (isnan (expected[i]) ? isnan (point->value) : point->value == expected[i]);
  }
}

/* Rates of several series are added, not taken of their mixture. */
static void
test_merged (void)
{
  const OrfPoint a[] = { { 10 * S, 100 }, { 15 * S, 110 } }, b[] = { { 11 * S, 1 }, { 16 * S, 6 } };
  const OrfWindowInput inputs[] = { { a, 2 }, { b, 2 } };
  const struct {
    OrfMetricsAggregate aggregate;
    double value;
  } cases[] = {
    { ORF_METRICS_AGGREGATE_INCREASE, 15 }, { ORF_METRICS_AGGREGATE_DELTA, 15 },
    { ORF_METRICS_AGGREGATE_MAX, 110 },     { ORF_METRICS_AGGREGATE_COUNT, 4 },
    { ORF_METRICS_AGGREGATE_LAST, 6 },      { ORF_METRICS_AGGREGATE_P50, 53 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GArray)
      out = run ((OrfWindowSpec){ 10 * S, 20 * S, 0, cases[i].aggregate }, inputs, 2);

    g_assert_cmpfloat (g_array_index (out, OrfPoint, 0).value, ==, cases[i].value);
  }
}

/* Increases of adjoining windows add up to that of the whole. */
static void
test_increases_add_up (void)
{
  OrfPoint points[500];
  const OrfWindowInput input = { points, 500 };
  gint64 t_us = 0;
  double value = 0, sum = 0;
  g_autoptr (GArray) whole = NULL;
  g_autoptr (GArray) parts = NULL;

  for (guint i = 0; i < 500; i++) {
    t_us += g_test_rand_int_range (1, 5) * S;
    value = g_test_rand_int_range (0, 50) == 0 ? 0 : value + g_test_rand_int_range (0, 10);
    points[i] = (OrfPoint){ t_us, value };
  }
  whole = run ((OrfWindowSpec){ 0, t_us + 1, 0, ORF_METRICS_AGGREGATE_INCREASE }, &input, 1);
  parts = run ((OrfWindowSpec){ 0, t_us + 1, 37 * S, ORF_METRICS_AGGREGATE_INCREASE }, &input, 1);
  for (guint i = 0; i < parts->len; i++)
    if (!isnan (g_array_index (parts, OrfPoint, i).value))
      sum += g_array_index (parts, OrfPoint, i).value;
  g_assert_cmpfloat (sum, ==, g_array_index (whole, OrfPoint, 0).value);
}

/* Windows are the epoch's, whatever the span: the first may start before from_us. */
static void
test_first_window (void)
{
  const OrfPoint points[] = { { 7 * S, 100 }, { 10 * S, 1 }, { 13 * S, 2 }, { 14 * S, 4 } };
  const OrfWindowInput input = { points, 4 };
  g_autoptr (GArray)
    out = run ((OrfWindowSpec){ 10 * S, 20 * S, 7 * S, ORF_METRICS_AGGREGATE_SUM }, &input, 1);

  g_assert_cmpuint (out->len, ==, 2);
  g_assert_cmpint (g_array_index (out, OrfPoint, 0).t_us, ==, 7 * S);
  g_assert_cmpfloat (g_array_index (out, OrfPoint, 0).value, ==, 3);
  g_assert_cmpfloat (g_array_index (out, OrfPoint, 1).value, ==, 4);
}

static void
test_ends_of_time (void)
{
  static const OrfPoint points[] = { { G_MAXINT64 - 1, 1e308 }, { G_MAXINT64, 1 } };
  const OrfWindowSpec spec = { G_MAXINT64 - 1500, G_MAXINT64, 1000, ORF_METRICS_AGGREGATE_AVG };
  const OrfWindowInput inputs[] = { { points, 2 }, { points, 2 } };
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  orf_window_aggregate (&spec, inputs, 2, out);
  g_assert_cmpuint (out->len, ==, orf_window_count (&spec));
  /* the mean is there where the sum is too large */
  g_assert_cmpfloat (g_array_index (out, OrfPoint, out->len - 1).value, ==, 1e308);
}

/* ---- against the definition, read naively -----------------------------------------------------
 */

static int
compare (const void *a, const void *b)
{
  return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

static double
naive_quantile (double *values, guint n, double share)
{
  double rank = share * (n - 1);

  qsort (values, n, sizeof *values, compare);
  return values[(guint) floor (rank)] * (1 - (rank - floor (rank))) +
         values[(guint) ceil (rank)] * (rank - floor (rank));
}

static double
naive (OrfMetricsAggregate aggregate, const OrfPoint *points, guint n, gint64 start, gint64 end)
{
  double values[300], sum = 0, squares = 0, increase = 0;
  guint count = 0, steps = 0;

  for (guint i = 0; i < n; i++) {
    if (points[i].t_us < start || points[i].t_us >= end)
      continue;
    values[count++] = points[i].value;
    sum += points[i].value;
    if (i == 0)
      continue;
    steps++;
    increase += points[i].value < points[i - 1].value ? points[i].value
                                                      : points[i].value - points[i - 1].value;
  }
  if (count == 0)
    return NAN;
  for (guint i = 0; i < count; i++)
    squares += (values[i] - sum / count) * (values[i] - sum / count);
  if (aggregate == ORF_METRICS_AGGREGATE_INCREASE)
    return steps > 0 ? increase : NAN;
  if (aggregate == ORF_METRICS_AGGREGATE_STDDEV)
    return sqrt (squares / count);
  if (aggregate == ORF_METRICS_AGGREGATE_P95)
    return naive_quantile (values, count, 0.95);
  return sum / count;
}

static void
test_random (void)
{
  static const OrfMetricsAggregate aggregates[] = { ORF_METRICS_AGGREGATE_AVG,
                                                    ORF_METRICS_AGGREGATE_P95,
                                                    ORF_METRICS_AGGREGATE_STDDEV,
                                                    ORF_METRICS_AGGREGATE_INCREASE };

  for (guint round = 0; round < 200; round++) {
    OrfPoint points[300];
    guint n = (guint) g_test_rand_int_range (0, 300);
    const OrfWindowInput input = { points, n };
    OrfWindowSpec spec = { g_test_rand_int_range (0, 1000), 0, g_test_rand_int_range (1, 500),
                           aggregates[round % G_N_ELEMENTS (aggregates)] };
    g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

    spec.to_us = spec.from_us + g_test_rand_int_range (1, 2000);
    for (guint i = 0; i < n; i++)
      points[i] = (OrfPoint){ (i > 0 ? points[i - 1].t_us : 0) + g_test_rand_int_range (1, 30),
                              g_test_rand_double_range (0, 10) };
    orf_window_aggregate (&spec, &input, 1, out);
    g_assert_cmpuint (out->len, ==, orf_window_count (&spec));
    for (guint i = 0; i < out->len; i++) {
      const OrfPoint *got = &g_array_index (out, OrfPoint, i);
      double want = naive (spec.aggregate, points, n, MAX (got->t_us, spec.from_us),
                           MIN (got->t_us + spec.step_us, spec.to_us));

      g_assert_cmpint (got->t_us % spec.step_us, ==, 0);
      g_assert_true (isnan (want) == isnan (got->value));
      if (!isnan (want))
        g_assert_cmpfloat_with_epsilon (got->value, want, 1e-9);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/window/aggregates", test_aggregates);
  g_test_add_func ("/window/nothing-and-one", test_nothing_and_one);
  g_test_add_func ("/window/alignment", test_alignment);
  g_test_add_func ("/window/merged", test_merged);
  g_test_add_func ("/window/increases-add-up", test_increases_add_up);
  g_test_add_func ("/window/first-window", test_first_window);
  g_test_add_func ("/window/ends-of-time", test_ends_of_time);
  g_test_add_func ("/window/random", test_random);
  return g_test_run ();
}
