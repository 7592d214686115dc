/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-plan-private.h"

#include <string.h>

#include "core/orf-names.h"

#define NO_RECEIVER "there is no such receiver any more"

/* ---- alerts and what was told of them ------------------------------------------------------- */

OrfPlanReceiver *
orf_notice_plan_find_receiver (const OrfNoticePlan *plan, const char *name)
{
  for (guint i = 0; i < plan->receivers->len; i++) {
    OrfPlanReceiver *receiver = plan->receivers->pdata[i];

    if (g_str_equal (receiver->name, name))
      return receiver;
  }
  return NULL;
}

void
orf_notice_plan_untell (OrfPlanTelling *telling)
{
  if (telling->link != NULL)
    g_queue_delete_link (&telling->receiver->told, g_steal_pointer (&telling->link));
}

static void
telling_free (gpointer data)
{
  orf_notice_plan_untell (data);
  g_free (data);
}

static void
alert_free (gpointer data)
{
  OrfPlanAlert *alert = data;

  g_ptr_array_unref (alert->tellings);
  orf_notice_alert_unref (alert->alert);
  g_free (alert);
}

OrfPlanAlert *
orf_notice_plan_find_alert (const OrfNoticePlan *plan, gint64 id)
{
  return g_hash_table_lookup (plan->alerts, &id);
}

void
orf_notice_plan_forget_if_over (OrfNoticePlan *plan, OrfPlanAlert *alert)
{
  if (!orf_plan_alert_fires (alert) && alert->n_waiting == 0)
    g_hash_table_remove (plan->alerts, &alert->id);
}

static OrfPlanTelling *
ensure_telling (OrfPlanAlert *alert, OrfPlanReceiver *receiver)
{
  OrfPlanTelling *telling;

  for (guint i = 0; i < alert->tellings->len; i++) {
    telling = alert->tellings->pdata[i];
    if (telling->receiver == receiver)
      return telling;
  }
  telling = g_new0 (OrfPlanTelling, 1);
  telling->alert = alert;
  telling->receiver = receiver;
  g_ptr_array_add (alert->tellings, telling);
  return telling;
}

/* By time; the newest are at the end, where it nearly always belongs. */
void
orf_notice_plan_set_told (OrfPlanTelling *telling, gint64 t_us)
{
  GQueue *told = &telling->receiver->told;
  GList *before = told->tail;

  orf_notice_plan_untell (telling);
  telling->is_told = TRUE;
  telling->told_us = t_us;
  while (before != NULL && ((OrfPlanTelling *) before->data)->told_us > t_us)
    before = before->prev;
  if (before == NULL)
    g_queue_push_head (told, telling);
  else
    g_queue_insert_after (told, before, telling);
  telling->link = before == NULL ? told->head : before->next;
}

/* ---- items ---------------------------------------------------------------------------------- */

static void
item_free (gpointer data)
{
  OrfPlanItem *item = data;

  g_clear_pointer (&item->notice, orf_notice_free);
  g_free (item->key);
  g_free (item);
}

void
orf_notice_plan_remove_item (OrfNoticePlan *plan, OrfPlanItem *item)
{
  OrfPlanAlert *alert = item->telling->alert;

  g_queue_delete_link (&item->telling->receiver->waiting, item->link);
  item->telling->n_firing -= !item->is_end;
  alert->n_waiting--;
  item_free (item);
  orf_notice_plan_forget_if_over (plan, alert);
}

void
orf_notice_plan_end_item (
  OrfNoticePlan *plan, GPtrArray *changes, OrfPlanItem *item, OrfNoticeState state, char *reason)
{
  orf_notice_change_add (changes, item->notice, state, TRUE, reason);
  orf_notice_plan_remove_item (plan, item);
}

/* ---- what comes in -------------------------------------------------------------------------- */

static OrfPlanAlert *
ensure_alert (OrfNoticePlan *plan, gint64 id)
{
  OrfPlanAlert *alert = orf_notice_plan_find_alert (plan, id);

  if (alert == NULL) {
    alert = g_new0 (OrfPlanAlert, 1);
    alert->id = id;
    alert->tellings = g_ptr_array_new_with_free_func (telling_free);
    g_hash_table_insert (plan->alerts, &alert->id, alert);
  }
  return alert;
}

void
orf_notice_plan_set_alert (OrfNoticePlan *plan, OrfNoticeAlert *told)
{
  OrfPlanAlert *alert = ensure_alert (plan, told->alert_id);
  gboolean fired = alert->alert != NULL && orf_plan_alert_fires (alert);

  orf_notice_alert_ref (told);
  g_clear_pointer (&alert->alert, orf_notice_alert_unref);
  alert->alert = told;
  alert->is_acknowledged = alert->is_acknowledged || told->is_acknowledged;
  if (orf_plan_alert_fires (alert) && !fired)
    orf_notice_hold_add_firing (plan->hold, told);
  if (orf_plan_alert_fires (alert))
    return;
  g_array_append_val (plan->over, alert->id);
  if (fired) {
    orf_notice_hold_remove_firing (plan->hold, told);
    plan->generation++;
  }
}

static void
add_item (OrfNoticePlan *plan, OrfPlanAlert *alert, OrfPlanReceiver *receiver, OrfNotice *notice)
{
  OrfPlanItem *item = g_new0 (OrfPlanItem, 1);

  item->notice = notice;
  item->telling = ensure_telling (alert, receiver);
  item->is_end = notice->event == ORF_NOTICE_RESOLVED;
  item->telling->n_firing += !item->is_end;
  alert->n_waiting++;
  g_queue_push_tail (&receiver->waiting, item);
  item->link = receiver->waiting.tail;
}

void
orf_notice_plan_add (OrfNoticePlan *plan, OrfNotice *notice)
{
  g_autoptr (OrfNotice) owned = notice;
  OrfPlanAlert *alert = orf_notice_plan_find_alert (plan, notice->alert->alert_id);
  OrfPlanReceiver *receiver = orf_notice_plan_find_receiver (plan, notice->receiver);

  if (alert == NULL || receiver == NULL) {
    orf_notice_change_add (plan->changes, notice, ORF_NOTICE_DROPPED, TRUE,
                           g_strdup (alert == NULL ? "it is over" : NO_RECEIVER));
  } else if (receiver->waiting.length >= plan->timing.max_waiting) {
    orf_notice_change_add (plan->changes, notice, ORF_NOTICE_DROPPED, TRUE,
                           g_strdup ("[notify] max_waiting"));
    if (notice->event == ORF_NOTICE_REPEAT)
      orf_notice_plan_set_told (ensure_telling (alert, receiver), notice->made_us);
  } else {
    add_item (plan, alert, receiver, g_steal_pointer (&owned));
  }
}

void
orf_notice_plan_restore_told (OrfNoticePlan *plan,
                              gint64 alert_id,
                              const char *receiver_name,
                              gint64 told_us)
{
  OrfPlanAlert *alert = orf_notice_plan_find_alert (plan, alert_id);
  OrfPlanReceiver *receiver = orf_notice_plan_find_receiver (plan, receiver_name);

  if (alert != NULL && receiver != NULL)
    orf_notice_plan_set_told (ensure_telling (alert, receiver), told_us);
}

void
orf_notice_plan_acknowledge (OrfNoticePlan *plan, gint64 alert_id)
{
  OrfPlanAlert *alert = orf_notice_plan_find_alert (plan, alert_id);

  if (alert != NULL)
    alert->is_acknowledged = TRUE;
}

/* ---- settings ------------------------------------------------------------------------------- */

static void
receiver_free (gpointer data)
{
  OrfPlanReceiver *receiver = data;

  g_queue_clear_full (&receiver->waiting, item_free);
  g_queue_clear (&receiver->told);
  g_hash_table_unref (receiver->groups);
  g_array_unref (receiver->posted);
  g_free (receiver->name);
  g_free (receiver);
}

static OrfPlanReceiver *
receiver_new (const char *name)
{
  OrfPlanReceiver *receiver = g_new0 (OrfPlanReceiver, 1);

  receiver->name = g_strdup (name);
  receiver->groups = orf_names_table_new (NULL, orf_notice_plan_group_free);
  receiver->posted = g_array_new (FALSE, FALSE, sizeof (gint64));
  return receiver;
}

void
orf_notice_plan_set_timing (OrfNoticePlan *plan, const OrfNoticeTiming *timing)
{
  g_strfreev (plan->timing.group_by);
  plan->timing = *timing;
  plan->timing.group_by = g_strdupv (timing->group_by);
  for (guint i = 0; i < plan->receivers->len; i++)
    orf_notice_plan_forget_groups (plan->receivers->pdata[i]);
}

/* The order in which notices are dropped is that in which they came. */
static void
drop_receiver (OrfNoticePlan *plan, OrfPlanReceiver *receiver)
{
  GHashTableIter iter;
  gpointer value;

  while (receiver->waiting.head != NULL)
    orf_notice_plan_end_item (plan, plan->changes, receiver->waiting.head->data, ORF_NOTICE_DROPPED,
                              g_strdup (NO_RECEIVER));
  g_hash_table_iter_init (&iter, plan->alerts);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    GPtrArray *tellings = ((OrfPlanAlert *) value)->tellings;

    for (guint i = tellings->len; i > 0; i--)
      if (((OrfPlanTelling *) tellings->pdata[i - 1])->receiver == receiver)
        g_ptr_array_remove_index_fast (tellings, i - 1);
  }
  receiver_free (receiver);
}

static int
compare_receivers (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfPlanReceiver *const *) a)->name, (*(OrfPlanReceiver *const *) b)->name);
}

static gboolean
is_among (const OrfPlanReceiver *receiver, const OrfNoticeReceiver *receivers, guint n_receivers)
{
  for (guint i = 0; i < n_receivers; i++)
    if (g_str_equal (receiver->name, receivers[i].name))
      return TRUE;
  return FALSE;
}

void
orf_notice_plan_set_receivers (OrfNoticePlan *plan,
                               const OrfNoticeReceiver *receivers,
                               guint n_receivers)
{
  for (guint i = plan->receivers->len; i > 0; i--)
    if (!is_among (plan->receivers->pdata[i - 1], receivers, n_receivers))
      drop_receiver (plan, g_ptr_array_steal_index (plan->receivers, i - 1));
  for (guint i = 0; i < n_receivers; i++) {
    OrfPlanReceiver *receiver = orf_notice_plan_find_receiver (plan, receivers[i].name);

    if (receiver == NULL) {
      receiver = receiver_new (receivers[i].name);
      g_ptr_array_add (plan->receivers, receiver);
    }
    receiver->is_state = receivers[i].is_state;
    orf_notice_plan_forget_groups (receiver);
  }
  g_ptr_array_sort (plan->receivers, compare_receivers);
}

void
orf_notice_plan_set_silences (OrfNoticePlan *plan, GPtrArray *silences)
{
  orf_notice_hold_set_silences (plan->hold, silences);
  plan->generation++;
}

/* ---- life ----------------------------------------------------------------------------------- */

OrfNoticePlan *
orf_notice_plan_new (void)
{
  OrfNoticePlan *plan = g_new0 (OrfNoticePlan, 1);

  plan->receivers = g_ptr_array_new ();
  plan->alerts = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, alert_free);
  plan->hold = orf_notice_hold_new ();
  plan->over = g_array_new (FALSE, FALSE, sizeof (gint64));
  plan->changes = orf_notice_changes_new ();
  plan->timing = (OrfNoticeTiming){ .max_per_minute = G_MAXUINT, .max_waiting = G_MAXUINT };
  return plan;
}

void
orf_notice_plan_free (OrfNoticePlan *plan)
{
  g_hash_table_unref (plan->alerts); /* tellings leave their receivers' lists */
  g_ptr_array_set_free_func (plan->receivers, receiver_free);
  g_ptr_array_unref (plan->receivers);
  orf_notice_hold_free (plan->hold);
  g_array_unref (plan->over);
  g_ptr_array_unref (plan->changes);
  g_strfreev (plan->timing.group_by);
  g_free (plan);
}
