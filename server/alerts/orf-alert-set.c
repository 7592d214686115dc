/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-set.h"

#include <math.h>
#include <string.h>

#include "metrics/orf-series-name.h"

#define NOWHERE G_MAXUINT

typedef struct {
  OrfAlert alert; /* the first, so that one is the other */
  guint line;     /* of the vector's, by which it is found; NOWHERE */
} Entry;

struct _OrfAlertSet {
  const OrfAlertRule *rule;
  guint max_alerts;
  GHashTable *alerts; /* Entry by its key */
  Entry **by_line;    /* of each line of the vector of this layout; NULL: it has no alert */
  guint n_lines;
  guint64 layout; /* 0: of none */
  gsize bytes;    /* of all alerts */
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
  g_free (self->by_line);
  g_free (self);
}

const OrfAlertRule *
orf_alert_set_get_rule (const OrfAlertSet *self)
{
  return self->rule;
}

guint
orf_alert_set_get_size (const OrfAlertSet *self)
{
  return g_hash_table_size (self->alerts);
}

gsize
orf_alert_set_get_bytes (const OrfAlertSet *self)
{
  return self->bytes;
}

/* The key is made of the labels. */
static gsize
measure (const OrfAlert *alert)
{
  return sizeof (Entry) + 2 * strlen (alert->key);
}

void
orf_alert_set_set_max (OrfAlertSet *self, guint max_alerts)
{
  self->max_alerts = max_alerts;
}

void
orf_alert_set_turn_back (OrfAlertSet *self, gint64 by_us)
{
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, self->alerts);
  while (g_hash_table_iter_next (&iter, NULL, &entry)) {
    OrfAlert *alert = &((Entry *) entry)->alert;

    orf_alert_life_turn_back (&alert->life, by_us);
    alert->patient_until_us = MAX (alert->patient_until_us - by_us, 0);
  }
}

/* Takes labels and key. */
static Entry *
add (OrfAlertSet *self, char **labels, char *key)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->alert.labels = labels;
  entry->alert.key = key;
  entry->alert.value = NAN;
  entry->line = NOWHERE;
  self->bytes += measure (&entry->alert);
  g_hash_table_insert (self->alerts, entry->alert.key, entry);
  return entry;
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
  alert = &add (self, g_steal_pointer (&owned), g_steal_pointer (&key))->alert;
  alert->life = *life;
  self->layout = 0; /* which line is its is looked up again */
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

  if (condition == ORF_ALERT_UNKNOWN && step->now_us < alert->patient_until_us)
    return;
  if (!isnan (value))
    alert->value = value;
  alert->patient_until_us = 0;
  change = orf_alert_life_step (&alert->life, step->timing, condition, step->now_us);
  if (change != ORF_ALERT_CHANGE_NONE)
    step->changed (step->user_data, alert, change);
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

/* Which alert is which line's, looked up only where lines may be others than before. */
static void
place_alerts (OrfAlertSet *self, const OrfExprVector *vector)
{
  GHashTableIter iter;
  gpointer entry;

  if (vector->layout != 0 && vector->layout == self->layout)
    return;
  self->layout = vector->layout;
  self->n_lines = vector->lines->len;
  g_free (self->by_line);
  self->by_line = g_new0 (Entry *, self->n_lines);
  if (g_hash_table_size (self->alerts) == 0)
    return;
  g_hash_table_iter_init (&iter, self->alerts);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    ((Entry *) entry)->line = NOWHERE;
  for (guint i = 0; i < self->n_lines; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];

    self->by_line[i] = g_hash_table_lookup (self->alerts, line->key);
    if (self->by_line[i] != NULL)
      self->by_line[i]->line = i;
  }
}

typedef struct {
  guint n_left_out; /* that there was no room for */
  guint n_stepped;
  guint n_done; /* of these */
} Stepped;

static void
step_line (OrfAlertSet *self, const Step *step, const OrfExprLine *line, guint i, Stepped *stepped)
{
  OrfAlertCondition condition = orf_alert_rule_judge (self->rule, line->values[0]);
  Entry *entry = self->by_line[i];

  if (entry == NULL && condition != ORF_ALERT_TRUE)
    return;
  if (entry == NULL && g_hash_table_size (self->alerts) >= self->max_alerts) {
    stepped->n_left_out++;
    return;
  }
  if (entry == NULL) {
    entry = self->by_line[i] = add (self, g_strdupv (line->labels), g_strdup (line->key));
    entry->line = i;
  }
  step_alert (step, &entry->alert, condition, line->values[0]);
  stepped->n_stepped++;
  stepped->n_done += is_done (&entry->alert, step);
}

static void
forget (OrfAlertSet *self, const Entry *entry)
{
  if (entry->line != NOWHERE)
    self->by_line[entry->line] = NULL;
  self->bytes -= measure (&entry->alert);
  g_hash_table_remove (self->alerts, entry->alert.key);
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
      forget (self, list->pdata[i]);
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
  Stepped stepped = { 0 };

  place_alerts (self, vector);
  for (guint i = 0; i < vector->lines->len; i++)
    step_line (self, &step, vector->lines->pdata[i], i, &stepped);
  if (stepped.n_done > 0 || stepped.n_stepped < g_hash_table_size (self->alerts))
    step_rest (self, &step);
  return stepped.n_left_out;
}
