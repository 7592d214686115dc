/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-usual.h"

G_BEGIN_DECLS

/* Away from where it was of late, or further than it moves from one row to the next.  A value; all
 * 0 at first. */
typedef struct {
  float level; /* of about 16 rows */
  OrfUsual usual_level, usual_move;
} OrfSpike;

#define ORF_SPIKE_SCORES 2

/* scores: in deviations, with a sign; NAN: it cannot tell. */
void orf_spike_push (OrfSpike *spike, OrfAnomalyRow *row, float scores[ORF_SPIKE_SCORES]);

G_END_DECLS
