/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-alarm-gate.h"

#include <math.h>

#include "stats/orf-state-blob.h"

#define BLOB_MAGIC   0x4752464fu /* "OFRG" */
#define BLOB_VERSION 1u          /* of the layout: another is refused */

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
/* An alarm is forgotten, to half, in an hour, but within a share of the time in which the next one
 * is promised: what comes as promised is no burst. */
#define CALM_US    (3600. * G_USEC_PER_SEC)
#define CALM_SHARE .07

gboolean
orf_alarm_told_push (OrfAlarmTold *told, float *score)
{
  float before = told->score;

  /* what goes on as it is stays told */
  told->score = fmaxf (*score, before * FORGET);
  if (*score <= before)
    *score = 0;
  if (told->n_rows == WARM_UP_ROWS)
    return TRUE;
  told->n_rows++;
  return FALSE;
}

static void
promise (OrfAlarmGate *gate, double alarms_per_day)
{
  double step_us = (double) gate->step_us;

  gate->promised_per_row = fmin (alarms_per_day * step_us / DAY_US, MAX_PER_ROW);
  if (gate->calm)
    gate->fade = exp2 (-1 / fmin (CALM_US / step_us, CALM_SHARE / gate->promised_per_row));
}

void
orf_alarm_gate_init (OrfAlarmGate *gate, gint64 step_us, double alarms_per_day, gboolean calm)
{
  *gate = (OrfAlarmGate){ .step_us = step_us, .calm = calm };
  promise (gate, alarms_per_day);
  gate->threshold = fmin (-log10 (gate->promised_per_row), MAX_THRESHOLD);
}

void
orf_alarm_gate_promise (OrfAlarmGate *gate, double alarms_per_day)
{
  double before = gate->promised_per_row;

  promise (gate, alarms_per_day);
  gate->threshold = CLAMP (gate->threshold + log10 (before / gate->promised_per_row), MIN_THRESHOLD,
                           MAX_THRESHOLD);
}

gboolean
orf_alarm_gate_is_alarm (const OrfAlarmGate *gate, float score)
{
  return (double) score >= gate->threshold;
}

/* What the next alarm counts for. */
static double
take_weight (OrfAlarmGate *gate)
{
  return gate->calm ? 1 / ++gate->recent : 1;
}

void
orf_alarm_gate_pass (OrfAlarmGate *gate, double rows, guint n_alarms)
{
  double moves = -gate->promised_per_row * rows;

  gate->recent *= pow (gate->fade, rows);
  for (guint i = 0; i < n_alarms; i++)
    moves += take_weight (gate);
  gate->n_alarms += n_alarms;
  gate->threshold = CLAMP (gate->threshold + GAIN * moves, MIN_THRESHOLD, MAX_THRESHOLD);
}

gboolean
orf_alarm_gate_push (OrfAlarmGate *gate, float score)
{
  gboolean alarm = orf_alarm_gate_is_alarm (gate, score);

  orf_alarm_gate_pass (gate, 1, alarm);
  return alarm;
}

/* ---- saved ------------------------------------------------------------------------------------
 */

GBytes *
orf_alarm_gate_save (const OrfAlarmGate *gate)
{
  return orf_state_blob_pack (BLOB_MAGIC, BLOB_VERSION, gate, sizeof *gate);
}

gboolean
orf_alarm_gate_restore (OrfAlarmGate *gate, GBytes *blob)
{
  gsize length = 0;
  g_autofree OrfAlarmGate *saved = orf_state_blob_unpack (BLOB_MAGIC, BLOB_VERSION, blob, &length);

  if (saved == NULL || length != sizeof *saved || saved->step_us != gate->step_us ||
      !isfinite (saved->threshold) || !(saved->promised_per_row > 0) ||
      !(saved->promised_per_row <= MAX_PER_ROW) || !(saved->recent >= 0) ||
      !isfinite (saved->recent) || !(saved->fade >= 0 && saved->fade <= 1))
    return FALSE;
  *gate = *saved;
  return TRUE;
}
