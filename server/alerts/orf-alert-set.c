/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-set.h"

#include <math.h>
#include <string.h>

#include "metrics/orf-series-name.h"

struct _OrfAlertSet {
  const OrfAlertRule *rule;
  guint max_alerts;
  GHashTable *alerts; /* OrfAlert by its key */
};

static void
alert_free (OrfAlert *alert)
{
  g_strfreev (alert->labels);
  g_free (alert->key);
  g_free (alert);
}

OrfAlertSet *
orf_alert_set_new (const OrfAlertRule *rule, guint max_alerts)
{
  OrfAlertSet *self = g_new0 (OrfAlertSet, 1);

  self->rule = rule;
  self->max_alerts = max_alerts;
  self->alerts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) alert_free);
  return self;
}

void
orf_alert_set_free (OrfAlertSet *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->alerts);
  g_free (self);
}

const OrfAlertRule *
orf_alert_set_get_rule (const OrfAlertSet *self)
{
  return self->rule;
}

/* Takes labels and key. */
static OrfAlert *
add (OrfAlertSet *self, char **labels, char *key)
{
  OrfAlert *alert = g_new0 (OrfAlert, 1);

  alert->labels = labels;
  alert->key = key;
  alert->value = NAN;
  g_hash_table_insert (self->alerts, alert->key, alert);
  return alert;
}

OrfAlert *
orf_alert_set_restore (OrfAlertSet *self, char **labels, const OrfAlertLife *life)
{
  g_auto (GStrv) owned = labels;
  g_autofree char *key = orf_series_name_to_text ("", labels);
  OrfAlert *alert;

  if (g_hash_table_size (self->alerts) >= self->max_alerts ||
      g_hash_table_contains (self->alerts, key))
    return NULL;
  alert = add (self, g_steal_pointer (&owned), g_steal_pointer (&key));
  alert->life = *life;
  return alert;
}

OrfAlert *
orf_alert_set_find (const OrfAlertSet *self, const char *key)
{
  return g_hash_table_lookup (self->alerts, key);
}

static gint
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfAlert *const *) a)->key, (*(OrfAlert *const *) b)->key);
}

GPtrArray *
orf_alert_set_list (const OrfAlertSet *self)
{
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (self->alerts));
  GHashTableIter iter;
  gpointer alert;

  g_hash_table_iter_init (&iter, self->alerts);
  while (g_hash_table_iter_next (&iter, NULL, &alert))
    g_ptr_array_add (list, alert);
  g_ptr_array_sort (list, compare_keys);
  return list;
}

/* ---- a step ---------------------------------------------------------------------------------- */

typedef struct {
  const OrfAlertTiming *timing;
  gint64 now_us;
  OrfAlertChanged changed;
  gpointer user_data;
} Step;

static void
step_alert (const Step *step, OrfAlert *alert, OrfAlertCondition condition, double value)
{
  OrfAlertChange change;

  if (!isnan (value))
    alert->value = value;
  change = orf_alert_life_step (&alert->life, step->timing, condition, step->now_us);
  if (change != ORF_ALERT_CHANGE_NONE)
    step->changed (step->user_data, alert, change);
}

/* FALSE: there was no room for it. */
static gboolean
step_line (OrfAlertSet *self, const Step *step, const OrfExprLine *line)
{
  OrfAlertCondition condition = orf_alert_rule_judge (self->rule, line->values[0]);
  OrfAlert *alert = g_hash_table_size (self->alerts) > 0 ? orf_alert_set_find (self, line->key)
                                                         : NULL;

  if (alert == NULL && condition != ORF_ALERT_TRUE)
    return TRUE;
  if (alert == NULL && g_hash_table_size (self->alerts) >= self->max_alerts)
    return FALSE;
  if (alert == NULL)
    alert = add (self, g_strdupv (line->labels), g_strdup (line->key));
  step_alert (step, alert, condition, line->values[0]);
  return TRUE;
}

static gboolean
is_done (const OrfAlert *alert, const Step *step)
{
  const OrfAlertLife *life = &alert->life;

  if (life->phase == ORF_ALERT_INACTIVE)
    return TRUE;
  return life->phase == ORF_ALERT_RESOLVED &&
         step->now_us - life->fired_us >= step->timing->cooldown_us;
}

/* Those without a line, of which nothing is known; and those that are over are forgotten. */
static void
step_rest (OrfAlertSet *self, const Step *step)
{
  g_autoptr (GPtrArray) list = orf_alert_set_list (self);

  for (guint i = 0; i < list->len; i++) {
    OrfAlert *alert = list->pdata[i];

    if (alert->life.seen_us < step->now_us)
      step_alert (step, alert, ORF_ALERT_UNKNOWN, NAN);
    if (is_done (alert, step))
      g_hash_table_remove (self->alerts, alert->key);
  }
}

guint
orf_alert_set_step (OrfAlertSet *self,
                    const OrfExprVector *vector,
                    gint64 now_us,
                    OrfAlertChanged changed,
                    gpointer user_data)
{
  const Step step = { &orf_alert_rule_get_spec (self->rule)->timing, now_us, changed, user_data };
  guint n_left_out = 0;

  for (guint i = 0; i < vector->lines->len; i++)
    n_left_out += !step_line (self, &step, vector->lines->pdata[i]);
  if (g_hash_table_size (self->alerts) > 0)
    step_rest (self, &step);
  return n_left_out;
}
