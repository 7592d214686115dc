/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */
#include <glib-unix.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "transport/orf-socket-session.h"

#define IDLE_US (100 * ORF_US_PER_MS)
/* More than what an end waits for may take on the slowest machine, less than meson's patience. */
#define PATIENCE_US (10 * ORF_US_PER_S)

typedef struct {
  OrfRouter *router;
  OrfPoller *poller;
  OrfSocketSession *session;
  OrfCall *held;
  int to, from; /* the other end; the same one for a socket */
  guint n_large;
  gint64 closed_us; /* 0: not yet */
} Fixture;

static void
health_cb (OrfCall *call, const OrfHealthCheckParams *params, gpointer user_data)
{
  const OrfHealthCheckResult result = { ORF_SERVING_STATUS_SERVING };

  orf_call_return_health_check (call, &result);
}

static void
hold_cb (OrfCall *call, const OrfDbCheckParams *params, gpointer user_data)
{
  ((Fixture *) user_data)->held = call;
}

static void
large_cb (OrfCall *call, const OrfRpcDiscoverParams *params, gpointer user_data)
{
  g_autofree char *text = g_strnfill (500000, 'x');

  text[0] = text[499999] = '"';
  ((Fixture *) user_data)->n_large++;
  orf_call_return_encoded (call, text, 500000);
}

static void
closed_cb (gpointer user_data, OrfSocketSession *session)
{
  Fixture *fixture = user_data;

  /* the owner may free it here: it is the last thing a turn does */
  g_clear_pointer (&fixture->session, orf_socket_session_free);
  fixture->closed_us = orf_clock_monotonic_us ();
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const OrfRpcLimits limits = {
    .max_message_bytes = 1000,
    .max_depth = 16,
    .max_batch = 100,
    .max_in_flight = 1000,
    .max_in_flight_per_peer = 1000,
    .default_deadline_us = 60 * ORF_US_PER_S,
    .max_deadline_us = 60 * ORF_US_PER_S,
  };

  fixture->router = orf_router_new (&limits);
  orf_bind_health_check (fixture->router, health_cb, fixture);
  orf_bind_db_check (fixture->router, hold_cb, fixture);
  orf_bind_rpc_discover (fixture->router, large_cb, fixture);
  fixture->poller = orf_poller_new (NULL, NULL);
  fixture->to = fixture->from = -1;
}

static void
hang_up (Fixture *fixture)
{
  if (fixture->from >= 0 && fixture->from != fixture->to)
    close (fixture->from);
  if (fixture->to >= 0)
    close (fixture->to);
  fixture->to = fixture->from = -1;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  hang_up (fixture);
  g_clear_pointer (&fixture->session, orf_socket_session_free);
  if (fixture->held != NULL)
    orf_call_fail (fixture->held, g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "the test ends"));
  orf_poller_free (fixture->poller);
  orf_router_unref (fixture->router);
}

static void
start (Fixture *fixture, int in_fd, int out_fd, gint64 idle_us)
{
  g_autoptr (GError) error = NULL;
  const OrfSocketSessionOptions options = {
    .router = fixture->router,
    .poller = fixture->poller,
    .max_queue_bytes = 100000,
    .idle_us = idle_us,
    .role = ORF_ROLE_ADMIN,
    .actor = "test",
    .closed = closed_cb,
    .user_data = fixture,
  };

  fixture->session = orf_socket_session_new (&options, in_fd, out_fd, &error);
  g_assert_no_error (error);
}

static void
start_socket (Fixture *fixture, gint64 idle_us)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->to = fixture->from = fds[0];
  start (fixture, fds[1], fds[1], idle_us);
}

static void
start_pipes (Fixture *fixture)
{
  int in[2], out[2];

  g_assert_true (g_unix_open_pipe (in, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (out, FD_CLOEXEC, NULL));
  fixture->to = in[1];
  fixture->from = out[0];
  start (fixture, in[0], out[1], 0);
}

static void
say (Fixture *fixture, const char *text)
{
  g_assert_cmpint (write (fixture->to, text, strlen (text)), ==, (gssize) strlen (text));
}

static void
expect (Fixture *fixture, const char *text)
{
  g_autoptr (GString) got = g_string_new (NULL);
  char buffer[4096];

  g_assert_true (g_unix_set_fd_nonblocking (fixture->from, TRUE, NULL));
  while (got->len < strlen (text)) {
    gssize n = read (fixture->from, buffer, sizeof buffer);

    if (n > 0)
      g_string_append_len (got, buffer, n);
    else
      g_assert_true (n < 0 && errno == EAGAIN);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpstr (got->str, ==, text);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
expect_closed (Fixture *fixture)
{
  gint64 end_us = orf_clock_monotonic_us () + PATIENCE_US;
  guint tick_id = g_timeout_add (50, tick_cb, NULL);

  while (fixture->closed_us == 0 && orf_clock_monotonic_us () < end_us)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick_id);
  g_assert_cmpint (fixture->closed_us, >, 0);
}

#define ASK(id)    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"health.check\"}\n"
#define TELL       "{\"jsonrpc\":\"2.0\",\"method\":\"health.check\"}\n"
#define HELD       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"db.check\"}\n"
#define LARGE      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n"
#define ANSWER(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"serving\":\"SERVING\"}}\n"

static void
wait_held (Fixture *fixture)
{
  while (fixture->held == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
answer_held (Fixture *fixture)
{
  char *none[] = { NULL };
  const OrfDbCheckResult result = { .ok = TRUE, .problems = none, .took_us = 1 };

  orf_call_return_db_check (g_steal_pointer (&fixture->held), &result);
}

/* Nothing is owed, so nothing we send makes another edge: the end must be seen with the data. */
static void
test_half_close_owing_nothing (Fixture *fixture, gconstpointer data)
{
  start_socket (fixture, 0);
  say (fixture, TELL);
  g_assert_cmpint (shutdown (fixture->to, SHUT_WR), ==, 0);
  expect_closed (fixture);
  g_assert_cmpuint (orf_router_get_counts (fixture->router).calls, ==, 1);
}

/* The same, found while we do not read because the other end does not. */
static void
test_half_close_while_paused (Fixture *fixture, gconstpointer data)
{
  char buffer[65536];
  gsize got = 0;

  start_socket (fixture, 0);
  say (fixture, LARGE LARGE TELL);
  while (fixture->n_large == 0)
    g_main_context_iteration (NULL, TRUE);
  say (fixture, TELL);
  g_assert_cmpint (shutdown (fixture->to, SHUT_WR), ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->n_large, ==, 1); /* the second is not looked at yet */
  g_assert_true (g_unix_set_fd_nonblocking (fixture->from, TRUE, NULL));
  while (got < 1000000) {
    gssize n = read (fixture->from, buffer, sizeof buffer);

    got += n > 0 ? (gsize) n : 0;
    g_main_context_iteration (NULL, FALSE);
  }
  expect_closed (fixture);
  g_assert_cmpuint (orf_router_get_counts (fixture->router).calls, ==, 4);
}

/* Who asks and never reads must not keep its place for ever. */
static void
test_idle_stalled_reader (Fixture *fixture, gconstpointer data)
{
  start_socket (fixture, IDLE_US);
  say (fixture, LARGE LARGE);
  expect_closed (fixture);
}

/* Idle time begins with the answer, however long the call took. */
static void
test_idle_after_long_call (Fixture *fixture, gconstpointer data)
{
  gint64 start_us = orf_clock_monotonic_us (), answered_us;

  start_socket (fixture, IDLE_US);
  say (fixture, HELD);
  wait_held (fixture);
  while (orf_clock_monotonic_us () - start_us < 2 * IDLE_US)
    g_main_context_iteration (NULL, TRUE); /* its own timer turns it */
  g_assert_cmpint (fixture->closed_us, ==, 0);
  answered_us = orf_clock_monotonic_us ();
  answer_held (fixture);
  expect_closed (fixture);
  g_assert_cmpint (fixture->closed_us - answered_us, >=, IDLE_US);
}

/* As `orfeasd --stdio` under an editor. */
static void
test_pipes (Fixture *fixture, gconstpointer data)
{
  start_pipes (fixture);
  say (fixture, ASK ("1") ASK ("2"));
  expect (fixture, ANSWER ("1") ANSWER ("2"));
  for (const char *at = ASK ("3"); *at != '\0'; at++) {
    g_assert_cmpint (write (fixture->to, at, 1), ==, 1);
    g_main_context_iteration (NULL, FALSE);
  }
  expect (fixture, ANSWER ("3"));
  close (fixture->to);
  fixture->to = -1;
  expect_closed (fixture);
  close (fixture->from);
  fixture->from = -1;
}

/* A file's last line may have no end; it is a message as any other. */
static void
test_last_line_without_end (Fixture *fixture, gconstpointer data)
{
  g_autofree char *open = g_strndup (ASK ("2"), strlen (ASK ("2")) - 1);

  start_pipes (fixture);
  say (fixture, ASK ("1"));
  say (fixture, open);
  close (fixture->to);
  fixture->to = -1;
  expect (fixture, ANSWER ("1") ANSWER ("2"));
  expect_closed (fixture);
  g_assert_cmpuint (orf_router_get_counts (fixture->router).calls, ==, 2);
}

/* Found while nothing is handled because the other end does not read: it is not forgotten. */
static void
test_last_line_while_paused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *open = g_strndup (ASK ("2"), strlen (ASK ("2")) - 1);
  char buffer[65536];

  start_socket (fixture, 0);
  say (fixture, LARGE);
  say (fixture, open);
  g_assert_cmpint (shutdown (fixture->to, SHUT_WR), ==, 0);
  while (fixture->n_large == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_unix_set_fd_nonblocking (fixture->from, TRUE, NULL));
  while (fixture->closed_us == 0) {
    if (read (fixture->from, buffer, sizeof buffer) < 0)
      g_assert_cmpint (errno, ==, EAGAIN);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpuint (orf_router_get_counts (fixture->router).calls, ==, 2);
}

/* Half a frame is none. */
static void
test_half_frame (Fixture *fixture, gconstpointer data)
{
  start_socket (fixture, 0);
  say (fixture, "Content-Length: 100\r\n\r\n{\"jsonrpc\":\"2.0\"");
  g_assert_cmpint (shutdown (fixture->to, SHUT_WR), ==, 0);
  expect_closed (fixture);
  g_assert_cmpuint (orf_router_get_counts (fixture->router).calls, ==, 0);
}

static void
test_drain_idle (Fixture *fixture, gconstpointer data)
{
  start_socket (fixture, 0);
  say (fixture, ASK ("1"));
  expect (fixture, ANSWER ("1"));
  orf_socket_session_drain (fixture->session);
  g_assert_cmpint (fixture->closed_us, ==, 0); /* not from inside */
  expect_closed (fixture);
}

static void
test_free_cancels (Fixture *fixture, gconstpointer data)
{
  start_socket (fixture, 0);
  say (fixture, HELD);
  wait_held (fixture);
  g_clear_pointer (&fixture->session, orf_socket_session_free);
  g_assert_true (orf_call_is_ended (fixture->held));
  g_assert_cmpint (fixture->closed_us, ==, 0); /* who frees it knows */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/socket-session/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("half-close-owing-nothing", test_half_close_owing_nothing);
  ADD ("half-close-while-paused", test_half_close_while_paused);
  ADD ("idle-stalled-reader", test_idle_stalled_reader);
  ADD ("idle-after-long-call", test_idle_after_long_call);
  ADD ("pipes", test_pipes);
  ADD ("last-line-without-end", test_last_line_without_end);
  ADD ("last-line-while-paused", test_last_line_while_paused);
  ADD ("half-frame", test_half_frame);
  ADD ("drain-idle", test_drain_idle);
  ADD ("free-cancels", test_free_cancels);
  return g_test_run ();
}
