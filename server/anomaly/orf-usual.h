/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-anomaly-row.h"
#include "stats/orf-spread.h"

G_BEGIN_DECLS

/* The usual size of a detector's distances over two memories, of which the mean is told: it soon
 * knows that a series has become restless, and for long that it was.  A value; all 0 at first. */
typedef struct {
  float slow, fast;
} OrfUsual;

/* Rows of the fast one. */
#define ORF_USUAL_FAST_ROWS 64

static inline float
orf_usual_get (const OrfUsual *usual)
{
  return (usual->slow + usual->fast) / 2;
}

/* n: distances before it.  far: in slow sizes, what counts at most; INFINITY at first. */
static inline void
orf_usual_follow (OrfUsual *usual, const OrfAnomalyRow *row, float distance, guint32 n, float far)
{
  float limit = far < INFINITY ? far * usual->slow + row->floor : far;

  usual->fast = orf_spread_follow (usual->fast, distance,
                                   orf_anomaly_row_get_share (n, ORF_USUAL_FAST_ROWS), limit);
  usual->slow = orf_spread_follow (usual->slow, distance,
                                   orf_anomaly_row_get_share (n, row->usual_rows), limit);
}

G_END_DECLS
