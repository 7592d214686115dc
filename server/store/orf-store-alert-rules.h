/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store.h"

G_BEGIN_DECLS

/* The table `alert_rule`: what was said of a rule by call. */
typedef struct {
  char *name;
  char *expr;                                     /* NULL: not said; so are all texts below */
  double threshold, hysteresis;                   /* NAN: not said */
  int severity;                                   /* OrfSeverity; UNSET: not said */
  gint64 for_us, keep_firing_for_us, cooldown_us; /* -1: not said */
  char *labels_json;                              /* object of strings */
  char *inhibited_by_json;                        /* array of names */
  char *summary, *help, *runbook;
  int enabled; /* -1: not said */
  gint64 set_us;
  char *set_by;
} OrfAlertRuleRow;

/* Nothing is said. */
OrfAlertRuleRow *orf_alert_rule_row_new (void);
OrfAlertRuleRow *orf_alert_rule_row_copy (const OrfAlertRuleRow *row);
void orf_alert_rule_row_free (OrfAlertRuleRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertRuleRow, orf_alert_rule_row_free)

/* Acknowledgement lane.  Takes row, which is written in the place of one of that name. */
void orf_store_write_alert_rule (OrfStore *store,
                                 OrfAlertRuleRow *row,
                                 const OrfIdempotency *idempotency,
                                 OrfWriteDone done,
                                 gpointer user_data);
void orf_store_delete_alert_rule (OrfStore *store,
                                  const char *name,
                                  const OrfIdempotency *idempotency,
                                  OrfWriteDone done,
                                  gpointer user_data);
/* Blocking, at start only: OrfAlertRuleRow by name. */
GPtrArray *orf_store_load_alert_rules (OrfStore *store, GError **error);

G_END_DECLS
