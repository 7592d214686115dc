/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-keeper.h"

#include <math.h>
#include <string.h>

#include "core/orf-format.h"
#include "metrics/orf-series-name.h"

struct _OrfAlertKeeper {
  GHashTable *ongoing; /* OrfOngoing by id */
  GHashTable *by_key;  /* the same by rule and key */
  gint64 last_id;
};

static void
ongoing_free (gpointer data)
{
  OrfOngoing *ongoing = data;

  orf_alert_row_free (ongoing->row);
  g_free (ongoing->key);
  g_free (ongoing);
}

static guint
hash_key (gconstpointer data)
{
  const OrfOngoing *ongoing = data;

  return g_str_hash (ongoing->key) ^ (guint) ongoing->rule * 2654435761U;
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  const OrfOngoing *one = a, *other = b;

  return one->rule == other->rule && g_str_equal (one->key, other->key);
}

OrfAlertKeeper *
orf_alert_keeper_new (gint64 last_id)
{
  OrfAlertKeeper *keeper = g_new0 (OrfAlertKeeper, 1);

  keeper->ongoing = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, ongoing_free);
  keeper->by_key = g_hash_table_new (hash_key, equal_keys);
  keeper->last_id = last_id;
  return keeper;
}

void
orf_alert_keeper_free (OrfAlertKeeper *keeper)
{
  if (keeper == NULL)
    return;
  g_hash_table_unref (keeper->by_key);
  g_hash_table_unref (keeper->ongoing);
  g_free (keeper);
}

/* ---- those that go on ------------------------------------------------------------------------ */

/* Takes row. */
static OrfOngoing *
add (OrfAlertKeeper *keeper, gint64 rule, const char *key, OrfAlertRow *row)
{
  OrfOngoing *ongoing = g_new0 (OrfOngoing, 1);

  ongoing->row = row;
  ongoing->rule = rule;
  ongoing->key = g_strdup (key);
  g_hash_table_insert (keeper->ongoing, &ongoing->row->id, ongoing);
  g_hash_table_add (keeper->by_key, ongoing);
  return ongoing;
}

static void
drop (OrfAlertKeeper *keeper, OrfOngoing *ongoing)
{
  g_hash_table_remove (keeper->by_key, ongoing);
  g_hash_table_remove (keeper->ongoing, &ongoing->row->id);
}

static OrfOngoing *
find (const OrfAlertKeeper *keeper, gint64 rule, const char *key)
{
  const OrfOngoing probe = { .rule = rule, .key = (char *) key };

  return g_hash_table_lookup (keeper->by_key, &probe);
}

const OrfOngoing *
orf_alert_keeper_find (const OrfAlertKeeper *keeper, gint64 id)
{
  return g_hash_table_lookup (keeper->ongoing, &id);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  gint64 x = (*(OrfOngoing *const *) a)->row->id, y = (*(OrfOngoing *const *) b)->row->id;

  return (x > y) - (x < y);
}

GPtrArray *
orf_alert_keeper_list (const OrfAlertKeeper *keeper)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer ongoing;

  g_hash_table_iter_init (&iter, keeper->ongoing);
  while (g_hash_table_iter_next (&iter, NULL, &ongoing))
    g_ptr_array_add (list, ongoing);
  g_ptr_array_sort (list, compare_ids);
  return list;
}

OrfOngoingCounts
orf_alert_keeper_count (const OrfAlertKeeper *keeper)
{
  OrfOngoingCounts counts = { { 0 }, 0 };
  GHashTableIter iter;
  gpointer ongoing;

  g_hash_table_iter_init (&iter, keeper->ongoing);
  while (g_hash_table_iter_next (&iter, NULL, &ongoing)) {
    const OrfAlertRow *row = ((const OrfOngoing *) ongoing)->row;

    if (row->state == ORF_ALERT_STATE_FIRING)
      counts.n_firing[row->severity]++;
    else
      counts.n_pending++;
  }
  return counts;
}

gboolean
orf_alert_keeper_restore (OrfAlertKeeper *keeper, gint64 rule, const OrfAlertRow *row)
{
  g_auto (GStrv) labels = orf_series_name_labels_from_json (row->own_labels_json);
  g_autofree char *key = labels != NULL ? orf_series_name_to_text ("", labels) : NULL;
  OrfAlertLife life;

  if (key == NULL || !orf_alert_life_from_text (&life, row->life) || find (keeper, rule, key))
    return FALSE;
  add (keeper, rule, key, orf_alert_row_copy (row))->life = life;
  return TRUE;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *
get_word (OrfAlertChange change)
{
  switch (change) {
  case ORF_ALERT_CHANGE_PENDING:
    return "pending";
  case ORF_ALERT_CHANGE_DROPPED:
    return "dropped";
  case ORF_ALERT_CHANGE_COOLDOWN:
    return "cooldown";
  case ORF_ALERT_CHANGE_FIRING:
    return "firing";
  case ORF_ALERT_CHANGE_RESOLVED:
  case ORF_ALERT_CHANGE_NONE:
  default:
    return "resolved";
  }
}

/* The value is the last that was known: where the condition would hold with it, none came. */
static char *
explain_end (const OrfAlertRule *rule, const OrfAlertFinding *finding, gint64 now_us)
{
  g_autofree char *blind = orf_format_span (now_us - finding->life.blind_us);

  if (finding->life.blind_us > 0)
    return g_strdup_printf ("nothing was known of it for %s", blind);
  if (orf_alert_rule_judge (rule, finding->value) == ORF_ALERT_TRUE)
    return g_strdup ("nothing is known of it any more");
  return orf_alert_rule_describe (rule, finding->value);
}

static char *
explain (const OrfAlertRule *rule, const OrfAlertFinding *finding, gint64 now_us)
{
  const OrfAlertTiming *timing = &orf_alert_rule_get_spec (rule)->timing;
  const OrfAlertLife *life = &finding->life;
  g_autofree char *condition = orf_alert_rule_describe (rule, finding->value);
  g_autofree char *time = NULL;

  switch (finding->change) {
  case ORF_ALERT_CHANGE_FIRING:
    time = orf_format_span (life->fired_us - life->started_us);
    return life->fired_us > life->started_us ? g_strdup_printf ("%s for %s", condition, time)
                                             : g_steal_pointer (&condition);
  case ORF_ALERT_CHANGE_COOLDOWN:
    time = orf_format_span (life->fired_us + timing->cooldown_us - now_us);
    return g_strdup_printf ("%s, but it fired not long ago: not again for %s (cooldown_us)",
                            condition, time);
  case ORF_ALERT_CHANGE_DROPPED:
  case ORF_ALERT_CHANGE_RESOLVED:
    return explain_end (rule, finding, now_us);
  case ORF_ALERT_CHANGE_PENDING:
  case ORF_ALERT_CHANGE_NONE:
  default:
    return g_steal_pointer (&condition);
  }
}

static void
add_event (OrfAlertsChange *change, gint64 id, gint64 t_us, const char *step, const char *reason)
{
  OrfAlertEventRow *row = orf_alert_event_row_new ();

  row->alert_id = id;
  row->t_us = t_us;
  row->step = g_strdup (step);
  row->reason = g_strdup (reason);
  g_ptr_array_add (change->events, row);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* The rule's labels go before the series', which have no such name then. */
static char *
merge_labels (char *const *own, const char *const *added)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  guint i = 0, j = 0;

  while (own[i] != NULL || (added != NULL && added[j] != NULL)) {
    gboolean has_added = added != NULL && added[j] != NULL;
    int order = own[i] == NULL ? 1 : !has_added ? -1 : strcmp (own[i], added[j]);
    char *const *from = order < 0 ? &own[i] : (char *const *) &added[j];

    g_ptr_array_add (all, from[0]);
    g_ptr_array_add (all, from[1]);
    i += order <= 0 ? 2 : 0;
    j += order >= 0 ? 2 : 0;
  }
  g_ptr_array_add (all, NULL);
  return orf_series_name_labels_to_json ((char *const *) all->pdata);
}

static OrfOngoing *
begin (OrfAlertKeeper *keeper, const OrfAlertEntry *entry, const OrfAlertFinding *finding)
{
  const OrfAlertRuleSpec *spec = orf_alert_rule_get_spec (entry->rule);
  OrfAlertRow *row = orf_alert_row_new ();

  row->id = ++keeper->last_id;
  row->rule = g_strdup (spec->name);
  row->labels_json = merge_labels (finding->labels, spec->labels);
  row->own_labels_json = orf_series_name_labels_to_json (finding->labels);
  row->threshold = NAN;
  return add (keeper, finding->rule, finding->key, row);
}

/* What is so after the step. */
static void
update (OrfAlertRow *row, const OrfAlertEntry *entry, const OrfAlertFinding *finding, gint64 now_us)
{
  const OrfAlertLife *life = &finding->life;

  row->severity = orf_alert_rule_get_spec (entry->rule)->severity;
  row->threshold = orf_alert_rule_get_threshold (entry->rule);
  row->value = finding->value;
  row->changed_us = now_us;
  g_free (row->life);
  row->life = orf_alert_life_to_text (life);
  switch (finding->change) {
  case ORF_ALERT_CHANGE_FIRING:
    row->state = ORF_ALERT_STATE_FIRING;
    row->started_us = life->started_us;
    row->fired_us = life->fired_us;
    g_free (row->summary);
    row->summary = orf_alert_rule_summarize (entry->rule, finding->labels, finding->value);
    break;
  case ORF_ALERT_CHANGE_RESOLVED:
    row->state = ORF_ALERT_STATE_RESOLVED;
    row->resolved_us = life->resolved_us;
    break;
  case ORF_ALERT_CHANGE_DROPPED:
    row->state = ORF_ALERT_STATE_INACTIVE;
    break;
  case ORF_ALERT_CHANGE_PENDING:
  case ORF_ALERT_CHANGE_COOLDOWN:
  case ORF_ALERT_CHANGE_NONE:
  default:
    row->state = ORF_ALERT_STATE_PENDING;
    row->started_us = life->pending_us;
    break;
  }
}

static OrfAlertRow *
finish (OrfAlertKeeper *keeper, OrfOngoing *ongoing, OrfAlertsChange *change)
{
  OrfAlertRow *row = orf_alert_row_copy (ongoing->row);

  g_ptr_array_add (change->alerts, orf_alert_row_copy (row));
  if (row->state == ORF_ALERT_STATE_RESOLVED || row->state == ORF_ALERT_STATE_INACTIVE)
    drop (keeper, ongoing);
  return row;
}

OrfAlertRow *
orf_alert_keeper_step (OrfAlertKeeper *keeper,
                       const OrfAlertEntry *entry,
                       const OrfAlertFinding *finding,
                       gint64 now_us,
                       OrfAlertsChange *change)
{
  OrfOngoing *ongoing = find (keeper, finding->rule, finding->key);
  g_autofree char *reason = explain (entry->rule, finding, now_us);

  if (ongoing == NULL) {
    ongoing = begin (keeper, entry, finding);
    /* what cools down, or fires, at once was pending for no time */
    if (finding->change == ORF_ALERT_CHANGE_COOLDOWN) {
      g_autofree char *condition = orf_alert_rule_describe (entry->rule, finding->value);

      add_event (change, ongoing->row->id, now_us, "pending", condition);
    }
  }
  ongoing->life = finding->life;
  update (ongoing->row, entry, finding, now_us);
  add_event (change, ongoing->row->id, now_us, get_word (finding->change), reason);
  return finish (keeper, ongoing, change);
}

static void
end (OrfAlertRow *row, const char *reason, gint64 now_us, OrfAlertsChange *change)
{
  gboolean fired = row->state == ORF_ALERT_STATE_FIRING;

  row->state = fired ? ORF_ALERT_STATE_RESOLVED : ORF_ALERT_STATE_INACTIVE;
  row->resolved_us = fired ? now_us : 0;
  row->changed_us = now_us;
  add_event (change, row->id, now_us, fired ? "resolved" : "dropped", reason);
}

OrfAlertRow *
orf_alert_keeper_end (
  OrfAlertKeeper *keeper, gint64 id, const char *reason, gint64 now_us, OrfAlertsChange *change)
{
  OrfOngoing *ongoing = g_hash_table_lookup (keeper->ongoing, &id);

  end (ongoing->row, reason, now_us, change);
  return finish (keeper, ongoing, change);
}

OrfAlertRow *
orf_alert_keeper_end_orphan (const OrfAlertRow *orphan,
                             const char *reason,
                             gint64 now_us,
                             OrfAlertsChange *change)
{
  OrfAlertRow *row = orf_alert_row_copy (orphan);

  end (row, reason, now_us, change);
  g_ptr_array_add (change->alerts, orf_alert_row_copy (row));
  return row;
}

void
orf_alert_keeper_acknowledge (OrfAlertKeeper *keeper, const OrfAcknowledgement *said)
{
  OrfOngoing *ongoing = g_hash_table_lookup (keeper->ongoing, &said->alert_id);

  if (ongoing == NULL)
    return;
  ongoing->row->acknowledged_us = said->at_us;
  ongoing->row->verdict = said->verdict;
  g_free (ongoing->row->author);
  g_free (ongoing->row->note);
  ongoing->row->author = g_strdup (said->author);
  ongoing->row->note = g_strdup (said->note);
}

OrfNoticeAlert *
orf_alert_keeper_describe (const OrfAlertRow *row, const OrfAlertEntry *entry)
{
  OrfNoticeAlert *alert = orf_notice_alert_new ();

  alert->alert_id = row->id;
  alert->rule = g_strdup (row->rule);
  alert->severity = row->severity;
  alert->labels = orf_series_name_labels_from_json (row->labels_json);
  if (alert->labels == NULL) /* the file's are none */
    alert->labels = g_new0 (char *, 1);
  alert->value = row->value;
  alert->threshold = row->threshold;
  alert->started_us = row->started_us;
  alert->fired_us = row->fired_us;
  alert->resolved_us = row->resolved_us;
  alert->summary = g_strdup (row->summary);
  alert->is_acknowledged = row->acknowledged_us > 0;
  if (entry == NULL)
    return alert;
  alert->inhibited_by = g_strdupv (entry->inhibited_by);
  alert->help = g_strdup (entry->help);
  alert->runbook = g_strdup (orf_alert_rule_get_spec (entry->rule)->runbook);
  return alert;
}
