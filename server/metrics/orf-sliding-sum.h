/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-gathered.h"
#include "metrics/orf-point-ring.h"

G_BEGIN_DECLS

/*
 * What the points of a window that slides come to: avg, sum, min, max, stddev, and of increases
 * rate and increase.  A point enters once and leaves once.  No sum is ever subtracted from, so that
 * a large value leaves nothing behind when it has left: kept are sums from each point on up to some
 * middle, and one sum from there (a queue of two stacks).  A plain value, all 0 but the aggregate.
 */
typedef struct {
  OrfMetricsAggregate aggregate;
  guint64 first, middle, end;
  double *fronts;   /* of [i, middle), from base on: of each what the aggregate needs */
  guint64 base;     /* a number */
  guint n_room;     /* of fronts */
  OrfGathered back; /* of [middle, end) */
  /* 0, or: when points of that time are there, the middle goes there, once.  So that of many
   * windows that began together not all turn at the same time ever after. */
  gint64 turn_us;
} OrfSlidingSum;

/* How far before T points matter: the window, and what an increase looks back before it. */
gint64 orf_sliding_get_reach_us (OrfMetricsAggregate aggregate, gint64 window_us);

/* How many doubles are kept of n points. */
guint orf_sliding_sum_measure (OrfMetricsAggregate aggregate, guint n);
/* Starts anew at the point of this number. */
void orf_sliding_sum_reset (OrfSlidingSum *self, guint64 number);
void orf_sliding_sum_clear (OrfSlidingSum *self);
/* What will be asked for next. */
void orf_sliding_sum_prefetch (const OrfSlidingSum *self);
/* span: the window's at T, T and span only rise.  NAN where nothing counts. */
double orf_sliding_sum_get (OrfSlidingSum *self,
                            const OrfPointRing *ring,
                            const OrfSpan *span,
                            gint64 t_us,
                            gint64 window_us);

G_END_DECLS
