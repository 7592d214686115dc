/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-window.h"

#include <math.h>

#include "metrics/orf-quantile.h"
#include "metrics/orf-sliding.h"
#include "stats/orf-sorted.h"

/* More points at once than that, beside those that are there, are sorted and not put in one by
 * one. */
#define MANY(n_sorted) (16 + (n_sorted) / 16)

typedef enum {
  KIND_NEWEST, /* last */
  KIND_ENDS,   /* count, delta */
  KIND_SUM,
  KIND_QUANTILE,
} Kind;

/* What each tick needs of the newest value stands first, in one line of the cache. */
struct _OrfLiveWindow {
  gint64 asked_us; /* value is of that time */
  double value;
  gint64 window_us;
  OrfSpan span;
  Kind kind;
  OrfMetricsAggregate aggregate;
  gboolean is_stale, is_short;
  OrfSlidingSum sum;
  gint64 reach_us;
  double share;
  double *sorted;
  guint n_sorted, sorted_room;
  guint64 number; /* of all windows */
  OrfLiveBudget *budget;
};

OrfLiveWindow *
orf_live_window_new (OrfMetricsAggregate aggregate, gint64 window_us, OrfLiveBudget *budget)
{
  OrfLiveWindow *self = g_new0 (OrfLiveWindow, 1);

  self->aggregate = self->sum.aggregate = aggregate;
  self->window_us = window_us;
  self->reach_us = orf_sliding_get_reach_us (aggregate, window_us);
  self->asked_us = G_MININT64;
  self->is_stale = TRUE;
  self->kind = aggregate == ORF_METRICS_AGGREGATE_LAST             ? KIND_NEWEST
               : orf_quantile_find_share (aggregate, &self->share) ? KIND_QUANTILE
               : orf_sliding_needs_ends (aggregate)                ? KIND_ENDS
                                                                   : KIND_SUM;
  self->budget = budget;
  if (budget != NULL) {
    self->number = budget->n_windows++;
    budget->bytes += sizeof *self;
  }
  return self;
}

static gsize
get_bytes (const OrfLiveWindow *self)
{
  return sizeof (double) * (self->sum.n_room + self->sorted_room);
}

void
orf_live_window_free (OrfLiveWindow *self)
{
  if (self->budget != NULL)
    self->budget->bytes -= sizeof *self + get_bytes (self);
  orf_sliding_sum_clear (&self->sum);
  g_free (self->sorted);
  g_free (self);
}

gboolean
orf_live_window_is (const OrfLiveWindow *self, OrfMetricsAggregate aggregate, gint64 window_us)
{
  return self->aggregate == aggregate && self->window_us == window_us;
}

void
orf_live_window_note_change (OrfLiveWindow *self, guint64 number)
{
  self->asked_us = G_MININT64;
  if (number < self->span.end)
    self->is_stale = TRUE;
}

/* ---- room ------------------------------------------------------------------------------------ */

static guint
measure (const OrfLiveWindow *self, guint n)
{
  return self->kind == KIND_SUM ? orf_sliding_sum_measure (self->aggregate, n) : n;
}

/* For what n points come to. */
static gboolean
is_room (const OrfLiveWindow *self, guint n)
{
  guint room = self->sum.n_room + self->sorted_room;
  guint needed = measure (self, n);

  if (self->kind == KIND_ENDS || self->budget == NULL || needed <= room)
    return TRUE;
  needed = measure (self, orf_point_ring_grow (n));
  return self->budget->bytes + sizeof (double) * (needed - room) <= self->budget->max_bytes;
}

static void
account (OrfLiveWindow *self, gsize bytes_before)
{
  if (self->budget != NULL)
    self->budget->bytes += get_bytes (self) - bytes_before;
}

/* ---- values in order ------------------------------------------------------------------------- */

static void
make_sorted_room (OrfLiveWindow *self, guint n)
{
  if (n <= self->sorted_room)
    return;
  self->sorted_room = orf_point_ring_grow (n);
  self->sorted = g_renew (double, self->sorted, self->sorted_room);
}

static void
put_in_all (OrfLiveWindow *self, const OrfPointRing *ring, guint64 from, guint64 end)
{
  gboolean many = end - from > MANY (self->n_sorted);

  for (guint64 i = from; i < end; i++) {
    double value = orf_point_ring_get (ring, i)->value;

    if (many)
      self->sorted[self->n_sorted++] = value;
    else
      orf_sorted_insert (self->sorted, self->n_sorted++, value);
  }
  if (many)
    orf_quantile_sort (self->sorted, self->n_sorted);
}

/* What left goes out, what came goes in; what did both was never there. */
static double
get_quantile (OrfLiveWindow *self, const OrfPointRing *ring, OrfSpan old)
{
  guint64 out = old.first, out_end = MIN (self->span.first, old.end);
  guint64 in = MAX (self->span.first, old.end), in_end = self->span.end;

  make_sorted_room (self, self->n_sorted + (guint) (in_end - in));
  for (; out < out_end && in < in_end; out++, in++)
    orf_sorted_exchange (self->sorted, self->n_sorted, orf_point_ring_get (ring, out)->value,
                         orf_point_ring_get (ring, in)->value);
  for (; out < out_end; out++)
    orf_sorted_remove (self->sorted, self->n_sorted--, orf_point_ring_get (ring, out)->value);
  put_in_all (self, ring, in, in_end);
  return orf_quantile_get (self->sorted, self->n_sorted, self->share);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
begin_anew (OrfLiveWindow *self, const OrfPointRing *ring)
{
  /* in (0, 1), by the golden ratio, which spreads any number of windows evenly */
  double phase = fmod ((double) self->number * 0.6180339887498949, 1);

  self->is_stale = ring->n == 0; /* when it turns is not known yet */
  self->n_sorted = 0;
  self->span = (OrfSpan){ ring->first, ring->first };
  orf_sliding_sum_reset (&self->sum, ring->first);
  self->sum.turn_us = ring->n == 0 ? 0
                                   : orf_point_ring_get (ring, ring->first)->t_us +
                                       (gint64) (phase * (double) self->window_us);
}

/* Points that a percentile had were dropped before they left it. */
static gboolean
is_behind (const OrfLiveWindow *self, const OrfPointRing *ring)
{
  return self->kind == KIND_QUANTILE && self->span.first < ring->first;
}

static double
conclude (OrfLiveWindow *self, const OrfPointRing *ring, OrfSpan old, gint64 now_us)
{
  gsize bytes = get_bytes (self);
  double value;

  if (self->kind == KIND_ENDS)
    return orf_sliding_get_ends (ring, &self->span, self->aggregate);
  value = self->kind == KIND_SUM
            ? orf_sliding_sum_get (&self->sum, ring, &self->span, now_us, self->window_us)
            : get_quantile (self, ring, old);
  account (self, bytes);
  return value;
}

static gboolean
is_lost (const OrfLiveWindow *self, gint64 now_us, gint64 lost_us)
{
  return lost_us != 0 && lost_us > now_us - self->reach_us;
}

/* It is as good as none. */
static double
fall_short (OrfLiveWindow *self)
{
  self->is_short = self->is_stale = TRUE;
  if (self->budget != NULL)
    self->budget->n_unknown++;
  return NAN;
}

/* Where there is one, it does not matter what is missing before it. */
static double
ask_newest (OrfLiveWindow *self, const OrfPointRing *ring, gint64 now_us, gint64 lost_us)
{
  guint64 after = orf_point_ring_find (ring, now_us + 1);
  const OrfPoint *newest = after > ring->first ? orf_point_ring_get (ring, after - 1) : NULL;
  gboolean is_known = newest != NULL && newest->t_us > now_us - self->window_us;

  if (!is_known && is_lost (self, now_us, lost_us))
    return fall_short (self);
  self->is_short = FALSE;
  return is_known ? newest->value : NAN;
}

static double
ask (OrfLiveWindow *self, const OrfPointRing *ring, gint64 now_us, gint64 lost_us)
{
  OrfSpan old;

  if (self->kind == KIND_NEWEST)
    return ask_newest (self, ring, now_us, lost_us);
  if (self->is_stale || is_behind (self, ring))
    begin_anew (self, ring);
  old = self->span;
  orf_span_move (&self->span, ring, now_us, self->window_us);
  if (is_lost (self, now_us, lost_us) ||
      !is_room (self, (guint) (self->span.end - self->span.first)))
    return fall_short (self);
  self->is_short = FALSE;
  return conclude (self, ring, old, now_us);
}

void
orf_live_window_prefetch (const OrfLiveWindow *self, const OrfPointRing *ring)
{
  if (ring->n == 0)
    return;
  __builtin_prefetch (orf_point_ring_get (ring, orf_point_ring_get_end (ring) - 1));
  if (self->kind == KIND_NEWEST || self->span.first < ring->first)
    return;
  __builtin_prefetch (orf_point_ring_get (ring, self->span.first));
  if (self->kind == KIND_SUM)
    orf_sliding_sum_prefetch (&self->sum);
  /* where a search begins */
  if (self->n_sorted > 0)
    __builtin_prefetch (&self->sorted[self->n_sorted / 2]);
}

double
orf_live_window_ask (
  OrfLiveWindow *self, const OrfPointRing *ring, gint64 now_us, gint64 lost_us, gboolean *is_short)
{
  if (now_us != self->asked_us) {
    self->value = ask (self, ring, now_us, lost_us);
    self->asked_us = now_us;
  }
  *is_short = self->is_short;
  return self->value;
}
