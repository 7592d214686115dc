/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-drift.h"
#include "stats/orf-spread.h"

#define MEAN_BLOCKS 128
/* Half a deviation is no move; a block counts six of them at most. */
#define SLACK .5f
#define MOST  6
/* With sums above this the reference stands; above the end, what was a drift is the place where it
 * is now. */
#define HIGH 8
#define END  40
/* Blocks before the reference is one. */
#define FIRST_BLOCKS 20
/* In usual sizes. */
#define FAR 4

static float
take_median (OrfDrift *drift)
{
  float *block = drift->block;

  /* by insertion: of so few it is the quickest */
  for (guint i = 1; i < ORF_DRIFT_BLOCK; i++) {
    float value = block[i];
    guint to = i;

    for (; to > 0 && block[to - 1] > value; to--)
      block[to] = block[to - 1];
    block[to] = value;
  }
  drift->n_block = 0;
  return (block[ORF_DRIFT_BLOCK / 2 - 1] + block[ORF_DRIFT_BLOCK / 2]) / 2;
}

static void
follow (OrfDrift *drift, float median, float floor)
{
  float share = orf_anomaly_row_get_share (drift->n_blocks, MEAN_BLOCKS);
  float distance = median - drift->mean;

  drift->mean += share * distance;
  if (MAX (drift->up, drift->down) >= HIGH && drift->n_blocks >= FIRST_BLOCKS)
    return;
  drift->usual =
    orf_spread_follow (drift->usual, distance, share,
                       drift->n_blocks < FIRST_BLOCKS / 2 ? INFINITY : FAR * drift->usual + floor);
}

void
orf_drift_push (OrfDrift *drift, const OrfAnomalyRow *row, float *score)
{
  float median, z;

  *score = NAN;
  drift->block[drift->n_block++] = row->rest;
  if (drift->n_block < ORF_DRIFT_BLOCK)
    return;
  median = take_median (drift);
  z = orf_spread_limit (orf_spread_judge (drift->usual, median - drift->mean, row->floor), MOST);
  drift->up = MAX (0, drift->up + z - SLACK);
  drift->down = MAX (0, drift->down - z - SLACK);
  *score = drift->up > drift->down ? drift->up : -drift->down;
  if (MAX (drift->up, drift->down) > END && drift->n_blocks >= FIRST_BLOCKS) {
    drift->up = drift->down = 0;
    drift->mean = median;
  }
  follow (drift, median, row->floor);
  drift->n_blocks++;
}
