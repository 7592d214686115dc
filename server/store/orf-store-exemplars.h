/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-span-batch.h"

G_BEGIN_DECLS

/*
 * The table `span_exemplar`: of each operation and minute some spans that stand for the others.
 */

/* A span of a batch that is in the file now. */
typedef struct {
  const OrfSpan *span;
  gint64 operation_no;
  gint64 trace_no, span_no;
} OrfWrittenSpan;

/* Of one operation, by start.  In the writer's transaction. */
gboolean orf_exemplars_write (OrfConnection *connection,
                              const OrfWrittenSpan *spans,
                              guint n_spans,
                              GError **error);
/* Before the trace's spans go. */
gboolean orf_exemplars_drop_trace (OrfConnection *connection, gint64 trace_no, GError **error);
/* All but the newest of an operation: no minute in part. */
gboolean
orf_exemplars_cut (OrfConnection *connection, gint64 operation_no, gint64 max_rows, GError **error);

typedef struct {
  guint8 trace_id[ORF_TRACE_ID_BYTES];
  guint8 span_id[ORF_SPAN_ID_BYTES];
  gint64 start_us, duration_us;
  OrfSpanOutcome outcome;
} OrfExemplarRow;

/* Of OrfExemplarRow, longest first: the longest of each class in minutes of from_us <= t_us <
 * to_us; none where the file is too old.  NULL on error. */
GArray *orf_exemplars_read (
  OrfConnection *connection, gint64 operation_no, gint64 from_us, gint64 to_us, GError **error);

G_END_DECLS
