/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How rare a score is among those of the same stream before it, so that one threshold serves
 * streams of every kind.  Scores are counted in bins, two to an octave; old ones fade by halving.
 * Among what has come before, the count itself tells; beyond it the tail goes on as a power of the
 * score, whose exponent is Hill's estimate from the bins (B. M. Hill, "A Simple General Approach to
 * Inference About the Tail of a Distribution", Annals of Statistics 3, 1975), drawn to a prior
 * where few were far out.  A value of 64 bytes.
 */
#define ORF_TAIL_BINS 24

typedef struct {
  guint16 counts[ORF_TAIL_BINS]; /* the first: of all scores below 1 */
  guint16 n;                     /* the sum of counts */
  guint8 n_since;                /* scores since the tail was last fitted */
  float from, rarity, shape;     /* the tail begins at this score, so rare is that, the exponent */
} OrfTail;

/* score: 0 or more; what is below 1 is usual, and past 3,072 all are one. */
void orf_tail_push (OrfTail *tail, float score);
/* -log10 of the share of scores that are as high; 0: it is usual, or too few were seen.  It is told
 * by what came before, so judge a score, then push it. */
float orf_tail_judge (const OrfTail *tail, float score);
gboolean orf_tail_is_valid (const OrfTail *tail);

G_END_DECLS
