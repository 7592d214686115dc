/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-error.h"
#include "rpc/orf-peer.h"
#include "rpc/orf-rest.h"
#include "transport/orf-http-request.h"

G_BEGIN_DECLS

/*
 * What the kinds of requests stand on: who asks, and how he is answered; and where each begins.
 */
#define ORF_HTTP_JSON "application/json"
/* libsoup has no name for it. */
#define ORF_HTTP_UPGRADE_REQUIRED 426

struct _OrfHttpRequest {
  const OrfHttpService *service;
  OrfHttpRequestSource source;
  SoupServerMessage *message;
  SoupMessageHeaders *headers;
  const char *verb; /* HEAD is GET here: libsoup leaves the body out */
  char *session;    /* of its cookie; NULL: none */
  OrfPeer *peer;
  OrfRestCall *call;
  OrfHttpPageReply *reply; /* its page's, which has it */
  gboolean is_key;         /* it asks for a value of the cache (orf-http-raw.h) */
  gboolean answered;
  gboolean paused;
  /* of a request that leaves HTTP */
  const OrfHttpSocketEntry *upgrade;
  GString *handshake;
  OrfIdentity identity;
};

/* NULL: it has none */
const char *orf_http_request_get_header (OrfHttpRequest *request, const char *name);
OrfCredentials orf_http_request_get_credentials (OrfHttpRequest *request);
gboolean orf_http_request_admit (OrfHttpRequest *request, OrfIdentity *identity, GError **error);

/* orf-http-request-answer.c; each request is answered once, after its headers are added */
void orf_http_request_add_header (OrfHttpRequest *request, const char *name, const char *value);
void orf_http_request_add_retry_after (OrfHttpRequest *request, gint64 retry_after_ms);
/* body NULL: none */
void orf_http_request_answer (
  OrfHttpRequest *request, int status, const char *type, const char *body, gsize length);
void orf_http_request_answer_error (OrfHttpRequest *request, int status, const GError *error);
void orf_http_request_refuse (OrfHttpRequest *request,
                              int status,
                              OrfErrorCode code,
                              const char *message);
void orf_http_request_refuse_unauthenticated (OrfHttpRequest *request, const GError *error);
void orf_http_request_refuse_verb (OrfHttpRequest *request, const char *allow);
/* FALSE: it is refused, and so answered. */
gboolean orf_http_request_check_json (OrfHttpRequest *request);
gboolean orf_http_request_check_post (OrfHttpRequest *request);

/* orf-http-call.c */
void orf_http_call_start_rpc (OrfHttpRequest *request);
void orf_http_call_start_rest (OrfHttpRequest *request, const char *path, const char *query);

/* orf-http-login.c */
void orf_http_login_start (OrfHttpRequest *request);
void orf_http_login_start_logout (OrfHttpRequest *request);
/* Beside a page: who needs no token gets his session with it. */
void orf_http_login_give_session (OrfHttpRequest *request);

/* orf-http-page.c */
const OrfHttpPageEntry *orf_http_page_find (const OrfHttpService *service, const char *path);
void orf_http_page_start (OrfHttpRequest *request,
                          const OrfHttpPageEntry *entry,
                          const char *path,
                          const char *query);
void orf_http_page_start_upload (OrfHttpRequest *request,
                                 const OrfHttpPageEntry *entry,
                                 const char *path);
/* The request of a reply that is still to come is gone. */
void orf_http_page_forget (OrfHttpPageReply *reply);

/* orf-http-socket.c */
const OrfHttpSocketEntry *orf_http_socket_find (const OrfHttpService *service, const char *path);
void orf_http_socket_start (OrfHttpRequest *request, const OrfHttpSocketEntry *entry);
/* To whom does not ask for one. */
void orf_http_socket_refuse_plain (OrfHttpRequest *request);

G_END_DECLS
