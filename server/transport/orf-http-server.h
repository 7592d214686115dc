/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "rpc/orf-router.h"
#include "transport/orf-gate.h"
#include "transport/orf-http-upgrade.h"
#include "transport/orf-poller.h"
#include "transport/orf-socket-server.h"

G_BEGIN_DECLS

/*
 * JSON-RPC at POST /rpc, and REST from the schema's routes.  libsoup behind one class, fed by our
 * own accept loop through a guard that lets only strictly framed requests pass.
 */
typedef struct _OrfHttpServer OrfHttpServer;

/* What a server stands on; all four outlive it.  config is read again for each request, so that a
 * reload takes hold. */
typedef struct {
  OrfRouter *router;
  OrfPoller *poller;
  OrfGate *gate;
  const OrfConfig *config;
} OrfHttpParts;

/* Listens at config->listen.http. */
OrfHttpServer *orf_http_server_new (
  OrfRouter *router, OrfPoller *poller, OrfGate *gate, const OrfConfig *config, GError **error);
/* Listens at another address, which the config key `key` named, and has nothing there but what is
 * added to it. */
OrfHttpServer *orf_http_server_new_bare (const OrfHttpParts *parts,
                                         const char *key,
                                         const char *address,
                                         GError **error);
/* Takes those that speak HTTP at a Unix socket, which outlives the server.  They may what callers
 * from loopback may, and no more: whoever can be misled to send HTTP here, a proxy or a library,
 * reaches nothing that it would not reach at the port. */
void orf_http_server_join_socket (OrfHttpServer *server, OrfSocketServer *socket);
/* Closes everything at once; calls in flight are cancelled. */
void orf_http_server_free (OrfHttpServer *server);

/* Reads the certificate and its key again, for connections from now on; where that fails they stay
 * as they were.  TRUE where there is no TLS. */
gboolean orf_http_server_reload_certificate (OrfHttpServer *server, GError **error);

/* "http://127.0.0.1:5000", with the port in fact bound; "https://…" under TLS. */
const char *orf_http_server_get_url (OrfHttpServer *server);

/* A page outside the envelope (/healthz, /openrpc.json), for GET and HEAD; read by whoever has
 * the role read, or by anyone when open.  A path that ends in a star takes all below it.  What is
 * given back is borrowed until the next turn of the loop. */
typedef struct {
  /* what is asked; NULL where the header, or the query, did not come */
  const char *path;
  const char *query; /* still encoded */
  const char *accept;
  gboolean takes_gzip;
  /* of an upload */
  const char *sent_type, *sent_encoding; /* Content-Type, Content-Encoding */
  const GError *refusal; /* it is not taken, and is to be answered so at once; NULL: it is */
  gpointer request;      /* the request layer's own */
  /* the answer */
  int status; /* 200 unless changed; 304 is found out by etag */
  const char *content_type;
  const char *body;
  gsize length;
  const char *gzip; /* body made smaller before; NULL: there is none */
  gsize gzip_length;
  gboolean compress;         /* worth the time, for a client that takes it */
  const char *etag;          /* with its quotes; NULL: none */
  const char *cache_control; /* NULL: "no-store" */
  gint64 retry_after_ms;     /* 0: nothing is said of it */
} OrfHttpPage;
typedef void (*OrfHttpPageFunc) (gpointer user_data, OrfHttpPage *page);

/* A page whose answer comes later: func keeps the reply, and answers it once.  It may outlive the
 * request, whose client may be gone, and the server. */
typedef struct _OrfHttpPageReply OrfHttpPageReply;
OrfHttpPageReply *orf_http_page_defer (OrfHttpPage *page);
/* Frees reply; may be called by func itself. */
void orf_http_page_reply (OrfHttpPageReply *reply, const OrfHttpPage *page);

/* For an open page that has more for whoever has the role read.  FALSE: the caller is refused, and
 * has its answer. */
gboolean orf_http_page_admit_reader (OrfHttpPage *page);

/* The body of an upload, to be freed with g_string_free(); once. */
GString *orf_http_page_steal_body (OrfHttpPage *page);

void orf_http_server_add_page (
  OrfHttpServer *server, const char *path, gboolean open, OrfHttpPageFunc func, gpointer user_data);

/* A path below ORF_HTTP_UPLOADS that takes POST from a caller with the role ingest, in whatever
 * content type; also its refusals are told in func's own form. */
void orf_http_server_add_upload (OrfHttpServer *server,
                                 const char *path,
                                 OrfHttpPageFunc func,
                                 gpointer user_data);

/* A path that takes WebSockets, from a caller with `role`; JSON-RPC by POST stays beside it at
 * /rpc.
 */
typedef struct {
  /* May it be?  NULL: always.  RESOURCE_EXHAUSTED is answered 503 before the handshake. */
  gboolean (*check) (gpointer user_data, GError **error);
  void (*take) (gpointer user_data, OrfHttpUpgraded *upgraded);
  gpointer user_data;
} OrfHttpSocketOps;
void orf_http_server_add_socket (OrfHttpServer *server,
                                 const char *path,
                                 OrfRole role,
                                 const OrfHttpSocketOps *ops);

/* Stops listening, closes idle connections, and the others once their request is answered; then
 * calls drained, maybe at once. */
void orf_http_server_drain (OrfHttpServer *server,
                            void (*drained) (gpointer user_data),
                            gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfHttpServer, orf_http_server_free)

G_END_DECLS
