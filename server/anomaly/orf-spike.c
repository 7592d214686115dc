/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-spike.h"

#define LEVEL_ROWS 16
/* In usual sizes: what a usual size learns from, and what the level does. */
#define FAR       9
#define FAR_LEVEL 8

void
orf_spike_push (OrfSpike *spike, OrfAnomalyRow *row, float scores[ORF_SPIKE_SCORES])
{
  float far = row->n < ORF_ANOMALY_FIRST_ROWS ? INFINITY : FAR, floor = row->floor, distance;

  scores[0] = scores[1] = NAN;
  if (isnan (row->move)) {
    /* after a gap it is where it is */
    spike->level = row->value;
    return;
  }
  distance = row->value - spike->level;
  scores[0] = orf_spread_judge (orf_usual_get (&spike->usual_level), distance, floor);
  scores[1] = orf_spread_judge (orf_usual_get (&spike->usual_move), row->move, floor);
  orf_usual_follow (&spike->usual_level, row, distance, row->n, far);
  orf_usual_follow (&spike->usual_move, row, row->move, row->n, far);
  if (far < INFINITY)
    distance = orf_spread_limit (distance, FAR_LEVEL * (spike->usual_level.slow + floor));
  spike->level += orf_anomaly_row_get_share (row->n, LEVEL_ROWS) * distance;
}
