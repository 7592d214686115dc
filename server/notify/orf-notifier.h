/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice-hold.h"
#include "outbox/orf-outbox.h"

G_BEGIN_DECLS

/*
 * Tells the receivers of [receivers] of alerts.  Whoever makes an alert fire or end asks for the
 * rows of `alert_notice` that this makes, one for each receiver that it is meant for, writes them
 * in the transaction of that step, and hands them over once they are on disk.  From there on the
 * notifier groups, holds back, posts to the outbox, and writes what became of each.  Main context.
 */
typedef struct _OrfNotifier OrfNotifier;

/* All outlive it; before the outbox is started.  An error names the receiver and its key. */
OrfNotifier *
orf_notifier_new (const OrfConfig *config, OrfStore *store, OrfOutbox *outbox, GError **error);
/* Takes up what the file has.  alerts: OrfNoticeAlert, all that fire.  Nothing is told before, and
 * what is handed over before waits. */
void orf_notifier_start (OrfNotifier *notifier, const GPtrArray *alerts);
/* Posts and writes nothing more; before the outbox is stopped. */
void orf_notifier_stop (OrfNotifier *notifier);
/* After the store is closed. */
void orf_notifier_free (OrfNotifier *notifier);
/* The config has changed.  A setting that is wrong leaves all as it was. */
gboolean orf_notifier_reload (OrfNotifier *notifier, GError **error);

/* OrfNoticeRow with ids of their own, maybe none: whom event, firing or resolved, of alert is meant
 * for.  To be written with the step. */
GPtrArray *orf_notifier_make_rows (OrfNotifier *notifier,
                                   const OrfNoticeAlert *alert,
                                   OrfNoticeEvent event,
                                   gint64 now_us);
/* A step that is on disk: what is so of alert now (resolved_us says whether it fires), and its
 * rows, which are copied; NULL: none.  Told of each firing and each end, so that inhibition knows
 * them. */
void orf_notifier_tell (OrfNotifier *notifier, OrfNoticeAlert *alert, const GPtrArray *rows);
/* It is not repeated from now on. */
void orf_notifier_acknowledged (OrfNotifier *notifier, gint64 alert_id);
/* Takes silences: OrfNoticeSilence, all that are in force or to come. */
void orf_notifier_set_silences (OrfNotifier *notifier, GPtrArray *silences);

/* What holds a telling of it back now; NULL: nothing does.  Valid until the next call. */
const OrfNoticeSilence *
orf_notifier_find_silence (OrfNotifier *notifier, const OrfNoticeAlert *alert);
const OrfNoticeAlert *
orf_notifier_find_inhibitor (OrfNotifier *notifier, const OrfNoticeAlert *alert);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNotifier, orf_notifier_free)

G_END_DECLS
