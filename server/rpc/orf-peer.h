/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-call-meta.h"
#include "rpc/orf-router.h"
#include "rpc/orf-stream-table.h"

G_BEGIN_DECLS

/*
 * The other end of a conversation in JSON-RPC 2.0: one connection, or one HTTP request.  No socket
 * here: messages come in as bytes with orf_peer_receive(), and go out as bytes through `send`.
 */
typedef struct _OrfPeer OrfPeer;

typedef struct {
  /* One whole JSON text, not NUL-terminated, valid during the call.  For each message received
   * there is exactly one send, in whatever order they finish; (NULL, 0) where JSON-RPC owes no
   * answer (notifications).  May happen inside orf_peer_receive(). */
  void (*send) (gpointer transport, const char *data, gsize length);
  /* A stream begins: what its reader (an OrfStreamReader of the transport's context) is to be
   * opened with; its answer was sent before.  NULL where nothing can be sent unasked: *.watch is
   * refused then. */
  void (*stream_open) (gpointer transport, guint64 stream, const OrfStreamSpec *spec);
  void (*stream_close) (gpointer transport, guint64 stream, const char *status);
  /* All that was received is started: see orf_peer_is_reading().  May be NULL. */
  void (*caught_up) (gpointer transport);
} OrfPeerOps;

OrfPeer *orf_peer_new (
  OrfRouter *router, const OrfPeerOps *ops, gpointer transport, OrfRole role, const char *actor);
/* The process at the other end, where that is known; of calls that come later. */
void orf_peer_set_pid (OrfPeer *peer, gint64 pid);
/* Cancels what is in flight; nothing is sent any more. */
void orf_peer_free (OrfPeer *peer);

/* data: one JSON text (a request, a notification or a batch).  meta may be NULL. */
void orf_peer_receive (OrfPeer *peer, const char *data, gsize length, const OrfCallMeta *meta);
/* The same of a large one (orf_rpc_reader_wants()), which is not copied. */
void orf_peer_receive_aside (OrfPeer *peer, GBytes *text, const OrfCallMeta *meta);
/* A message that the transport refused for its size or framing: answers error with id null. */
void orf_peer_refuse (OrfPeer *peer, const GError *error);
/* Binds rpc.cancel and stream.cancel, for all peers of the router. */
void orf_peer_bind (OrfRouter *router);
/* Calls that are not answered yet. */
guint orf_peer_get_pending (OrfPeer *peer);
/* A large message is still being read elsewhere: who can wait with the next had better do so, as
 * that would only be kept behind it. */
gboolean orf_peer_is_reading (OrfPeer *peer);
guint orf_peer_get_n_streams (OrfPeer *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPeer, orf_peer_free)

G_END_DECLS
