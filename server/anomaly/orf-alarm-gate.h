/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * From scores to alarms.  What of one stream of scores was told stays quiet: after a score only a
 * higher one counts, and what it is held against falls with each row.  A value; all 0 at first.
 */
typedef struct {
  float score;
  guint32 n_rows;
} OrfAlarmTold;

/* The next row's score: becomes 0 where it is told already.  FALSE: too few rows came yet to call
 * anything an alarm. */
gboolean orf_alarm_told_push (OrfAlarmTold *told, float *score);

/*
 * The threshold of all streams together.  It begins where the promised number of alarms a day is
 * expected if scores are what they say, and is then moved by what comes: up with each alarm, and
 * down a little with time, so that the realised rate is the promised one (H. Robbins, S. Monro, "A
 * Stochastic Approximation Method", 1951).  Where bursts are calmed, each alarm after others counts
 * for less, the k-th of a burst as one k-th: ten true faults in half an hour then move it as three
 * do, and the eleventh is still found.  A value.
 */
typedef struct {
  double promised_per_row;
  double threshold;
  double recent; /* alarms of late, each faded */
  double fade;   /* what is left of one after a row */
  gint64 step_us;
  gboolean calm;
  guint64 n_alarms;
} OrfAlarmGate;

/* step_us: of rows, > 0; alarms_per_day: > 0; calm: bursts are. */
void orf_alarm_gate_init (OrfAlarmGate *gate, gint64 step_us, double alarms_per_day, gboolean calm);
/* Another number is promised from now on, of which the threshold stands as it stood of the last. */
void orf_alarm_gate_promise (OrfAlarmGate *gate, double alarms_per_day);
/* score: -log10 of how rare a row is. */
gboolean orf_alarm_gate_is_alarm (const OrfAlarmGate *gate, float score);
/* So many rows went by, and so many alarms were told in them. */
void orf_alarm_gate_pass (OrfAlarmGate *gate, double rows, guint n_alarms);
/* The next row of the only stream.  TRUE: an alarm. */
gboolean orf_alarm_gate_push (OrfAlarmGate *gate, float score);

/* All that it knows; for the same build's byte order and layout only. */
GBytes *orf_alarm_gate_save (const OrfAlarmGate *gate);
/* FALSE, and gate as it was: not such a blob, or of rows of another step. */
gboolean orf_alarm_gate_restore (OrfAlarmGate *gate, GBytes *blob);

G_END_DECLS
