/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/* Which series are watched, and which are of one entity.  Pure. */

/* Values one by one, and not what anomalies and forecasts themselves are told by. */
gboolean orf_anomaly_entity_is_watched (const OrfSeries *series);
/* The first part of its name, and its labels: gpu{device="0"}.  To be freed. */
char *orf_anomaly_entity_make (const OrfSeries *series);
/* It is of a process or a worker, and ends with it. */
gboolean orf_anomaly_entity_departs (const OrfSeries *series);

G_END_DECLS
