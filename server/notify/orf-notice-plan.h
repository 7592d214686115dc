/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice-hold.h"
#include "notify/orf-notice-steps.h"

G_BEGIN_DECLS

/*
 * Decides who is told of what, and when: notices, silences, settings and the clock in; what is to
 * be posted now, what is held back and why, and when to look again, out.  Pure, and its answers
 * depend on no hash table's order.
 *
 * - A firing or a repeat is held back by a silence and by an alert that inhibits it, and told when
 *   that ends and the alert still fires.  If it ends meanwhile, neither is told.
 * - The end of what was told is told, silenced or not: nobody is left with an alert that is over.
 * - What is told to one receiver in one group goes together; what comes too soon after it waits.
 * - More than max_per_minute wait, and go in one summary.
 * - For one alert and receiver, the order of notices is kept.
 */
typedef struct _OrfNoticePlan OrfNoticePlan;

/* Alerts listed in one message, so that a storm of them is many messages and not a huge one. */
#define ORF_NOTICE_MAX_LISTED 100

typedef struct {
  char **group_by; /* labels; NULL or empty: all are one group */
  gint64 group_wait_us, group_interval_us;
  gint64 repeat_us; /* 0: never */
  guint max_per_minute;
  guint max_waiting; /* for one receiver */
} OrfNoticeTiming;

typedef struct {
  const char *name;
  /* It puts together, repeats and limits by itself: what there is goes at once. */
  gboolean is_state;
} OrfNoticeReceiver;

OrfNoticePlan *orf_notice_plan_new (void);
void orf_notice_plan_free (OrfNoticePlan *plan);

/* Copied.  What waits for receivers that are not among these is dropped. */
void orf_notice_plan_set_timing (OrfNoticePlan *plan, const OrfNoticeTiming *timing);
void orf_notice_plan_set_receivers (OrfNoticePlan *plan,
                                    const OrfNoticeReceiver *receivers,
                                    guint n_receivers);
/* Takes silences, of OrfNoticeSilence. */
void orf_notice_plan_set_silences (OrfNoticePlan *plan, GPtrArray *silences);

/* What is so of alert now; it fires unless resolved_us says otherwise. */
void orf_notice_plan_set_alert (OrfNoticePlan *plan, OrfNoticeAlert *alert);
/* A notice of an alert that was set; takes it.  After the alert's end is set, and before a step:
 * what is over, with nothing left to tell, is forgotten by that. */
void orf_notice_plan_add (OrfNoticePlan *plan, OrfNotice *notice);
/* The receiver was told, in another run, that the alert fires; it was set. */
void orf_notice_plan_restore_told (OrfNoticePlan *plan,
                                   gint64 alert_id,
                                   const char *receiver,
                                   gint64 told_us);
/* From now on it is not repeated. */
void orf_notice_plan_acknowledge (OrfNoticePlan *plan, gint64 alert_id);

OrfNoticeSteps *orf_notice_plan_step (OrfNoticePlan *plan, gint64 now_us);

/* What holds a telling of it back now; NULL: nothing does. */
const OrfNoticeSilence *
orf_notice_plan_find_silence (OrfNoticePlan *plan, const OrfNoticeAlert *alert, gint64 now_us);
const OrfNoticeAlert *
orf_notice_plan_find_inhibitor (OrfNoticePlan *plan, const OrfNoticeAlert *alert);
/* OrfNoticeAlert that the receiver, whose is_state is set, was told of, that fire and that nothing
 * holds back, in the order in which it was told. */
GPtrArray *orf_notice_plan_list_firing (OrfNoticePlan *plan, const char *receiver, gint64 now_us);
/* Notices that wait for the receiver. */
guint orf_notice_plan_count_waiting (OrfNoticePlan *plan, const char *receiver);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticePlan, orf_notice_plan_free)

G_END_DECLS
