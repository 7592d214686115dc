/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-ingest.h"
#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/*
 * One OTLP request of whatever signal on its way to the ingest thread and back; the first member of
 * a signal's own job.
 */
typedef struct _OrfOtlpJob OrfOtlpJob;

/* What sets one signal's requests apart from another's. */
typedef struct {
  const char *path;         /* "/v1/metrics" */
  const char *rejected_key; /* of its partial success in JSON */
  const char *noun;         /* what may be rejected, in words: "spans" */
  OrfOtlpJob *(*make) (gpointer user_data);
  gboolean (*read) (
    OrfOtlpJob *job, OrfIngestState *state, const char *data, gsize length, GError **error);
  /* back in the main context: job->error, or what read() left in the job; takes the job */
  void (*take) (gpointer user_data, OrfOtlpJob *job);
  void (*free) (OrfOtlpJob *job); /* what the signal's own job has */
} OrfOtlpSignal;

/* Where the answer goes. */
typedef struct {
  OrfHttpPageReply *reply;
  OrfOtlpEncoding encoding;
  guint *n_in_flight; /* of the service, which outlives it */
} OrfOtlpCaller;

struct _OrfOtlpJob {
  const OrfOtlpSignal *signal;
  gpointer user_data;   /* for signal->take */
  OrfOtlpCaller caller; /* looked at in the main context only */
  OrfOtlpEncoding encoding;
  gboolean gzip;
  GString *body; /* NULL once it was read */
  gsize max_body_bytes, max_decoded_bytes;
  GError *error;
  gsize result_bytes; /* of what read() left */
  OrfMemory *memory;
  gsize held_bytes; /* as counted there */
};

/* From here on its bytes are counted. */
void orf_otlp_job_count (OrfOtlpJob *job, OrfMemory *memory);
/* Takes job, which comes back by signal->take.  FALSE: there is no room, the job is still the
 * caller's. */
gboolean orf_otlp_job_submit (OrfOtlpJob *job, OrfIngest *ingest);
/* Its caller, if he was not answered, is told that we stop. */
void orf_otlp_job_free (OrfOtlpJob *job);

/* Each once.  reason: of the first that was rejected. */
void orf_otlp_caller_succeed (OrfOtlpCaller *caller,
                              const OrfOtlpSignal *signal,
                              guint64 n_rejected,
                              const char *reason);
void orf_otlp_caller_fail (OrfOtlpCaller *caller, const GError *error);

G_END_DECLS
