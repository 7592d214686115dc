/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sums are kept up to date as points come and go (orf-sliding-sum.h).  Quantiles count in a Fenwick
 * tree over the points' ranks.
 */
#include "metrics/orf-sliding.h"

#include <math.h>

#include "metrics/orf-quantile.h"

static void
fill_sums (const OrfGrid *grid,
           OrfMetricsAggregate aggregate,
           gint64 window_us,
           const OrfPointRing *ring,
           double *values)
{
  OrfSlidingSum sum = { .aggregate = aggregate };
  OrfSpan span = { 0, 0 };

  for (guint i = 0; i < grid->n_steps; i++) {
    gint64 t_us = orf_grid_get_time_us (grid, i);

    orf_span_move (&span, ring, t_us, window_us);
    values[i] = orf_sliding_sum_get (&sum, ring, &span, t_us, window_us);
  }
  orf_sliding_sum_clear (&sum);
}

/* ---- quantiles ------------------------------------------------------------------------------- */

typedef struct {
  guint *order;  /* of points, by value */
  guint *ranks;  /* of each point, in that order, from 1 */
  guint *counts; /* Fenwick's, from 1 */
  guint n, top;  /* the largest power of two in n */
} Ranks;

static int
compare_values (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const OrfPoint *points = user_data;
  double x = points[*(const guint *) a].value, y = points[*(const guint *) b].value;

  return (x > y) - (x < y);
}

static void
ranks_init (Ranks *ranks, const OrfPointRing *ring)
{
  ranks->n = ring->n;
  ranks->top = 1;
  while (ranks->top <= ranks->n / 2)
    ranks->top *= 2;
  ranks->order = g_new (guint, ranks->n);
  ranks->ranks = g_new (guint, ranks->n);
  ranks->counts = g_new0 (guint, ranks->n + 1);
  for (guint i = 0; i < ranks->n; i++)
    ranks->order[i] = i;
  g_qsort_with_data (ranks->order, (gint) ranks->n, sizeof (guint), compare_values, ring->points);
  for (guint i = 0; i < ranks->n; i++)
    ranks->ranks[ranks->order[i]] = i + 1;
}

static void
ranks_clear (Ranks *ranks)
{
  g_free (ranks->order);
  g_free (ranks->ranks);
  g_free (ranks->counts);
}

/* change: 1, or its negation modulo 2^32. */
static void
count_rank (Ranks *ranks, guint point, guint change)
{
  for (guint i = ranks->ranks[point]; i <= ranks->n; i += i & -i)
    ranks->counts[i] += change;
}

/* The value that has k smaller ones, of those that are counted. */
static double
find_value (const Ranks *ranks, const OrfPoint *points, guint k)
{
  guint at = 0;

  for (guint step = ranks->top; step > 0; step /= 2)
    if (at + step <= ranks->n && ranks->counts[at + step] <= k) {
      at += step;
      k -= ranks->counts[at];
    }
  return points[ranks->order[at]].value;
}

static double
get_quantile (const Ranks *ranks, const OrfPoint *points, guint n, double share)
{
  double place = share * (double) (n - 1);
  guint below = (guint) place;
  double sorted[2];

  sorted[0] = find_value (ranks, points, below);
  sorted[1] = find_value (ranks, points, MIN (below + 1, n - 1));
  return orf_quantile_get (sorted, 2, place - (double) below);
}

static void
fill_quantiles (
  const OrfGrid *grid, double share, gint64 window_us, const OrfPointRing *ring, double *values)
{
  OrfSpan span = { 0, 0 };
  Ranks ranks;

  ranks_init (&ranks, ring);
  for (guint i = 0; i < grid->n_steps; i++) {
    guint64 first = span.first, end = span.end;

    orf_span_move (&span, ring, orf_grid_get_time_us (grid, i), window_us);
    for (; end < span.end; end++)
      count_rank (&ranks, (guint) end, 1);
    for (; first < span.first; first++)
      count_rank (&ranks, (guint) first, -1U);
    values[i] = span.first < span.end
                  ? get_quantile (&ranks, ring->points, (guint) (span.end - span.first), share)
                  : NAN;
  }
  ranks_clear (&ranks);
}

/* ---- what needs the ends alone ------------------------------------------------------------------
 */

gboolean
orf_sliding_needs_ends (OrfMetricsAggregate aggregate)
{
  return aggregate == ORF_METRICS_AGGREGATE_COUNT || aggregate == ORF_METRICS_AGGREGATE_LAST ||
         aggregate == ORF_METRICS_AGGREGATE_DELTA;
}

double
orf_sliding_get_ends (const OrfPointRing *ring, const OrfSpan *span, OrfMetricsAggregate aggregate)
{
  guint64 n = span->end - span->first;
  double last;

  if (n < (aggregate == ORF_METRICS_AGGREGATE_DELTA ? 2 : 1))
    return NAN;
  if (aggregate == ORF_METRICS_AGGREGATE_COUNT)
    return (double) n;
  last = orf_point_ring_get (ring, span->end - 1)->value;
  return aggregate == ORF_METRICS_AGGREGATE_LAST
           ? last
           : last - orf_point_ring_get (ring, span->first)->value;
}

static void
fill_ends (const OrfGrid *grid,
           OrfMetricsAggregate aggregate,
           gint64 window_us,
           const OrfPointRing *ring,
           double *values)
{
  OrfSpan span = { 0, 0 };

  for (guint i = 0; i < grid->n_steps; i++) {
    orf_span_move (&span, ring, orf_grid_get_time_us (grid, i), window_us);
    values[i] = orf_sliding_get_ends (ring, &span, aggregate);
  }
}

void
orf_sliding_fill (const OrfGrid *grid,
                  OrfMetricsAggregate aggregate,
                  gint64 window_us,
                  const OrfPoint *points,
                  guint n_points,
                  double *values)
{
  const OrfPointRing ring = { (OrfPoint *) points, n_points, 0, n_points, 0 };
  double share;

  if (orf_quantile_find_share (aggregate, &share))
    fill_quantiles (grid, share, window_us, &ring, values);
  else if (orf_sliding_needs_ends (aggregate))
    fill_ends (grid, aggregate, window_us, &ring, values);
  else
    fill_sums (grid, aggregate, window_us, &ring, values);
}
