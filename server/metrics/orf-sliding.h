/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-grid.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What a series' points come to over windows that may overlap: at each time T of a grid, those with
 * T - window < t_us <= T.  Pure.
 */

/* How far before T points matter: the window, and what an increase looks back before it. */
gint64 orf_sliding_get_reach_us (OrfMetricsAggregate aggregate, gint64 window_us);

/* points: by time.  values has room for the grid's n_steps: NAN where nothing counts.  A rate or an
 * increase starts from the last point at most 5 minutes, and at most a window, before the window;
 * without one, and for a delta, two points of the window are needed. */
void orf_sliding_fill (const OrfGrid *grid,
                       OrfMetricsAggregate aggregate,
                       gint64 window_us,
                       const OrfPoint *points,
                       guint n_points,
                       double *values);

G_END_DECLS
