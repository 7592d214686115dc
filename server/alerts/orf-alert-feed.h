/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-job.h"
#include "metrics/orf-metrics-parts.h"

G_BEGIN_DECLS

/*
 * Which series rules mean, and their samples on the way to the alerts' thread: each is noted as it
 * goes to its chunk, and all that was noted goes with the next frame.  A series that is asked for a
 * window comes with its recent past.  Main context.
 */
typedef struct _OrfAlertFeed OrfAlertFeed;

/* parts outlive it. */
OrfAlertFeed *orf_alert_feed_new (const OrfMetricsParts *parts);
/* Looks at no sample any more. */
void orf_alert_feed_stop (OrfAlertFeed *feed);
/* After the store is closed. */
void orf_alert_feed_free (OrfAlertFeed *feed);

/* exprs: const OrfExpr, of all rules, borrowed during the call. */
void orf_alert_feed_set_exprs (OrfAlertFeed *feed, const GPtrArray *exprs);
/* Moves what was noted to job. */
void orf_alert_feed_take (OrfAlertFeed *feed, OrfAlertJob *job);
/* Whether there is a series that it means. */
gboolean orf_alert_feed_has (const OrfAlertFeed *feed, const OrfSelector *selector);
/* Samples that there was no room for between two frames. */
guint64 orf_alert_feed_get_n_dropped (const OrfAlertFeed *feed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertFeed, orf_alert_feed_free)

G_END_DECLS
