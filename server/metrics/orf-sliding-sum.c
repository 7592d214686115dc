/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-sliding-sum.h"

#include <math.h>

#include "core/orf-clock.h"
#include "metrics/orf-window.h"

/* As metrics.query looks back. */
#define LOOK_BACK_US (300 * ORF_US_PER_S)

gint64
orf_sliding_get_reach_us (OrfMetricsAggregate aggregate, gint64 window_us)
{
  return window_us + (orf_window_looks_back (aggregate) ? MIN (window_us, LOOK_BACK_US) : 0);
}

/* ---- what is kept of a sum ------------------------------------------------------------------- */

/* Memory is what many windows need most of. */
guint
orf_sliding_sum_measure (OrfMetricsAggregate aggregate, guint n)
{
  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_UNSET:
  case ORF_METRICS_AGGREGATE_AVG:
  case ORF_METRICS_AGGREGATE_STDDEV:
    return 2 * n;
  default:
    return n;
  }
}

static void
keep (double *kept, OrfMetricsAggregate aggregate, const OrfGathered *all)
{
  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_UNSET:
  case ORF_METRICS_AGGREGATE_AVG:
    kept[0] = all->sum;
    kept[1] = all->mean;
    break;
  case ORF_METRICS_AGGREGATE_STDDEV:
    kept[0] = all->mean;
    kept[1] = all->m2;
    break;
  case ORF_METRICS_AGGREGATE_MIN:
    kept[0] = all->minimum;
    break;
  case ORF_METRICS_AGGREGATE_MAX:
    kept[0] = all->maximum;
    break;
  default:
    kept[0] = all->sum;
  }
}

static OrfGathered
get_kept (const double *kept, OrfMetricsAggregate aggregate, guint64 count)
{
  OrfGathered all = { .count = count };

  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_UNSET:
  case ORF_METRICS_AGGREGATE_AVG:
    all.sum = kept[0];
    all.mean = kept[1];
    break;
  case ORF_METRICS_AGGREGATE_STDDEV:
    all.mean = kept[0];
    all.m2 = kept[1];
    break;
  case ORF_METRICS_AGGREGATE_MIN:
    all.minimum = kept[0];
    break;
  case ORF_METRICS_AGGREGATE_MAX:
    all.maximum = kept[0];
    break;
  default:
    all.sum = kept[0];
  }
  return all;
}

/* ---- the queue ------------------------------------------------------------------------------- */

void
orf_sliding_sum_reset (OrfSlidingSum *self, guint64 number)
{
  const OrfGathered nothing = { 0 };

  self->first = self->middle = self->end = number;
  self->back = nothing;
}

void
orf_sliding_sum_clear (OrfSlidingSum *self)
{
  g_clear_pointer (&self->fronts, g_free);
  self->n_room = 0;
}

/* What is summed up: the point, or at it what was counted since the one before. */
static void
add (const OrfSlidingSum *self, OrfGathered *all, const OrfPointRing *ring, guint64 number)
{
  OrfPoint point = *orf_point_ring_get (ring, number);

  if (orf_window_looks_back (self->aggregate))
    point.value = orf_window_get_rise (orf_point_ring_get (ring, number - 1)->value, point.value);
  orf_gathered_add (all, &point);
}

static void
make_room (OrfSlidingSum *self, guint n)
{
  guint n_needed = orf_sliding_sum_measure (self->aggregate, n);

  if (n_needed <= self->n_room)
    return;
  g_free (self->fronts);
  self->n_room = orf_sliding_sum_measure (self->aggregate, orf_point_ring_grow (n));
  self->fronts = g_new (double, self->n_room);
}

static double *
get_front (const OrfSlidingSum *self, guint64 number)
{
  return &self->fronts[orf_sliding_sum_measure (self->aggregate, (guint) (number - self->base))];
}

/* What is before this middle becomes the front. */
static void
turn (OrfSlidingSum *self, const OrfPointRing *ring, guint64 middle)
{
  OrfGathered all = { 0 };

  make_room (self, (guint) (middle - self->first));
  self->base = self->first;
  self->middle = middle;
  for (guint64 i = middle; i > self->first; i--) {
    OrfGathered one = { 0 };

    add (self, &one, ring, i - 1);
    orf_gathered_merge (&one, &all);
    keep (get_front (self, i - 1), self->aggregate, &one);
    all = one;
  }
  self->back = (OrfGathered){ 0 };
  for (guint64 i = middle; i < self->end; i++)
    add (self, &self->back, ring, i);
}

static void
turn_early (OrfSlidingSum *self, const OrfPointRing *ring)
{
  guint64 middle;

  if (self->end == self->first || orf_point_ring_get (ring, self->end - 1)->t_us < self->turn_us)
    return;
  middle = orf_point_ring_find (ring, self->turn_us);
  turn (self, ring, CLAMP (middle, self->first, self->end));
  self->turn_us = 0;
}

/* Both only rise. */
static OrfGathered
sum_up (OrfSlidingSum *self, const OrfPointRing *ring, guint64 first, guint64 end)
{
  OrfGathered all = { 0 };

  if (first >= self->end) {
    orf_sliding_sum_reset (self, first);
  } else if (first > self->middle) {
    self->first = first;
    turn (self, ring, self->end);
  }
  self->first = first;
  for (; self->end < end; self->end++)
    add (self, &self->back, ring, self->end);
  if (self->turn_us != 0)
    turn_early (self, ring);
  if (first < self->middle)
    all = get_kept (get_front (self, first), self->aggregate, self->middle - first);
  orf_gathered_merge (&all, &self->back);
  return all;
}

/* From the last point before the window, where it is not too far before it. */
static double
get_increase (
  OrfSlidingSum *self, const OrfPointRing *ring, const OrfSpan *span, gint64 t_us, gint64 window_us)
{
  gint64 reach_us = orf_sliding_get_reach_us (self->aggregate, window_us);
  OrfGathered all = sum_up (self, ring, MIN (span->first + 1, span->end), span->end);

  if (span->first < span->end && span->first > ring->first &&
      orf_point_ring_get (ring, span->first - 1)->t_us > t_us - reach_us)
    add (self, &all, ring, span->first);
  if (all.count == 0)
    return NAN;
  if (self->aggregate == ORF_METRICS_AGGREGATE_RATE)
    return all.sum * (double) ORF_US_PER_S / (double) window_us;
  return all.sum;
}

void
orf_sliding_sum_prefetch (const OrfSlidingSum *self)
{
  if (self->first + 1 < self->middle)
    __builtin_prefetch (get_front (self, self->first + 1));
}

double
orf_sliding_sum_get (
  OrfSlidingSum *self, const OrfPointRing *ring, const OrfSpan *span, gint64 t_us, gint64 window_us)
{
  OrfGathered all;

  if (orf_window_looks_back (self->aggregate))
    return get_increase (self, ring, span, t_us, window_us);
  all = sum_up (self, ring, span->first, span->end);
  return orf_gathered_conclude (&all, self->aggregate);
}
