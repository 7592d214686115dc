/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-runs.h"

/* The last run goes on, or this is another one. */
static OrfPostmortemRun *
open_run (GArray *runs, const OrfPostmortemRunSpec *spec, gint64 t_us)
{
  OrfPostmortemRun *last = runs->len > 0 ? &g_array_index (runs, OrfPostmortemRun, runs->len - 1)
                                         : NULL;
  const OrfPostmortemRun run = { t_us, -1, 0 };

  if (last != NULL && (last->until_us < 0 || t_us - last->until_us < spec->apart_us)) {
    last->until_us = -1;
    return last;
  }
  if (runs->len >= spec->max)
    return NULL;
  g_array_append_val (runs, run);
  last = &g_array_index (runs, OrfPostmortemRun, runs->len - 1);
  last->highest = spec->at_least;
  return last;
}

GArray *
orf_postmortem_runs_find (const GArray *points, const OrfPostmortemRunSpec *spec)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (OrfPostmortemRun));
  OrfPostmortemRun *run = NULL;

  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    if (point->t_us < spec->from_us || point->t_us >= spec->to_us)
      continue;
    if (point->value >= spec->at_least && point->value <= spec->at_most) {
      if (run == NULL)
        run = open_run (runs, spec, point->t_us);
      if (run != NULL)
        run->highest = MAX (run->highest, point->value);
    } else if (run != NULL) {
      run->until_us = point->t_us;
      run = NULL;
    }
  }
  return runs;
}
