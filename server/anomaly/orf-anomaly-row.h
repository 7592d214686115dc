/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One row of a series, as its detectors are given it, in the order of their table. */
typedef struct {
  guint64 at;    /* its number by time: rows that did not come are counted */
  double step_s; /* between two rows */
  float value;   /* distance from the series' first value */
  float move;    /* since the row before; NAN: there is none, or it is too long ago */
  float floor;   /* what is nearer than this is the same: a share of the value, > 0 */
  guint32 n;     /* rows before it */
  guint32 level_rows, usual_rows; /* what the long memories of levels and of usual sizes are over */
  float rest;     /* what the detectors so far leave to explain: the value less what was expected */
  float expected; /* of the value, by what leaves the rest */
  gboolean seasonal; /* that is what comes at this time of its period */
} OrfAnomalyRow;

/* Until so many rows came nothing is too far to be learnt from. */
#define ORF_ANOMALY_FIRST_ROWS 20

/* Of the newest in a rolling mean over so many rows; the first ones weigh more. */
static inline float
orf_anomaly_row_get_share (guint32 n, guint32 rows)
{
  return 1.f / (float) MIN (n + 1, rows);
}

G_END_DECLS
