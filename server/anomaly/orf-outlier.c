/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-outlier.h"
#include "stats/orf-spread.h"

/* In usual distances. */
#define FAR       6
#define FAR_LEVEL 4
/* Of rows, how many are within each end; steps of the ends are in usual distances, larger until
 * there were so many rows. */
#define WITHIN      .995f
#define STEP        .05f
#define FIRST_STEP  .8f
#define RANGE_FIRST 200

/* How far beyond the range, with a sign. */
static float
judge_range (OrfOutlier *outlier, const OrfAnomalyRow *row)
{
  float step = MAX (outlier->usual, row->floor) * (row->n < RANGE_FIRST ? FIRST_STEP : STEP);
  float up = row->n < RANGE_FIRST ? .95f : WITHIN, value = row->value;

  outlier->high += step * (value > outlier->high ? up : WITHIN - 1);
  outlier->low -= step * (value < outlier->low ? WITHIN : WITHIN - 1);
  if (value > outlier->high)
    return value - outlier->high;
  return value < outlier->low ? value - outlier->low : 0;
}

void
orf_outlier_push (OrfOutlier *outlier, OrfAnomalyRow *row, float scores[ORF_OUTLIER_SCORES])
{
  gboolean first = row->n < ORF_ANOMALY_FIRST_ROWS;
  float distance = row->value - outlier->level, floor = row->floor;

  scores[0] = orf_spread_judge (outlier->usual, distance, floor);
  row->rest = distance;
  row->expected = outlier->level;
  outlier->usual = orf_spread_follow (outlier->usual, distance,
                                      orf_anomaly_row_get_share (row->n, row->usual_rows),
                                      first ? INFINITY : FAR * outlier->usual + floor);
  outlier->level += orf_anomaly_row_get_share (row->n, row->level_rows) *
                    orf_spread_limit (distance,
                                      first ? INFINITY : FAR_LEVEL * (outlier->usual + floor));
  scores[1] = ORF_OUTLIER_BEYOND *
              orf_spread_judge (outlier->usual, judge_range (outlier, row), floor);
}
