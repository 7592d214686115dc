/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - All work happens in a turn, which the poller begins: what was read is handled, and what was
 * answered meanwhile leaves with one send().  An answer that comes outside a turn asks for one.
 * - `closed` is told at the end of a turn, as the last thing in it, and nothing happens afterwards.
 * - While more than max_queue_bytes wait to be read by the other end, or a large message of it is
 * being read by the peer, nothing of it is read, nor is what was read before looked at.
 */
#include "transport/orf-socket-session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-clock.h"
#include "core/orf-timer.h"
#include "orf-error.h"
#include "rpc/orf-peer.h"
#include "transport/orf-message-framing.h"

/* The methods that we serve begin so, and no message of ours does: those begin with { or [, and
 * headers with Content-Length. */
#define HTTP_INITIALS "DGHOP"
/* One recv(): as much as a Unix socket usually holds. */
#define READ_BYTES (128 * 1024)
/* A buffer that was larger than this once is given back when it is empty. */
#define KEEP_BYTES (64 * 1024)

struct _OrfSocketSession {
  OrfSocketSessionOptions options;
  OrfPeer *peer;
  int in_fd, out_fd;
  OrfWatch *in, *out; /* the same one where the descriptors are */
  gboolean is_socket;
  OrfMessageFraming framing;
  GByteArray *input; /* read, and not yet a whole message */
  GString *output;
  gsize held_bytes;        /* of both, as counted last */
  gsize n_sent;            /* of output */
  gint64 moved_us;         /* monotonic: when some of output was last taken, or it began */
  OrfStreamReader *reader; /* NULL: no streams here */
  gboolean in_turn;
  gboolean begun;   /* its first byte was seen */
  gboolean paused;  /* the other end does not read, or the peer is not through */
  gboolean hung_up; /* of a socket: the other end is gone */
  gboolean ending;  /* the other end sends no more; its end of file is not read yet */
  gboolean ended;   /* nothing more is read: end of file, drain, or a framing that is lost */
  gboolean broken;  /* nothing can be sent any more */
  gint64 active_us; /* monotonic: when bytes last went either way */
  GSource *look;    /* NULL: nothing ends it */
};

/* Of every session of a thread: a turn ends before the next begins. */
static __thread char read_buffer[READ_BYTES];

/* ---- sending --------------------------------------------------------------------------------- */

static gsize
get_queued (const OrfSocketSession *session)
{
  return session->output->len - session->n_sent;
}

static gssize
write_some (OrfSocketSession *session)
{
  const char *data = session->output->str + session->n_sent;

  if (session->is_socket)
    return send (session->out_fd, data, get_queued (session), MSG_NOSIGNAL);
  return write (session->out_fd, data, get_queued (session));
}

static void
flush (OrfSocketSession *session)
{
  while (get_queued (session) > 0 && !session->broken) {
    gssize n = write_some (session);

    if (n >= 0) {
      session->n_sent += (gsize) n;
      session->active_us = session->moved_us = orf_clock_monotonic_us ();
    } else if (errno == EAGAIN)
      break;
    else if (errno != EINTR)
      session->broken = TRUE;
  }
  if (get_queued (session) > 0 && !session->broken) {
    /* once half of it is sent: moving the rest each time would cost its square */
    if (session->n_sent > KEEP_BYTES && session->n_sent >= get_queued (session)) {
      g_string_erase (session->output, 0, (gssize) session->n_sent);
      session->n_sent = 0;
    }
    return;
  }
  session->n_sent = 0;
  if (session->output->allocated_len > KEEP_BYTES) {
    g_string_free (session->output, TRUE);
    session->output = g_string_sized_new (1024);
  } else {
    g_string_truncate (session->output, 0);
  }
}

static void
put (OrfSocketSession *session, const char *data, gsize length)
{
  if (get_queued (session) == 0)
    session->moved_us = orf_clock_monotonic_us ();
  orf_message_framing_append (&session->framing, session->output, data, length);
}

static void
ask_turn (gpointer user_data)
{
  OrfSocketSession *session = user_data;

  if (!session->in_turn)
    orf_watch_again (session->out, ORF_POLL_OUT);
}

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  OrfSocketSession *session = transport;

  if (data != NULL && !session->broken)
    put (session, data, length);
  ask_turn (session);
}

static void
put_item (OrfSocketSession *session, const OrfStreamItem *item)
{
  g_autoptr (GString) text = g_string_sized_new (orf_stream_item_get_length (item) + 1);

  g_string_append_len (text, item->head, (gssize) item->head_length);
  if (item->value != NULL) {
    gsize length;
    const char *value = orf_blob_get_data (item->value, &length);

    g_string_append_len (text, value + item->value_skip, (gssize) (length - item->value_skip));
  }
  g_string_append (text, item->tail);
  put (session, text->str, text->len);
}

/* Values only leave their streams when all before them is sent: there they give way to newer ones.
 */
static void
flush_streams (OrfSocketSession *session)
{
  OrfStreamItem item;

  while (session->reader != NULL && !session->broken && get_queued (session) == 0 &&
         orf_stream_reader_take (session->reader, &item)) {
    put_item (session, &item);
    orf_stream_item_clear (&item);
    flush (session);
  }
}

static void
stream_open_cb (gpointer transport, guint64 stream, const OrfStreamSpec *spec)
{
  orf_stream_reader_open (((OrfSocketSession *) transport)->reader, stream, spec);
}

static void
stream_close_cb (gpointer transport, guint64 stream, const char *status)
{
  orf_stream_reader_close (((OrfSocketSession *) transport)->reader, stream, status);
}

static const OrfPeerOps peer_ops = {
  .send = send_cb,
  .caught_up = ask_turn,
  .stream_open = stream_open_cb,
  .stream_close = stream_close_cb,
};
static const OrfPeerOps streamless_ops = { .send = send_cb, .caught_up = ask_turn };

/* ---- receiving ------------------------------------------------------------------------------- */

static void
refuse (OrfSocketSession *session, OrfFramingVerdict verdict)
{
  g_autoptr (GError) error = NULL;

  if (verdict == ORF_FRAMING_TOO_LARGE)
    g_set_error (&error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "the message has more than [rpc] max_message_bytes (%" G_GSIZE_FORMAT ")",
                 session->framing.max_bytes);
  else
    g_set_error (&error, ORF_ERROR, ORF_ERROR_PARSE_ERROR,
                 session->framing.style == ORF_FRAMING_LENGTHS
                   ? "headers that hold one Content-Length of digits were expected"
                   : "a request of HTTP came, which is not spoken here but at [listen] http");
  orf_peer_refuse (session->peer, error);
  /* Where bytes are counted, and they cannot be, nothing behind them can be understood. */
  if (verdict == ORF_FRAMING_BROKEN || session->framing.style == ORF_FRAMING_LENGTHS)
    session->ended = TRUE;
}

/* Handles the whole messages in data; returns how many bytes are done with. */
static gsize
handle (OrfSocketSession *session, const char *data, gsize length)
{
  gsize done = 0;

  while (done < length && !session->ended && !session->broken) {
    const char *message = NULL;
    gsize taken, message_length = 0;
    OrfFramingVerdict verdict;

    if (get_queued (session) > session->options.max_queue_bytes)
      flush (session);
    session->paused = get_queued (session) > session->options.max_queue_bytes ||
                      orf_peer_is_reading (session->peer);
    if (session->paused)
      return done;
    verdict = orf_message_framing_next (&session->framing, data + done, length - done, &taken,
                                        &message, &message_length);
    done += taken;
    if (verdict == ORF_FRAMING_MESSAGE)
      orf_peer_receive (session->peer, message, message_length, NULL);
    else if (verdict != ORF_FRAMING_MORE)
      refuse (session, verdict);
    else if (taken == 0)
      return done;
  }
  return done;
}

/* What was left over from before. */
static void
handle_input (OrfSocketSession *session)
{
  gsize done = handle (session, (const char *) session->input->data, session->input->len);

  if (done > 0)
    g_byte_array_remove_range (session->input, 0, (guint) done);
  if (session->input->len == 0 && done > KEEP_BYTES) {
    g_byte_array_unref (session->input);
    session->input = g_byte_array_new ();
  }
}

static void
take (OrfSocketSession *session, const char *data, gsize length)
{
  if (session->input->len > 0) {
    g_byte_array_append (session->input, (const guint8 *) data, (guint) length);
    handle_input (session);
  } else {
    gsize done = handle (session, data, length);

    if (done < length && !session->ended)
      g_byte_array_append (session->input, (const guint8 *) data + done, (guint) (length - done));
  }
}

/* The last line of a file may lack its end.  If nothing is handled now, because the other end does
 * not read, the end is read once more then. */
static void
end_input (OrfSocketSession *session)
{
  if (session->input->len > 0 && session->framing.style == ORF_FRAMING_LINES) {
    g_byte_array_append (session->input, (const guint8 *) "\n", 1);
    handle_input (session);
  }
  session->ended = !session->paused;
}

static void
receive (OrfSocketSession *session)
{
  gssize n = read (session->in_fd, read_buffer, sizeof read_buffer);

  if (n > 0) {
    session->active_us = orf_clock_monotonic_us ();
    take (session, read_buffer, (gsize) n);
    /* A short read of a socket was all there is, and the next byte is a new edge; an end of file
     * that was told along with this data is not. */
    if (!session->is_socket || session->ending || n == sizeof read_buffer)
      orf_watch_again (session->in, ORF_POLL_IN);
  } else if (n == 0) {
    end_input (session);
  } else if (errno == EINTR) {
    orf_watch_again (session->in, ORF_POLL_IN);
  } else if (errno != EAGAIN) {
    session->ended = session->broken = TRUE;
  }
}

/* ---- turns ----------------------------------------------------------------------------------- */

static gboolean
may_resume (const OrfSocketSession *session)
{
  return get_queued (session) <= session->options.max_queue_bytes / 2 &&
         !orf_peer_is_reading (session->peer);
}

static void
resume (OrfSocketSession *session)
{
  session->paused = FALSE;
  handle_input (session);
  if (!session->paused)
    orf_watch_again (session->in, ORF_POLL_IN);
}

static gboolean
is_over (const OrfSocketSession *session)
{
  return session->broken ||
         (session->ended && get_queued (session) == 0 && orf_peer_get_pending (session->peer) == 0);
}

static void
count_memory (OrfSocketSession *session, gsize bytes)
{
  orf_memory_add (orf_router_get_memory (session->options.router), ORF_MEMORY_CONNECTIONS,
                  (gint64) bytes - (gint64) session->held_bytes);
  session->held_bytes = bytes;
}

static gboolean
is_http (OrfSocketSession *session)
{
  char first;

  if (session->begun || session->ended || session->options.speaks_http == NULL ||
      recv (session->in_fd, &first, 1, MSG_PEEK) != 1)
    return FALSE;
  session->begun = TRUE;
  return memchr (HTTP_INITIALS, first, strlen (HTTP_INITIALS)) != NULL;
}

static void
turn_cb (gpointer user_data, OrfPollEvents events)
{
  OrfSocketSession *session = user_data;

  if ((events & ORF_POLL_IN) != 0 && is_http (session)) {
    session->options.speaks_http (session->options.user_data, session);
    return;
  }
  session->in_turn = TRUE;
  if ((events & ORF_POLL_END) != 0)
    session->ending = TRUE;
  if ((events & ORF_POLL_HUP) != 0)
    session->hung_up = session->is_socket;
  if (session->hung_up && session->ended)
    session->broken = TRUE; /* nobody is there to read an answer */
  if ((events & ORF_POLL_IN) != 0 && !session->paused && !session->ended)
    receive (session);
  flush (session);
  if (session->paused && may_resume (session)) {
    resume (session);
    flush (session);
  }
  flush_streams (session);
  session->in_turn = FALSE;
  count_memory (session, sizeof *session + session->input->len + session->output->allocated_len);
  if (is_over (session))
    session->options.closed (session->options.user_data, session);
  else if (session->hung_up && !session->paused)
    orf_watch_again (session->in, ORF_POLL_IN); /* read on to the end */
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
is_stalled (const OrfSocketSession *session, gint64 now_us)
{
  return orf_peer_get_n_streams (session->peer) > 0 && get_queued (session) > 0 &&
         now_us - session->moved_us >= session->options.stall_us;
}

static gboolean
is_idle (const OrfSocketSession *session, gint64 now_us)
{
  return session->options.idle_us > 0 && now_us - session->active_us >= session->options.idle_us &&
         orf_peer_get_pending (session->peer) == 0 && orf_peer_get_n_streams (session->peer) == 0;
}

static gboolean
look_cb (gpointer user_data)
{
  OrfSocketSession *session = user_data;
  gint64 now_us = orf_clock_monotonic_us ();

  if (!is_idle (session, now_us) && !is_stalled (session, now_us))
    return G_SOURCE_CONTINUE;
  /* what the other end would not read all that time it will not be waited for to read */
  if (get_queued (session) > 0)
    session->broken = TRUE;
  orf_socket_session_drain (session);
  return G_SOURCE_CONTINUE;
}

/* The shorter of what may end the session; 0: nothing does. */
static gint64
get_patience_us (const OrfSocketSession *session)
{
  gint64 idle_us = session->options.idle_us;
  gint64 stall_us = session->options.streams != NULL ? session->options.stall_us : 0;

  if (idle_us == 0 || stall_us == 0)
    return MAX (idle_us, stall_us);
  return MIN (idle_us, stall_us);
}

static gboolean
watch (OrfSocketSession *session, GError **error)
{
  session->in = orf_poller_add (session->options.poller, session->in_fd, turn_cb, session, error);
  if (session->in == NULL)
    return FALSE;
  session->out = session->in;
  if (session->out_fd != session->in_fd)
    session->out = orf_poller_add (session->options.poller, session->out_fd, turn_cb, session,
                                   error);
  return session->out != NULL;
}

OrfSocketSession *
orf_socket_session_new (const OrfSocketSessionOptions *options,
                        int in_fd,
                        int out_fd,
                        GError **error)
{
  g_autoptr (OrfSocketSession) session = g_new0 (OrfSocketSession, 1);

  session->options = *options;
  session->options.actor = NULL;
  session->in_fd = in_fd;
  session->out_fd = out_fd;
  session->is_socket = in_fd == out_fd;
  session->input = g_byte_array_new ();
  session->output = g_string_sized_new (1024);
  session->framing.max_bytes = orf_router_get_limits (options->router)->max_message_bytes;
  session->active_us = orf_clock_monotonic_us ();
  session->peer = orf_peer_new (options->router,
                                options->streams != NULL ? &peer_ops : &streamless_ops, session,
                                options->role, options->actor);
  orf_peer_set_pid (session->peer, options->pid);
  if (options->streams != NULL)
    session->reader = orf_stream_reader_new (options->streams, ask_turn, session);
  /* cannot fail on a descriptor that is open */
  g_unix_set_fd_nonblocking (in_fd, TRUE, NULL);
  g_unix_set_fd_nonblocking (out_fd, TRUE, NULL);
  if (!watch (session, error))
    return NULL;
  if (get_patience_us (session) > 0)
    session->look = orf_timer_start ((guint) MAX (get_patience_us (session) / ORF_US_PER_MS / 2, 1),
                                     look_cb, session);
  return g_steal_pointer (&session);
}

void
orf_socket_session_free (OrfSocketSession *session)
{
  count_memory (session, 0);
  g_clear_pointer (&session->look, orf_timer_stop);
  g_clear_pointer (&session->peer, orf_peer_free);
  g_clear_pointer (&session->reader, orf_stream_reader_free);
  if (session->out != session->in)
    g_clear_pointer (&session->out, orf_watch_free);
  g_clear_pointer (&session->in, orf_watch_free);
  if (session->in_fd >= 0)
    close (session->in_fd);
  if (session->out_fd != session->in_fd)
    close (session->out_fd);
  g_byte_array_unref (session->input);
  g_string_free (session->output, TRUE);
  g_free (session);
}

int
orf_socket_session_steal_fd (OrfSocketSession *session)
{
  int fd = session->in_fd;

  g_clear_pointer (&session->in, orf_watch_free);
  session->out = NULL;
  session->in_fd = session->out_fd = -1;
  return fd;
}

void
orf_socket_session_drain (OrfSocketSession *session)
{
  session->ended = TRUE;
  orf_watch_again (session->out, ORF_POLL_OUT);
}
