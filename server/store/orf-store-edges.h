/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-span-batch.h"

G_BEGIN_DECLS

/*
 * The table `span_edge` while a batch of spans is written: who calls whom, whichever of the two
 * came first.  In the writer's transaction.
 */
typedef struct _OrfEdgeBook OrfEdgeBook;

/* Of a trace that has more spans, one that comes before its parent is not looked for any more. */
#define ORF_EDGE_MAX_SPANS 5000

/* A span, as far as edges go. */
typedef struct {
  guint8 span_id[ORF_SPAN_ID_BYTES], parent_id[ORF_SPAN_ID_BYTES];
  gboolean has_parent;
  const char *service; /* borrowed */
  OrfSpanKind kind;
  gint64 start_us;
  gboolean failed;
} OrfEdgeSpan;

OrfEdgeBook *orf_edge_book_new (void);
void orf_edge_book_free (OrfEdgeBook *book);

/* Reads what the file has of a trace that is there already and has n_spans. */
gboolean orf_edge_book_begin_trace (
  OrfEdgeBook *book, OrfConnection *connection, gint64 trace_no, gint64 n_spans, GError **error);
/* spans: those of this trace that came, by their ids, each once and none that was there. */
gboolean orf_edge_book_link (OrfEdgeBook *book,
                             OrfConnection *connection,
                             const OrfEdgeSpan *spans,
                             guint n_spans,
                             GError **error);
gboolean orf_edge_book_write (OrfEdgeBook *book, OrfConnection *connection, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfEdgeBook, orf_edge_book_free)

G_END_DECLS
