/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-clock.h"
#include "notify/orf-notice-plan.h"

G_BEGIN_DECLS

/*
 * What a plan is made of, for its own files: the book of who was told of what (-book), when what
 * may be told goes (-pace), and what may be told (orf-notice-plan.c).
 *
 * Invariants.
 * - An item is in its receiver's queue from when the plan is told of it until it is posted or
 *   final; the queue is in the order in which they came, so a firing stands before its end.
 * - A telling lives as long as its alert, which lives while it fires or something of it waits.
 * - A receiver's `told` holds those tellings of alerts that it may have to be told again, by time.
 */

#define ORF_NOTICE_MINUTE_US (60 * ORF_US_PER_S)

typedef struct {
  char *name;
  gboolean is_state;
  gboolean is_full;   /* as the step under way began, it might be sent no more messages */
  GQueue waiting;     /* OrfPlanItem */
  GQueue told;        /* OrfPlanTelling, by told_us */
  GHashTable *groups; /* key -> OrfPlanGroup */
  GArray *posted;     /* gint64: times of the last minute, in order */
} OrfPlanReceiver;

typedef struct {
  gint64 id;
  OrfNoticeAlert *alert; /* the latest */
  gboolean is_acknowledged;
  guint n_waiting;
  GPtrArray *tellings; /* OrfPlanTelling */
} OrfPlanAlert;

typedef struct {
  OrfPlanAlert *alert;
  OrfPlanReceiver *receiver;
  gint64 told_us;
  gboolean is_told; /* that it fires, and not of its end */
  guint n_firing;   /* items that are not its end */
  GList *link;      /* in receiver->told; NULL: is not there */
} OrfPlanTelling;

typedef struct {
  OrfNotice *notice;
  OrfPlanTelling *telling;
  GList *link; /* in receiver->waiting */
  gboolean is_end;
  OrfNoticeState state;
  guint64 generation;   /* while held: of the holds that were looked at */
  gint64 held_until_us; /* and until when they hold */
  char *key;            /* of its group; NULL: not made yet */
} OrfPlanItem;

typedef struct {
  char *key;
  gint64 last_us;   /* 0: not told in this interval */
  GPtrArray *items; /* of the step that is under way */
} OrfPlanGroup;

struct _OrfNoticePlan {
  OrfNoticeTiming timing;
  GPtrArray *receivers; /* OrfPlanReceiver, by name */
  GHashTable *alerts;   /* id -> OrfPlanAlert */
  OrfNoticeHold *hold;
  guint64 generation; /* changes when what is held may not be any more */
  GArray *over;       /* gint64: ids of alerts that ended since the last step */
  GPtrArray *changes; /* OrfNoticeChange, of the next step */
};

static inline gboolean
orf_plan_alert_fires (const OrfPlanAlert *alert)
{
  return alert->alert->resolved_us == 0;
}

static inline void
orf_plan_look_at (OrfNoticeSteps *steps, gint64 t_us)
{
  steps->next_us = MIN (steps->next_us, t_us);
}

OrfPlanAlert *orf_notice_plan_find_alert (const OrfNoticePlan *plan, gint64 id);
/* NULL: none has that name. */
OrfPlanReceiver *orf_notice_plan_find_receiver (const OrfNoticePlan *plan, const char *name);
/* Frees it, where it is. */
void orf_notice_plan_forget_if_over (OrfNoticePlan *plan, OrfPlanAlert *alert);

void orf_notice_plan_set_told (OrfPlanTelling *telling, gint64 t_us);
/* It need not be told again. */
void orf_notice_plan_untell (OrfPlanTelling *telling);
/* Out of the queue; its alert may go with it. */
void orf_notice_plan_remove_item (OrfNoticePlan *plan, OrfPlanItem *item);
/* The same of one that will not be told; takes reason. */
void orf_notice_plan_end_item (
  OrfNoticePlan *plan, GPtrArray *changes, OrfPlanItem *item, OrfNoticeState state, char *reason);

/* One more message may go to it now. */
gboolean
orf_notice_plan_has_room (const OrfNoticePlan *plan, OrfPlanReceiver *receiver, gint64 now_us);
/* Posts of due (OrfPlanItem, in their order) what may go now. */
void orf_notice_plan_pace (OrfNoticePlan *plan,
                           OrfNoticeSteps *steps,
                           OrfPlanReceiver *receiver,
                           const GPtrArray *due,
                           gint64 now_us);
void orf_notice_plan_group_free (gpointer group);
/* They may be others now. */
void orf_notice_plan_forget_groups (OrfPlanReceiver *receiver);

G_END_DECLS
