/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomalies/orf-anomaly-desk.h"

G_BEGIN_DECLS

/* Which anomalies were called known or noise, and so quiet their like.  Main context. */
typedef struct _OrfAnomalyQuiets OrfAnomalyQuiets;

/* The oldest are forgotten for newer ones. */
#define ORF_ANOMALY_QUIETS_MAX 10000

/* entries: OrfAnomalyEntry, the newest first. */
OrfAnomalyQuiets *orf_anomaly_quiets_load (const GPtrArray *entries);
void orf_anomaly_quiets_free (OrfAnomalyQuiets *quiets);

/* series: canonical text of row's. */
void orf_anomaly_quiets_judge (OrfAnomalyQuiets *quiets,
                               const OrfAnomalyRecord *row,
                               const char *series,
                               OrfAlertVerdict verdict);
/* How many that are quiet are like it once that verdict is given. */
guint orf_anomaly_quiets_count (const OrfAnomalyQuiets *quiets,
                                const OrfAnomalyRecord *row,
                                const char *series,
                                OrfAlertVerdict verdict);
/* OrfAnomalyQuiet of all, for the thread; NULL: they are as when it was last asked. */
GArray *orf_anomaly_quiets_take (OrfAnomalyQuiets *quiets);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyQuiets, orf_anomaly_quiets_free)

G_END_DECLS
