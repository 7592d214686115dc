/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-rollup.h"
#include "orf-desc.h" /* OrfPoint */
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * What points come to over windows of time.  Pure.
 */
typedef struct {
  gint64 from_us, to_us; /* from <= t < to */
  gint64 step_us;        /* windows at multiples of it since the epoch; 0: one over the whole */
  OrfMetricsAggregate aggregate;
} OrfWindowSpec;

/* One series' points by time.  Those before from_us are not counted, but increases start from them.
 * Rollups stand for points at other times than those that are told, each within one window and,
 * where it matters, of a counter that did not fall.  Percentiles of rollups are within
 * ORF_SKETCH_ACCURACY, by their sketches. */
typedef struct {
  const OrfPoint *points;
  guint n_points;
  const OrfRollup *rollups;
  guint n_rollups;
} OrfWindowInput;

guint64 orf_window_count (const OrfWindowSpec *spec);
/* TRUE where an increase is counted, and a point before the window matters. */
gboolean orf_window_looks_back (OrfMetricsAggregate aggregate);
/* What rollups can tell of; of anything else points are needed. */
gboolean orf_window_takes_rollups (OrfMetricsAggregate aggregate);
/* What a counter counted from one value to the next: where it fell, it began anew at 0. */
double orf_window_get_rise (double before, double after);
/* Appends to out (OrfPoint) one for each window, at its start (from_us without a step); NAN where
 * no point counts.  Several inputs are merged: over all their points, or (rate, increase, delta) by
 * their sum.  A window that the span cuts is as long as what is left of it. */
void orf_window_aggregate (const OrfWindowSpec *spec,
                           const OrfWindowInput *inputs,
                           guint n_inputs,
                           GArray *out);

G_END_DECLS
