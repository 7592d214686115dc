/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How rare a group's score is among those that it gave before.  Scores are powers of ten already,
 * so that beyond what came often the share of rows falls by the same factor with each step of the
 * score; that factor is the mean excess of the highest, drawn to a prior (the exponential tail of
 * J. Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 3,
 * 1975). stats/orf-tail does the same for sizes, whose tails are powers.  A value; all 0 at first.
 */
#define ORF_ANOMALY_PEAKS_BINS 64

typedef struct {
  guint16 counts[ORF_ANOMALY_PEAKS_BINS]; /* of scores above 0, four to a power of ten */
  guint16 n;                              /* of all */
} OrfAnomalyPeaks;

/* score: 0 or more. */
void orf_anomaly_peaks_push (OrfAnomalyPeaks *peaks, float score);
/* -log10 of the share of rows that are as high; 0: it is usual, or too few were seen.  It is told
 * by what came before, so judge a score, then push it.  slope: how much score a power of ten of
 * rarity takes, as far as is known beforehand. */
float orf_anomaly_peaks_judge (const OrfAnomalyPeaks *peaks, float score, double slope);
gboolean orf_anomaly_peaks_are_valid (const OrfAnomalyPeaks *peaks);

G_END_DECLS
