/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-row.h"

G_BEGIN_DECLS

/*
 * Whether what is left after level and season has moved away from its mean and stays there: the
 * cumulative sums of E. S. Page, "Continuous Inspection Schemes", Biometrika 41 (1954), of medians
 * of blocks, since single values have tails that such sums do not expect.  Their heights are the
 * score.  While they are high the usual size is not learnt from.  A value; all 0 at first.
 */
#define ORF_DRIFT_BLOCK 8 /* rows */

typedef struct {
  float block[ORF_DRIFT_BLOCK];
  guint32 n_block, n_blocks;
  float mean, usual; /* of medians, of about 128 */
  float up, down;    /* the sums, >= 0 */
} OrfDrift;

/* score: with a sign; NAN: no block ends with this row. */
void orf_drift_push (OrfDrift *drift, const OrfAnomalyRow *row, float *score);

G_END_DECLS
