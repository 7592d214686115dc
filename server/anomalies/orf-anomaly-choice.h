/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/* Which series are asked for shapes that have not come before: those that [anomaly] discord means,
 * the first of them up to discord_series.  Main context. */
typedef struct _OrfAnomalyChoice OrfAnomalyChoice;

/* INVALID_ARGUMENT: one of the selectors is none.  config outlives it. */
OrfAnomalyChoice *orf_anomaly_choice_new (const OrfConfig *config, GError **error);
void orf_anomaly_choice_free (OrfAnomalyChoice *choice);

/* FALSE: it is not meant, or there is no more room. */
gboolean orf_anomaly_choice_take (OrfAnomalyChoice *choice, const OrfSeries *series);
/* One that was taken has gone. */
void orf_anomaly_choice_release (OrfAnomalyChoice *choice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfAnomalyChoice, orf_anomaly_choice_free)

G_END_DECLS
