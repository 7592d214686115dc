/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "rpc/orf-stream-table.h"
#include "transport/orf-poller.h"

G_BEGIN_DECLS

/*
 * JSON-RPC over a byte stream: newline-delimited, or framed by Content-Length headers as language
 * servers do; the first byte tells which.  Several calls may be in flight; answers come as they
 * finish.
 */
typedef struct _OrfSocketSession OrfSocketSession;

typedef struct {
  OrfRouter *router;
  OrfPoller *poller;
  gsize max_queue_bytes; /* of answers not yet read by the other end; beyond it we stop reading */
  gint64 idle_us; /* with nothing in flight and no byte either way, read or sent; 0: for ever */
  OrfStreamTable *streams; /* of this context; NULL: *.watch is refused */
  gint64 stall_us;         /* a reader of streams that takes nothing for so long is closed */
  OrfRole role;
  const char *actor; /* copied */
  gint64 pid;        /* of the other end; 0: unknown */
  /* The first byte is a request's line of HTTP, and nothing is read yet: the owner takes the
   * descriptor with orf_socket_session_steal_fd(), and frees the session.  NULL: a line like any.
   */
  void (*speaks_http) (gpointer user_data, OrfSocketSession *session);
  /* The other end is gone, or all is answered after a drain.  The owner frees the session. */
  void (*closed) (gpointer user_data, OrfSocketSession *session);
  gpointer user_data;
} OrfSocketSessionOptions;

/* Takes the descriptors, which may be the same one, and makes them non-blocking. */
OrfSocketSession *orf_socket_session_new (const OrfSocketSessionOptions *options,
                                          int in_fd,
                                          int out_fd,
                                          GError **error);
void orf_socket_session_free (OrfSocketSession *session);
/* Of speaks_http: the session has none any more. */
int orf_socket_session_steal_fd (OrfSocketSession *session);
/* Reads no more, and closes once what is in flight is answered and sent. */
void orf_socket_session_drain (OrfSocketSession *session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSocketSession, orf_socket_session_free)

G_END_DECLS
