/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-bench.h"

#include <string.h>

#include "metrics/orf-live-expr.h"

/* What a rule takes beside its texts: the tree and its steps, of a few parts. */
#define RULE_BYTES 2048

/* Alerts that one rule may have where a tenth of all would be less: one that means every series
 * leaves room for the others. */
#define MIN_SHARE 1000

typedef struct {
  gint64 number;
  OrfAlertRule *rule;
  OrfLiveExpr *expr;
  OrfAlertSet *alerts;
  gsize bytes; /* of the rule itself */
} Rule;

struct _OrfAlertBench {
  OrfAlertBenchLimits limits;
  OrfLivePool *pool;
  GArray *rules;  /* Rule, by number */
  guint n_alerts; /* of all of them */
  gint64 now_us;  /* of the last step */
};

static void
rule_clear (gpointer data)
{
  Rule *rule = data;

  orf_alert_set_free (rule->alerts);
  orf_live_expr_free (rule->expr);
  orf_alert_rule_free (rule->rule);
}

OrfAlertBench *
orf_alert_bench_new (const OrfAlertBenchLimits *limits)
{
  OrfAlertBench *self = g_new0 (OrfAlertBench, 1);

  self->limits = *limits;
  self->pool = orf_live_pool_new (&limits->live);
  self->rules = g_array_new (FALSE, FALSE, sizeof (Rule));
  g_array_set_clear_func (self->rules, rule_clear);
  return self;
}

void
orf_alert_bench_free (OrfAlertBench *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->rules);
  orf_live_pool_free (self->pool);
  g_free (self);
}

OrfLivePool *
orf_alert_bench_get_pool (OrfAlertBench *self)
{
  return self->pool;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Where it is, or would be. */
static guint
find_place (const OrfAlertBench *self, gint64 number)
{
  guint low = 0, high = self->rules->len;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (g_array_index (self->rules, Rule, middle).number < number)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* NULL: there is none. */
static Rule *
find (const OrfAlertBench *self, gint64 number)
{
  guint place = find_place (self, number);
  Rule *rule = place < self->rules->len ? &g_array_index (self->rules, Rule, place) : NULL;

  return rule != NULL && rule->number == number ? rule : NULL;
}

static void
take_over_alerts (OrfAlertSet *to, const OrfAlertSet *from)
{
  g_autoptr (GPtrArray) list = orf_alert_set_list (from);

  orf_alert_set_set_max (to, list->len);
  for (guint i = 0; i < list->len; i++) {
    const OrfAlert *old = list->pdata[i];
    OrfAlert *alert = orf_alert_set_restore (to, g_strdupv (old->labels), &old->life);

    alert->value = old->value;
    alert->no = old->no;
    alert->patient_until_us = old->patient_until_us;
  }
}

gboolean
orf_alert_bench_set_rule (OrfAlertBench *self, gint64 number, OrfAlertRule *rule, GError **error)
{
  g_autoptr (OrfAlertRule) taken = rule;
  Rule one = { .number = number };
  Rule *old = find (self, number);

  one.expr = orf_live_expr_new (self->pool, orf_alert_rule_get_value (taken), error);
  if (one.expr == NULL)
    return FALSE;
  one.alerts = orf_alert_set_new (taken, 0);
  one.bytes = RULE_BYTES + strlen (orf_alert_rule_get_spec (taken)->expr);
  one.rule = g_steal_pointer (&taken);
  if (old == NULL) {
    g_array_insert_val (self->rules, find_place (self, number), one);
    return TRUE;
  }
  take_over_alerts (one.alerts, old->alerts);
  rule_clear (old);
  *old = one;
  return TRUE;
}

void
orf_alert_bench_remove_rule (OrfAlertBench *self, gint64 number)
{
  const Rule *rule = find (self, number);

  if (rule == NULL)
    return;
  self->n_alerts -= orf_alert_set_get_size (rule->alerts);
  g_array_remove_index (self->rules, find_place (self, number));
}

const OrfAlertSet *
orf_alert_bench_get_alerts (const OrfAlertBench *self, gint64 number)
{
  const Rule *rule = find (self, number);

  return rule != NULL ? rule->alerts : NULL;
}

const GError *
orf_alert_bench_get_error (const OrfAlertBench *self, gint64 number)
{
  const Rule *rule = find (self, number);

  return rule != NULL ? orf_live_expr_get_error (rule->expr) : NULL;
}

/* ---- alerts ---------------------------------------------------------------------------------- */

guint
orf_alert_bench_get_n_alerts (const OrfAlertBench *self)
{
  return self->n_alerts;
}

/* What all others leave of the room is this rule's, up to its share; how much it has. */
static guint
set_room (const OrfAlertBench *self, const Rule *rule)
{
  guint own = orf_alert_set_get_size (rule->alerts);
  guint left = self->limits.max_alerts - MIN (self->n_alerts, self->limits.max_alerts);
  guint share = MAX (self->limits.max_alerts / 10, MIN_SHARE);

  orf_alert_set_set_max (rule->alerts, MAX (own, MIN (own + left, share)));
  return own;
}

OrfAlert *
orf_alert_bench_restore (OrfAlertBench *self,
                         gint64 number,
                         char **labels,
                         const OrfAlertLife *life)
{
  g_auto (GStrv) owned = labels;
  Rule *rule = find (self, number);

  OrfAlert *alert;

  if (rule == NULL)
    return NULL;
  set_room (self, rule);
  alert = orf_alert_set_restore (rule->alerts, g_steal_pointer (&owned), life);
  self->n_alerts += alert != NULL;
  return alert;
}

typedef struct {
  gint64 number;
  OrfAlertBenchChanged changed;
  gpointer user_data;
} Telling;

static void
changed_cb (gpointer user_data, OrfAlert *alert, OrfAlertChange change)
{
  const Telling *telling = user_data;

  telling->changed (telling->user_data, telling->number, alert, change);
}

static void
turn_back (OrfAlertBench *self, gint64 now_us)
{
  gint64 by_us = self->now_us - now_us;

  self->now_us = now_us;
  orf_live_pool_turn_back (self->pool, now_us);
  for (guint i = 0; i < self->rules->len; i++)
    orf_alert_set_turn_back (g_array_index (self->rules, Rule, i).alerts, by_us);
}

guint
orf_alert_bench_step (OrfAlertBench *self,
                      gint64 now_us,
                      OrfAlertBenchChanged changed,
                      gpointer user_data)
{
  guint n_left_out = 0;

  if (now_us < self->now_us)
    turn_back (self, now_us);
  if (now_us <= self->now_us)
    return 0;
  self->now_us = now_us;
  for (guint i = 0; i < self->rules->len; i++) {
    const Rule *rule = &g_array_index (self->rules, Rule, i);
    Telling telling = { rule->number, changed, user_data };
    guint own = set_room (self, rule);

    n_left_out += orf_alert_set_step (rule->alerts, orf_live_expr_eval (rule->expr, now_us), now_us,
                                      changed_cb, &telling);
    self->n_alerts += orf_alert_set_get_size (rule->alerts) - own;
  }
  return n_left_out;
}

static gsize
measure (const Rule *rule)
{
  return sizeof *rule + rule->bytes + orf_alert_set_get_bytes (rule->alerts);
}

gsize
orf_alert_bench_get_bytes (const OrfAlertBench *self)
{
  gsize bytes = orf_live_pool_get_figures (self->pool).bytes;

  for (guint i = 0; i < self->rules->len; i++)
    bytes += measure (&g_array_index (self->rules, Rule, i));
  return bytes;
}
