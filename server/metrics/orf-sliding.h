/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-grid.h"
#include "metrics/orf-sliding-sum.h"

G_BEGIN_DECLS

/*
 * What a series' points come to over windows that may overlap: at each time T of a grid, those with
 * T - window < t_us <= T.  Pure.
 */

/* points: by time.  values has room for the grid's n_steps: NAN where nothing counts.  A rate or an
 * increase starts from the last point at most 5 minutes, and at most a window, before the window;
 * without one, and for a delta, two points of the window are needed. */
void orf_sliding_fill (const OrfGrid *grid,
                       OrfMetricsAggregate aggregate,
                       gint64 window_us,
                       const OrfPoint *points,
                       guint n_points,
                       double *values);

/* Of count, last and delta, which are known by the first and the last of a window's points. */
gboolean orf_sliding_needs_ends (OrfMetricsAggregate aggregate);
double
orf_sliding_get_ends (const OrfPointRing *ring, const OrfSpan *span, OrfMetricsAggregate aggregate);

G_END_DECLS
