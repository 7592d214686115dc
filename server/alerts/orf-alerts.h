/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-book.h"
#include "alerts/orf-alert-keeper.h"
#include "incidents/orf-black-box.h"
#include "metrics/orf-metrics-parts.h"
#include "metrics/orf-sampler.h"
#include "notify/orf-notifier.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * Alerts while they happen: the rules in force go to a thread of their own with the samples of each
 * frame; what it finds goes to the file, to the notifier, to those who watch, and where it is
 * critical to the black box.  Its own thread, beside the judging one: a page does not wait for
 * forecasts.  Main context.
 */
typedef struct _OrfAlerts OrfAlerts;

typedef struct {
  const OrfMetricsParts *metrics;
  OrfAlertBook *book;
  OrfNotifier *notifier;
  OrfBlackBox *black_box;
  OrfSampler *sampler;
  OrfRouter *router;
} OrfAlertsParts;

/* parts is copied; what it names outlives orf_alerts_stop().  What the file has that goes on goes
 * on; the notifier is started with it. */
OrfAlerts *orf_alerts_new (const OrfAlertsParts *parts, GError **error);
/* Waits for the thread; what it found goes to the store. */
void orf_alerts_stop (OrfAlerts *alerts);
/* After the store is closed. */
void orf_alerts_free (OrfAlerts *alerts);

/* After each frame. */
void orf_alerts_tick (OrfAlerts *alerts);
/* The book has changed. */
void orf_alerts_rules_changed (OrfAlerts *alerts);
/* It is in the file. */
void orf_alerts_acknowledged (OrfAlerts *alerts, const OrfAcknowledgement *said);

/* What the rule waits for, or why nothing is known of it; NULL: nothing. */
char *orf_alerts_dup_trouble (OrfAlerts *alerts, const OrfAlertEntry *entry);
const OrfAlertKeeper *orf_alerts_get_keeper (const OrfAlerts *alerts);
/* Of those of at least this severity: the channel of what changes; NULL: it could not be made. */
OrfChannel *orf_alerts_watch (OrfAlerts *alerts, OrfSeverity severity);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlerts, orf_alerts_free)

G_END_DECLS
