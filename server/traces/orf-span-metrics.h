/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-exposition.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * Spans as metrics: `span.calls`, `span.errors` and the histogram `span.duration_us` of the busiest
 * operations, with exemplars for OpenMetrics.  Counted are spans that are in the file, since start.
 * Main context.
 */
typedef struct _OrfSpanMetrics OrfSpanMetrics;

/* All outlive it but the sampler, which is freed before it. */
OrfSpanMetrics *
orf_span_metrics_new (const OrfConfig *config, OrfStore *store, OrfSampler *sampler);
void orf_span_metrics_free (OrfSpanMetrics *metrics);
/* The exposition tells exemplars from now on; it is freed before the metrics. */
void orf_span_metrics_expose (OrfSpanMetrics *metrics, OrfExposition *exposition);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanMetrics, orf_span_metrics_free)

G_END_DECLS
