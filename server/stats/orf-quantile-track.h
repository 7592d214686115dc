/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Quantiles of a stream of moves, each followed by steps of the gradient of its pinball loss: up by
 * its share when it was passed, down by the rest when not (H. Robbins, S. Monro, 1951; as quantile
 * tracking in A. Angelopoulos, E. Candès, R. Tibshirani, "Conformal PID Control for Time Series
 * Prediction", NeurIPS 2023).  Steps are shares of the mean move, so that scale does not matter.
 * The middle one is 0: a move up is as likely as one down.  A value.
 */
#define ORF_QUANTILE_TRACK_N 6

typedef struct {
  float scale; /* mean size of moves */
  float quantiles[ORF_QUANTILE_TRACK_N];
} OrfQuantileTrack;

/* n_before: how many moves came before. */
void orf_quantile_track_push (OrfQuantileTrack *track, float move, guint32 n_before);
/* n quantiles, of shares in the middle of n equal parts, rising; between the tracked ones on a
 * line.
 */
void orf_quantile_track_spread (const OrfQuantileTrack *track, float *quantiles, guint n);
gboolean orf_quantile_track_is_valid (const OrfQuantileTrack *track);

G_END_DECLS
