/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-job.h"
#include "otlp/orf-otlp-message.h"
#include "store/orf-span-batch.h"

G_BEGIN_DECLS

/* The service of a resource that names none, as OpenTelemetry's SDKs have it. */
#define ORF_OTLP_UNKNOWN_SERVICE "unknown_service"

/* From a request of traces to spans as the store has them.  Pure. */
typedef struct {
  gint64 oldest_us, newest_us; /* spans end between these */
  guint max_spans;
  gsize max_bytes; /* that they may become */
} OrfOtlpSpanLimits;

typedef struct {
  OrfSpanBatch *batch;
  guint64 n_rejected;
  char *reason; /* of the first that was; NULL: none */
} OrfOtlpSpans;

void orf_otlp_spans_clear (OrfOtlpSpans *spans);
/* spans: with an empty batch.  FALSE: they are too many (RESOURCE_EXHAUSTED). */
gboolean orf_otlp_spans_map (OrfOtlpSpans *spans,
                             const OrfOtlpSpanLimits *limits,
                             const Otlp__TracesRequest *request,
                             GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfOtlpSpans, orf_otlp_spans_clear)

G_END_DECLS
