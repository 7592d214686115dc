/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-traces.h"

#include "core/orf-clock.h"
#include "otlp/orf-otlp-spans.h"
#include "store/orf-store-spans.h"

/* Limits in, spans out. */
typedef struct {
  OrfOtlpJob base;
  OrfOtlpSpanLimits limits;
  OrfOtlpSpans spans;
} Job;

/* On its way to the file. */
typedef struct {
  OrfOtlpCaller caller;
  guint64 n_rejected;
  char *reason;
} Write;

/* ---- the ingest thread ----------------------------------------------------------------------- */

static gboolean
read_thread (
  OrfOtlpJob *base, OrfIngestState *state, const char *data, gsize length, GError **error)
{
  Job *job = (Job *) base;
  const Otlp__TracesRequest *request = orf_otlp_message_read_traces (state->arena, base->encoding,
                                                                     data, length, error);
  gboolean mapped = request != NULL &&
                    orf_otlp_spans_map (&job->spans, &job->limits, request, error);

  base->result_bytes = orf_span_batch_measure (job->spans.batch);
  return mapped;
}

/* ---- the main context ------------------------------------------------------------------------ */

static OrfOtlpJob *
make_cb (gpointer user_data)
{
  const OrfConfig *config = ((const OrfMetricsParts *) user_data)->config;
  gint64 now_us = orf_clock_now_us ();
  Job *job = g_new0 (Job, 1);

  job->spans.batch = orf_span_batch_new ();
  job->limits = (OrfOtlpSpanLimits){
    .oldest_us = now_us - config->trace.retention_us,
    .newest_us = now_us + config->metrics.future_us,
    .max_spans = (guint) config->otlp.max_rows,
    .max_bytes = (gsize) config->memory.ingest_bytes,
  };
  return &job->base;
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Write *write = user_data;

  if (error != NULL)
    orf_otlp_caller_fail (&write->caller, error);
  else
    orf_otlp_caller_succeed (&write->caller, &orf_otlp_traces_signal, write->n_rejected,
                             write->reason);
  g_free (write->reason);
  g_free (write);
}

/* Takes over who is to be answered, and the batch. */
static void
write_job (const OrfMetricsParts *parts, Job *job)
{
  Write *write = g_new0 (Write, 1);

  *write = (Write){ job->base.caller, job->spans.n_rejected, g_steal_pointer (&job->spans.reason) };
  job->base.caller.reply = NULL;
  if (job->spans.batch->spans->len == 0) {
    written_cb (write, NULL, NULL);
    return;
  }
  orf_store_write_spans (parts->store, g_steal_pointer (&job->spans.batch),
                         (guint) parts->config->trace.max_operations, NULL, written_cb, write);
}

static void
take_cb (gpointer user_data, OrfOtlpJob *base)
{
  if (base->error != NULL)
    orf_otlp_caller_fail (&base->caller, base->error);
  else
    write_job (user_data, (Job *) base);
  orf_otlp_job_free (base);
}

static void
free_cb (OrfOtlpJob *job)
{
  orf_otlp_spans_clear (&((Job *) job)->spans);
}

const OrfOtlpSignal orf_otlp_traces_signal = {
  .path = "/v1/traces",
  .rejected_key = "rejectedSpans",
  .noun = "spans",
  .make = make_cb,
  .read = read_thread,
  .take = take_cb,
  .free = free_cb,
};
