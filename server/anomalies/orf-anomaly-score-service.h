/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Binds anomalies.score, which judges in a reader's thread, with or without a daemon.  parts
 * outlives the router's calls. */
void orf_anomaly_score_service_bind (OrfRouter *router, const OrfMetricsParts *parts);

G_END_DECLS
