/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* Binds gpu.report, which answers from samples and from the file, with or without a daemon.  parts
 * outlives the router's calls. */
void orf_report_service_bind (OrfRouter *router, const OrfMetricsParts *parts);

G_END_DECLS
