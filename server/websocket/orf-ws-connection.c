/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - What is sent goes through one of two: `output` (the handshake, answers, pings, the close), and
 * `item`, one message of a stream; the item is only begun when output is empty, and once begun goes
 * before output.
 * - Values only leave their streams when the socket took all before them: there they give way to
 * newer ones.
 * - What was read is fed in slices, and no more of them than may be under way; `unread` keeps the
 * rest, and nothing is read while there is some.
 * - `closed` is told in a turn of the poller or from a look, as the last thing in it.
 */
#include "websocket/orf-ws-connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "transport/orf-unsent.h"
#include "websocket/orf-ws-codec.h"

#define READ_BYTES 16384
/* Of one connection, before the others have their turn. */
#define TURN_READS 4
/* Fed at a time: a message takes six bytes of a client, and may cost hundreds here. */
#define SLICE_BYTES 1024
/* A buffer that was larger than this once is given back when it is empty. */
#define KEEP_BYTES 16384
/* How long the other end has to close after a close was sent. */
#define CLOSE_US (2 * ORF_US_PER_S)

typedef struct {
  gboolean active;
  OrfStreamItem item;
  guint8 frame[ORF_WS_HEAD_MAX];
  gsize frame_length;
  gsize sent;
} Outgoing;

struct _OrfWsConnection {
  const OrfWsLimits *limits;
  const OrfWsConnectionOps *ops;
  gpointer user_data;
  int fd;
  OrfWatch *watch;
  OrfWsCodec *codec;
  OrfStreamReader *reader;
  GByteArray *unread; /* NULL: none */
  GString *output;
  gsize n_sent; /* of output */
  Outgoing item;
  guint in_flight;   /* messages not answered yet */
  gint64 heard_us;   /* monotonic: something came */
  gint64 asked_us;   /* a ping was sent, and nothing came since; 0: none */
  gint64 moved_us;   /* some of what waits was taken, or began to wait */
  gint64 closing_us; /* the close was sent; 0: not yet */
  gboolean in_turn;
  gboolean readable; /* as far as is known */
  gboolean ending;   /* the other end sends no more; its end of file is not read yet */
  gboolean ended;    /* it is */
  gboolean broken;   /* nothing can be sent any more */
  gboolean shut;     /* the other end was told that nothing more is sent */
  gboolean told;     /* closed was */
};

OrfWsLimits
orf_ws_limits_read (const OrfConfig *config)
{
  return (OrfWsLimits){
    .max_message_bytes = (gsize) config->websocket.max_message_bytes,
    .max_queue_bytes = (gsize) config->websocket.max_queue_bytes,
    .max_in_flight = (guint) config->websocket.max_in_flight,
    .send_buffer_bytes = (int) config->stream.send_buffer_bytes,
    .ping_us = config->stream.ping_us,
    .pong_us = config->stream.pong_us,
    .stall_us = config->stream.stall_us,
    .idle_us = config->websocket.idle_us,
  };
}

/* ---- sending --------------------------------------------------------------------------------- */

static gsize
get_queued (const OrfWsConnection *connection)
{
  return connection->output->len - connection->n_sent;
}

static gboolean
is_waiting (const OrfWsConnection *connection)
{
  return connection->item.active || get_queued (connection) > 0;
}

/* FALSE: the socket takes no more now, or ever. */
static gboolean
note_sent (OrfWsConnection *connection, gssize n, gsize *sent)
{
  if (n >= 0) {
    *sent += (gsize) n;
    connection->moved_us = orf_clock_monotonic_us ();
    return TRUE;
  }
  if (errno == EINTR)
    return TRUE;
  if (errno != EAGAIN)
    connection->broken = TRUE;
  return FALSE;
}

static void
empty_output (OrfWsConnection *connection)
{
  connection->n_sent = 0;
  if (connection->output->allocated_len > KEEP_BYTES) {
    g_string_free (connection->output, TRUE);
    connection->output = g_string_new (NULL);
  } else {
    g_string_truncate (connection->output, 0);
  }
}

static gboolean
send_output (OrfWsConnection *connection)
{
  while (get_queued (connection) > 0) {
    gssize n = send (connection->fd, connection->output->str + connection->n_sent,
                     get_queued (connection), MSG_NOSIGNAL);

    if (!note_sent (connection, n, &connection->n_sent))
      break;
  }
  if (get_queued (connection) == 0) {
    empty_output (connection);
    return TRUE;
  }
  if (connection->n_sent > KEEP_BYTES) {
    g_string_erase (connection->output, 0, (gssize) connection->n_sent);
    connection->n_sent = 0;
  }
  return FALSE;
}

static void
add_part (struct iovec *parts, guint *n_parts, gsize *skip, const void *data, gsize length)
{
  gsize skipped = MIN (*skip, length);

  *skip -= skipped;
  if (skipped < length)
    parts[(*n_parts)++] = (struct iovec){ (char *) data + skipped, length - skipped };
}

/* What of the item is not sent yet. */
static guint
list_parts (const Outgoing *out, struct iovec parts[4])
{
  gsize skip = out->sent, length = 0;
  const char *value = NULL;
  guint n = 0;

  add_part (parts, &n, &skip, out->frame, out->frame_length);
  add_part (parts, &n, &skip, out->item.head, out->item.head_length);
  if (out->item.value != NULL) {
    value = orf_blob_get_data (out->item.value, &length);
    add_part (parts, &n, &skip, value + out->item.value_skip, length - out->item.value_skip);
  }
  add_part (parts, &n, &skip, out->item.tail, strlen (out->item.tail));
  return n;
}

static gboolean
send_item (OrfWsConnection *connection)
{
  Outgoing *out = &connection->item;
  gsize length = out->frame_length + orf_stream_item_get_length (&out->item);

  while (out->sent < length) {
    struct iovec parts[4];
    struct msghdr message = { .msg_iov = parts };

    message.msg_iovlen = list_parts (out, parts);
    if (!note_sent (connection, sendmsg (connection->fd, &message, MSG_NOSIGNAL), &out->sent))
      return FALSE;
  }
  orf_stream_item_clear (&out->item);
  out->active = FALSE;
  return TRUE;
}

static gboolean
begin_item (OrfWsConnection *connection)
{
  Outgoing *out = &connection->item;

  if (orf_ws_codec_is_closing (connection->codec) ||
      !orf_stream_reader_take (connection->reader, &out->item))
    return FALSE;
  out->active = TRUE;
  out->sent = 0;
  out->frame_length = orf_ws_write_text_head (out->frame, orf_stream_item_get_length (&out->item));
  connection->moved_us = orf_clock_monotonic_us ();
  return TRUE;
}

/* Sends until there is nothing, or the socket is full. */
static void
flush (OrfWsConnection *connection)
{
  gboolean goes_on = !connection->broken;

  while (goes_on) {
    if (connection->item.active)
      goes_on = send_item (connection);
    else if (get_queued (connection) > 0)
      goes_on = send_output (connection);
    else
      goes_on = begin_item (connection);
  }
}

/* Before something is added to output. */
static void
note_waiting (OrfWsConnection *connection)
{
  if (!is_waiting (connection))
    connection->moved_us = orf_clock_monotonic_us ();
}

static void
ask_turn (OrfWsConnection *connection)
{
  if (!connection->in_turn)
    orf_watch_again (connection->watch, ORF_POLL_OUT);
}

/* At once, for the sake of the time from a tick to its readers; what fails is met in a turn. */
static void
ready_cb (gpointer user_data)
{
  OrfWsConnection *connection = user_data;

  flush (connection);
  if (connection->broken)
    ask_turn (connection);
}

void
orf_ws_connection_send (OrfWsConnection *connection, const char *data, gsize length)
{
  guint8 head[ORF_WS_HEAD_MAX];

  connection->in_flight--;
  if (data != NULL && !connection->broken && !orf_ws_codec_is_closing (connection->codec)) {
    note_waiting (connection);
    g_string_append_len (connection->output, (const char *) head,
                         (gssize) orf_ws_write_text_head (head, length));
    g_string_append_len (connection->output, data, (gssize) length);
  }
  ask_turn (connection);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void
text_cb (gpointer user_data, const char *data, gsize length)
{
  OrfWsConnection *connection = user_data;

  connection->in_flight++;
  connection->ops->message (connection->user_data, data, length);
}

static gboolean
may_take (const OrfWsConnection *connection)
{
  return connection->in_flight < connection->limits->max_in_flight &&
         get_queued (connection) < connection->limits->max_queue_bytes;
}

static gboolean
may_read (const OrfWsConnection *connection)
{
  return connection->readable && !connection->ended && !connection->broken &&
         connection->unread == NULL && may_take (connection);
}

/* How much of it is done with. */
static gsize
feed (OrfWsConnection *connection, const char *data, gsize length)
{
  gsize done = 0;

  note_waiting (connection);
  while (done < length && may_take (connection) && !orf_ws_codec_is_deaf (connection->codec)) {
    gsize n = MIN (length - done, SLICE_BYTES);

    orf_ws_codec_feed (connection->codec, data + done, n, connection->output);
    done += n;
  }
  /* at once, not when it has been quiet: of a thousand that come together each would have had one,
   * and malloc would keep them */
  orf_ws_codec_rest (connection->codec);
  return orf_ws_codec_is_deaf (connection->codec) ? length : done;
}

static void
take (OrfWsConnection *connection, const char *data, gsize length)
{
  gsize done;

  connection->heard_us = orf_clock_monotonic_us ();
  connection->asked_us = 0;
  done = feed (connection, data, length);
  if (done == length)
    return;
  connection->unread = g_byte_array_new ();
  g_byte_array_append (connection->unread, (const guint8 *) data + done, (guint) (length - done));
}

static void
take_unread (OrfWsConnection *connection)
{
  GByteArray *unread = connection->unread;
  gsize done;

  if (unread == NULL)
    return;
  done = feed (connection, (const char *) unread->data, unread->len);
  if (done == unread->len)
    g_clear_pointer (&connection->unread, g_byte_array_unref);
  else
    g_byte_array_remove_range (unread, 0, (guint) done);
}

static void
receive (OrfWsConnection *connection)
{
  char buffer[READ_BYTES];
  gssize n = recv (connection->fd, buffer, sizeof buffer, 0);

  if (n > 0)
    take (connection, buffer, (gsize) n);
  else if (n == 0)
    connection->ended = TRUE;
  else if (errno != EAGAIN && errno != EINTR)
    connection->ended = connection->broken = TRUE;
  /* a short read was all there is, and the next byte is a new edge; an end of file that was told
   * along with the data is not */
  if ((n > 0 && n < (gssize) sizeof buffer && !connection->ending) || (n < 0 && errno == EAGAIN))
    connection->readable = FALSE;
}

static void
receive_turn (OrfWsConnection *connection)
{
  take_unread (connection);
  for (guint i = 0; i < TURN_READS && may_read (connection); i++)
    receive (connection);
  if (may_read (connection))
    orf_watch_again (connection->watch, ORF_POLL_IN);
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* After a close nothing more is sent: when it is through, the other end has to close. */
static void
half_close (OrfWsConnection *connection)
{
  if (!orf_ws_codec_is_closing (connection->codec))
    return;
  if (connection->closing_us == 0)
    connection->closing_us = orf_clock_monotonic_us ();
  if (connection->shut || is_waiting (connection))
    return;
  connection->shut = TRUE;
  shutdown (connection->fd, SHUT_WR);
}

static void
tell_closed (OrfWsConnection *connection)
{
  if (connection->told)
    return;
  connection->told = TRUE;
  connection->ops->closed (connection->user_data);
}

static void
turn_cb (gpointer user_data, OrfPollEvents events)
{
  OrfWsConnection *connection = user_data;

  connection->in_turn = TRUE;
  if ((events & ORF_POLL_IN) != 0)
    connection->readable = TRUE;
  if ((events & ORF_POLL_END) != 0)
    connection->ending = TRUE;
  if ((events & ORF_POLL_HUP) != 0)
    connection->broken = TRUE;
  flush (connection);
  receive_turn (connection);
  flush (connection);
  half_close (connection);
  connection->in_turn = FALSE;
  if (connection->broken || connection->ended)
    tell_closed (connection);
}

static gboolean
is_silent (const OrfWsConnection *connection, gint64 now_us)
{
  if (orf_stream_reader_get_n_streams (connection->reader) > 0)
    return connection->asked_us > 0 && now_us - connection->asked_us >= connection->limits->pong_us;
  return connection->in_flight == 0 && now_us - connection->heard_us >= connection->limits->idle_us;
}

static void
ping (OrfWsConnection *connection, gint64 now_us)
{
  gboolean streams = orf_stream_reader_get_n_streams (connection->reader) > 0;
  gint64 patience_us = streams ? connection->limits->ping_us : connection->limits->idle_us / 3;

  if (connection->asked_us > 0 || now_us - connection->heard_us < patience_us)
    return;
  connection->asked_us = now_us;
  note_waiting (connection);
  orf_ws_codec_ping (connection->codec, connection->output);
  flush (connection);
}

void
orf_ws_connection_look (OrfWsConnection *connection, gint64 now_us)
{
  gboolean stalled = is_waiting (connection) &&
                     now_us - connection->moved_us >= connection->limits->stall_us;
  gboolean closed = connection->closing_us > 0 && now_us - connection->closing_us >= CLOSE_US;

  if (connection->broken || stalled || closed || is_silent (connection, now_us)) {
    orf_unsent_drop (connection->fd);
    tell_closed (connection);
  } else if (connection->closing_us == 0) {
    ping (connection, now_us);
  }
}

void
orf_ws_connection_close (OrfWsConnection *connection, guint16 code, const char *reason)
{
  note_waiting (connection);
  orf_ws_codec_close (connection->codec, code, reason, connection->output);
  ask_turn (connection);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* FALSE on a Unix socket, which needs neither, is fine. */
static void
set_options (int fd, const OrfWsLimits *limits)
{
  const int on = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &limits->send_buffer_bytes,
              sizeof limits->send_buffer_bytes);
}

OrfWsConnection *
orf_ws_connection_new (OrfPoller *poller,
                       OrfStreamTable *streams,
                       const OrfWsLimits *limits,
                       int fd,
                       GString *output,
                       const OrfWsConnectionOps *ops,
                       gpointer user_data,
                       GError **error)
{
  OrfWsConnection *connection = g_new0 (OrfWsConnection, 1);

  connection->fd = fd;
  connection->watch = orf_poller_add (poller, fd, turn_cb, connection, error);
  if (connection->watch == NULL) {
    close (fd);
    g_string_free (output, TRUE);
    g_free (connection);
    return NULL;
  }
  set_options (fd, limits);
  connection->limits = limits;
  connection->ops = ops;
  connection->user_data = user_data;
  connection->output = output;
  connection->codec = orf_ws_codec_new (limits->max_message_bytes, text_cb, connection);
  connection->reader = orf_stream_reader_new (streams, ready_cb, connection);
  connection->heard_us = connection->moved_us = orf_clock_monotonic_us ();
  return connection;
}

void
orf_ws_connection_free (OrfWsConnection *connection)
{
  orf_stream_reader_free (connection->reader);
  if (connection->item.active)
    orf_stream_item_clear (&connection->item.item);
  orf_watch_free (connection->watch);
  close (connection->fd);
  orf_ws_codec_free (connection->codec);
  g_clear_pointer (&connection->unread, g_byte_array_unref);
  g_string_free (connection->output, TRUE);
  g_free (connection);
}

void
orf_ws_connection_start (OrfWsConnection *connection, const char *input, gsize length)
{
  if (length > 0)
    take (connection, input, length);
  orf_watch_again (connection->watch, ORF_POLL_IN | ORF_POLL_OUT);
}

OrfStreamReader *
orf_ws_connection_get_reader (OrfWsConnection *connection)
{
  return connection->reader;
}

gsize
orf_ws_connection_get_size_bytes (const OrfWsConnection *connection)
{
  return sizeof *connection + orf_ws_codec_get_size_bytes (connection->codec) +
         connection->output->allocated_len +
         (connection->unread != NULL ? connection->unread->len : 0);
}
