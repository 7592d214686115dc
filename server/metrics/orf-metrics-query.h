/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "orf-schema-types.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Ends the call, and takes result. */
typedef void (*OrfMetricsQueryDone) (const OrfMetricsParts *parts,
                                     OrfCall *call,
                                     OrfMetricsQueryResult *result);

/* Answers the query by `done`, then or later, or fails the call.  params itself is copied; what it
 * points to is there as long as the call. */
void orf_metrics_query_run (const OrfMetricsParts *parts,
                            OrfCall *call,
                            const OrfMetricsQueryParams *params,
                            OrfMetricsQueryDone done);

/* Binds metrics.query. */
void orf_metrics_query_bind (OrfRouter *router, const OrfMetricsParts *parts);

G_END_DECLS
