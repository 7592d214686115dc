/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"

G_BEGIN_DECLS

/*
 * A run of spans by their numbers, as the body of a request.  A plain value: asked for in the main
 * context, filled in a reader's thread, sent from the main context.
 */
typedef struct {
  /* asked */
  gint64 from_no;
  gint64 to_no; /* G_MAXINT64: as far as there are spans */
  guint max_spans;
  /* found */
  gint64 first_no, last_no; /* of the whole table; 0: it is empty */
  gint64 begin_no, next_no; /* of the first that was taken, and after the last */
  gint64 from_us;           /* when the first of them began */
  guint n_spans;
  GBytes *body; /* protobuf, packed by gzip; NULL: there are no spans, or they are too large */
} OrfSpanRun;

OrfSpanRun *orf_span_run_new (gint64 from_no, gint64 to_no, guint max_spans);
void orf_span_run_free (OrfSpanRun *run);

/* OrfReadThreadCb. */
gboolean orf_span_run_read (gpointer run, OrfConnection *connection, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSpanRun, orf_span_run_free)

G_END_DECLS
