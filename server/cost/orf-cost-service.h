/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cost/orf-cost-meter.h"
#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* cost.summary and cost.trend, of a daemon that runs or a file.  Main context. */
typedef struct _OrfCostService OrfCostService;

/* parts outlive it; it outlives the calls. */
OrfCostService *orf_cost_service_new (const OrfMetricsParts *parts);
void orf_cost_service_free (OrfCostService *service);
void orf_cost_service_bind (OrfCostService *service, OrfRouter *router);
/* Who measures, and writes what it has before an answer; NULL: nobody, any more. */
void orf_cost_service_set_live (OrfCostService *service, OrfCostMeter *meter);

/* INVALID_ARGUMENT: a key of [cost]. */
gboolean orf_cost_service_check (const OrfConfig *config, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostService, orf_cost_service_free)

G_END_DECLS
