/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-frozen.h"

#include <math.h>

/* Counts are halved there, so that the share of runs among rows is that of late. */
#define MAX_ROWS 16000
/* Shorter runs are what rounding makes. */
#define MIN_RUN 8

float
orf_frozen_push (OrfFrozen *frozen, const OrfAnomalyRow *row)
{
  float rarity;

  if (isnan (row->move))
    return 0; /* nobody knows what it did in the gap */
  if (++frozen->n_rows >= MAX_ROWS) {
    frozen->n_rows /= 2;
    frozen->n_runs /= 2;
  }
  if (row->move != 0) {
    orf_tail_push (&frozen->runs, (float) frozen->run);
    frozen->n_runs++;
    frozen->run = 0;
    return 0;
  }
  /* asked when it has doubled: a run that goes on is one thing, not one of each row */
  frozen->run++;
  if (frozen->run < MIN_RUN || (frozen->run & (frozen->run - 1)) != 0)
    return 0;
  rarity = orf_tail_judge (&frozen->runs, (float) frozen->run);
  /* runs are rarer than rows */
  return rarity > 0 ? rarity + log10f ((float) frozen->n_rows / (float) MAX (frozen->n_runs, 1))
                    : 0;
}
