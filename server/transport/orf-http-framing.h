/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/orf-http-head.h"

G_BEGIN_DECLS

/*
 * The guard before libsoup: takes a connection's bytes, and gives whole requests, strictly framed
 * and bounded, one at a time.  libsoup gets a head without a body; the body stays here, as plain
 * bytes however it was sent.  Pure: no socket, no clock.
 */
typedef struct _OrfHttpFraming OrfHttpFraming;

/* Where uploads go, which may be larger than calls. */
#define ORF_HTTP_UPLOADS "/v1/"

typedef struct {
  gsize max_head_bytes;
  gsize max_body_bytes;
  gsize max_upload_bytes; /* a body for a path below ORF_HTTP_UPLOADS */
} OrfHttpFramingLimits;

typedef enum {
  ORF_HTTP_IDLE, /* nothing of the next request has come */
  ORF_HTTP_HEAD,
  ORF_HTTP_BODY,
  ORF_HTTP_COMPLETE, /* takes nothing until orf_http_framing_next() */
  ORF_HTTP_REFUSED,  /* takes nothing any more: nobody knows where the next request begins */
} OrfHttpPhase;

OrfHttpFraming *orf_http_framing_new (void);
void orf_http_framing_free (OrfHttpFraming *framing);

/* How many bytes were taken: all, unless the request ended before, or was refused. */
gsize orf_http_framing_feed (OrfHttpFraming *framing,
                             const OrfHttpFramingLimits *limits,
                             const char *data,
                             gsize length);
OrfHttpPhase orf_http_framing_get_phase (const OrfHttpFraming *framing);
/* NULL unless refused here. */
const OrfHttpRefusal *orf_http_framing_get_refusal (const OrfHttpFraming *framing);
/* Whether the client waits for "100 Continue" before it sends the body; told once. */
gboolean orf_http_framing_take_continue (OrfHttpFraming *framing);

/* Of the complete request, until orf_http_framing_next(). */
const char *orf_http_framing_get_head (const OrfHttpFraming *framing, gsize *length);
const char *orf_http_framing_get_body (const OrfHttpFraming *framing, gsize *length);
const char *orf_http_framing_get_target (const OrfHttpFraming *framing);
/* A header's value, of a request whose head is complete; NULL: it has none. */
char *orf_http_framing_dup_field (const OrfHttpFraming *framing, const char *name);
/* The complete request's body, which is empty from then on. */
GString *orf_http_framing_steal_body (OrfHttpFraming *framing);

/* Refused by the owner: takes nothing any more, and holds no body. */
void orf_http_framing_give_up (OrfHttpFraming *framing);
/* Of the body at hand, so far. */
gsize orf_http_framing_get_body_bytes (const OrfHttpFraming *framing);
/* What it holds: head, and body. */
gsize orf_http_framing_get_size_bytes (const OrfHttpFraming *framing);

/* The complete request is answered. */
void orf_http_framing_next (OrfHttpFraming *framing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHttpFraming, orf_http_framing_free)

G_END_DECLS
