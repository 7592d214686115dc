/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-anomalies.h"

G_BEGIN_DECLS

/* What is told of an anomaly.  Pure. */

/* Canonical text of its series; of one that is no more: "(unknown)".  To be freed. */
char *orf_anomaly_info_dup_series (const OrfAnomalyEntry *entry);
/* One sentence for people.  series: canonical text.  To be freed. */
char *orf_anomaly_info_describe (const OrfAnomalyRecord *row, const char *series);
/* Of the row alone: what is near it is not known yet. */
OrfAnomalyInfo *orf_anomaly_info_make (const OrfAnomalyRecord *row, const char *series);
/* With what is near it. */
OrfAnomalyInfo *orf_anomaly_info_make_entry (const OrfAnomalyEntry *entry);

G_END_DECLS
