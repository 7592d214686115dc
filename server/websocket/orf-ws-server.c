/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "websocket/orf-ws-server.h"

#include "rpc/orf-peer.h"
#include "websocket/orf-ws-codec.h"

/* Of a connection that gets one channel's values only. */
#define BARE_STREAM 1

struct _OrfWsServer {
  OrfRouter *router;
  OrfFanout *fanout;
  GHashTable *sessions; /* number (guint64) → Session */
  guint64 last_number;
  gboolean draining;
  void (*drained) (gpointer user_data);
  gpointer drained_data;
};

typedef struct {
  OrfWsServer *server;
  guint64 number;
  OrfHttpUpgraded *upgraded; /* for its place among the connections */
  OrfPeer *peer;             /* NULL: it gets a channel's values only */
  OrfChannelSeat *seat;      /* in that channel; NULL: it has a peer */
  gboolean closing;
} Session;

static void
session_free (gpointer data)
{
  Session *session = data;

  g_clear_pointer (&session->peer, orf_peer_free);
  g_clear_pointer (&session->seat, orf_channel_leave);
  orf_http_upgraded_free (session->upgraded);
  g_free (session);
}

static Session *
session_new (OrfWsServer *server, OrfHttpUpgraded *upgraded)
{
  Session *session = g_new0 (Session, 1);

  session->server = server;
  session->number = ++server->last_number;
  session->upgraded = upgraded;
  g_hash_table_insert (server->sessions, &session->number, session);
  return session;
}

static void
close_session (Session *session, guint16 code, const char *reason)
{
  if (session->closing)
    return;
  session->closing = TRUE;
  orf_fanout_close (session->server->fanout, session->number, code, reason);
}

static void
close_when_answered (Session *session)
{
  if (session->peer == NULL || orf_peer_get_pending (session->peer) == 0)
    close_session (session, ORF_WS_GOING_AWAY, "the server stops");
}

/* Its descriptor goes to the fan-out thread, with what is to be sent and was read already. */
static void
hand_over (Session *session, const OrfStreamSpec *bare)
{
  OrfHttpUpgraded *upgraded = session->upgraded;
  const OrfFanoutArrival arrival = {
    .fd = orf_http_upgraded_steal_fd (upgraded),
    .output = g_steal_pointer (&upgraded->output),
    .input = (const char *) upgraded->input->data,
    .input_length = upgraded->input->len,
    .bare = bare,
  };

  orf_fanout_take (session->server->fanout, session->number, &arrival);
  if (session->server->draining)
    close_when_answered (session);
}

/* ---- the peer's way out ---------------------------------------------------------------------- */

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  Session *session = transport;

  orf_fanout_send (session->server->fanout, session->number, data, length);
  if (session->server->draining)
    close_when_answered (session);
}

static void
stream_open_cb (gpointer transport, guint64 stream, const OrfStreamSpec *spec)
{
  Session *session = transport;

  orf_fanout_open_stream (session->server->fanout, session->number, stream, spec);
}

static void
stream_close_cb (gpointer transport, guint64 stream, const char *status)
{
  Session *session = transport;

  orf_fanout_close_stream (session->server->fanout, session->number, stream, status);
}

static const OrfPeerOps peer_ops = {
  .send = send_cb,
  .stream_open = stream_open_cb,
  .stream_close = stream_close_cb,
};

/* ---- the fan-out thread's news --------------------------------------------------------------- */

static void
message_cb (gpointer user_data, guint64 number, const char *data, gsize length)
{
  OrfWsServer *server = user_data;
  Session *session = g_hash_table_lookup (server->sessions, &number);
  const OrfCallMeta beside = { .traceparent = session->upgraded->traceparent,
                               .tracestate = session->upgraded->tracestate };

  if (session->peer != NULL)
    orf_peer_receive (session->peer, data, length, &beside);
  else
    orf_fanout_send (server->fanout, number, NULL, 0); /* nothing is asked here */
}

static void
closed_cb (gpointer user_data, guint64 number)
{
  OrfWsServer *server = user_data;

  g_hash_table_remove (server->sessions, &number);
  if (server->drained != NULL && g_hash_table_size (server->sessions) == 0)
    server->drained (server->drained_data);
}

static const OrfFanoutOps fanout_ops = { message_cb, closed_cb };

/* ---- streams --------------------------------------------------------------------------------- */

static void
publish_cb (gpointer outlet, guint64 channel, OrfBlob *value)
{
  orf_fanout_publish (((OrfWsServer *) outlet)->fanout, channel, value);
}

static void
end_cb (gpointer outlet, guint64 channel, const char *status)
{
  orf_fanout_end (((OrfWsServer *) outlet)->fanout, channel, status);
}

static const OrfStreamOutlet outlet_ops = { publish_cb, end_cb };

/* ---- connections ----------------------------------------------------------------------------- */

void
orf_ws_server_serve (OrfWsServer *server, OrfHttpUpgraded *upgraded)
{
  Session *session = session_new (server, upgraded);

  session->peer = orf_peer_new (server->router, &peer_ops, session, upgraded->identity.role,
                                upgraded->identity.actor);
  hand_over (session, NULL);
}

static void
channel_ended_cb (gpointer user_data)
{
  Session *session = user_data;

  g_clear_pointer (&session->seat, orf_channel_leave);
  close_session (session, ORF_WS_GOING_AWAY, "the values end");
}

void
orf_ws_server_feed (OrfWsServer *server,
                    OrfHttpUpgraded *upgraded,
                    OrfChannel *channel,
                    OrfBlob *first)
{
  Session *session = session_new (server, upgraded);
  const OrfStreamSpec spec = {
    .channel = orf_channel_get_number (channel),
    .depth = orf_channel_get_depth (channel),
    .style = ORF_STREAM_BARE,
    .first = first,
  };

  session->seat = orf_channel_join (channel, channel_ended_cb, session);
  hand_over (session, &spec);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfWsServer *
orf_ws_server_new (OrfRouter *router, const OrfConfig *config, GError **error)
{
  OrfWsServer *server = g_new0 (OrfWsServer, 1);
  const OrfWsLimits limits = orf_ws_limits_read (config);

  server->fanout = orf_fanout_new (&fanout_ops, server, &limits, error);
  if (server->fanout == NULL) {
    g_free (server);
    return NULL;
  }
  server->router = orf_router_ref (router);
  server->sessions = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, session_free);
  orf_stream_hub_add_outlet (orf_router_get_streams (router), &outlet_ops, server);
  return server;
}

void
orf_ws_server_free (OrfWsServer *server)
{
  orf_fanout_free (server->fanout);
  orf_stream_hub_remove_outlet (orf_router_get_streams (server->router), server);
  g_hash_table_unref (server->sessions);
  orf_router_unref (server->router);
  g_free (server);
}

void
orf_ws_server_drain (OrfWsServer *server, void (*drained) (gpointer user_data), gpointer user_data)
{
  GHashTableIter iter;
  gpointer session;

  server->draining = TRUE;
  server->drained = drained;
  server->drained_data = user_data;
  g_hash_table_iter_init (&iter, server->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    close_when_answered (session);
  if (g_hash_table_size (server->sessions) == 0)
    drained (user_data);
}

static void
turn_out (Session *session)
{
  /* what it still sends meets nobody */
  g_clear_pointer (&session->peer, orf_peer_free);
  g_clear_pointer (&session->seat, orf_channel_leave);
  close_session (session, ORF_WS_POLICY, "the token is no longer good");
}

void
orf_ws_server_review (OrfWsServer *server, OrfWsReview keeps, gpointer user_data)
{
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, server->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &data)) {
    Session *session = data;

    if (!keeps (user_data, &session->upgraded->identity))
      turn_out (session);
  }
}

void
orf_ws_server_reload (OrfWsServer *server, const OrfConfig *config)
{
  const OrfWsLimits limits = orf_ws_limits_read (config);

  orf_fanout_set_limits (server->fanout, &limits);
}

gsize
orf_ws_server_get_size_bytes (OrfWsServer *server)
{
  return orf_fanout_get_size_bytes (server->fanout);
}
