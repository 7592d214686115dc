/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-rule.h"
#include "metrics/orf-expr-vector.h"

G_BEGIN_DECLS

/*
 * The alerts of one rule: one for each set of labels whose condition holds, or held not long ago.
 * What is well costs nothing but its judgement: a line whose condition does not hold makes no
 * alert, and none is looked for where the vector says that its lines are those of the step before
 * (OrfExprVector.layout); one that was resolved is forgotten when its cooldown is over.  Pure.
 */
typedef struct _OrfAlertSet OrfAlertSet;

typedef struct {
  char **labels; /* key, value, …, NULL, of the line, sorted by key */
  char *key;     /* their canonical text */
  OrfAlertLife life;
  double value; /* the last that was known; NAN: none */
  gint64 no;    /* whoever keeps it, calls it so; 0: not yet */
  /* Until then, that nothing is known of it says nothing: after a restart its series come one by
   * one. */
  gint64 patient_until_us;
} OrfAlert;

/* In the order of the vector's lines, then those without a line by key.  alert is good until the
 * next step. */
typedef void (*OrfAlertChanged) (gpointer user_data, OrfAlert *alert, OrfAlertChange change);

/* rule is borrowed.  max_alerts: at once. */
OrfAlertSet *orf_alert_set_new (const OrfAlertRule *rule, guint max_alerts);
void orf_alert_set_free (OrfAlertSet *self);

const OrfAlertRule *orf_alert_set_get_rule (const OrfAlertSet *self);

/* The clock was set back by so much. */
void orf_alert_set_turn_back (OrfAlertSet *self, gint64 by_us);
guint orf_alert_set_get_size (const OrfAlertSet *self);
/* About what the alerts take. */
gsize orf_alert_set_get_bytes (const OrfAlertSet *self);
/* From the next step on; those that are there stay. */
void orf_alert_set_set_max (OrfAlertSet *self, guint max_alerts);

/* vector: of one value a line, what the rule's value is at now_us.  Of an alert that has no line
 * nothing is known.  How many there was no room for. */
guint orf_alert_set_step (OrfAlertSet *self,
                          const OrfExprVector *vector,
                          gint64 now_us,
                          OrfAlertChanged changed,
                          gpointer user_data);

/* One that was kept; takes labels.  NULL: there is no room, or it is there. */
OrfAlert *orf_alert_set_restore (OrfAlertSet *self, char **labels, const OrfAlertLife *life);

/* NULL: none. */
OrfAlert *orf_alert_set_find (const OrfAlertSet *self, const char *key);
/* OrfAlert by key; the container is the caller's. */
GPtrArray *orf_alert_set_list (const OrfAlertSet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertSet, orf_alert_set_free)

G_END_DECLS
