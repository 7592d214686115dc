/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "websocket/orf-ws-connection.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/orf-clock.h"

#define HANDSHAKE "HTTP/1.1 101 Switching Protocols\r\n\r\n"
#define VALUE     "{\"a\":1}"

typedef struct {
  OrfPoller *poller;
  OrfStreamTable *streams;
  OrfWsConnection *connection;
  OrfWsLimits limits;
  int fd; /* the other end */
  GString *received;
  guint n_messages;
  gboolean closed;
  guint n_turns;
} Fixture;

static void
message_cb (gpointer user_data, const char *data, gsize length)
{
  ((Fixture *) user_data)->n_messages++;
}

static void
closed_cb (gpointer user_data)
{
  Fixture *f = user_data;

  f->closed = TRUE;
  /* the owner may free it here: it is the last thing a turn does */
  g_clear_pointer (&f->connection, orf_ws_connection_free);
}

static void
start (Fixture *f)
{
  static const OrfWsConnectionOps ops = { message_cb, closed_cb };
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  f->fd = fds[1];
  f->connection = orf_ws_connection_new (f->poller, f->streams, &f->limits, fds[0],
                                         g_string_new (HANDSHAKE), &ops, f, &error);
  g_assert_no_error (error);
  orf_ws_connection_start (f->connection, NULL, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->limits = (OrfWsLimits){ .max_message_bytes = 1000,
                             .max_queue_bytes = 100000,
                             .max_in_flight = 3,
                             .send_buffer_bytes = 4096,
                             .ping_us = 60 * ORF_US_PER_S,
                             .pong_us = 60 * ORF_US_PER_S,
                             .stall_us = 60 * ORF_US_PER_S,
                             .idle_us = 60 * ORF_US_PER_S };
  f->poller = orf_poller_new (NULL, NULL);
  f->streams = orf_stream_table_new ();
  f->received = g_string_new (NULL);
  start (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->connection, orf_ws_connection_free);
  orf_stream_table_free (f->streams);
  orf_poller_free (f->poller);
  g_string_free (f->received, TRUE);
  close (f->fd);
}

static void
turn (void)
{
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* All that has come. */
static void
receive (Fixture *f)
{
  char buffer[65536];
  gssize n;

  turn ();
  while ((n = read (f->fd, buffer, sizeof buffer)) > 0) {
    g_string_append_len (f->received, buffer, n);
    turn ();
  }
}

static void
receives (Fixture *f, const char *bytes, gsize length)
{
  receive (f);
  g_assert_cmpmem (f->received->str, f->received->len, bytes, length);
  g_string_truncate (f->received, 0);
}

static void
send_text (Fixture *f, const char *text)
{
  g_autoptr (GString) bytes = g_string_new ("\x81");

  g_string_append_c (bytes, (char) (0x80 | strlen (text)));
  g_string_append_len (bytes, "\0\0\0\0", 4);
  g_string_append (bytes, text);
  g_assert_cmpint (write (f->fd, bytes->str, bytes->len), ==, (gssize) bytes->len);
  turn ();
}

static void
open_stream (Fixture *f)
{
  const OrfStreamSpec spec = { .channel = 1, .depth = 1, .style = ORF_STREAM_BARE };

  orf_stream_reader_open (orf_ws_connection_get_reader (f->connection), 1, &spec);
}

static void
publish (Fixture *f, const char *data, gsize length)
{
  g_autoptr (OrfBlob) value = orf_blob_new (data, length);

  orf_stream_table_publish (f->streams, 1, value);
}

static void
test_answers (Fixture *f, gconstpointer data)
{
  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  send_text (f, "one");
  send_text (f, "two");
  g_assert_cmpuint (f->n_messages, ==, 2);
  orf_ws_connection_send (f->connection, "first", 5);
  orf_ws_connection_send (f->connection, NULL, 0);
  receives (f,
            "\x81\x05"
            "first",
            7);
}

/* Beyond max_in_flight the other end's messages wait, and none is lost. */
static void
test_in_flight (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    send_text (f, "call");
  g_assert_cmpuint (f->n_messages, ==, 3);
  for (guint i = 0; i < 10; i++) {
    orf_ws_connection_send (f->connection, NULL, 0);
    turn ();
  }
  g_assert_cmpuint (f->n_messages, ==, 10);
}

/* A thousand that come at once are not all taken at once either. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    g_string_append_len (bytes, "\x81\x80\0\0\0\0", 6);
  g_assert_cmpint (write (f->fd, bytes->str, bytes->len), ==, (gssize) bytes->len);
  turn ();
  g_assert_cmpuint (f->n_messages, >=, 3);
  g_assert_cmpuint (f->n_messages, <, 3 + 1024 / 6 + 1);
  g_assert_cmpuint (orf_ws_connection_get_size_bytes (f->connection), <, 32768);
  for (guint i = 0; i < 1000; i++) {
    orf_ws_connection_send (f->connection, NULL, 0);
    turn ();
  }
  g_assert_cmpuint (f->n_messages, ==, 1000);
}

static void
test_streams (Fixture *f, gconstpointer data)
{
  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  open_stream (f);
  publish (f, VALUE, strlen (VALUE));
  receives (f, "\x81\x07" VALUE, 2 + strlen (VALUE));
}

/* One that reads nothing costs what the kernel takes and one value, and is told what it lost; the
 * newest comes after what was begun. */
static void
test_slow_reader (Fixture *f, gconstpointer data)
{
  g_autofree char *value = g_strnfill (3000, ' ');
  gsize held;
  const char *dropped;

  memcpy (value, "{\"n\":", 5);
  value[2999] = '}';
  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  open_stream (f);
  for (guint i = 0; i < 500; i++) {
    char digits[16];

    g_snprintf (digits, sizeof digits, "%04u", i);
    memcpy (value + 5, digits, 4);
    publish (f, value, 3000);
    turn ();
  }
  held = orf_ws_connection_get_size_bytes (f->connection);
  g_assert_cmpuint (held, <, 32768);
  receive (f);
  dropped = g_strrstr_len (f->received->str, (gssize) f->received->len, "{\"dropped\":");
  g_assert_nonnull (dropped);
  g_assert_nonnull (g_strstr_len (dropped, 64, ",\"n\":0499"));
  g_assert_nonnull (g_strstr_len (f->received->str, (gssize) f->received->len, "{\"n\":0000"));
}

static void
test_silent (Fixture *f, gconstpointer data)
{
  gint64 now_us = orf_clock_monotonic_us ();

  open_stream (f);
  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  orf_ws_connection_look (f->connection, now_us + 59 * ORF_US_PER_S);
  receives (f, "", 0);
  orf_ws_connection_look (f->connection, now_us + 61 * ORF_US_PER_S);
  receives (f, "\x89\0", 2);
  orf_ws_connection_look (f->connection, now_us + 120 * ORF_US_PER_S);
  g_assert_false (f->closed);
  orf_ws_connection_look (f->connection, now_us + 122 * ORF_US_PER_S);
  g_assert_true (f->closed);
}

static void
test_pong (Fixture *f, gconstpointer data)
{
  gint64 now_us = orf_clock_monotonic_us ();

  open_stream (f);
  turn ();
  orf_ws_connection_look (f->connection, now_us + 61 * ORF_US_PER_S);
  g_assert_cmpint (write (f->fd, "\x8a\x80\0\0\0\0", 6), ==, 6);
  turn ();
  orf_ws_connection_look (f->connection, now_us + 122 * ORF_US_PER_S);
  g_assert_false (f->closed);
}

/* With no stream it is pinged at a third of idle_us, and may be a client that only answers when it
 * calls. */
static void
test_idle (Fixture *f, gconstpointer data)
{
  gint64 now_us = orf_clock_monotonic_us ();

  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  orf_ws_connection_look (f->connection, now_us + 21 * ORF_US_PER_S);
  receives (f, "\x89\0", 2);
  orf_ws_connection_look (f->connection, now_us + 59 * ORF_US_PER_S);
  g_assert_false (f->closed);
  orf_ws_connection_look (f->connection, now_us + 61 * ORF_US_PER_S);
  g_assert_true (f->closed);
}

static void
test_stalled (Fixture *f, gconstpointer data)
{
  g_autofree char *value = g_strnfill (1000000, ' ');
  gint64 now_us = orf_clock_monotonic_us ();

  open_stream (f);
  publish (f, value, 1000000);
  turn ();
  orf_ws_connection_look (f->connection, now_us + 59 * ORF_US_PER_S);
  g_assert_false (f->closed);
  orf_ws_connection_look (f->connection, now_us + 61 * ORF_US_PER_S);
  g_assert_true (f->closed);
}

static void
test_close (Fixture *f, gconstpointer data)
{
  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  open_stream (f);
  orf_ws_connection_close (f->connection, 1001, "bye");
  publish (f, VALUE, strlen (VALUE));
  receives (f,
            "\x88\x05\x03\xe9"
            "bye",
            7);
  g_assert_false (f->closed);
  g_assert_cmpint (write (f->fd, "\x88\x82\0\0\0\0\x03\xe9", 8), ==, 8);
  shutdown (f->fd, SHUT_WR);
  turn ();
  g_assert_true (f->closed);
}

/* The other end sees the end of the connection behind the close, also when that had to wait. */
static void
test_close_behind_others (Fixture *f, gconstpointer data)
{
  g_autofree char *answer = g_strnfill (1000000, ' ');
  char byte;

  send_text (f, "call");
  orf_ws_connection_send (f->connection, answer, 1000000);
  orf_ws_connection_close (f->connection, 1001, "bye");
  receive (f);
  g_assert_cmpmem (f->received->str + f->received->len - 7, 7, "\x88\x05\x03\xe9\x62ye", 7);
  g_assert_cmpint (read (f->fd, &byte, 1), ==, 0);
  g_assert_false (f->closed);
}

/* Config that was read again is for those that are there, too. */
static void
test_limits_change (Fixture *f, gconstpointer data)
{
  gint64 now_us = orf_clock_monotonic_us ();

  receives (f, HANDSHAKE, strlen (HANDSHAKE));
  f->limits.idle_us = 9 * ORF_US_PER_S;
  orf_ws_connection_look (f->connection, now_us + 10 * ORF_US_PER_S);
  g_assert_true (f->closed);
}

/* It waits for the other end's close only for a while. */
static void
test_close_unanswered (Fixture *f, gconstpointer data)
{
  orf_ws_connection_close (f->connection, 1001, "bye");
  turn ();
  orf_ws_connection_look (f->connection, orf_clock_monotonic_us () + 3 * ORF_US_PER_S);
  g_assert_true (f->closed);
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  open_stream (f);
  turn ();
  close (f->fd);
  f->fd = -1;
  publish (f, VALUE, strlen (VALUE));
  turn ();
  g_assert_true (f->closed);
  f->fd = dup (0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
#define add(name, func) g_test_add ("/ws-connection/" name, Fixture, NULL, set_up, func, tear_down)
  add ("answers", test_answers);
  add ("in-flight", test_in_flight);
  add ("flood", test_flood);
  add ("streams", test_streams);
  add ("slow-reader", test_slow_reader);
  add ("silent", test_silent);
  add ("pong", test_pong);
  add ("idle", test_idle);
  add ("stalled", test_stalled);
  add ("close", test_close);
  add ("close-behind-others", test_close_behind_others);
  add ("limits-change", test_limits_change);
  add ("close-unanswered", test_close_unanswered);
  add ("gone", test_gone);
  return g_test_run ();
}
