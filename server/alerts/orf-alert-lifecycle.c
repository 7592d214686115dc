/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-lifecycle.h"

#include <stdio.h>

#include "core/orf-sum.h"

static OrfAlertChange
fire (OrfAlertLife *life, gint64 now_us)
{
  life->phase = ORF_ALERT_FIRING;
  life->started_us = life->pending_us;
  life->fired_us = now_us;
  life->ended_us = life->blind_us = 0;
  life->is_cooling = FALSE;
  return ORF_ALERT_CHANGE_FIRING;
}

static gint64
get_fire_us (const OrfAlertLife *life, const OrfAlertTiming *timing)
{
  gint64 ripe_us = life->pending_us + timing->for_us;

  return life->fired_us > 0 ? MAX (ripe_us, life->fired_us + timing->cooldown_us) : ripe_us;
}

static OrfAlertChange
step_pending (OrfAlertLife *life, const OrfAlertTiming *timing, gint64 now_us)
{
  if (now_us >= get_fire_us (life, timing))
    return fire (life, now_us);
  if (now_us < life->pending_us + timing->for_us || life->is_cooling)
    return ORF_ALERT_CHANGE_NONE;
  life->is_cooling = TRUE;
  return ORF_ALERT_CHANGE_COOLDOWN;
}

/* The one step that has most to say: what fires or cools at once was pending for no time. */
static OrfAlertChange
begin (OrfAlertLife *life, const OrfAlertTiming *timing, gint64 now_us)
{
  OrfAlertChange step;

  life->phase = ORF_ALERT_PENDING;
  life->pending_us = now_us;
  life->is_cooling = FALSE;
  step = step_pending (life, timing, now_us);
  return step != ORF_ALERT_CHANGE_NONE ? step : ORF_ALERT_CHANGE_PENDING;
}

/* What has fired before goes back to that: its times are still those. */
static OrfAlertChange
drop (OrfAlertLife *life)
{
  life->phase = life->resolved_us > 0 ? ORF_ALERT_RESOLVED : ORF_ALERT_INACTIVE;
  life->is_cooling = FALSE;
  return ORF_ALERT_CHANGE_DROPPED;
}

static gint64
get_resolve_us (const OrfAlertLife *life, const OrfAlertTiming *timing)
{
  gint64 resolve_us;

  if (life->ended_us == 0)
    return G_MAXINT64;
  resolve_us = life->ended_us + timing->keep_firing_for_us;
  return life->blind_us > 0 ? MAX (resolve_us, life->blind_us + ORF_ALERT_BLIND_US) : resolve_us;
}

static OrfAlertChange
step_firing (OrfAlertLife *life,
             const OrfAlertTiming *timing,
             OrfAlertCondition condition,
             gint64 now_us)
{
  gboolean holds = condition == ORF_ALERT_TRUE || condition == ORF_ALERT_HELD;

  if (holds)
    life->ended_us = 0;
  else if (life->ended_us == 0)
    life->ended_us = now_us;
  if (condition != ORF_ALERT_UNKNOWN)
    life->blind_us = 0;
  else if (life->blind_us == 0)
    life->blind_us = now_us;
  if (now_us < get_resolve_us (life, timing))
    return ORF_ALERT_CHANGE_NONE;
  life->phase = ORF_ALERT_RESOLVED;
  life->resolved_us = now_us;
  return ORF_ALERT_CHANGE_RESOLVED;
}

OrfAlertChange
orf_alert_life_step (OrfAlertLife *life,
                     const OrfAlertTiming *timing,
                     OrfAlertCondition condition,
                     gint64 now_us)
{
  if (now_us <= life->seen_us)
    return ORF_ALERT_CHANGE_NONE;
  life->seen_us = now_us;
  switch (life->phase) {
  case ORF_ALERT_INACTIVE:
  case ORF_ALERT_RESOLVED:
    return condition == ORF_ALERT_TRUE ? begin (life, timing, now_us) : ORF_ALERT_CHANGE_NONE;
  case ORF_ALERT_PENDING:
    return condition == ORF_ALERT_TRUE ? step_pending (life, timing, now_us) : drop (life);
  case ORF_ALERT_FIRING:
    return step_firing (life, timing, condition, now_us);
  }
  g_assert_not_reached ();
}

void
orf_alert_life_turn_back (OrfAlertLife *life, gint64 by_us)
{
  gint64 *times_us[] = { &life->seen_us,  &life->pending_us,  &life->started_us, &life->fired_us,
                         &life->ended_us, &life->resolved_us, &life->blind_us };

  for (guint i = 0; i < G_N_ELEMENTS (times_us); i++)
    if (*times_us[i] > 0)
      *times_us[i] = MAX (*times_us[i] - by_us, 1); /* 0 would be never */
}

gint64
orf_alert_life_get_due_us (const OrfAlertLife *life, const OrfAlertTiming *timing)
{
  if (life->phase == ORF_ALERT_FIRING)
    return get_resolve_us (life, timing);
  if (life->phase != ORF_ALERT_PENDING)
    return G_MAXINT64;
  return life->is_cooling ? get_fire_us (life, timing) : life->pending_us + timing->for_us;
}

/* ---- across restarts ------------------------------------------------------------------------- */

#define TEXT_FORMAT "[%d,%" TIME ",%" TIME ",%" TIME ",%" TIME ",%" TIME ",%" TIME ",%" TIME ",%d]"
#define TIME        G_GINT64_FORMAT

char *
orf_alert_life_to_text (const OrfAlertLife *life)
{
  return g_strdup_printf (TEXT_FORMAT, (int) life->phase, life->seen_us, life->pending_us,
                          life->started_us, life->fired_us, life->resolved_us, life->ended_us,
                          life->blind_us, life->is_cooling);
}

static gboolean
are_times (const OrfAlertLife *life)
{
  const gint64 times_us[] = { life->seen_us,  life->pending_us,  life->started_us, life->fired_us,
                              life->ended_us, life->resolved_us, life->blind_us };

  for (guint i = 0; i < G_N_ELEMENTS (times_us); i++)
    if (times_us[i] < 0 || times_us[i] > ORF_SUM_MAX)
      return FALSE;
  return TRUE;
}

gboolean
orf_alert_life_from_text (OrfAlertLife *life, const char *text)
{
  OrfAlertLife read = { 0 };
  int phase = 0, is_cooling = 0;

  if (sscanf (text, TEXT_FORMAT, &phase, &read.seen_us, &read.pending_us, &read.started_us,
              &read.fired_us, &read.resolved_us, &read.ended_us, &read.blind_us,
              &is_cooling) != 9 ||
      phase < ORF_ALERT_INACTIVE || phase > ORF_ALERT_RESOLVED || !are_times (&read))
    return FALSE;
  read.phase = (OrfAlertPhase) phase;
  read.is_cooling = is_cooling != 0;
  *life = read;
  return TRUE;
}
