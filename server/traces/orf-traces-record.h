/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/* traces.record: spans of those with no OpenTelemetry SDK.  parts outlive the router's calls. */
void orf_traces_record_bind (OrfRouter *router, const OrfMetricsParts *parts);

G_END_DECLS
