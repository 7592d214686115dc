/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Metadata that came beside a message (HTTP headers); `meta` inside the message goes before it.
 * Its words are borrowed, but for a copy's. */
typedef struct {
  gint64 deadline_ms;          /* 0: none */
  const char *traceparent;     /* as it came; NULL: none */
  const char *tracestate;      /* of that; NULL: none */
  const char *idempotency_key; /* NULL: none */
  gint64 came_us;              /* monotonic, from when its deadline counts; 0: from now */
} OrfCallMeta;

/* Of what came just now, or has its time already; meta NULL: nothing else did. */
void orf_call_meta_copy (OrfCallMeta *copy, const OrfCallMeta *meta);
void orf_call_meta_clear (OrfCallMeta *copy);

G_END_DECLS
