/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */
#include <glib/gstdio.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "orf-error.h"
#include "orf-schema-bind.h"
#include "transport/orf-socket-server.h"
#include "transport/orf-socket-session.h"

typedef struct {
  OrfRouter *router;
  OrfPoller *poller;
  OrfConfig *config;
  OrfSocketServer *server;
  GPtrArray *held; /* OrfCall of db.check, not answered */
  char *dir, *path;
  int fd; /* a client's */
  GString *got;
  gboolean closed;
  gboolean drained;
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
  g_ptr_array_add (((Fixture *) user_data)->held, call);
}

/* Answers as much as it is asked to. */
static void
large_cb (OrfCall *call, const OrfRpcDiscoverParams *params, gpointer user_data)
{
  g_autofree char *text = g_strnfill (100000, 'x');

  text[0] = text[99999] = '"';
  orf_call_return_encoded (call, text, 100000);
}

static void
listen_at (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  fixture->server = orf_socket_server_new (fixture->router, fixture->poller, fixture->config,
                                           fixture->path, &error);
  g_assert_no_error (error);
  fixture->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, fixture->path, sizeof address.sun_path);
  g_assert_cmpint (connect (fixture->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
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
  fixture->config = orf_config_new_defaults ();
  fixture->held = g_ptr_array_new ();
  fixture->dir = g_dir_make_tmp ("orf-socket-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "s", NULL);
  fixture->got = g_string_new (NULL);
  fixture->fd = -1;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->fd >= 0)
    close (fixture->fd);
  g_clear_pointer (&fixture->server, orf_socket_server_free);
  for (guint i = 0; i < fixture->held->len; i++)
    orf_call_fail (fixture->held->pdata[i],
                   g_error_new (ORF_ERROR, ORF_ERROR_CANCELLED, "the test ends"));
  g_ptr_array_unref (fixture->held);
  orf_poller_free (fixture->poller);
  orf_router_unref (fixture->router);
  orf_config_free (fixture->config);
  g_string_free (fixture->got, TRUE);
  g_rmdir (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->path);
}

static void
say (Fixture *fixture, const char *text)
{
  g_assert_cmpint (send (fixture->fd, text, strlen (text), MSG_NOSIGNAL), ==,
                   (gssize) strlen (text));
}

/* One look at the socket and one turn of the loop; FALSE at the end of file. */
static gboolean
pump (Fixture *fixture)
{
  char buffer[65536];
  gssize n = recv (fixture->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n > 0)
    g_string_append_len (fixture->got, buffer, n);
  else if (n == 0 || errno != EAGAIN)
    return FALSE;
  g_main_context_iteration (NULL, FALSE);
  return TRUE;
}

static void
expect (Fixture *fixture, const char *text)
{
  while (fixture->got->len < strlen (text))
    g_assert_true (pump (fixture));
  g_assert_cmpstr (fixture->got->str, ==, text);
  g_string_truncate (fixture->got, 0);
}

static void
expect_end (Fixture *fixture)
{
  while (pump (fixture))
    continue;
}

static void
wait_held (Fixture *fixture, guint n)
{
  while (fixture->held->len < n)
    g_assert_true (pump (fixture));
}

#define ASK(id)    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"health.check\"}"
#define HELD(id)   "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"db.check\"}"
#define LARGE      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}"
#define ANSWER(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"serving\":\"SERVING\"}}"
#define CHECKED(id)                                                                                \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{\"ok\":true,\"problems\":[],\"took_us\":1}}"

static void
answer_held (Fixture *fixture)
{
  char *none[] = { NULL };
  const OrfDbCheckResult result = { .ok = TRUE, .problems = none, .took_us = 1 };
  OrfCall *call = g_ptr_array_steal_index (fixture->held, 0);

  g_assert_cmpstr (orf_call_get_actor (call), !=, "");
  orf_call_return_db_check (call, &result);
}

static void
test_lines (Fixture *fixture, gconstpointer data)
{
  listen_at (fixture);
  say (fixture, ASK ("1") "\n\n" ASK ("\"two\"") "\r\n[" ASK ("3") "," ASK ("4") "]\n");
  expect (fixture, ANSWER ("1") "\n" ANSWER ("\"two\"") "\n[" ANSWER ("3") "," ANSWER ("4") "]\n");
  /* a drip */
  for (const char *at = ASK ("5") "\n"; *at != '\0'; at++) {
    g_assert_cmpint (send (fixture->fd, at, 1, 0), ==, 1);
    pump (fixture);
  }
  expect (fixture, ANSWER ("5") "\n");
}

static void
test_lengths (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strdup_printf ("Content-Length: %u\r\n\r\n%s",
                                           (guint) strlen (ASK ("1")), ASK ("1"));
  g_autofree char *answer = g_strdup_printf ("Content-Length: %u\r\n\r\n%s",
                                             (guint) strlen (ANSWER ("1")), ANSWER ("1"));

  listen_at (fixture);
  say (fixture, text);
  expect (fixture, answer);
  say (fixture, "Content-Length: none\r\n\r\n");
  expect_end (fixture);
  g_assert_nonnull (strstr (fixture->got->str, "-32700"));
}

static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autofree char *blanks = g_strnfill (2000, ' ');

  listen_at (fixture);
  say (fixture, blanks);
  say (fixture, "\n" ASK ("1") "\n");
  while (strstr (fixture->got->str, "SERVING") == NULL)
    g_assert_true (pump (fixture));
  g_assert_nonnull (strstr (fixture->got->str, "RESOURCE_EXHAUSTED"));
  g_assert_nonnull (strstr (fixture->got->str, "\"id\":null"));
}

static void
test_too_large_counted (Fixture *fixture, gconstpointer data)
{
  listen_at (fixture);
  say (fixture, "Content-Length: 1000000\r\n\r\n");
  expect_end (fixture);
  g_assert_nonnull (strstr (fixture->got->str, "RESOURCE_EXHAUSTED"));
}

static void
test_answers_as_they_come (Fixture *fixture, gconstpointer data)
{
  listen_at (fixture);
  say (fixture, HELD ("1") "\n" ASK ("2") "\n");
  expect (fixture, ANSWER ("2") "\n");
  wait_held (fixture, 1);
  answer_held (fixture);
  expect (fixture, CHECKED ("1") "\n");
}

static void
test_half_close (Fixture *fixture, gconstpointer data)
{
  listen_at (fixture);
  say (fixture, HELD ("1") "\n" ASK ("2") "\n");
  shutdown (fixture->fd, SHUT_WR);
  wait_held (fixture, 1);
  expect (fixture, ANSWER ("2") "\n");
  answer_held (fixture);
  expect_end (fixture);
  g_assert_cmpstr (fixture->got->str, ==, CHECKED ("1") "\n");
}

static void
test_gone_client_cancels (Fixture *fixture, gconstpointer data)
{
  listen_at (fixture);
  say (fixture, HELD ("1") "\n");
  wait_held (fixture, 1);
  close (fixture->fd);
  fixture->fd = -1;
  while (!orf_call_is_ended (fixture->held->pdata[0]))
    g_main_context_iteration (NULL, TRUE);
}

/* One that asks and does not read: what waits for it stays bounded, and nothing is lost. */
static void
test_slow_reader (Fixture *fixture, gconstpointer data)
{
  guint n = 200;
  gsize expected = n * (strlen ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":}\n") + 100000);
  g_autoptr (GString) asks = g_string_new (NULL);
  guint64 calls;

  fixture->config->socket.max_queue_bytes = 200000;
  listen_at (fixture);
  for (guint i = 0; i < n; i++)
    g_string_append (asks, LARGE "\n");
  say (fixture, asks->str);
  for (int i = 0; i < 1000; i++)
    g_main_context_iteration (NULL, FALSE);
  calls = orf_router_get_counts (fixture->router).calls;
  g_assert_cmpuint (calls, >, 0);
  g_assert_cmpuint (calls, <, 20); /* 20 MB would have been 200 */
  while (fixture->got->len < expected)
    g_assert_true (pump (fixture));
  g_assert_cmpuint (fixture->got->len, ==, expected);
  g_assert_cmpuint (orf_router_get_counts (fixture->router).calls, ==, n);
}

static void
drained_cb (gpointer user_data)
{
  ((Fixture *) user_data)->drained = TRUE;
}

static void
test_drain (Fixture *fixture, gconstpointer data)
{
  listen_at (fixture);
  say (fixture, HELD ("1") "\n");
  wait_held (fixture, 1);
  orf_socket_server_drain (fixture->server, drained_cb, fixture);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  g_assert_false (fixture->drained);
  answer_held (fixture);
  expect_end (fixture);
  g_assert_cmpstr (fixture->got->str, ==, CHECKED ("1") "\n");
  while (!fixture->drained)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_idle (Fixture *fixture, gconstpointer data)
{
  fixture->config->socket.idle_us = 1000;
  listen_at (fixture);
  expect_end (fixture);
  g_assert_cmpuint (fixture->got->len, ==, 0);
}

/* One more than may be waits, unanswered, until another is gone. */
static void
test_cap (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int first;

  fixture->config->socket.max_connections = 1;
  g_test_expect_message ("orfeas", G_LOG_LEVEL_WARNING, "*max_connections*");
  listen_at (fixture);
  say (fixture, ASK ("1") "\n");
  expect (fixture, ANSWER ("1") "\n");
  first = fixture->fd;
  fixture->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, fixture->path, sizeof address.sun_path);
  g_assert_cmpint (connect (fixture->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  say (fixture, ASK ("2") "\n");
  for (int i = 0; i < 50; i++)
    g_assert_true (pump (fixture));
  g_assert_cmpuint (fixture->got->len, ==, 0);
  close (first);
  expect (fixture, ANSWER ("2") "\n");
  g_test_assert_expected_messages ();
}

static void
closed_cb (gpointer user_data, OrfSocketSession *session)
{
  ((Fixture *) user_data)->closed = TRUE;
}

/* As `orfeasd --stdio <calls >answers`. */
static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *in = g_build_filename (fixture->dir, "in", NULL);
  g_autofree char *out = g_build_filename (fixture->dir, "out", NULL);
  g_autofree char *text = NULL;
  OrfSocketSessionOptions options = {
    .router = fixture->router,
    .poller = fixture->poller,
    .max_queue_bytes = 1000,
    .role = ORF_ROLE_ADMIN,
    .actor = "stdio",
    .closed = closed_cb,
    .user_data = fixture,
  };
  OrfSocketSession *session;

  g_assert_true (g_file_set_contents (in, ASK ("1") "\n" ASK ("2") "\n", -1, NULL));
  session = orf_socket_session_new (&options, g_open (in, O_RDONLY | O_CLOEXEC),
                                    g_open (out, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), NULL);
  while (!fixture->closed)
    g_main_context_iteration (NULL, TRUE);
  orf_socket_session_free (session);
  g_assert_true (g_file_get_contents (out, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, ANSWER ("1") "\n" ANSWER ("2") "\n");
  g_unlink (in);
  g_unlink (out);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/socket-server/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("lines", test_lines);
  ADD ("lengths", test_lengths);
  ADD ("too-large", test_too_large);
  ADD ("too-large-counted", test_too_large_counted);
  ADD ("answers-as-they-come", test_answers_as_they_come);
  ADD ("half-close", test_half_close);
  ADD ("gone-client-cancels", test_gone_client_cancels);
  ADD ("slow-reader", test_slow_reader);
  ADD ("drain", test_drain);
  ADD ("cap", test_cap);
  ADD ("idle", test_idle);
  ADD ("files", test_files);
  return g_test_run ();
}
