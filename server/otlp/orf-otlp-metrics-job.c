/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-metrics-job.h"

gboolean
orf_otlp_metrics_job_read_thread (
  OrfOtlpJob *base, OrfIngestState *state, const char *data, gsize length, GError **error)
{
  OrfOtlpMetricsJob *job = (OrfOtlpMetricsJob *) base;
  const Otlp__MetricsRequest *request = orf_otlp_message_read_metrics (state->arena, base->encoding,
                                                                       data, length, error);
  gboolean mapped = request != NULL &&
                    orf_otlp_mapper_run (state->mapper, &job->limits, request, job->batch, error);

  base->result_bytes = orf_otlp_batch_measure (job->batch);
  return mapped;
}

void
orf_otlp_metrics_job_clear (OrfOtlpJob *base)
{
  g_clear_pointer (&((OrfOtlpMetricsJob *) base)->batch, orf_otlp_batch_free);
}
