/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/*
 * The recent past of series in even steps, from their open chunks: what a reader of live values
 * begins with.  Pure.
 */
typedef struct {
  gint64 last_us; /* the last step's time */
  gint64 step_us;
  guint n_steps;
} OrfGrid;

/* The time of step i, from 0, the oldest. */
gint64 orf_grid_get_time_us (const OrfGrid *grid, guint i);
/* values has room for n_steps.  Of step i: the newest point after the step before, up to its own
 * time; NAN where there is none. */
void orf_grid_fill (const OrfGrid *grid, const OrfSeries *series, double *values);

G_END_DECLS
