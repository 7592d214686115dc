/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-desk.h"
#include "incidents/orf-black-box.h"
#include "metrics/orf-metrics-parts.h"
#include "metrics/orf-sampler.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * Anomalies while they happen: each sample of a series that is watched is noted as it goes to its
 * chunk; with each frame all that was noted goes to a thread of its own, and what that finds goes
 * to the file, then to those who watch, and where it is critical to the black box.  Main context.
 */
typedef struct _OrfAnomalies OrfAnomalies;

typedef struct {
  const OrfMetricsParts *metrics;
  OrfSampler *sampler;
  OrfBlackBox *black_box;
  OrfRouter *router;
} OrfAnomaliesParts;

/* parts is copied; what it names outlives orf_anomalies_stop(). */
OrfAnomalies *orf_anomalies_new (const OrfAnomaliesParts *parts, GError **error);
/* What is learnt goes to the store; waits for the thread. */
void orf_anomalies_stop (OrfAnomalies *anomalies);
/* After the store is closed. */
void orf_anomalies_free (OrfAnomalies *anomalies);

/* After each frame. */
void orf_anomalies_tick (OrfAnomalies *anomalies);

/* What was said of an anomaly is in the file.  series: canonical text of its. */
void orf_anomalies_judged (OrfAnomalies *anomalies,
                           const OrfAnomalyRecord *row,
                           const char *series,
                           OrfAlertVerdict verdict);
/* How many that are quiet are like it once that verdict is given. */
guint orf_anomalies_count_quiet (const OrfAnomalies *anomalies,
                                 const OrfAnomalyRecord *row,
                                 const char *series,
                                 OrfAlertVerdict verdict);
/* Of those of at least this severity: the channel of what begins and ends. */
OrfChannel *orf_anomalies_watch (OrfAnomalies *anomalies, OrfSeverity severity);
/* FALSE: [anomaly] enabled is. */
gboolean orf_anomalies_are_on (const OrfAnomalies *anomalies);
guint orf_anomalies_get_n_series (const OrfAnomalies *anomalies);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalies, orf_anomalies_free)

G_END_DECLS
