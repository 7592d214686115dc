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
/* The first row of sample_raw that retention has to keep; G_MAXINT64: none. */
gboolean orf_outbox_get_keep_rowid (OrfConnection *connection, gint64 *rowid, GError **error);

G_END_DECLS
