/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-rhythm.h"
#include "anomaly/orf-usual.h"

G_BEGIN_DECLS

/* Not what comes at this time of the series' period; or not even allowing for how much it has been
 * off of late; or it moved otherwise than it does at this time.  A value. */
typedef struct {
  OrfRhythm rhythm;
  float fast, last; /* of the rest: of about 16 rows; of the row before */
  guint32 n_worse;  /* rows on end in which the season was further off than the level */
  OrfUsual usual, usual_fitted, usual_move;
} OrfPattern;

#define ORF_PATTERN_SCORES 3

void orf_pattern_init (OrfPattern *pattern, guint number);
/* scores: in deviations, with a sign; NAN: no period is known well enough.  What is left after the
 * season is left in the row.  usual: mean distance from the level, where no period is. */
void orf_pattern_push (OrfPattern *pattern,
                       OrfAnomalyRow *row,
                       float usual,
                       float scores[ORF_PATTERN_SCORES]);

G_END_DECLS
