/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-batch.h"
#include "otlp/orf-otlp-message.h"

G_BEGIN_DECLS

/*
 * From a message of metrics to rows of series.  Which series there are is remembered from request
 * to request, so that the attributes of one that is known are not read again.  One context: the
 * ingest thread.  doc/otlp.md tells the mapping.
 */
typedef struct _OrfOtlpMapper OrfOtlpMapper;

typedef struct {
  gint64 now_us, late_us, future_us;
  guint max_labels; /* of one series */
  guint max_rows;   /* of one request */
  /* what is remembered; beyond either all is forgotten */
  guint max_slots;
  gsize max_remembered_bytes;
} OrfOtlpLimits;

/* promote: keys of resource attributes that become labels, NULL-terminated; copied. */
OrfOtlpMapper *orf_otlp_mapper_new (char *const *promote);
void orf_otlp_mapper_free (OrfOtlpMapper *mapper);

/* FALSE with RESOURCE_EXHAUSTED beyond max_rows.  batch then has no rows, but its new series and
 * its reset hold. */
gboolean orf_otlp_mapper_run (OrfOtlpMapper *mapper,
                              const OrfOtlpLimits *limits,
                              const Otlp__MetricsRequest *request,
                              OrfOtlpBatch *batch,
                              GError **error);
gsize orf_otlp_mapper_get_size_bytes (const OrfOtlpMapper *mapper);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOtlpMapper, orf_otlp_mapper_free)

G_END_DECLS
