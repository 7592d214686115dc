/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "alerts/orf-alert-book.h"
#include "alerts/orf-alert-job.h"
#include "notify/orf-notice.h"
#include "store/orf-store-alerts.h"

G_BEGIN_DECLS

/*
 * The alerts that go on, each with its row of the file: steps in, what is to be written and told
 * out.  Main context; it does no I/O.
 */
typedef struct _OrfAlertKeeper OrfAlertKeeper;

typedef struct {
  OrfAlertRow *row;
  gint64 rule; /* the number that the thread knows its rule by */
  char *key;   /* canonical text of the series' labels */
  OrfAlertLife life;
} OrfOngoing;

/* last_id: the largest that there is. */
OrfAlertKeeper *orf_alert_keeper_new (gint64 last_id);
void orf_alert_keeper_free (OrfAlertKeeper *keeper);

/* One that goes on, from before a restart; FALSE: its row says nothing that could be gone on from.
 */
gboolean orf_alert_keeper_restore (OrfAlertKeeper *keeper, gint64 rule, const OrfAlertRow *row);
/* OrfOngoing, by id; the container is the caller's. */
GPtrArray *orf_alert_keeper_list (const OrfAlertKeeper *keeper);
/* How many fire, by severity, and how many are pending. */
typedef struct {
  guint n_firing[ORF_SEVERITY_N];
  guint n_pending;
} OrfOngoingCounts;
OrfOngoingCounts orf_alert_keeper_count (const OrfAlertKeeper *keeper);
/* NULL: it does not go on. */
const OrfOngoing *orf_alert_keeper_find (const OrfAlertKeeper *keeper, gint64 id);

/* What the thread found: rows and events are added to change.  The alert's row as it is then, of
 * which the caller gets a copy. */
OrfAlertRow *orf_alert_keeper_step (OrfAlertKeeper *keeper,
                                    const OrfAlertEntry *entry,
                                    const OrfAlertFinding *finding,
                                    gint64 now_us,
                                    OrfAlertsChange *change);
/* Its rule is no more, or rests: the same. */
OrfAlertRow *orf_alert_keeper_end (
  OrfAlertKeeper *keeper, gint64 id, const char *reason, gint64 now_us, OrfAlertsChange *change);
/* The same of one that does not go on here: its rule was none when all began, or its row says
 * nothing that could be gone on from. */
OrfAlertRow *orf_alert_keeper_end_orphan (const OrfAlertRow *orphan,
                                          const char *reason,
                                          gint64 now_us,
                                          OrfAlertsChange *change);
void orf_alert_keeper_acknowledge (OrfAlertKeeper *keeper, const OrfAcknowledgement *said);

/* What the notifier is to know of it; entry NULL: the rule is no more. */
OrfNoticeAlert *orf_alert_keeper_describe (const OrfAlertRow *row, const OrfAlertEntry *entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAlertKeeper, orf_alert_keeper_free)

G_END_DECLS
