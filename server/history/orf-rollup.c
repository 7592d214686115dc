/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history/orf-rollup.h"

gint64
orf_rollup_align (gint64 t_us, gint64 step_us)
{
  gint64 rest = t_us % step_us;

  return t_us - (rest < 0 ? rest + step_us : rest);
}

void
orf_rollup_add (OrfRollup *rollup, const OrfRollup *later)
{
  rollup->count += later->count;
  rollup->min = MIN (rollup->min, later->min);
  rollup->max = MAX (rollup->max, later->max);
  rollup->sum += later->sum;
  rollup->last = later->last;
}

void
orf_rollup_fold (gint64 series_id,
                 const gint64 *times_us,
                 const double *values,
                 gsize count,
                 gint64 step_us,
                 GArray *rows)
{
  gint64 end_us = G_MININT64;

  for (gsize i = 0; i < count; i++) {
    OrfRollup one = { series_id, 0, 1, values[i], values[i], values[i], values[i] };

    if (times_us[i] < end_us) {
      orf_rollup_add (&g_array_index (rows, OrfRollup, rows->len - 1), &one);
      continue;
    }
    one.t_us = orf_rollup_align (times_us[i], step_us);
    end_us = one.t_us + step_us;
    g_array_append_val (rows, one);
  }
}
