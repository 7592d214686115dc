/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-frame.h"
#include "store/orf-store-anomalies.h"

G_BEGIN_DECLS

/* How many anomalies were found since the start, and how many a day are told by each detector.
 * Main context. */
typedef struct _OrfAnomalyRates OrfAnomalyRates;

OrfAnomalyRates *orf_anomaly_rates_new (gint64 now_us);
void orf_anomaly_rates_free (OrfAnomalyRates *rates);
/* Each time that it changes. */
void orf_anomaly_rates_note (OrfAnomalyRates *rates, const OrfAnomalyRecord *row);
void orf_anomaly_rates_fill (OrfAnomalyRates *rates, OrfFrame *frame, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyRates, orf_anomaly_rates_free)

G_END_DECLS
