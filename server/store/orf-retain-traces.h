/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-pins.h"

G_BEGIN_DECLS

/* How long `span_stat` has minutes; before, it has hours. */
#define ORF_RETAIN_MINUTES_US (48 * G_GINT64_CONSTANT (3600000000))

/*
 * Old traces go, whole ones in the order in which they came, and what was counted of them.  A trace
 * of which some time is pinned stays whole.  Within the caller's transactions.
 */
typedef struct {
  gint64 trace_no;     /* seen up to here */
  gint64 operation_no; /* the same; 0: traces are still looked at */
  gint64 n_operations; /* when they began to be */
} OrfRetainTraces;

typedef struct {
  gint64 before_us;     /* what ended before goes; 0: nothing does by age */
  gint64 max_bytes;     /* of all spans, about; 0: any */
  gint64 max_exemplars; /* shared among the operations; 0: any */
  gint64 now_us;
  const OrfPins *pins;
} OrfRetainTracesLimits;

/* From the front again: after pins have gone, or a transaction was lost. */
void orf_retain_traces_restart (OrfRetainTraces *self);
/* *more: there may be more to do at once. */
gboolean orf_retain_traces_step (OrfRetainTraces *self,
                                 OrfConnection *connection,
                                 const OrfRetainTracesLimits *limits,
                                 gboolean *more,
                                 GError **error);

G_END_DECLS
