/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How rare a score is among those of the same stream before it, each direction by itself, so that
 * one threshold serves streams of every kind.  Scores are counted in bins, two to an octave; old
 * ones fade by halving.  Among what has come before, the count itself tells; beyond it the tail
 * goes on as a power of the score, whose exponent is Hill's estimate from the bins (B. M. Hill, "A
 * Simple General Approach to Inference About the Tail of a Distribution", Annals of Statistics 3,
 * 1975), drawn to a prior where few were far out.  A value; all 0 at first.
 */
#define ORF_TAIL_BINS 23

typedef struct {
  guint16 counts[2][ORF_TAIL_BINS]; /* of scores from 1, and to -1 */
  guint16 n;                        /* of all, the usual ones with them */
  guint16 shape[2];                 /* the exponents, orf-narrow.h */
  guint8 from[2];                   /* the bins where the tails begin; as fitted */
  guint8 n_since;                   /* scores since the tails were last fitted */
} OrfTail;

/* Of one that is new.  number: among those that begin with it, which are then not all fitted at the
 * same row. */
void orf_tail_take_turn (OrfTail *tail, guint number);
/* score: between -1 and 1 is usual, and past 3,072 all are one. */
void orf_tail_push (OrfTail *tail, float score);
/* -log10 of the share of scores that are as far out in the same direction; 0: it is usual, or too
 * few were seen.  It is told by what came before, so judge a score, then push it. */
float orf_tail_judge (const OrfTail *tail, float score);
gboolean orf_tail_is_valid (const OrfTail *tail);

G_END_DECLS
