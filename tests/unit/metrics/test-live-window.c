/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows that are kept up to date, against windows made from all points. */
#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-live-window.h"
#include "metrics/orf-sliding.h"

#define S ORF_US_PER_S

/* The series' side of it: what is kept, and all that ever came. */
typedef struct {
  OrfPointRing ring;
  GArray *all; /* OrfPoint by time */
  OrfLiveWindow *window;
  gint64 reach_us;
} Fixture;

static void
put (Fixture *fixture, gint64 t_us, double value)
{
  OrfPointRing *ring = &fixture->ring;
  const OrfPoint point = { t_us, value };
  guint64 number = orf_point_ring_find (ring, t_us);
  guint at = 0;

  if (ring->n == ring->n_room)
    orf_point_ring_set_room (ring, orf_point_ring_grow (ring->n));
  if (number < orf_point_ring_get_end (ring) && orf_point_ring_get (ring, number)->t_us == t_us)
    *orf_point_ring_get (ring, number) = point;
  else
    orf_point_ring_insert (ring, number, point);
  orf_live_window_note_change (fixture->window, number);
  while (at < fixture->all->len && g_array_index (fixture->all, OrfPoint, at).t_us < t_us)
    at++;
  if (at < fixture->all->len && g_array_index (fixture->all, OrfPoint, at).t_us == t_us)
    g_array_index (fixture->all, OrfPoint, at) = point;
  else
    g_array_insert_val (fixture->all, at, point);
}

static double
slow (const Fixture *fixture, OrfMetricsAggregate aggregate, gint64 window_us, gint64 now_us)
{
  const OrfGrid grid = { now_us, 1, 1 };
  double value;

  orf_sliding_fill (&grid, aggregate, window_us, (const OrfPoint *) (void *) fixture->all->data,
                    fixture->all->len, &value);
  return value;
}

static void
set_up (Fixture *fixture, OrfMetricsAggregate aggregate, gint64 window_us, OrfLiveBudget *budget)
{
  *fixture = (Fixture){ 0 };
  fixture->all = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  fixture->reach_us = orf_sliding_get_reach_us (aggregate, window_us);
  fixture->window = orf_live_window_new (aggregate, window_us, budget);
}

static void
tear_down (Fixture *fixture)
{
  orf_live_window_free (fixture->window);
  orf_point_ring_clear (&fixture->ring);
  g_array_unref (fixture->all);
}

static double
ask (Fixture *fixture, gint64 now_us)
{
  gboolean is_short;
  double value = orf_live_window_ask (fixture->window, &fixture->ring, now_us, 0, &is_short);

  g_assert_false (is_short);
  return value;
}

/* As the series does it: what no window needs is dropped. */
static void
forget (Fixture *fixture, gint64 now_us)
{
  OrfPointRing *ring = &fixture->ring;

  while (ring->n > 0 && orf_point_ring_get (ring, ring->first)->t_us <= now_us - fixture->reach_us)
    orf_point_ring_drop (ring, 1);
}

/* Mostly the next one; else late, or of a time that was, or of the future. */
static void
put_some (Fixture *fixture, gint64 now_us, gint64 *newest_us)
{
  guint n = g_test_rand_int_range (0, 40) == 0 ? 40 : (guint) g_test_rand_int_range (0, 4);

  for (guint i = 0; i < n; i++) {
    gint64 t_us = *newest_us + g_test_rand_int_range (1, (int) (2 * S));

    if (g_test_rand_int_range (0, 20) == 0)
      t_us = now_us - g_test_rand_int_range (0, (int) (60 * S));
    else if (g_test_rand_int_range (0, 20) == 0 && fixture->ring.n > 0)
      t_us = orf_point_ring_get (&fixture->ring,
                                 fixture->ring.first + g_test_rand_int () % fixture->ring.n)
               ->t_us;
    *newest_us = MAX (*newest_us, t_us);
    put (fixture, MAX (t_us, 1), g_test_rand_int_range (-20, 20));
  }
}

static void
check_random (OrfMetricsAggregate aggregate, gint64 window_us)
{
  gint64 now_us = g_test_rand_int_range (100, 200) * S, newest_us = now_us - 50 * S;
  Fixture fixture;

  set_up (&fixture, aggregate, window_us, NULL);
  for (guint tick = 0; tick < 300; tick++) {
    double expected, value;

    put_some (&fixture, now_us, &newest_us);
    if (g_test_rand_bit ())
      forget (&fixture, now_us);
    now_us += g_test_rand_int_range (0, 30) == 0 ? 50 * S : S;
    newest_us = MAX (newest_us, now_us - 5 * S);
    if (g_test_rand_int_range (0, 10) == 0)
      continue;
    value = ask (&fixture, now_us);
    expected = slow (&fixture, aggregate, window_us, now_us);
    if (isnan (expected) ? !isnan (value) : !(fabs (value - expected) <= 1e-9))
      g_error ("%u over %g s at tick %u: %g, not %g", aggregate, (double) window_us / 1e6, tick,
               value, expected);
  }
  tear_down (&fixture);
}

static void
test_random (void)
{
  for (guint round = 0; round < 10; round++)
    for (guint i = ORF_METRICS_AGGREGATE_AVG; i <= ORF_METRICS_AGGREGATE_STDDEV; i++)
      check_random ((OrfMetricsAggregate) i, g_test_rand_int_range (1, 90) * S);
}

/* What has left leaves nothing behind, and an average that no sum holds is one. */
static void
test_large_values (void)
{
  Fixture fixture;

  set_up (&fixture, ORF_METRICS_AGGREGATE_AVG, 2 * S, NULL);
  put (&fixture, 1 * S, 1.5e308);
  put (&fixture, 2 * S, 1.5e308);
  g_assert_cmpfloat (ask (&fixture, 2 * S), ==, 1.5e308);
  put (&fixture, 3 * S, 0.1);
  put (&fixture, 4 * S, 0.3);
  g_assert_cmpfloat (ask (&fixture, 4 * S), ==, 0.2);
  tear_down (&fixture);
}

/* A sample of the future counts when its time has come; the later of two of one time wins. */
static void
test_times (void)
{
  Fixture fixture;

  set_up (&fixture, ORF_METRICS_AGGREGATE_SUM, 10 * S, NULL);
  put (&fixture, 5 * S, 1);
  put (&fixture, 8 * S, 10);
  g_assert_cmpfloat (ask (&fixture, 6 * S), ==, 1);
  put (&fixture, 5 * S, 2);
  g_assert_cmpfloat (ask (&fixture, 6 * S), ==, 2);
  g_assert_cmpfloat (ask (&fixture, 8 * S), ==, 12);
  put (&fixture, 4 * S, 100);
  g_assert_cmpfloat (ask (&fixture, 9 * S), ==, 112);
  g_assert_cmpfloat (ask (&fixture, 14 * S), ==, 12);
  tear_down (&fixture);
}

/* Points that are missing where they count make it unknown, and nothing else does. */
static void
test_lost (void)
{
  gboolean is_short;
  Fixture fixture;

  set_up (&fixture, ORF_METRICS_AGGREGATE_MAX, 10 * S, NULL);
  put (&fixture, 5 * S, 1);
  g_assert_true (
    isnan (orf_live_window_ask (fixture.window, &fixture.ring, 6 * S, 4 * S, &is_short)));
  g_assert_true (is_short);
  g_assert_cmpfloat (orf_live_window_ask (fixture.window, &fixture.ring, 14 * S, 4 * S, &is_short),
                     ==, 1);
  g_assert_false (is_short);
  tear_down (&fixture);

  set_up (&fixture, ORF_METRICS_AGGREGATE_LAST, 10 * S, NULL);
  put (&fixture, 5 * S, 1);
  g_assert_cmpfloat (orf_live_window_ask (fixture.window, &fixture.ring, 6 * S, 4 * S, &is_short),
                     ==, 1);
  g_assert_true (
    isnan (orf_live_window_ask (fixture.window, &fixture.ring, 16 * S, 12 * S, &is_short)));
  g_assert_true (is_short);
  tear_down (&fixture);
}

static void
test_budget (void)
{
  OrfLiveBudget budget = { .max_bytes = 2000 };
  Fixture fixture;
  gboolean is_short;

  set_up (&fixture, ORF_METRICS_AGGREGATE_P95, 1000 * S, &budget);
  for (guint i = 1; i <= 100; i++)
    put (&fixture, i * S, i);
  g_assert_cmpfloat (ask (&fixture, 100 * S), ==,
                     slow (&fixture, ORF_METRICS_AGGREGATE_P95, 1000 * S, 100 * S));
  g_assert_cmpuint (budget.bytes, <=, 2000);
  for (guint i = 101; i <= 200; i++)
    put (&fixture, i * S, i);
  g_assert_true (
    isnan (orf_live_window_ask (fixture.window, &fixture.ring, 200 * S, 0, &is_short)));
  g_assert_true (is_short);
  g_assert_cmpuint (budget.n_unknown, ==, 1);
  budget.max_bytes = 10000;
  g_assert_cmpfloat (ask (&fixture, 201 * S), ==,
                     slow (&fixture, ORF_METRICS_AGGREGATE_P95, 1000 * S, 201 * S));
  tear_down (&fixture);
  g_assert_cmpuint (budget.bytes, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live-window/random", test_random);
  g_test_add_func ("/live-window/large-values", test_large_values);
  g_test_add_func ("/live-window/times", test_times);
  g_test_add_func ("/live-window/lost", test_lost);
  g_test_add_func ("/live-window/budget", test_budget);
  return g_test_run ();
}
