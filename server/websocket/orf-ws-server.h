/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "transport/orf-http-upgrade.h"
#include "websocket/orf-fanout.h"

G_BEGIN_DECLS

/*
 * JSON-RPC by WebSocket: the main context's side of the fan-out thread, which has the peers.
 */
typedef struct _OrfWsServer OrfWsServer;

/* Router and config outlive it. */
OrfWsServer *orf_ws_server_new (OrfRouter *router, const OrfConfig *config, GError **error);
/* Closes everything at once; calls in flight are cancelled. */
void orf_ws_server_free (OrfWsServer *server);

/* Takes a connection after its handshake, for JSON-RPC both ways. */
void orf_ws_server_serve (OrfWsServer *server, OrfHttpUpgraded *upgraded);
/* The same for one that only gets the values of a channel, as they are; first: its own first value,
 * NULL: none. */
void orf_ws_server_feed (OrfWsServer *server,
                         OrfHttpUpgraded *upgraded,
                         OrfChannel *channel,
                         OrfBlob *first);

/* Closes (1008) the connections of those whom `keeps` says no of; they are not served from then on.
 */
typedef gboolean (*OrfWsReview) (gpointer user_data, const OrfIdentity *identity);
void orf_ws_server_review (OrfWsServer *server, OrfWsReview keeps, gpointer user_data);

/* config was read again. */
void orf_ws_server_reload (OrfWsServer *server, const OrfConfig *config);
/* Each connection is closed (1001) once its calls are answered; then drained is called, maybe at
 * once. */
void
orf_ws_server_drain (OrfWsServer *server, void (*drained) (gpointer user_data), gpointer user_data);
/* For status.get: what the connections hold. */
gsize orf_ws_server_get_size_bytes (OrfWsServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWsServer, orf_ws_server_free)

G_END_DECLS
