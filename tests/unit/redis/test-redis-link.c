/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>

#include "core/orf-clock.h"
#include "redis/orf-redis-link.h"
#include "redis-server.h"

typedef struct {
  GMainContext *context;
  RedisServer *server;
  OrfRedisLinkSettings settings;
  OrfRedisLink *link; /* NULL: freed from inside a callback */
  guint n_up, n_down;
  guint n_answered, n_lost;
  gint64 last; /* the number of the last answer */
  gboolean free_when_up, free_when_down, free_when_told, drop_when_up;
  char *channel, *message; /* the last */
} Fixture;

static void
free_link (Fixture *fixture)
{
  g_clear_pointer (&fixture->link, orf_redis_link_free);
}

static void
up_cb (gpointer data)
{
  Fixture *fixture = data;

  fixture->n_up++;
  if (fixture->free_when_up)
    free_link (fixture);
  else if (fixture->drop_when_up)
    orf_redis_link_drop (fixture->link, "a test");
}

static void
down_cb (gpointer data)
{
  Fixture *fixture = data;

  fixture->n_down++;
  if (fixture->free_when_down)
    free_link (fixture);
}

static void
message_cb (gpointer data, const char *channel, const redisReply *payload)
{
  Fixture *fixture = data;

  g_free (fixture->channel);
  g_free (fixture->message);
  fixture->channel = g_strdup (channel);
  fixture->message = g_strdup (payload->str);
}

static const OrfRedisLinkListener listener = { up_cb, down_cb, message_cb };

static void
replied_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  Fixture *fixture = data;

  if (fate == ORF_REDIS_ANSWERED) {
    fixture->n_answered++;
    fixture->last = reply->integer;
  } else {
    g_assert_null (reply);
    fixture->n_lost++;
  }
  if (fixture->free_when_told)
    free_link (fixture);
}

static void
setup (Fixture *fixture, gconstpointer data)
{
  fixture->context = g_main_context_new ();
  fixture->server = redis_server_new (data);
  fixture->settings = (OrfRedisLinkSettings){
    .connect_us = 10 * ORF_US_PER_S,
    .command_us = 10 * ORF_US_PER_S,
    .breaker = { .n_failures = 3, .backoff = { .first_us = 1000, .max_us = 10000 } },
    .max_in_flight = 5000,
    .max_in_flight_bytes = 1 << 20,
  };
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  free_link (fixture);
  redis_server_free (fixture->server);
  g_main_context_unref (fixture->context);
  g_free (fixture->channel);
  g_free (fixture->message);
}

static void
open_link_to (Fixture *fixture, const char *address)
{
  g_autoptr (GError) error = NULL;

  fixture->link = orf_redis_link_new (fixture->context, address, &fixture->settings, &listener,
                                      fixture, &error);
  g_assert_no_error (error);
}

static void
open_link (Fixture *fixture)
{
  open_link_to (fixture, fixture->server->address);
  wait_until (fixture->context, fixture->n_up == 1);
}

static gboolean
count_up (Fixture *fixture)
{
  return orf_redis_link_say (fixture->link, replied_cb, fixture, "INCR", "n", NULL);
}

static void
test_pipeline (Fixture *fixture, gconstpointer data)
{
  OrfRedisLinkFigures figures;

  open_link (fixture);
  for (guint i = 0; i < 1000; i++)
    g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->n_answered == 1000);
  g_assert_cmpint (fixture->last, ==, 1000);
  orf_redis_link_get_figures (fixture->link, &figures);
  g_assert_true (figures.up);
  g_assert_cmpint (figures.breaker, ==, ORF_REDIS_BREAKER_CLOSED);
  g_assert_cmpint (figures.in_flight, ==, 0);
  g_assert_cmpint (figures.latency_us, >=, 0);
  g_assert_cmpint (figures.p99_us, >=, figures.latency_us / 2);
  g_assert_cmpint (orf_redis_link_get_id (fixture->link), >, 0);
}

/* Larger than what a socket takes at once, both ways. */
static void
test_large (Fixture *fixture, gconstpointer data)
{
  g_autofree char *value = g_malloc (8 << 20);
  const char *set[] = { "SET", "large", value };
  const char *get[] = { "STRLEN", "large" };

  memset (value, 'x', 8 << 20);
  fixture->settings.max_in_flight_bytes = 64 << 20;
  open_link (fixture);
  for (guint i = 0; i < 4; i++)
    g_assert_true (orf_redis_link_send (fixture->link, 3, set, (gsize[]){ 3, 5, 8 << 20 }, 0,
                                        replied_cb, fixture));
  g_assert_true (
    orf_redis_link_send (fixture->link, 2, get, (gsize[]){ 6, 5 }, 0, replied_cb, fixture));
  wait_until (fixture->context, fixture->n_answered == 5);
  g_assert_cmpint (fixture->last, ==, 8 << 20);
}

static void
test_password (Fixture *fixture, gconstpointer data)
{
  fixture->settings.user = "default";
  fixture->settings.password = "wrong";
  open_link_to (fixture, fixture->server->address);
  wait_until (fixture->context, orf_redis_link_get_problem (fixture->link) != NULL);
  g_assert_nonnull (strstr (orf_redis_link_get_problem (fixture->link), "WRONGPASS"));
  g_assert_false (count_up (fixture));
  free_link (fixture);

  fixture->settings.password = "secret";
  fixture->settings.database = 3;
  open_link (fixture);
  g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->n_answered == 1);
}

static void
test_comes_later (Fixture *fixture, gconstpointer data)
{
  redis_server_kill (fixture->server);
  open_link_to (fixture, fixture->server->address);
  wait_until (fixture->context, orf_redis_link_get_problem (fixture->link) != NULL);
  g_assert_false (orf_redis_link_is_up (fixture->link));
  redis_server_start (fixture->server);
  wait_until (fixture->context, fixture->n_up == 1);
  g_assert_null (orf_redis_link_get_problem (fixture->link));
  g_assert_cmpint (fixture->n_down, ==, 0);
}

/* A socket in whose place no server of Redis is. */
static int
listen_at (const char *path)
{
  struct sockaddr_un at = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (at.sun_path, path, sizeof at.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
  g_assert_cmpint (listen (fd, 100), ==, 0);
  return fd;
}

/* Somebody listens who never says a word. */
static void
test_connect_deadline (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->server->dir, "mute.sock", NULL);
  int fd = listen_at (path);

  fixture->settings.connect_us = 5000;
  open_link_to (fixture, path);
  wait_until (fixture->context, orf_redis_link_get_problem (fixture->link) != NULL);
  g_assert_cmpstr (orf_redis_link_get_problem (fixture->link), ==, "no connection in time");
  close (fd);
}

/* Says who it is, and then a string that has no end. */
static gpointer
say_no_end (gpointer data)
{
  static const char greeting[] = "+OK\r\n:7\r\n", head[] = "$1000000000\r\n";
  const gsize most = 100 << 20;
  g_autofree char *block = g_strnfill (1 << 20, 'x');
  gsize n_said = 0;
  int fd = accept (GPOINTER_TO_INT (data), NULL, NULL);

  g_assert_cmpint (send (fd, greeting, strlen (greeting), MSG_NOSIGNAL), ==, strlen (greeting));
  g_assert_cmpint (send (fd, head, strlen (head), MSG_NOSIGNAL), ==, strlen (head));
  while (n_said < most) {
    gssize n = send (fd, block, 1 << 20, MSG_NOSIGNAL);

    if (n < 0)
      break;
    n_said += (gsize) n;
  }
  close (fd);
  return GSIZE_TO_POINTER (n_said);
}

/* What it says is held until it is whole: so it may not be too much. */
static void
test_endless (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->server->dir, "endless.sock", NULL);
  int fd = listen_at (path);
  GThread *thread = g_thread_new ("endless", say_no_end, GINT_TO_POINTER (fd));

  fixture->settings.breaker.backoff.first_us = 60 * ORF_US_PER_S;
  fixture->settings.breaker.backoff.max_us = 60 * ORF_US_PER_S;
  open_link_to (fixture, path);
  wait_until (fixture->context, fixture->n_down == 1);
  g_assert_cmpstr (orf_redis_link_get_problem (fixture->link), ==, "it says what nobody asked it");
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (thread)), <, 40 << 20);
  close (fd);
}

static void
test_killed (Fixture *fixture, gconstpointer data)
{
  open_link (fixture);
  redis_server_pause (fixture->server);
  for (guint i = 0; i < 100; i++)
    g_assert_true (count_up (fixture));
  turn_a_while (fixture->context);
  redis_server_kill (fixture->server);
  wait_until (fixture->context, fixture->n_down == 1);
  g_assert_cmpint (fixture->n_lost, ==, 100);
  g_assert_cmpint (fixture->n_answered, ==, 0);
  g_assert_false (count_up (fixture));
  redis_server_start (fixture->server);
  wait_until (fixture->context, fixture->n_up == 2);
  g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->n_answered == 1);
  g_assert_cmpint (fixture->last, ==, 1);
}

static void
test_deadline (Fixture *fixture, gconstpointer data)
{
  OrfRedisLinkFigures figures;

  /* beyond what a busy machine keeps a server that goes on from answering: else others are late,
   * the breaker opens, and what the server had of them is not known */
  fixture->settings.command_us = 500000;
  open_link (fixture);
  redis_server_pause (fixture->server);
  g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->n_lost == 1);
  g_assert_true (orf_redis_link_is_up (fixture->link));
  /* its answer comes, is nobody's any more, and shifts no other's */
  redis_server_go_on (fixture->server);
  fixture->last = 0;
  wait_until (fixture->context, count_up (fixture) && fixture->n_answered > 0);
  wait_until (fixture->context,
              (orf_redis_link_get_figures (fixture->link, &figures), figures.in_flight == 0));
  g_assert_cmpint (fixture->last, ==, fixture->n_answered + fixture->n_lost);
}

/* It is paused: after some commands without an answer nobody waits for it, until it is back. */
static void
test_breaker (Fixture *fixture, gconstpointer data)
{
  OrfRedisLinkFigures figures;

  fixture->settings.command_us = 20000;
  fixture->settings.connect_us = 200000;
  open_link (fixture);
  redis_server_pause (fixture->server);
  for (guint i = 0; i < 3; i++) {
    g_assert_true (count_up (fixture));
    wait_until (fixture->context, fixture->n_lost == i + 1);
  }
  wait_until (fixture->context, fixture->n_down == 1);
  g_assert_false (count_up (fixture));
  orf_redis_link_get_figures (fixture->link, &figures);
  g_assert_cmpint (figures.n_opened, ==, 1);
  redis_server_go_on (fixture->server);
  wait_until (fixture->context, fixture->n_up == 2);
}

static void
test_full (Fixture *fixture, gconstpointer data)
{
  const char *set[] = { "SET", "k", "0123456789" };
  const gsize lengths[] = { 3, 1, 10 };
  OrfRedisLinkFigures figures;

  fixture->settings.max_in_flight = 4;
  fixture->settings.max_in_flight_bytes = 40;
  open_link (fixture);
  for (guint i = 0; i < 4; i++)
    g_assert_true (count_up (fixture));
  g_assert_false (count_up (fixture));
  wait_until (fixture->context, fixture->n_answered == 4);
  for (guint i = 0; i < 3; i++)
    g_assert_true (orf_redis_link_send (fixture->link, 3, set, lengths, 0, replied_cb, fixture));
  g_assert_false (orf_redis_link_send (fixture->link, 3, set, lengths, 0, replied_cb, fixture));
  wait_until (fixture->context, fixture->n_answered == 7);
  orf_redis_link_get_figures (fixture->link, &figures);
  g_assert_cmpint (figures.n_refused, ==, 2);
}

static void
test_free_when_up (Fixture *fixture, gconstpointer data)
{
  fixture->free_when_up = TRUE;
  open_link (fixture);
  turn_a_while (fixture->context);
  g_assert_null (fixture->link);
}

static void
test_free_when_answered (Fixture *fixture, gconstpointer data)
{
  open_link (fixture);
  fixture->free_when_told = TRUE;
  for (guint i = 0; i < 100; i++)
    g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->link == NULL);
  turn_a_while (fixture->context);
  g_assert_cmpint (fixture->n_answered, ==, 1);
  g_assert_cmpint (fixture->n_lost, ==, 99);
}

static void
test_free_when_late (Fixture *fixture, gconstpointer data)
{
  fixture->settings.command_us = 10000;
  open_link (fixture);
  redis_server_pause (fixture->server);
  fixture->free_when_told = TRUE;
  for (guint i = 0; i < 100; i++)
    g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->link == NULL);
  turn_a_while (fixture->context);
  g_assert_cmpint (fixture->n_lost, ==, 100);
}

static void
test_free_when_lost (Fixture *fixture, gconstpointer data)
{
  open_link (fixture);
  redis_server_pause (fixture->server);
  for (guint i = 0; i < 100; i++)
    g_assert_true (count_up (fixture));
  turn_a_while (fixture->context);
  fixture->free_when_told = TRUE;
  redis_server_kill (fixture->server);
  wait_until (fixture->context, fixture->n_lost == 100);
  turn_a_while (fixture->context);
  g_assert_null (fixture->link);
  g_assert_cmpint (fixture->n_down, ==, 0);
}

static void
test_free_when_down (Fixture *fixture, gconstpointer data)
{
  fixture->free_when_down = TRUE;
  open_link (fixture);
  g_assert_true (count_up (fixture));
  redis_server_kill (fixture->server);
  wait_until (fixture->context, fixture->link == NULL);
  turn_a_while (fixture->context);
  g_assert_cmpint (fixture->n_down, ==, 1);
}

static void
subscribed_cb (gpointer data, OrfRedisFate fate, const redisReply *reply)
{
  ((Fixture *) data)->n_answered++;
}

static void
test_messages (Fixture *fixture, gconstpointer data)
{
  const char *const channels[] = { "a", "b", NULL };

  open_link (fixture);
  g_assert_true (orf_redis_link_subscribe (fixture->link, channels, subscribed_cb, fixture));
  wait_until (fixture->context, fixture->n_answered == 1);
  g_assert_cmpint (redis_server_ask_number (fixture->server, "PUBLISH b hello"), ==, 1);
  wait_until (fixture->context, fixture->message != NULL);
  g_assert_cmpstr (fixture->channel, ==, "b");
  g_assert_cmpstr (fixture->message, ==, "hello");
  redis_server_kill (fixture->server);
  wait_until (fixture->context, fixture->n_down == 1);
}

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* What the context would poll. */
static guint
count_polled (GMainContext *context)
{
  GPollFD fds[16];
  int timeout_ms;

  return (guint) g_main_context_query (context, G_MAXINT, &timeout_ms, fds, G_N_ELEMENTS (fds));
}

static void
test_thousand_reconnects (Fixture *fixture, gconstpointer data)
{
  guint n_fds = count_fds (), n_polled = count_polled (fixture->context);

  fixture->drop_when_up = TRUE;
  fixture->settings.breaker.backoff = (OrfBackoff){ .first_us = 1, .max_us = 1 };
  open_link (fixture);
  g_assert_cmpint (count_fds (), ==, n_fds + 1);
  wait_until (fixture->context, fixture->n_up == 1000);
  g_assert_cmpint (count_fds (), <=, n_fds + 1);
  g_assert_cmpint (count_polled (fixture->context), <=, n_polled + 1);
  free_link (fixture);
  turn_a_while (fixture->context);
  g_assert_cmpint (count_fds (), ==, n_fds);
  g_assert_cmpint (count_polled (fixture->context), ==, n_polled);
}

static void
test_name (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RedisServer) server = redis_server_new_tcp (NULL);
  g_autofree char *address = g_strdup_printf ("localhost:%u", server->port);

  open_link_to (fixture, address);
  wait_until (fixture->context, fixture->n_up == 1);
  g_assert_true (count_up (fixture));
  wait_until (fixture->context, fixture->n_answered == 1);
  free_link (fixture);

  /* a look-up that is under way when it is freed */
  open_link_to (fixture, address);
  g_main_context_iteration (fixture->context, FALSE);
  free_link (fixture);
  for (guint i = 0; i < 20; i++)
    turn_a_while (fixture->context);
  g_assert_cmpint (fixture->n_up, ==, 1);
}

static void
test_addresses (void)
{
  static const char *const wrong[] = { "", ":1", "host:0", "host:99999", "host:x", "[::1" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    OrfRedisLinkSettings settings = { 0 };

    g_assert_null (orf_redis_link_new (NULL, wrong[i], &settings, &listener, NULL, &error));
    g_assert_nonnull (strstr (error->message, wrong[i]));
  }
}

#define add(name, options, func)                                                                   \
  g_test_add ("/redis-link/" name, Fixture, options, setup, func, teardown)

int
main (int argc, char **argv)
{
  static const char *const secret[] = { "--requirepass", "secret", NULL };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-link/addresses", test_addresses);
  add ("pipeline", NULL, test_pipeline);
  add ("large", NULL, test_large);
  add ("password", secret, test_password);
  add ("comes-later", NULL, test_comes_later);
  add ("connect-deadline", NULL, test_connect_deadline);
  add ("endless", NULL, test_endless);
  add ("killed", NULL, test_killed);
  add ("deadline", NULL, test_deadline);
  add ("breaker", NULL, test_breaker);
  add ("full", NULL, test_full);
  add ("free-when-up", NULL, test_free_when_up);
  add ("free-when-answered", NULL, test_free_when_answered);
  add ("free-when-late", NULL, test_free_when_late);
  add ("free-when-lost", NULL, test_free_when_lost);
  add ("free-when-down", NULL, test_free_when_down);
  add ("messages", NULL, test_messages);
  add ("thousand-reconnects", NULL, test_thousand_reconnects);
  add ("name", NULL, test_name);
  return g_test_run ();
}
