/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-metrics-parts.h"
#include "otlp/orf-otlp-job.h"

G_BEGIN_DECLS

/* OTLP traces: spans go to the store as they were decoded, and when that says durable the caller is
 * answered.  Its user_data: an OrfMetricsParts. */
extern const OrfOtlpSignal orf_otlp_traces_signal;

G_END_DECLS
