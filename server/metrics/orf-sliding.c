/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A point enters a window once and leaves it once.  No sum is ever subtracted from, so that a large
 * value leaves nothing behind when it has left: what is in the window is kept as sums from each
 * point on up to some middle, and one sum from there (a queue of two stacks).  Quantiles count in a
 * Fenwick tree over the points' ranks.
 */
#include "metrics/orf-sliding.h"

#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-gathered.h"
#include "metrics/orf-quantile.h"
#include "metrics/orf-window.h"

/* As metrics.query looks back. */
#define LOOK_BACK_US (300 * ORF_US_PER_S)

/* Which points are the window's: [first, end). */
typedef struct {
  const OrfPoint *points;
  guint n_points;
  guint first, end;
} Span;

gint64
orf_sliding_get_reach_us (OrfMetricsAggregate aggregate, gint64 window_us)
{
  return window_us + (orf_window_looks_back (aggregate) ? MIN (window_us, LOOK_BACK_US) : 0);
}

static void
move_span (Span *span, gint64 t_us, gint64 window_us)
{
  while (span->end < span->n_points && span->points[span->end].t_us <= t_us)
    span->end++;
  while (span->first < span->end && span->points[span->first].t_us <= t_us - window_us)
    span->first++;
}

/* ---- sums ------------------------------------------------------------------------------------ */

typedef struct {
  const OrfPoint *points;
  guint first, middle, end;
  OrfGathered *fronts; /* of [i, middle), from `base` on */
  guint base, n_fronts;
  OrfGathered back; /* of [middle, end) */
} Sums;

/* All that is there becomes the front. */
static void
turn (Sums *sums)
{
  OrfGathered all = { 0 };

  sums->base = sums->first;
  sums->middle = sums->end;
  sums->back = all;
  if (sums->n_fronts < sums->end - sums->first) {
    g_free (sums->fronts);
    sums->n_fronts = MAX (sums->end - sums->first, 2 * sums->n_fronts);
    sums->fronts = g_new (OrfGathered, sums->n_fronts);
  }
  for (guint i = sums->end; i > sums->first; i--) {
    OrfGathered one = { 0 };

    orf_gathered_add (&one, &sums->points[i - 1]);
    orf_gathered_merge (&one, &all);
    sums->fronts[i - 1 - sums->base] = all = one;
  }
}

/* Both only rise. */
static OrfGathered
sum_up (Sums *sums, guint first, guint end)
{
  OrfGathered all = { 0 };

  if (first >= sums->end) {
    sums->first = sums->middle = sums->end = first;
    sums->back = all;
  } else if (first > sums->middle) {
    sums->first = first;
    turn (sums);
  }
  sums->first = first;
  for (; sums->end < end; sums->end++)
    orf_gathered_add (&sums->back, &sums->points[sums->end]);
  if (first < sums->middle)
    all = sums->fronts[first - sums->base];
  orf_gathered_merge (&all, &sums->back);
  return all;
}

static void
fill_sums (
  const OrfGrid *grid, OrfMetricsAggregate aggregate, gint64 window_us, Span *span, double *values)
{
  Sums sums = { .points = span->points };

  for (guint i = 0; i < grid->n_steps; i++) {
    OrfGathered all;

    move_span (span, orf_grid_get_time_us (grid, i), window_us);
    all = sum_up (&sums, span->first, span->end);
    values[i] = orf_gathered_conclude (&all, aggregate);
  }
  g_free (sums.fronts);
}

/* ---- increases ------------------------------------------------------------------------------- */

/* At each point, what was counted since the one before. */
static OrfPoint *
dup_rises (const Span *span)
{
  OrfPoint *rises = g_new0 (OrfPoint, span->n_points);

  for (guint i = 1; i < span->n_points; i++)
    rises[i] = (OrfPoint){ span->points[i].t_us,
                           orf_window_get_rise (span->points[i - 1].value, span->points[i].value) };
  return rises;
}

static void
fill_increases (
  const OrfGrid *grid, OrfMetricsAggregate aggregate, gint64 window_us, Span *span, double *values)
{
  gint64 reach_us = orf_sliding_get_reach_us (aggregate, window_us);
  gboolean rate = aggregate == ORF_METRICS_AGGREGATE_RATE;
  g_autofree OrfPoint *rises = dup_rises (span);
  Sums sums = { .points = rises };

  for (guint i = 0; i < grid->n_steps; i++) {
    gint64 t_us = orf_grid_get_time_us (grid, i);
    gboolean from_before;
    OrfGathered all;

    move_span (span, t_us, window_us);
    from_before = span->first > 0 && span->points[span->first - 1].t_us > t_us - reach_us;
    all = sum_up (&sums, MIN (span->first + 1, span->end), span->end);
    if (span->first < span->end && from_before)
      orf_gathered_add (&all, &rises[span->first]);
    values[i] = all.count == 0 ? NAN
                : rate         ? all.sum * (double) ORF_US_PER_S / (double) window_us
                               : all.sum;
  }
  g_free (sums.fronts);
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
ranks_init (Ranks *ranks, const Span *span)
{
  ranks->n = span->n_points;
  ranks->top = 1;
  while (ranks->top <= ranks->n / 2)
    ranks->top *= 2;
  ranks->order = g_new (guint, ranks->n);
  ranks->ranks = g_new (guint, ranks->n);
  ranks->counts = g_new0 (guint, ranks->n + 1);
  for (guint i = 0; i < ranks->n; i++)
    ranks->order[i] = i;
  g_qsort_with_data (ranks->order, (gint) ranks->n, sizeof (guint), compare_values,
                     (gpointer) span->points);
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
fill_quantiles (const OrfGrid *grid, double share, gint64 window_us, Span *span, double *values)
{
  Ranks ranks;

  ranks_init (&ranks, span);
  for (guint i = 0; i < grid->n_steps; i++) {
    guint first = span->first, end = span->end;

    move_span (span, orf_grid_get_time_us (grid, i), window_us);
    for (; end < span->end; end++)
      count_rank (&ranks, end, 1);
    for (; first < span->first; first++)
      count_rank (&ranks, first, -1U);
    values[i] = span->first < span->end
                  ? get_quantile (&ranks, span->points, span->end - span->first, share)
                  : NAN;
  }
  ranks_clear (&ranks);
}

/* ---- what needs the ends alone ------------------------------------------------------------------
 */

static void
fill_ends (
  const OrfGrid *grid, OrfMetricsAggregate aggregate, gint64 window_us, Span *span, double *values)
{
  for (guint i = 0; i < grid->n_steps; i++) {
    guint n;

    move_span (span, orf_grid_get_time_us (grid, i), window_us);
    n = span->end - span->first;
    if (n < (aggregate == ORF_METRICS_AGGREGATE_DELTA ? 2 : 1))
      values[i] = NAN;
    else if (aggregate == ORF_METRICS_AGGREGATE_COUNT)
      values[i] = n;
    else if (aggregate == ORF_METRICS_AGGREGATE_LAST)
      values[i] = span->points[span->end - 1].value;
    else
      values[i] = span->points[span->end - 1].value - span->points[span->first].value;
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
  Span span = { points, n_points, 0, 0 };
  double share;

  if (orf_quantile_find_share (aggregate, &share))
    fill_quantiles (grid, share, window_us, &span, values);
  else if (orf_window_looks_back (aggregate))
    fill_increases (grid, aggregate, window_us, &span, values);
  else if (aggregate == ORF_METRICS_AGGREGATE_COUNT || aggregate == ORF_METRICS_AGGREGATE_LAST ||
           aggregate == ORF_METRICS_AGGREGATE_DELTA)
    fill_ends (grid, aggregate, window_us, &span, values);
  else
    fill_sums (grid, aggregate, window_us, &span, values);
}
