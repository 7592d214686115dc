/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-grid.h"

#include <math.h>

gint64
orf_grid_get_time_us (const OrfGrid *grid, guint i)
{
  return grid->last_us - (gint64) (grid->n_steps - 1 - i) * grid->step_us;
}

void
orf_grid_fill (const OrfGrid *grid, const OrfSeries *series, double *values)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  gint64 before_us = orf_grid_get_time_us (grid, 0) - grid->step_us;

  for (guint i = 0; i < grid->n_steps; i++)
    values[i] = NAN;
  orf_open_chunk_read (&series->chunk, before_us + 1, grid->last_us + 1, points);
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    values[(point->t_us - before_us - 1) / grid->step_us] = point->value;
  }
}
