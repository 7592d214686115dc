/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-set.h"
#include "metrics/orf-live-pool.h"

G_BEGIN_DECLS

/*
 * All rules with their alerts, and the recent past of the series that they mean.  Pure: samples and
 * the clock in, steps of alerts out; of one thread.
 */
typedef struct _OrfAlertBench OrfAlertBench;

typedef struct {
  OrfLiveLimits live;
  guint max_alerts; /* of all rules at once */
} OrfAlertBenchLimits;

/* In the order of the rules' numbers, then as OrfAlertChanged. */
typedef void (*OrfAlertBenchChanged) (gpointer user_data,
                                      gint64 rule,
                                      OrfAlert *alert,
                                      OrfAlertChange change);

OrfAlertBench *orf_alert_bench_new (const OrfAlertBenchLimits *limits);
void orf_alert_bench_free (OrfAlertBench *self);

/* To which series are added, and samples pushed.  Of series that a new rule means, what was before
 * it is to be pushed: orf_live_pool_get_reach_us(). */
OrfLivePool *orf_alert_bench_get_pool (OrfAlertBench *self);

/* Takes rule.  One of this number is replaced, and its alerts are the new one's. */
gboolean
orf_alert_bench_set_rule (OrfAlertBench *self, gint64 number, OrfAlertRule *rule, GError **error);
/* With its alerts. */
void orf_alert_bench_remove_rule (OrfAlertBench *self, gint64 number);
/* NULL: there is no such rule. */
const OrfAlertSet *orf_alert_bench_get_alerts (const OrfAlertBench *self, gint64 number);
/* Why nothing is known of all that this rule means; NULL: no error, or no such rule. */
const GError *orf_alert_bench_get_error (const OrfAlertBench *self, gint64 number);

/* One that was kept; takes labels.  NULL: there is no such rule, or no room, or it is there. */
OrfAlert *orf_alert_bench_restore (OrfAlertBench *self,
                                   gint64 number,
                                   char **labels,
                                   const OrfAlertLife *life);

/* now_us: later than the last; one that is earlier is of a clock that was set back, and changes
 * nothing but that: what holds has held as long as it had.  How many alerts there was no room for.
 */
guint orf_alert_bench_step (OrfAlertBench *self,
                            gint64 now_us,
                            OrfAlertBenchChanged changed,
                            gpointer user_data);

guint orf_alert_bench_get_n_alerts (const OrfAlertBench *self);
gsize orf_alert_bench_get_bytes (const OrfAlertBench *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertBench, orf_alert_bench_free)

G_END_DECLS
