/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-http-outbox.h"

G_BEGIN_DECLS

/* An answer that libsoup has no part in. */
typedef struct {
  int status;
  const char *content_type;
  const char *body;
  gsize length;
  gint64 retry_after_ms; /* 0 or less: nothing is said of it */
  gboolean closes;       /* the connection, after it */
} OrfHttpOwnAnswer;

void orf_http_own_answer_add (const OrfHttpOwnAnswer *answer, OrfHttpOutbox *out);

/* The words of a status line. */
const char *orf_http_get_phrase (int status);
/* As the header Retry-After says it: whole, and not too early. */
gint64 orf_http_get_retry_after_s (gint64 retry_after_ms);

G_END_DECLS
