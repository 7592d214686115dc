/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-rule.h"
#include "metrics/orf-expr-vector.h"
#include "metrics/orf-grid.h"

G_BEGIN_DECLS

/*
 * When a rule would have fired, had it been there.  Pure.
 */
typedef struct {
  char **labels; /* key, value, …, NULL */
  gint64 from_us;
  gint64 to_us; /* 0: it would still */
  double value; /* when it began */
} OrfTrialInterval;

typedef struct {
  GArray *intervals; /* OrfTrialInterval, by their beginnings */
  guint64 n_fired;   /* also those that there was no room for */
  gint64 firing_us;  /* all of them together */
} OrfAlertTrial;

/* vector: what the rule's value comes to at the times of grid.  Stepped through as if each of these
 * were a tick, so that nothing shorter than its step is seen. */
OrfAlertTrial *orf_alert_trial_run (const OrfAlertRule *rule,
                                    const OrfExprVector *vector,
                                    const OrfGrid *grid,
                                    guint max_intervals);
/* Of trial's intervals, how many overlap none of other's with the same labels. */
guint64 orf_alert_trial_count_alone (const OrfAlertTrial *trial, const OrfAlertTrial *other);
void orf_alert_trial_free (OrfAlertTrial *trial);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertTrial, orf_alert_trial_free)

G_END_DECLS
