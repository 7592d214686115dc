/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-row.h"

G_BEGIN_DECLS

/* Away from where it has been for long, or beyond the range in which nearly all of it was.  A
 * value; all 0 at first. */
typedef struct {
  float level;     /* of the look-back */
  float usual;     /* mean distance from it */
  float low, high; /* quantiles that follow the stream, as orf-quantile-track.h does it */
} OrfOutlier;

#define ORF_OUTLIER_SCORES 2
/* A quarter of a deviation beyond the range is worth a score of 1. */
#define ORF_OUTLIER_BEYOND 4

/* scores: in deviations, with a sign.  What differs from the level is left in the row. */
void orf_outlier_push (OrfOutlier *outlier, OrfAnomalyRow *row, float scores[ORF_OUTLIER_SCORES]);

G_END_DECLS
