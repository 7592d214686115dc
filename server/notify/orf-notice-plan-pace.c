/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-plan-private.h"

#include "metrics/orf-series-name.h"

/* ---- groups --------------------------------------------------------------------------------- */

void
orf_notice_plan_group_free (gpointer data)
{
  OrfPlanGroup *group = data;

  g_ptr_array_unref (group->items);
  g_free (group->key);
  g_free (group);
}

static char **
make_group_labels (const OrfNoticePlan *plan, const OrfPlanItem *item)
{
  g_autofree char **labels = orf_notice_alert_list_labels (item->notice->alert);
  static const char *const none[] = { NULL };

  return orf_series_name_keep_labels (labels, plan->timing.group_by != NULL &&
                                                  !item->telling->receiver->is_state
                                                ? (const char *const *) plan->timing.group_by
                                                : none);
}

static OrfPlanGroup *
ensure_group (OrfNoticePlan *plan, OrfPlanItem *item)
{
  GHashTable *groups = item->telling->receiver->groups;
  OrfPlanGroup *group;

  if (item->key == NULL) {
    g_auto (GStrv) labels = make_group_labels (plan, item);

    item->key = orf_series_name_to_text ("", labels);
  }
  group = g_hash_table_lookup (groups, item->key);
  if (group == NULL) {
    group = g_new0 (OrfPlanGroup, 1);
    group->key = g_strdup (item->key);
    group->items = g_ptr_array_new ();
    g_hash_table_insert (groups, group->key, group);
  }
  return group;
}

/* OrfPlanGroup, in the order of their first items. */
static GPtrArray *
sort_into_groups (OrfNoticePlan *plan, const GPtrArray *due)
{
  GPtrArray *groups = g_ptr_array_new ();

  for (guint i = 0; i < due->len; i++) {
    OrfPlanGroup *group = ensure_group (plan, due->pdata[i]);

    if (group->items->len == 0)
      g_ptr_array_add (groups, group);
    g_ptr_array_add (group->items, due->pdata[i]);
  }
  return groups;
}

/* A clock that was set back makes nothing wait longer: what was then yet to come is now. */
static gint64
get_ready_us (const OrfNoticePlan *plan, OrfPlanGroup *group, gint64 now_us)
{
  OrfPlanItem *first = group->items->pdata[0];
  gint64 ready_us;

  if (first->telling->receiver->is_state)
    return now_us;
  first->notice->made_us = MIN (first->notice->made_us, now_us);
  group->last_us = MIN (group->last_us, now_us);
  ready_us = first->notice->made_us + plan->timing.group_wait_us;
  return group->last_us > 0 ? MAX (ready_us, group->last_us + plan->timing.group_interval_us)
                            : ready_us;
}

static gboolean
is_stale_cb (gpointer key, gpointer value, gpointer user_data)
{
  const OrfPlanGroup *group = value;

  return group->items->len == 0 && group->last_us < *(gint64 *) user_data;
}

/* The items of this step are not referred to any more. */
static void
leave_groups (OrfNoticePlan *plan,
              OrfPlanReceiver *receiver,
              const GPtrArray *groups,
              gint64 now_us)
{
  gint64 stale_us = now_us - plan->timing.group_interval_us - ORF_NOTICE_MINUTE_US;

  for (guint i = 0; i < groups->len; i++)
    g_ptr_array_set_size (((OrfPlanGroup *) groups->pdata[i])->items, 0);
  if (groups->len > 0)
    g_hash_table_foreach_remove (receiver->groups, is_stale_cb, &stale_us);
}

void
orf_notice_plan_forget_groups (OrfPlanReceiver *receiver)
{
  g_hash_table_remove_all (receiver->groups);
  for (GList *at = receiver->waiting.head; at != NULL; at = at->next)
    g_clear_pointer (&((OrfPlanItem *) at->data)->key, g_free);
}

/* ---- posting -------------------------------------------------------------------------------- */

/* Of the last minute; what is older is forgotten. */
static guint
count_posted (OrfPlanReceiver *receiver, gint64 now_us)
{
  guint n_old = 0;

  while (n_old < receiver->posted->len) {
    gint64 t_us = g_array_index (receiver->posted, gint64, n_old);

    if (t_us > now_us - ORF_NOTICE_MINUTE_US && t_us <= now_us)
      break;
    n_old++;
  }
  if (n_old > 0)
    g_array_remove_range (receiver->posted, 0, n_old);
  return receiver->posted->len;
}

static void
post_item (OrfNoticePlan *plan, OrfNoticePost *post, OrfPlanItem *item, gint64 now_us)
{
  OrfPlanTelling *telling = item->telling;

  if (item->is_end) {
    telling->is_told = FALSE;
    orf_notice_plan_untell (telling);
  } else {
    orf_notice_plan_set_told (telling, now_us);
  }
  g_ptr_array_add (post->notices, g_steal_pointer (&item->notice));
  orf_notice_plan_remove_item (plan, item);
}

/* items of OrfPlanItem, from start on: as many as one message may have, and none of an alert twice.
 */
static guint
count_together (const GPtrArray *items, guint start)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  guint i = start;

  while (i < items->len && i - start < ORF_NOTICE_MAX_LISTED &&
         g_hash_table_add (seen, ((OrfPlanItem *) items->pdata[i])->telling))
    i++;
  return i - start;
}

static void
post_items (OrfNoticePlan *plan,
            OrfNoticeSteps *steps,
            OrfPlanReceiver *receiver,
            OrfPlanItem **items,
            guint n_items,
            gint64 now_us)
{
  OrfNoticePost *post = orf_notice_post_new (receiver->name, make_group_labels (plan, items[0]),
                                             FALSE);

  g_array_append_val (receiver->posted, now_us);
  g_ptr_array_add (steps->posts, post);
  for (guint i = 0; i < n_items; i++)
    post_item (plan, post, items[i], now_us);
}

static void
limit_item (OrfNoticeSteps *steps, OrfPlanItem *item)
{
  if (item->state != ORF_NOTICE_LIMITED)
    orf_notice_change_add (steps->changes, item->notice, ORF_NOTICE_LIMITED, FALSE,
                           g_strdup ("[notify] max_per_minute: waits for a summary"));
  item->state = ORF_NOTICE_LIMITED;
}

gboolean
orf_notice_plan_has_room (const OrfNoticePlan *plan, OrfPlanReceiver *receiver, gint64 now_us)
{
  return receiver->is_state || count_posted (receiver, now_us) < plan->timing.max_per_minute;
}

static void
post_group (OrfNoticePlan *plan,
            OrfNoticeSteps *steps,
            OrfPlanReceiver *receiver,
            OrfPlanGroup *group,
            gint64 now_us)
{
  const GPtrArray *items = group->items;
  guint n;

  for (guint i = 0; i < items->len; i += n) {
    n = count_together (items, i);
    if (orf_notice_plan_has_room (plan, receiver, now_us)) {
      group->last_us = now_us;
      post_items (plan, steps, receiver, (OrfPlanItem **) items->pdata + i, n, now_us);
    } else {
      for (guint j = i; j < i + n; j++)
        limit_item (steps, items->pdata[j]);
    }
  }
}

/* Whatever was to be told when there was no room, and what is now. */
static void
post_summary (OrfNoticePlan *plan,
              OrfNoticeSteps *steps,
              OrfPlanReceiver *receiver,
              const GPtrArray *groups,
              gint64 now_us)
{
  OrfNoticePost *post = orf_notice_post_new (receiver->name, g_new0 (char *, 1), TRUE);

  g_array_append_val (receiver->posted, now_us);
  g_ptr_array_add (steps->posts, post);
  for (guint i = 0; i < groups->len; i++) {
    OrfPlanGroup *group = groups->pdata[i];

    group->last_us = now_us;
    for (guint j = 0; j < group->items->len; j++)
      post_item (plan, post, group->items->pdata[j], now_us);
  }
}

static gboolean
has_limited (const OrfPlanGroup *group)
{
  for (guint i = 0; i < group->items->len; i++)
    if (((OrfPlanItem *) group->items->pdata[i])->state == ORF_NOTICE_LIMITED)
      return TRUE;
  return FALSE;
}

/* Those of groups whose time has come. */
static GPtrArray *
find_ready (OrfNoticePlan *plan,
            OrfNoticeSteps *steps,
            const GPtrArray *groups,
            gboolean *any_limited,
            gint64 now_us)
{
  GPtrArray *ready = g_ptr_array_new ();

  *any_limited = FALSE;
  for (guint i = 0; i < groups->len; i++) {
    OrfPlanGroup *group = groups->pdata[i];
    gboolean limited = has_limited (group);
    gint64 ready_us = limited ? now_us : get_ready_us (plan, group, now_us);

    *any_limited = *any_limited || limited;
    if (ready_us <= now_us)
      g_ptr_array_add (ready, group);
    else
      orf_plan_look_at (steps, ready_us);
  }
  return ready;
}

static void
post_ready (OrfNoticePlan *plan,
            OrfNoticeSteps *steps,
            OrfPlanReceiver *receiver,
            const GPtrArray *groups,
            gint64 now_us)
{
  gboolean any_limited;
  g_autoptr (GPtrArray) ready = find_ready (plan, steps, groups, &any_limited, now_us);

  if (any_limited && orf_notice_plan_has_room (plan, receiver, now_us))
    post_summary (plan, steps, receiver, ready, now_us);
  else
    for (guint i = 0; i < ready->len; i++)
      post_group (plan, steps, receiver, ready->pdata[i], now_us);
}

/* For what had no room there is some when the oldest message of the minute is one old. */
static void
look_at_rest (OrfNoticeSteps *steps, OrfPlanReceiver *receiver)
{
  gboolean any_limited = FALSE;

  for (GList *at = receiver->waiting.head; at != NULL; at = at->next)
    any_limited = any_limited || ((OrfPlanItem *) at->data)->state == ORF_NOTICE_LIMITED;
  if (any_limited && receiver->posted->len > 0)
    orf_plan_look_at (steps, g_array_index (receiver->posted, gint64, 0) + ORF_NOTICE_MINUTE_US);
}

void
orf_notice_plan_pace (OrfNoticePlan *plan,
                      OrfNoticeSteps *steps,
                      OrfPlanReceiver *receiver,
                      const GPtrArray *due,
                      gint64 now_us)
{
  g_autoptr (GPtrArray) groups = sort_into_groups (plan, due);

  post_ready (plan, steps, receiver, groups, now_us);
  leave_groups (plan, receiver, groups, now_us);
  look_at_rest (steps, receiver);
}
