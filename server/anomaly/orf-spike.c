/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-spike.h"
#include "stats/orf-spread.h"

#define LEVEL_ROWS 16
/* In usual sizes: what a usual size learns from, and what the level does. */
#define FAR       9
#define FAR_LEVEL 8

void
orf_spike_push (OrfSpike *spike, OrfAnomalyRow *row, float scores[ORF_SPIKE_SCORES])
{
  gboolean first = row->n < ORF_ANOMALY_FIRST_ROWS;
  float share = orf_anomaly_row_get_share (row->n, ORF_ANOMALY_USUAL_ROWS), floor = row->floor;
  float distance;

  scores[0] = scores[1] = NAN;
  if (isnan (row->move)) {
    /* after a gap it is where it is */
    spike->level = row->value;
    return;
  }
  distance = row->value - spike->level;
  scores[0] = orf_spread_judge (spike->usual_level, distance, floor);
  scores[1] = orf_spread_judge (spike->usual_move, row->move, floor);
  spike->usual_level = orf_spread_follow (spike->usual_level, distance, share,
                                          first ? INFINITY : FAR * spike->usual_level + floor);
  spike->usual_move = orf_spread_follow (spike->usual_move, row->move, share,
                                         first ? INFINITY : FAR * spike->usual_move + floor);
  spike->level += orf_anomaly_row_get_share (row->n, LEVEL_ROWS) *
                  orf_spread_limit (distance,
                                    first ? INFINITY : FAR_LEVEL * (spike->usual_level + floor));
}
