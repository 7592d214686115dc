/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-plan-private.h"

/* ---- judging -------------------------------------------------------------------------------- */

static gboolean
is_held (const OrfPlanItem *item)
{
  return item->state == ORF_NOTICE_SILENCED || item->state == ORF_NOTICE_INHIBITED;
}

static void
hold_item (
  OrfNoticeSteps *steps, OrfPlanItem *item, OrfNoticeState state, gint64 until_us, char *reason)
{
  g_autofree char *text = reason;

  item->held_until_us = until_us;
  if (item->state == state)
    return;
  item->state = state;
  orf_notice_change_add (steps->changes, item->notice, state, FALSE, g_steal_pointer (&text));
}

static gboolean
is_silenced (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanItem *item, gint64 now_us)
{
  const OrfNoticeSilence *silence = orf_notice_hold_find_silence (plan->hold, item->notice->alert,
                                                                  now_us);

  if (silence == NULL)
    return FALSE;
  hold_item (steps, item, ORF_NOTICE_SILENCED, silence->until_us,
             g_strdup_printf ("silence si-%" G_GINT64_FORMAT, silence->id));
  orf_plan_look_at (steps, silence->until_us);
  return TRUE;
}

static gboolean
is_inhibited (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanItem *item)
{
  const OrfNoticeAlert *inhibitor = orf_notice_hold_find_inhibitor (plan->hold,
                                                                    item->notice->alert);

  if (inhibitor == NULL)
    return FALSE;
  hold_item (steps, item, ORF_NOTICE_INHIBITED, G_MAXINT64,
             g_strdup_printf ("al-%" G_GINT64_FORMAT " of %s fires", inhibitor->alert_id,
                              inhibitor->rule));
  return TRUE;
}

/* TRUE: it is to wait for something other than its turn.  What holds it goes on holding it while it
 * can, whatever else comes. */
static gboolean
judge_holds (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanItem *item, gint64 now_us)
{
  if (is_held (item) && item->generation == plan->generation && now_us < item->held_until_us) {
    orf_plan_look_at (steps, item->held_until_us);
    return TRUE;
  }
  item->generation = plan->generation;
  if (item->state == ORF_NOTICE_INHIBITED && is_inhibited (plan, steps, item))
    return TRUE;
  return is_silenced (plan, steps, item, now_us) || is_inhibited (plan, steps, item);
}

/* It waits for a summary that cannot go yet: a storm of thousands is not looked at one by one with
 * each step, but when there is room. */
static gboolean
is_shut_out (const OrfPlanItem *item)
{
  return item->state == ORF_NOTICE_LIMITED && item->telling->receiver->is_full;
}

/* FALSE: it is held, or gone. */
static gboolean
judge_firing (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanItem *item, gint64 now_us)
{
  const OrfPlanAlert *alert = item->telling->alert;
  gboolean is_repeat = item->notice->event == ORF_NOTICE_REPEAT;

  if (is_repeat && (alert->is_acknowledged || !orf_plan_alert_fires (alert))) {
    orf_notice_plan_end_item (plan, steps->changes, item, ORF_NOTICE_DROPPED,
                              g_strdup (alert->is_acknowledged ? "it was acknowledged"
                                                               : "it is over"));
    return FALSE;
  }
  if (is_shut_out (item))
    return FALSE;
  if (!judge_holds (plan, steps, item, now_us)) {
    item->state = item->state == ORF_NOTICE_LIMITED ? ORF_NOTICE_LIMITED : ORF_NOTICE_WAITING;
    return TRUE;
  }
  if (!orf_plan_alert_fires (alert))
    orf_notice_plan_end_item (plan, steps->changes, item, item->state,
                              g_strdup ("it ended meanwhile"));
  return FALSE;
}

/* What stands before it was judged in the same step. */
static gboolean
judge_end (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanItem *item)
{
  if (is_shut_out (item))
    return FALSE;
  if (item->telling->is_told || item->telling->n_firing > 0)
    return TRUE;
  orf_notice_plan_end_item (plan, steps->changes, item, ORF_NOTICE_DROPPED,
                            g_strdup ("that it fired was not told"));
  return FALSE;
}

/* OrfPlanItem that may be told now, in their order. */
static GPtrArray *
judge_waiting (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanReceiver *receiver, gint64 now_us)
{
  GPtrArray *due = g_ptr_array_new ();
  GList *next;

  receiver->is_full = !orf_notice_plan_has_room (plan, receiver, now_us);
  for (GList *at = receiver->waiting.head; at != NULL; at = next) {
    OrfPlanItem *item = at->data;

    next = at->next;
    if (item->is_end ? judge_end (plan, steps, item) : judge_firing (plan, steps, item, now_us))
      g_ptr_array_add (due, item);
  }
  return due;
}

/* By a clock that was set back since; they are the last of those told, and stay in order. */
static void
mend_told (OrfPlanReceiver *receiver, gint64 now_us)
{
  for (GList *at = receiver->told.tail; at != NULL; at = at->prev) {
    OrfPlanTelling *telling = at->data;

    if (telling->told_us <= now_us)
      break;
    telling->told_us = now_us;
  }
}

/* What still fires is to be told again. */
static void
ask_repeats (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanReceiver *receiver, gint64 now_us)
{
  mend_told (receiver, now_us);
  while (receiver->told.head != NULL && plan->timing.repeat_us > 0 && !receiver->is_state) {
    OrfPlanTelling *telling = receiver->told.head->data;
    const OrfPlanAlert *alert = telling->alert;
    gboolean wanted = orf_plan_alert_fires (alert) && !alert->is_acknowledged;

    if (wanted && telling->told_us + plan->timing.repeat_us > now_us) {
      orf_plan_look_at (steps, telling->told_us + plan->timing.repeat_us);
      return;
    }
    orf_notice_plan_untell (telling); /* until it was told again */
    if (wanted)
      g_ptr_array_add (steps->repeats,
                       orf_notice_new (0, receiver->name, ORF_NOTICE_REPEAT, now_us, alert->alert));
  }
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void
step_receiver (OrfNoticePlan *plan, OrfNoticeSteps *steps, OrfPlanReceiver *receiver, gint64 now_us)
{
  g_autoptr (GPtrArray) due = judge_waiting (plan, steps, receiver, now_us);

  orf_notice_plan_pace (plan, steps, receiver, due, now_us);
  ask_repeats (plan, steps, receiver, now_us);
}

/* Nothing of those that ended waits any more, or what does keeps them. */
static void
forget_over (OrfNoticePlan *plan)
{
  for (guint i = 0; i < plan->over->len; i++) {
    OrfPlanAlert *alert = orf_notice_plan_find_alert (plan, g_array_index (plan->over, gint64, i));

    if (alert != NULL)
      orf_notice_plan_forget_if_over (plan, alert);
  }
  g_array_set_size (plan->over, 0);
}

OrfNoticeSteps *
orf_notice_plan_step (OrfNoticePlan *plan, gint64 now_us)
{
  OrfNoticeSteps *steps = orf_notice_steps_new (g_steal_pointer (&plan->changes));

  plan->changes = orf_notice_changes_new ();
  forget_over (plan);
  for (guint i = 0; i < plan->receivers->len; i++)
    step_receiver (plan, steps, plan->receivers->pdata[i], now_us);
  return steps;
}

/* ---- looking -------------------------------------------------------------------------------- */

const OrfNoticeSilence *
orf_notice_plan_find_silence (OrfNoticePlan *plan, const OrfNoticeAlert *alert, gint64 now_us)
{
  return orf_notice_hold_find_silence (plan->hold, alert, now_us);
}

const OrfNoticeAlert *
orf_notice_plan_find_inhibitor (OrfNoticePlan *plan, const OrfNoticeAlert *alert)
{
  return orf_notice_hold_find_inhibitor (plan->hold, alert);
}

GPtrArray *
orf_notice_plan_list_firing (OrfNoticePlan *plan, const char *receiver_name, gint64 now_us)
{
  const OrfPlanReceiver *receiver = orf_notice_plan_find_receiver (plan, receiver_name);
  GPtrArray *alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_alert_unref);

  for (GList *at = receiver != NULL ? receiver->told.head : NULL; at != NULL; at = at->next) {
    const OrfPlanAlert *alert = ((OrfPlanTelling *) at->data)->alert;

    if (orf_plan_alert_fires (alert) &&
        orf_notice_hold_find_silence (plan->hold, alert->alert, now_us) == NULL &&
        orf_notice_hold_find_inhibitor (plan->hold, alert->alert) == NULL)
      g_ptr_array_add (alerts, orf_notice_alert_ref (alert->alert));
  }
  return alerts;
}

guint
orf_notice_plan_count_waiting (OrfNoticePlan *plan, const char *receiver_name)
{
  const OrfPlanReceiver *receiver = orf_notice_plan_find_receiver (plan, receiver_name);

  return receiver != NULL ? receiver->waiting.length : 0;
}
