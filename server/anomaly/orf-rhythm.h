/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-row.h"

G_BEGIN_DECLS

/*
 * The period of a series, found by itself (orf-period.h), and what comes at each part of it.  While
 * there is none, the past is kept in a ring of means, of ever more rows each, so that a short
 * period is found soon and a long one with as little memory; then the room is the season's.  A
 * period near one of people's clocks (a minute, an hour, a day, …) is taken to be that.  A value.
 */
#define ORF_RHYTHM_PLACES 288 /* a day of five minutes each */
#define ORF_RHYTHM_RING   192

typedef struct {
  double period;          /* in rows; 0: none is known */
  guint32 n_rows;         /* with it */
  float unit;             /* of the season's values */
  guint16 n_places;       /* of the season */
  guint16 place, n_here;  /* of the newest row, and rows at it in the first cycle */
  guint16 stride, n_ring; /* rows of a mean; means */
  guint16 n_sum;          /* rows in the sum */
  guint16 n_wait;         /* rows that are left out at first */
  float sum;
  union {
    guint16 ring[ORF_RHYTHM_RING];    /* orf-narrow.h */
    gint16 season[ORF_RHYTHM_PLACES]; /* in units */
  };
} OrfRhythm;

/* number: of the series, among those that begin with it: they search at different rows then. */
void orf_rhythm_init (OrfRhythm *rhythm, guint number);
/* What should come now; NAN: it cannot tell yet. */
float orf_rhythm_expect (const OrfRhythm *rhythm, guint64 at);
/* limit: what is further from what should come counts as that far. */
void orf_rhythm_push (OrfRhythm *rhythm, const OrfAnomalyRow *row, float limit);
/* How many whole periods were seen since it is known. */
guint orf_rhythm_get_cycles (const OrfRhythm *rhythm);
gboolean orf_rhythm_is_valid (const OrfRhythm *rhythm);

G_END_DECLS
