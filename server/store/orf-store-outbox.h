/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The tables `outbox` and `outbox_cursor`, on the caller's connection and in its transaction. */

/* OrfOutboxRow without their bodies, by id.  None where the file is older than the table. */
GPtrArray *orf_outbox_load (
  OrfConnection *connection, const char *destination, gint64 after_id, guint max, GError **error);
/* What each destination has, by name, with what stands in its first entry. */
typedef struct {
  char *destination;
  gint64 pending, pending_bytes;
  gint64 oldest_us, next_us;
  guint attempts;
  char *last_error; /* may be NULL */
} OrfOutboxSummary;
void orf_outbox_summary_free (OrfOutboxSummary *summary);
/* OrfOutboxSummary. */
GPtrArray *orf_outbox_summarize (OrfConnection *connection, GError **error);
/* NOT_FOUND where there is none such. */
GBytes *orf_outbox_read_body (OrfConnection *connection, gint64 id, GError **error);
/* OrfOutboxCursor of all destinations. */
GArray *orf_outbox_load_cursors (OrfConnection *connection, GError **error);
/* Destinations whose names begin so have cursors over the numbers of `span`; all others have them
 * over the rows of sample_raw. */
#define ORF_OUTBOX_SPANS_PREFIX "trace_export/"
/* The number that the next span has to have, since cursors have passed all before it and the last
 * spans are gone; 0: the one after the last. */
gboolean orf_outbox_get_next_span_no (OrfConnection *connection, gint64 *span_no, GError **error);
/* The first row of sample_raw that retention has to keep; G_MAXINT64: none. */
gboolean orf_outbox_get_keep_rowid (OrfConnection *connection, gint64 *rowid, GError **error);

G_END_DECLS
