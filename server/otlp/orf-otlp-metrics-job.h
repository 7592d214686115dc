/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-batch.h"
#include "otlp/orf-otlp-job.h"

G_BEGIN_DECLS

/* A request of metrics: limits in, a batch out. */
typedef struct {
  OrfOtlpJob base;
  OrfOtlpLimits limits;
  OrfOtlpBatch *batch; /* never NULL once it was worked on; may be without rows */
} OrfOtlpMetricsJob;

/* OrfOtlpSignal.read and free of metrics. */
gboolean orf_otlp_metrics_job_read_thread (
  OrfOtlpJob *job, OrfIngestState *state, const char *data, gsize length, GError **error);
void orf_otlp_metrics_job_clear (OrfOtlpJob *job);

G_END_DECLS
