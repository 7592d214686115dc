/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store-fixture.h"
#include "store/orf-store-spans.h"

/* A span in few words: ids are one number each, 0 for no parent. */
typedef struct {
  guint trace, id, parent;
  const char *service, *operation;
  gint64 start_us, duration_us;
  OrfSpanKind kind; /* …_UNSET: internal */
  OrfSpanOutcome outcome;
  const char *attributes; /* JSON */
} MadeSpan;

#define MADE_MAX_OPERATIONS 8

void made_trace_id (guint number, guint8 id[ORF_TRACE_ID_BYTES]);
void made_span_add (OrfSpanBatch *batch, const MadeSpan *made);
/* Writes them in one batch, and waits until they are in the file. */
void made_spans_write (StoreFixture *fixture, const MadeSpan *made, guint n_made);
