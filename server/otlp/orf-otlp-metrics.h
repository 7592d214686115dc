/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "otlp/orf-otlp-metrics-job.h"

G_BEGIN_DECLS

/*
 * What becomes of OTLP metrics once they are decoded: slots get their series, deltas are added up,
 * one batch goes to the store, and when that says durable, to the open chunks, and the caller is
 * answered.  Main context only.
 */
typedef struct _OrfOtlpMetrics OrfOtlpMetrics;

extern const OrfOtlpSignal orf_otlp_metrics_signal; /* its user_data: an OrfOtlpMetrics */

/* parts outlive it. */
OrfOtlpMetrics *orf_otlp_metrics_new (const OrfMetricsParts *parts);
/* What has not gone to the store is refused; what has is still answered. */
void orf_otlp_metrics_stop (OrfOtlpMetrics *metrics);
/* Once the store is closed, which tells of all that was in flight. */
void orf_otlp_metrics_free (OrfOtlpMetrics *metrics);

G_END_DECLS
