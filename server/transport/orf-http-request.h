/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "rpc/orf-router.h"
#include "transport/orf-gate.h"
#include "transport/orf-http-framing.h"
#include "transport/orf-http-policy.h"
#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/*
 * One HTTP request, from its headers to its answer: JSON-RPC, REST or a page.
 */
typedef struct {
  char *path;
  gboolean open;   /* no token is asked */
  gboolean upload; /* takes POST, from the role ingest; else GET, from the role read */
  OrfHttpPageFunc func;
  gpointer user_data;
} OrfHttpPageEntry;

typedef struct {
  char *path;
  OrfRole role;
  OrfHttpSocketOps ops;
} OrfHttpSocketEntry;

/* What all requests of a server share. */
typedef struct {
  OrfRouter *router;
  OrfGate *gate;
  OrfHttpPolicy policy;
  GArray *pages;   /* OrfHttpPageEntry */
  GArray *sockets; /* OrfHttpSocketEntry */
  gboolean draining;
  gboolean bare; /* nothing but pages and uploads: no calls, no sessions */
} OrfHttpService;

/* Borrowed until the request is freed. */
typedef struct {
  const char *target;
  const char *body;
  gsize body_length;
  OrfHttpFraming *framing; /* whose body it is */
  gboolean loopback;
  GSocketAddress *address; /* of the client */
  const char *local;       /* the address it came to, if it may differ from where we listen */
} OrfHttpRequestSource;

/* An upload that is refused before it is a request: page, with its status, is told by who would
 * have taken it, and borrows from there.  FALSE: target is no upload's. */
gboolean orf_http_page_refuse_upload (const OrfHttpService *service,
                                      const char *target,
                                      const char *sent_type,
                                      const GError *error,
                                      OrfHttpPage *page);

typedef struct _OrfHttpRequest OrfHttpRequest;

/* Answers `message` before it returns, or pauses it and answers later. */
OrfHttpRequest *orf_http_request_new (const OrfHttpService *service,
                                      SoupServerMessage *message,
                                      const OrfHttpRequestSource *source);
/* Cancels what is still in flight. */
void orf_http_request_free (OrfHttpRequest *request);
gboolean orf_http_request_is_answered (const OrfHttpRequest *request);
/* Its trace context, as it came, borrowed; NULL: none. */
void orf_http_request_read_trace (OrfHttpRequest *request,
                                  const char **traceparent,
                                  const char **tracestate);
/* Of an answer that libsoup holds until it is written. */
gsize orf_http_request_get_answer_bytes (const OrfHttpRequest *request);
/* The request was to leave HTTP, and may: what takes its connection, and what is to be sent first
 * (the caller's).  NULL: it was none. */
const OrfHttpSocketEntry *
orf_http_request_get_upgrade (const OrfHttpRequest *request, OrfIdentity *identity);
GString *orf_http_request_steal_handshake (OrfHttpRequest *request);
/* The client is gone: cancels, and lets libsoup go on, whose attempt to write then fails. */
void orf_http_request_abandon (OrfHttpRequest *request);

G_END_DECLS
