/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whether the mean of a stream has moved away from a target, by sums of what is beyond a slack, one
 * for each direction (E. S. Page, "Continuous Inspection Schemes", Biometrika 41, 1954; the tabular
 * form: D. M. Hawkins and D. H. Olwell, "Cumulative Sum Charts", 1998).  Values are in deviations
 * of the stream, so that slack 0.5 and limit 4 find a move of one deviation within 8 values on
 * average, and are wrong once in 168 normal ones.  Give it medians of blocks (orf-block-median).
 * Pure.
 */
typedef struct {
  double slack, limit;
  double up, down;    /* the sums, >= 0 */
  guint n_up, n_down; /* values since each was 0: the move began so long ago */
} OrfCusum;

typedef enum {
  ORF_CUSUM_DOWN = -1,
  ORF_CUSUM_NONE = 0,
  ORF_CUSUM_UP = 1,
} OrfCusumAlarm;

void orf_cusum_init (OrfCusum *cusum, double slack, double limit);
/* score: (value - target) / deviation; NAN is no value.  After an alarm it begins anew; since:
 * optional, values since the move began. */
OrfCusumAlarm orf_cusum_push (OrfCusum *cusum, double score, guint *since);

G_END_DECLS
