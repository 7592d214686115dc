/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Binds metrics.export. */
void orf_metrics_export_bind (OrfRouter *router, const OrfMetricsParts *parts);

G_END_DECLS
