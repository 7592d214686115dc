/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "health/orf-health-score.h"
#include "metrics/orf-metrics-parts.h"

G_BEGIN_DECLS

/* health is whoever's who is told; NULL on error. */
typedef void (*OrfHealthDone) (gpointer user_data,
                               OrfPredictionHealth *health,
                               const GError *error);

/* Judges what is measured now: the newest samples of the series that rules are about, of this run
 * from memory, else from the file; and of predictions (OrfPredictionInfo, borrowed) the times that
 * memory of devices has left. */
void orf_health_gather (const OrfMetricsParts *parts,
                        const GPtrArray *predictions,
                        OrfCancel *cancel,
                        OrfHealthDone done,
                        gpointer user_data);

G_END_DECLS
