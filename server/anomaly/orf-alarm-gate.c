/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-alarm-gate.h"

#include <math.h>

#define DAY_US (86400. * G_USEC_PER_SEC)
/* More than one row in ten is no alarm. */
#define MAX_PER_ROW .1
/* What was told is forgotten by so much a row: by half in 23. */
#define FORGET .97f
/* In powers of ten: how far one alarm moves the threshold, and where it stays. */
#define GAIN          .25
#define MIN_THRESHOLD 1
#define MAX_THRESHOLD 30
/* Rows in which all is new, and nothing an alarm. */
#define WARM_UP_ROWS 200

void
orf_alarm_gate_init (OrfAlarmGate *gate, gint64 step_us, double alarms_per_day)
{
  double per_row = fmin (alarms_per_day * (double) step_us / DAY_US, MAX_PER_ROW);

  *gate = (OrfAlarmGate){ .promised_per_row = per_row,
                          .threshold = fmin (-log10 (per_row), MAX_THRESHOLD) };
}

gboolean
orf_alarm_gate_push (OrfAlarmGate *gate, float *score)
{
  float told = gate->told;
  gboolean alarm;

  /* what goes on as it is stays told */
  gate->told = fmaxf (*score, gate->told * FORGET);
  if (*score <= told)
    *score = 0;
  if (gate->n_rows < WARM_UP_ROWS) {
    gate->n_rows++;
    return FALSE;
  }
  alarm = (double) *score >= gate->threshold;
  gate->n_alarms += alarm;
  gate->threshold += GAIN * ((alarm ? 1 : 0) - gate->promised_per_row);
  gate->threshold = CLAMP (gate->threshold, MIN_THRESHOLD, MAX_THRESHOLD);
  return alarm;
}
