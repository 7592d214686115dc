/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * From scores to alarms.  What an alarm already told stays quiet: after a score only a higher one
 * counts, and what it is held against falls with each row.  The threshold begins where the promised
 * number of alarms a day is expected if scores are what they say, and is then moved by what comes:
 * up with each alarm, and down a little with each row without one, so that the realised rate is the
 * promised one (H. Robbins, S. Monro, "A Stochastic Approximation Method", 1951).  A value.
 */
typedef struct {
  double promised_per_row;
  double threshold;
  float told;
  guint32 n_rows;
  guint64 n_alarms;
} OrfAlarmGate;

/* step_us: of rows, > 0; alarms_per_day: > 0. */
void orf_alarm_gate_init (OrfAlarmGate *gate, gint64 step_us, double alarms_per_day);
/* score: -log10 of how rare the row is; becomes 0 where it is told already.  TRUE: an alarm. */
gboolean orf_alarm_gate_push (OrfAlarmGate *gate, float *score);

G_END_DECLS
