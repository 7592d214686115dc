/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notifier.h"
#include "store/orf-store-alerts.h"

G_BEGIN_DECLS

/*
 * Steps of alerts on their way to the file, in order, and from there to the notifier.  What the
 * store refuses (a full disk) is tried again with the next frame.  Main context.
 */
typedef struct _OrfAlertWriter OrfAlertWriter;

/* Both outlive it, the store until it is closed. */
OrfAlertWriter *orf_alert_writer_new (OrfStore *store, OrfNotifier *notifier);
/* After the store is closed. */
void orf_alert_writer_free (OrfAlertWriter *writer);

/* Takes both.  told: OrfNoticeAlert, of which the notifier is told once change is on disk, with
 * those of its notices that are the alert's. */
void orf_alert_writer_add (OrfAlertWriter *writer, OrfAlertsChange *change, GPtrArray *told);
/* What was refused is tried again. */
void orf_alert_writer_retry (OrfAlertWriter *writer);
/* All that is left is handed to the store once more, which is about to be closed. */
void orf_alert_writer_stop (OrfAlertWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertWriter, orf_alert_writer_free)

G_END_DECLS
