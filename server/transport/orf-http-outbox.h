/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What is not sent yet: gathered, so that an answer's head and body leave in one write.
 */
typedef struct _OrfHttpOutbox OrfHttpOutbox;

OrfHttpOutbox *orf_http_outbox_new (void);
void orf_http_outbox_free (OrfHttpOutbox *outbox);

void orf_http_outbox_add (OrfHttpOutbox *outbox, const char *data, gsize length);
gsize orf_http_outbox_get_length (const OrfHttpOutbox *outbox);
/* What it holds, sent or not. */
gsize orf_http_outbox_get_size_bytes (const OrfHttpOutbox *outbox);
/* Sends what fd takes now.  FALSE: it takes no more, ever; what is left is dropped. */
gboolean orf_http_outbox_flush (OrfHttpOutbox *outbox, int fd);
/* Since when fd has not taken all, monotonic; 0: it has.  *sent_bytes: what it took since. */
gint64 orf_http_outbox_get_waiting_us (const OrfHttpOutbox *outbox, guint64 *sent_bytes);
/* Takes out what is not sent yet. */
GString *orf_http_outbox_steal (OrfHttpOutbox *outbox);

G_END_DECLS
