/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What becomes of one alert: a rule, for one set of labels.  Pure: what is so now and the clock in,
 * at most one step out.
 *
 *   inactive  -> pending   the condition holds
 *   pending   -> inactive  it does not, or nothing is known of it
 *   pending   -> firing    it held for for_us, and the last firing began cooldown_us ago
 *   firing    -> resolved  it has not held for keep_firing_for_us; or nothing was known of it for
 *                          as long, and for ORF_ALERT_BLIND_US at least
 *   resolved  -> pending   it holds again
 *
 * A for_us of 0 goes from inactive to firing in one step.  Times are those of the samples that the
 * condition was made of; one that is not later than the last changes nothing.
 */

/* Who stopped measuring has not got well: what fires goes on for so long without news, which is as
 * long as the latest value of a series counts. */
#define ORF_ALERT_BLIND_US (300 * G_GINT64_CONSTANT (1000000))

typedef enum {
  ORF_ALERT_INACTIVE,
  ORF_ALERT_PENDING,
  ORF_ALERT_FIRING,
  ORF_ALERT_RESOLVED,
} OrfAlertPhase;

typedef enum {
  ORF_ALERT_UNKNOWN, /* no value */
  ORF_ALERT_FALSE,
  ORF_ALERT_HELD, /* false, but not so far below that a firing alert would end */
  ORF_ALERT_TRUE,
} OrfAlertCondition;

typedef struct {
  gint64 for_us;
  gint64 keep_firing_for_us;
  gint64 cooldown_us; /* between the beginnings of two firings */
} OrfAlertTiming;

typedef enum {
  ORF_ALERT_CHANGE_NONE,
  ORF_ALERT_CHANGE_PENDING,
  ORF_ALERT_CHANGE_DROPPED,  /* pending no more, and never fired */
  ORF_ALERT_CHANGE_COOLDOWN, /* it would fire, were it not for cooldown_us; told once */
  ORF_ALERT_CHANGE_FIRING,
  ORF_ALERT_CHANGE_RESOLVED,
} OrfAlertChange;

/* All that is kept of it, across restarts too; starts as zeros. */
typedef struct {
  OrfAlertPhase phase;
  gint64 seen_us;      /* the last time that was stepped to; 0: none */
  gint64 pending_us;   /* while pending, the condition holds since */
  gint64 started_us;   /* the condition of the last firing held since; 0: never fired */
  gint64 fired_us;     /* the last firing began; 0: never */
  gint64 resolved_us;  /* the last firing ended; 0: never */
  gint64 ended_us;     /* while firing, the condition does not hold since; 0: it does */
  gint64 blind_us;     /* while firing, nothing is known since; 0: something is */
  gboolean is_cooling; /* COOLDOWN was told of this pending */
} OrfAlertLife;

OrfAlertChange orf_alert_life_step (OrfAlertLife *life,
                                    const OrfAlertTiming *timing,
                                    OrfAlertCondition condition,
                                    gint64 now_us);
/* The clock was set back by so much: as long ago as it was, it still is. */
void orf_alert_life_turn_back (OrfAlertLife *life, gint64 by_us);
/* When time alone brings the next step, the condition being what it was; G_MAXINT64: it does not.
 */
gint64 orf_alert_life_get_due_us (const OrfAlertLife *life, const OrfAlertTiming *timing);

/* JSON, as `alert.life` has it; FALSE: the text is none of these. */
char *orf_alert_life_to_text (const OrfAlertLife *life);
gboolean orf_alert_life_from_text (OrfAlertLife *life, const char *text);

G_END_DECLS
