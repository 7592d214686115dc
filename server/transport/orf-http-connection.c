/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - libsoup gets the head of a request only when the request is whole, and the next one only when
 * it has written the answer and waits again: so there is at most one request.
 * - Nothing here calls into libsoup but through sources, which it dispatches later; libsoup calls
 * us. So a connection can be freed by any callback from the poller or the ticker, as their last
 * act.
 * - While libsoup has the stream the connection lives: `broken` makes each read and write fail,
 * which makes libsoup close the stream.
 * - libsoup gets the stream with the first whole request (the one call into it from here, and then
 * nothing of the connection is looked at any more), and again with the next one after it was
 * parked.
 */
#include "transport/orf-http-connection-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "transport/orf-http-address.h"

#define LINGER_READ_BYTES 65536
/* What a client may still send while it has not read why it was refused: closing at once would
 * reset the connection, and the answer with it. */
#define LINGER_BYTES 524288
/* Ours for one connection, and libsoup's: measured with 1,500 of them. */
#define OWN_BYTES  2048
#define SOUP_BYTES 12288

static GQuark
connection_quark (void)
{
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("orf-http-connection");
  return quark;
}

OrfHttpPhase
orf_http_connection_get_phase (const OrfHttpConnection *connection)
{
  return orf_http_framing_get_phase (connection->framing);
}

gsize
orf_http_connection_get_backlog (const OrfHttpConnection *connection)
{
  return orf_http_outbox_get_length (connection->out);
}

OrfMemory *
orf_http_connection_get_memory (const OrfHttpConnection *connection)
{
  return orf_router_get_memory (connection->host->service->router);
}

void
orf_http_connection_count_memory (OrfHttpConnection *connection)
{
  gsize bytes = OWN_BYTES + (connection->stream != NULL ? SOUP_BYTES : 0) +
                orf_http_framing_get_size_bytes (connection->framing) + connection->ahead->len +
                orf_http_outbox_get_size_bytes (connection->out) +
                orf_http_request_get_answer_bytes (connection->request);

  orf_memory_add (orf_http_connection_get_memory (connection), ORF_MEMORY_CONNECTIONS,
                  (gint64) bytes - (gint64) connection->held_bytes);
  connection->held_bytes = bytes;
}

void
orf_http_connection_flush (OrfHttpConnection *connection)
{
  if (!connection->broken)
    connection->broken = !orf_http_outbox_flush (connection->out, connection->fd);
}

gboolean
orf_http_connection_is_over (const OrfHttpConnection *connection)
{
  return connection->broken || connection->closing ||
         (connection->ended && orf_http_connection_get_phase (connection) < ORF_HTTP_COMPLETE);
}

/* All is sent; waits for the other end to close, so that it reads what was sent. */
static void
linger (OrfHttpConnection *connection)
{
  char buffer[LINGER_READ_BYTES];

  orf_http_connection_flush (connection);
  if (orf_http_connection_get_backlog (connection) == 0)
    shutdown (connection->fd, SHUT_WR);
  while (!connection->broken && !connection->ended && connection->lingered_bytes < LINGER_BYTES) {
    gssize n = recv (connection->fd, buffer, sizeof buffer, 0);

    if (n > 0)
      connection->lingered_bytes += (gsize) n;
    else if (n < 0 && errno == EAGAIN)
      return;
    else if (n == 0 || errno != EINTR)
      connection->ended = TRUE;
  }
  if (connection->broken || orf_http_connection_get_backlog (connection) == 0 ||
      connection->lingered_bytes >= LINGER_BYTES)
    orf_http_connection_free (connection);
}

void
orf_http_connection_begin_to_linger (OrfHttpConnection *connection)
{
  connection->lingering = TRUE;
  connection->since_us = orf_clock_monotonic_us ();
  linger (connection);
}

/* Without a stream. */
static void
begin (OrfHttpConnection *connection)
{
  if (orf_http_connection_is_over (connection)) {
    orf_http_connection_begin_to_linger (connection);
  } else if (orf_http_connection_get_phase (connection) == ORF_HTTP_COMPLETE) {
    connection->stream = orf_http_stream_new (&orf_http_connection_stream_ops, connection);
    orf_http_connection_count_memory (connection);
    connection->host->begin (connection->host->user_data, connection);
  }
}

/* Who does not read its answers comes after those who do. */
static gboolean
yields (OrfHttpConnection *connection)
{
  connection->yielded = !connection->yielded && orf_http_connection_get_backlog (connection) > 0 &&
                        !orf_http_connection_is_over (connection);
  if (connection->yielded)
    orf_watch_yield (connection->watch, ORF_POLL_IN);
  return connection->yielded;
}

void
orf_http_connection_wake (OrfHttpConnection *connection)
{
  if (connection->stream == NULL) {
    begin (connection);
    return;
  }
  if (orf_http_connection_has_input (connection) && !yields (connection))
    orf_http_stream_wake_input (connection->stream);
  if (connection->broken || orf_http_connection_get_backlog (connection) < ORF_HTTP_BACKLOG_BYTES)
    orf_http_stream_wake_output (connection->stream);
}

void
orf_http_connection_give_up (OrfHttpConnection *connection)
{
  connection->broken = TRUE;
  if (connection->stream == NULL) {
    orf_http_connection_free (connection);
    return;
  }
  if (connection->request != NULL)
    orf_http_request_abandon (connection->request);
  orf_http_connection_wake (connection);
}

static gboolean
is_answering (const OrfHttpConnection *connection)
{
  return connection->request != NULL && !orf_http_request_is_answered (connection->request);
}

static void
ready_cb (gpointer user_data, OrfPollEvents events)
{
  OrfHttpConnection *connection = user_data;

  if (events & ORF_POLL_IN)
    connection->readable = TRUE;
  if (connection->lingering) {
    linger (connection);
    return;
  }
  if (events & ORF_POLL_OUT && orf_http_connection_get_backlog (connection) > 0)
    orf_http_connection_flush (connection);
  if (events & ORF_POLL_IN)
    orf_http_connection_fill (connection);
  /* a client that only half-closes while it waits is not told from one that went away */
  if (is_answering (connection) && (connection->ended || events & ORF_POLL_HUP))
    connection->broken = TRUE;
  if (connection->broken)
    orf_http_connection_give_up (connection);
  else
    orf_http_connection_wake (connection);
}

OrfHttpConnection *
orf_http_connection_new (
  const OrfHttpHost *host, int fd, GSocketAddress *address, const char *local, GError **error)
{
  OrfHttpConnection *connection = g_new0 (OrfHttpConnection, 1);

  connection->watch = orf_poller_add (host->poller, fd, ready_cb, connection, error);
  if (connection->watch == NULL) {
    close (fd);
    g_free (connection);
    return NULL;
  }
  connection->host = host;
  connection->link.data = connection;
  connection->fd = fd;
  connection->address = g_object_ref (address);
  connection->local = g_strdup (local);
  g_object_set_qdata (G_OBJECT (address), connection_quark (), connection);
  connection->framing = orf_http_framing_new ();
  connection->ahead = g_byte_array_new ();
  connection->out = orf_http_outbox_new ();
  connection->since_us = orf_clock_monotonic_us ();
  connection->fresh = connection->readable = TRUE;
  orf_http_connection_count_memory (connection);
  return connection;
}

void
orf_http_connection_free (OrfHttpConnection *connection)
{
  g_assert (connection->stream == NULL);
  orf_memory_add (orf_http_connection_get_memory (connection), ORF_MEMORY_CONNECTIONS,
                  -(gint64) connection->held_bytes);
  g_object_set_qdata (G_OBJECT (connection->address), connection_quark (), NULL);
  if (connection->fd >= 0) {
    orf_watch_free (connection->watch);
    close (connection->fd);
    connection->host->release (connection->host->user_data, connection->address);
  }
  connection->host->closed (connection->host->user_data, &connection->link);
  g_object_unref (connection->address);
  g_free (connection->local);
  orf_http_framing_free (connection->framing);
  orf_http_request_free (connection->request);
  g_byte_array_unref (connection->ahead);
  orf_http_outbox_free (connection->out);
  g_free (connection);
}

GList *
orf_http_connection_get_link (OrfHttpConnection *connection)
{
  return &connection->link;
}

GIOStream *
orf_http_connection_get_stream (OrfHttpConnection *connection)
{
  return G_IO_STREAM (connection->stream);
}

GSocketAddress *
orf_http_connection_get_address (OrfHttpConnection *connection)
{
  return connection->address;
}

OrfHttpConnection *
orf_http_connection_find (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return g_object_get_qdata (G_OBJECT (address), connection_quark ());
}

static void
take_trace (OrfHttpUpgraded *upgraded, OrfHttpRequest *request)
{
  const char *traceparent, *tracestate;

  orf_http_request_read_trace (request, &traceparent, &tracestate);
  upgraded->traceparent = g_strdup (traceparent);
  upgraded->tracestate = g_strdup (tracestate);
}

/* The descriptor leaves HTTP if the request was for that; to libsoup the connection is broken. */
static void
hand_over (OrfHttpConnection *connection)
{
  OrfHttpUpgraded *upgraded;
  OrfIdentity identity;
  const OrfHttpSocketEntry *entry = orf_http_request_get_upgrade (connection->request, &identity);
  g_autoptr (GString) handshake = orf_http_request_steal_handshake (connection->request);

  if (entry == NULL)
    return;
  orf_http_outbox_add (connection->out, handshake->str, handshake->len);
  orf_watch_free (g_steal_pointer (&connection->watch));
  upgraded = g_new0 (OrfHttpUpgraded, 1);
  upgraded->fd = connection->fd;
  upgraded->output = orf_http_outbox_steal (connection->out);
  upgraded->input = connection->ahead;
  upgraded->identity = identity;
  upgraded->identity.actor = upgraded->actor = g_strdup (identity.actor);
  take_trace (upgraded, connection->request);
  upgraded->address = g_object_ref (connection->address);
  upgraded->released = connection->host->release;
  upgraded->user_data = connection->host->user_data;
  connection->ahead = g_byte_array_new ();
  connection->fd = -1;
  connection->broken = TRUE;
  entry->ops.take (entry->ops.user_data, upgraded);
}

void
orf_http_connection_serve (OrfHttpConnection *connection, SoupServerMessage *message)
{
  OrfHttpRequestSource source = { .target = orf_http_framing_get_target (connection->framing),
                                  .framing = connection->framing,
                                  .loopback = orf_http_address_is_loopback (connection->address),
                                  .address = connection->address,
                                  .local = connection->local };

  if (connection->farewell_given > 0)
    return;
  source.body = orf_http_framing_get_body (connection->framing, &source.body_length);
  connection->request = orf_http_request_new (connection->host->service, message, &source);
  /* its answer counts before the next connection's is made */
  orf_http_connection_count_memory (connection);
  hand_over (connection);
}
