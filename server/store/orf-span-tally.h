/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-span-batch.h"
#include "store/orf-span-classes.h"

G_BEGIN_DECLS

/* A span that stands for others. */
typedef struct {
  guint8 trace_id[ORF_TRACE_ID_BYTES];
  guint8 span_id[ORF_SPAN_ID_BYTES];
  gint64 start_us; /* 0: there is none */
  gint64 duration_us;
} OrfSpanExemplar;

/* Those of one operation that a batch brought into the file. */
typedef struct {
  char *service, *operation;
  gint64 spans, errors, sum_us;
  gint64 counts[ORF_SPAN_N_CLASSES];
  OrfSpanExemplar exemplars[ORF_SPAN_N_CLASSES]; /* the longest of each class */
  OrfSpanExemplar failed;                        /* the longest that failed */
} OrfSpanTally;

OrfSpanTally *orf_span_tally_new (const char *service, const char *operation);
void orf_span_tally_free (OrfSpanTally *tally);
void orf_span_tally_add (OrfSpanTally *tally, const OrfSpan *span);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanTally, orf_span_tally_free)

G_END_DECLS
