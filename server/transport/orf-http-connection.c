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
#include "transport/orf-http-connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "rpc/orf-rest.h"
#include "transport/orf-http-address.h"
#include "transport/orf-http-framing.h"
#include "transport/orf-http-outbox.h"
#include "transport/orf-unsent.h"

#define STATUS_TIMEOUT          408
#define STATUS_TOO_LARGE        413
#define STATUS_HEADER_TOO_LARGE 431
#define STATUS_UNAVAILABLE      503

#define READ_BYTES 65536
/* Of one connection, before the others have their turn. */
#define TURN_BYTES 262144
/* Of pipelined requests, while one is being answered: read only to see the end of the connection.
 */
#define AHEAD_BYTES 65536
/* Of answers not sent yet; beyond it libsoup waits. */
#define BACKLOG_BYTES 262144
/* What a client may still send while it has not read why it was refused: closing at once would
 * reset the connection, and the answer with it. */
#define LINGER_US    ORF_US_PER_S
#define LINGER_BYTES 524288
/* Since the last answer, after which libsoup's part is let go. */
#define PARK_US ORF_US_PER_S
/* Ours for one connection, and libsoup's: measured with 1,500 of them. */
#define OWN_BYTES  2048
#define SOUP_BYTES 12288

/* What a client has, once the server drains, to send the rest of a request or to read an answer. */
#define DRAIN_US ORF_US_PER_S

static const char farewell[] = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";

struct _OrfHttpConnection {
  const OrfHttpHost *host;
  GList link;
  int fd;
  OrfWatch *watch;
  GSocketAddress *address;
  char *local; /* NULL: where we listen */
  OrfHttpFraming *framing;
  OrfHttpStream *stream;   /* NULL while libsoup has none */
  OrfHttpRequest *request; /* NULL: none is being answered */
  GByteArray *ahead;       /* came after the request that is being answered */
  gsize head_given;        /* of it to libsoup */
  gsize farewell_given;
  OrfHttpOutbox *out;
  gsize lingered_bytes;
  gsize held_bytes;  /* as counted last */
  gint64 since_us;   /* that the phase, or lingering, has lasted */
  gboolean fresh;    /* had no request yet */
  gboolean readable; /* as far as is known */
  gboolean guarded;  /* the answer at hand has its guards: see add_head() */
  gboolean ended;    /* the other end writes no more */
  gboolean broken;
  gboolean parking;   /* libsoup is told the end; we go on */
  gboolean lingering; /* all is over but the sending */
  gboolean closing;   /* refused, or draining with nothing to answer: libsoup is told the end */
};

static GQuark
connection_quark (void)
{
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("orf-http-connection");
  return quark;
}

static OrfHttpPhase
get_phase (const OrfHttpConnection *connection)
{
  return orf_http_framing_get_phase (connection->framing);
}

static gsize
get_backlog (const OrfHttpConnection *connection)
{
  return orf_http_outbox_get_length (connection->out);
}

static OrfMemory *
get_memory (const OrfHttpConnection *connection)
{
  return orf_router_get_memory (connection->host->service->router);
}

/* What it holds now, instead of what it held. */
static void
count_memory (OrfHttpConnection *connection)
{
  gsize bytes = OWN_BYTES + (connection->stream != NULL ? SOUP_BYTES : 0) +
                orf_http_framing_get_size_bytes (connection->framing) + connection->ahead->len +
                orf_http_outbox_get_size_bytes (connection->out) +
                orf_http_request_get_answer_bytes (connection->request);

  orf_memory_add (get_memory (connection), ORF_MEMORY_CONNECTIONS,
                  (gint64) bytes - (gint64) connection->held_bytes);
  connection->held_bytes = bytes;
}

/* What can be sent is. */
static void
flush (OrfHttpConnection *connection)
{
  if (!connection->broken)
    connection->broken = !orf_http_outbox_flush (connection->out, connection->fd);
}

static const char *
get_phrase (int status)
{
  /* libsoup does not know it */
  return status == STATUS_HEADER_TOO_LARGE ? "Request Header Fields Too Large"
                                           : soup_status_get_phrase ((guint) status);
}

/* By ourselves: libsoup never sees what is refused. */
static void
refuse (OrfHttpConnection *connection, int status, OrfErrorCode code, const char *reason)
{
  g_autoptr (GError) error = g_error_new_literal (ORF_ERROR, (int) code, reason);
  g_autofree char *head = NULL;
  g_autofree char *body = NULL;
  gsize length;

  body = orf_rest_error_body (error, &length);
  head = g_strdup_printf ("HTTP/1.1 %d %s\r\n%sContent-Type: application/json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n",
                          status, get_phrase (status), orf_http_policy_guards, length);
  orf_http_outbox_add (connection->out, head, strlen (head));
  orf_http_outbox_add (connection->out, body, length);
  connection->closing = TRUE;
  /* what came of it is of no use any more */
  orf_http_framing_give_up (connection->framing);
  flush (connection);
}

static void
look_at_phase (OrfHttpConnection *connection, OrfHttpPhase before)
{
  static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
  OrfHttpPhase phase = get_phase (connection);
  const OrfHttpRefusal *refusal = orf_http_framing_get_refusal (connection->framing);

  if (refusal != NULL && !connection->closing)
    refuse (connection, refusal->status,
            refusal->status == STATUS_TOO_LARGE ? ORF_ERROR_RESOURCE_EXHAUSTED
                                                : ORF_ERROR_INVALID_REQUEST,
            refusal->reason);
  if (orf_http_framing_take_continue (connection->framing)) {
    orf_http_outbox_add (connection->out, interim, sizeof interim - 1);
    flush (connection);
  }
  /* the time for the first head runs from accept, that for later ones from their first byte */
  if (phase != before && phase < ORF_HTTP_COMPLETE &&
      !(connection->fresh && phase == ORF_HTTP_HEAD))
    connection->since_us = orf_clock_monotonic_us ();
}

/* How much of it belongs to the request at hand. */
static gsize
feed (OrfHttpConnection *connection, const char *data, gsize length)
{
  const OrfConfig *config = connection->host->service->policy.config;
  const OrfHttpFramingLimits limits = { (gsize) config->listen.max_header_bytes,
                                        (gsize) config->listen.max_body_bytes };
  OrfHttpPhase before = get_phase (connection);
  gsize taken = orf_http_framing_feed (connection->framing, &limits, data, length);

  look_at_phase (connection, before);
  return taken;
}

static void
take (OrfHttpConnection *connection, const char *data, gsize length)
{
  gsize taken = 0;

  if (get_phase (connection) < ORF_HTTP_COMPLETE)
    taken = feed (connection, data, length);
  if (taken < length && get_phase (connection) == ORF_HTTP_COMPLETE)
    g_byte_array_append (connection->ahead, (const guint8 *) data + taken,
                         (guint) (length - taken));
}

static void
take_ahead (OrfHttpConnection *connection)
{
  gsize taken;

  if (connection->ahead->len == 0 || get_phase (connection) >= ORF_HTTP_COMPLETE)
    return;
  taken = feed (connection, (const char *) connection->ahead->data, connection->ahead->len);
  g_byte_array_remove_range (connection->ahead, 0, (guint) taken);
}

static gboolean
wants_input (const OrfHttpConnection *connection)
{
  if (connection->broken || connection->ended || connection->closing || !connection->readable)
    return FALSE;
  if (get_phase (connection) < ORF_HTTP_COMPLETE)
    return TRUE;
  /* only to see whether the client is still there */
  return connection->request != NULL && !orf_http_request_is_answered (connection->request) &&
         connection->ahead->len < AHEAD_BYTES;
}

/* A body that is more than small gives way where bodies and answers pile up. */
static void
check_room (OrfHttpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  count_memory (connection);
  if (get_phase (connection) != ORF_HTTP_BODY || connection->closing ||
      orf_http_framing_get_size_bytes (connection->framing) <= ORF_MEMORY_SMALL_BYTES ||
      orf_memory_check_part (get_memory (connection), ORF_MEMORY_CONNECTIONS, &error))
    return;
  refuse (connection, STATUS_UNAVAILABLE, ORF_ERROR_RESOURCE_EXHAUSTED, error->message);
  count_memory (connection);
}

/* Reads until the request is whole, the socket is empty, or others have to have their turn. */
static void
fill (OrfHttpConnection *connection)
{
  char buffer[READ_BYTES];
  gsize share = 0;

  take_ahead (connection);
  while (wants_input (connection) && share < TURN_BYTES) {
    gssize n = recv (connection->fd, buffer, sizeof buffer, 0);

    if (n > 0) {
      share += (gsize) n;
      take (connection, buffer, (gsize) n);
      check_room (connection);
    } else if (n == 0) {
      connection->ended = TRUE;
    } else if (errno == EAGAIN) {
      connection->readable = FALSE;
    } else if (errno != EINTR) {
      connection->broken = TRUE;
    }
  }
  if (wants_input (connection))
    orf_watch_again (connection->watch, ORF_POLL_IN);
}

/* There will be no further request. */
static gboolean
is_over (const OrfHttpConnection *connection)
{
  return connection->broken || connection->closing ||
         (connection->ended && get_phase (connection) < ORF_HTTP_COMPLETE);
}

static gboolean
has_input (const OrfHttpConnection *connection)
{
  gsize length;

  if (is_over (connection) || connection->parking)
    return TRUE;
  orf_http_framing_get_head (connection->framing, &length);
  return get_phase (connection) == ORF_HTTP_COMPLETE && connection->head_given < length;
}

static gssize
give (const char *text, gsize text_length, gsize *given, void *buffer, gsize length)
{
  gsize n = MIN (length, text_length - *given);

  memcpy (buffer, text + *given, n);
  *given += n;
  return (gssize) n;
}

static gssize
read_cb (gpointer owner, void *buffer, gsize length)
{
  OrfHttpConnection *connection = owner;
  const char *head;
  gsize head_length;

  if (get_phase (connection) < ORF_HTTP_COMPLETE)
    fill (connection);
  if (is_over (connection) || connection->parking)
    return give (farewell, sizeof farewell - 1, &connection->farewell_given, buffer, length);
  if (!has_input (connection)) {
    errno = EAGAIN;
    return -1;
  }
  head = orf_http_framing_get_head (connection->framing, &head_length);
  return give (head, head_length, &connection->head_given, buffer, length);
}

/* An answer begins with its head, whole.  The guards go in behind its first line: six headers more
 * in libsoup's tables cost 6 % of the rate, a copy of their text nothing, and none of its own
 * answers goes without. */
static void
add_head (OrfHttpConnection *connection, const char *head, gsize length)
{
  const char *end = memchr (head, '\n', length);
  gsize line = end != NULL ? (gsize) (end + 1 - head) : length;

  orf_http_outbox_add (connection->out, head, line);
  orf_http_outbox_add (connection->out, orf_http_policy_guards, orf_http_policy_guards_length);
  orf_http_outbox_add (connection->out, head + line, length - line);
  connection->guarded = TRUE;
}

static gssize
write_cb (gpointer owner, const void *data, gsize length)
{
  OrfHttpConnection *connection = owner;
  gsize n;

  if (get_backlog (connection) >= BACKLOG_BYTES)
    flush (connection);
  if (connection->broken || connection->farewell_given > 0) {
    errno = EPIPE;
    return -1;
  }
  if (get_backlog (connection) >= BACKLOG_BYTES) {
    errno = EAGAIN;
    return -1;
  }
  if (!connection->guarded) {
    add_head (connection, data, length);
    return (gssize) length;
  }
  n = MIN (length, BACKLOG_BYTES - get_backlog (connection));
  orf_http_outbox_add (connection->out, data, n);
  count_memory (connection);
  return (gssize) n;
}

/* libsoup has written the answer, and waits for the next request. */
static void
finish_request (OrfHttpConnection *connection)
{
  g_clear_pointer (&connection->request, orf_http_request_free);
  orf_http_framing_next (connection->framing);
  connection->head_given = 0;
  connection->fresh = connection->guarded = FALSE;
  connection->since_us = orf_clock_monotonic_us ();
  count_memory (connection);
  if (connection->host->service->draining && connection->ahead->len == 0)
    connection->closing = TRUE;
}

static gboolean
await_input_cb (gpointer owner)
{
  OrfHttpConnection *connection = owner;

  if (get_phase (connection) == ORF_HTTP_COMPLETE && !has_input (connection))
    finish_request (connection);
  flush (connection);
  fill (connection);
  return has_input (connection);
}

static gboolean
await_output_cb (gpointer owner)
{
  OrfHttpConnection *connection = owner;

  flush (connection);
  return connection->broken || get_backlog (connection) < BACKLOG_BYTES;
}

/* All is sent; waits for the other end to close, so that it reads what was sent. */
static void
linger (OrfHttpConnection *connection)
{
  char buffer[READ_BYTES];

  flush (connection);
  if (get_backlog (connection) == 0)
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
  if (connection->broken || get_backlog (connection) == 0 ||
      connection->lingered_bytes >= LINGER_BYTES)
    orf_http_connection_free (connection);
}

static void
begin_to_linger (OrfHttpConnection *connection)
{
  connection->lingering = TRUE;
  connection->since_us = orf_clock_monotonic_us ();
  linger (connection);
}

/* libsoup is through with the connection. */
static void
close_cb (gpointer owner)
{
  OrfHttpConnection *connection = owner;

  g_clear_object (&connection->stream);
  g_clear_pointer (&connection->request, orf_http_request_free);
  if (!connection->parking || is_over (connection)) {
    begin_to_linger (connection);
    return;
  }
  connection->parking = FALSE;
  connection->farewell_given = 0;
  count_memory (connection);
  /* what came meanwhile is looked at in a later turn: libsoup is above us on the stack */
  orf_watch_again (connection->watch, ORF_POLL_IN);
}

static const OrfHttpStreamOps stream_ops = {
  .read = read_cb,
  .write = write_cb,
  .await_input = await_input_cb,
  .await_output = await_output_cb,
  .close = close_cb,
};

/* Without a stream; may free the connection. */
static void
begin (OrfHttpConnection *connection)
{
  if (is_over (connection)) {
    begin_to_linger (connection);
  } else if (get_phase (connection) == ORF_HTTP_COMPLETE) {
    connection->stream = orf_http_stream_new (&stream_ops, connection);
    count_memory (connection);
    connection->host->begin (connection->host->user_data, connection);
  }
}

/* May free the connection. */
static void
wake (OrfHttpConnection *connection)
{
  if (connection->stream == NULL) {
    begin (connection);
    return;
  }
  if (has_input (connection))
    orf_http_stream_wake_input (connection->stream);
  if (connection->broken || get_backlog (connection) < BACKLOG_BYTES)
    orf_http_stream_wake_output (connection->stream);
}

/* The other end is gone: nobody waits for the answer. */
static void
give_up (OrfHttpConnection *connection)
{
  connection->broken = TRUE;
  if (connection->stream == NULL) {
    orf_http_connection_free (connection);
    return;
  }
  if (connection->request != NULL)
    orf_http_request_abandon (connection->request);
  wake (connection);
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
  if (events & ORF_POLL_OUT && get_backlog (connection) > 0)
    flush (connection);
  if (events & ORF_POLL_IN)
    fill (connection);
  /* a client that only half-closes while it waits is not told from one that went away */
  if (is_answering (connection) && (connection->ended || events & ORF_POLL_HUP))
    connection->broken = TRUE;
  if (connection->broken)
    give_up (connection);
  else
    wake (connection);
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
  count_memory (connection);
  return connection;
}

void
orf_http_connection_free (OrfHttpConnection *connection)
{
  g_assert (connection->stream == NULL);
  orf_memory_add (get_memory (connection), ORF_MEMORY_CONNECTIONS,
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
  upgraded->role = identity.role;
  upgraded->actor = g_strdup (identity.actor);
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
                                  .loopback = orf_http_address_is_loopback (connection->address),
                                  .address = connection->address,
                                  .local = connection->local };

  if (connection->farewell_given > 0)
    return;
  source.body = orf_http_framing_get_body (connection->framing, &source.body_length);
  connection->request = orf_http_request_new (connection->host->service, message, &source);
  hand_over (connection);
}

static void
time_out (OrfHttpConnection *connection, const char *what)
{
  refuse (connection, STATUS_TIMEOUT, ORF_ERROR_DEADLINE_EXCEEDED, what);
  wake (connection);
}

/* What moves fast enough may take as long as it needs. */
static gboolean
is_overdue (const OrfConfig *config, gint64 lasted_us, gint64 patience_us, guint64 moved_bytes)
{
  return lasted_us - patience_us >
         (gint64) (moved_bytes * ORF_US_PER_S / (guint64) config->listen.min_bytes_per_s);
}

static gboolean
is_unread (const OrfHttpConnection *connection, gint64 now_us)
{
  const OrfConfig *config = connection->host->service->policy.config;
  guint64 sent_bytes;
  gint64 waiting_us = orf_http_outbox_get_waiting_us (connection->out, &sent_bytes);
  gint64 patience_us = connection->host->draining_us > 0 ? DRAIN_US : config->listen.answer_us;

  return waiting_us > 0 && is_overdue (config, now_us - waiting_us, patience_us, sent_bytes);
}

static void
reset (OrfHttpConnection *connection)
{
  orf_unsent_drop (connection->fd);
  give_up (connection);
}

/* Idle since a while: libsoup ends its part of the connection, which goes on without it. */
static void
park (OrfHttpConnection *connection)
{
  if (connection->parking)
    return;
  connection->parking = TRUE;
  orf_http_stream_wake_input (connection->stream);
}

/* Of a request that is not whole yet. */
static void
expire_request (OrfHttpConnection *connection, gint64 lasted_us, gint64 now_us)
{
  const OrfConfig *config = connection->host->service->policy.config;
  gint64 draining_us = connection->host->draining_us;

  if (draining_us > 0 && now_us - draining_us > DRAIN_US) {
    refuse (connection, STATUS_UNAVAILABLE, ORF_ERROR_UNAVAILABLE, "the server is shutting down");
    wake (connection);
  } else if (get_phase (connection) == ORF_HTTP_HEAD && lasted_us > config->listen.header_us) {
    time_out (connection, "the request's head took longer than listen.header_us");
  } else if (get_phase (connection) == ORF_HTTP_BODY &&
             is_overdue (config, lasted_us, config->listen.body_us,
                         orf_http_framing_get_body_bytes (connection->framing))) {
    time_out (connection, "the request's body took longer than listen.body_us, and was slower than "
                          "listen.min_bytes_per_s");
  }
}

void
orf_http_connection_expire (OrfHttpConnection *connection, gint64 now_us)
{
  const OrfConfig *config = connection->host->service->policy.config;
  gint64 lasted_us = now_us - connection->since_us;
  gint64 idle_us = connection->fresh ? config->listen.header_us : config->listen.idle_us;

  if (connection->lingering && lasted_us > LINGER_US && get_backlog (connection) == 0)
    orf_http_connection_free (connection);
  else if (is_unread (connection, now_us))
    reset (connection);
  else if (connection->lingering || connection->closing || connection->broken)
    return;
  else if (get_phase (connection) != ORF_HTTP_IDLE)
    expire_request (connection, lasted_us, now_us);
  else if (lasted_us > idle_us)
    reset (connection);
  else if (connection->stream != NULL && lasted_us > PARK_US && get_backlog (connection) == 0)
    park (connection);
}

void
orf_http_connection_drain (OrfHttpConnection *connection)
{
  if (connection->lingering || get_phase (connection) != ORF_HTTP_IDLE)
    return;
  if (get_backlog (connection) == 0) {
    give_up (connection);
  } else {
    connection->closing = TRUE;
    wake (connection);
  }
}
