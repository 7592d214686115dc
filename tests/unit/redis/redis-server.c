/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis-server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define START_US (20 * G_USEC_PER_SEC)

static guint16
find_port (void)
{
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t length = sizeof at;
  int fd;

  /* the bus of a cluster's node listens 10,000 above */
  do {
    fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_port = 0;
    g_assert_cmpint (bind (fd, (struct sockaddr *) &at, sizeof at), ==, 0);
    g_assert_cmpint (getsockname (fd, (struct sockaddr *) &at, &length), ==, 0);
    close (fd);
  } while (ntohs (at.sin_port) > 55000);
  return ntohs (at.sin_port);
}

static redisContext *
connect_to (RedisServer *server)
{
  redisContext *connection = server->port == 0 ? redisConnectUnix (server->address)
                                               : redisConnect ("127.0.0.1", server->port);

  if (connection != NULL && connection->err == 0)
    return connection;
  if (connection != NULL)
    redisFree (connection);
  return NULL;
}

/* It ends with the test, even where that is killed. */
static void
child_setup_cb (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
wait_for_it (RedisServer *server)
{
  gint64 by_us = g_get_monotonic_time () + START_US;

  while (g_get_monotonic_time () < by_us) {
    redisContext *connection = connect_to (server);

    if (connection != NULL) {
      redisFree (connection);
      return;
    }
    g_assert_cmpint (waitpid (server->pid, NULL, WNOHANG), ==, 0);
    g_usleep (2000);
  }
  g_error ("redis-server does not start in %s", server->dir);
}

void
redis_server_start (RedisServer *server)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *port = g_strdup_printf ("%u", server->port);
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (server->pid, ==, 0);
  g_strv_builder_add_many (builder, "redis-server", "--port", port, "--dir", server->dir,
                           "--appendonly", "no", "--save", "", "--loglevel", "warning", NULL);
  if (server->port == 0)
    g_strv_builder_add_many (builder, "--unixsocket", server->address, NULL);
  g_strv_builder_addv (builder, (const char **) server->options);
  words = g_strv_builder_end (builder);
  g_spawn_async (NULL, words, NULL,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                 child_setup_cb, NULL, &server->pid, &error);
  g_assert_no_error (error);
  wait_for_it (server);
}

static RedisServer *
make (guint16 port, const char *const *options)
{
  static const char *const none[] = { NULL };
  RedisServer *server = g_new0 (RedisServer, 1);

  signal (SIGPIPE, SIG_IGN); /* as the daemon does */
  server->dir = g_dir_make_tmp ("orf-redis-XXXXXX", NULL);
  server->port = port;
  server->address = port == 0 ? g_build_filename (server->dir, "redis.sock", NULL)
                              : g_strdup_printf ("127.0.0.1:%u", port);
  server->options = g_strdupv ((char **) (options != NULL ? options : none));
  redis_server_start (server);
  return server;
}

RedisServer *
redis_server_new (const char *const *options)
{
  return make (0, options);
}

RedisServer *
redis_server_new_tcp (const char *const *options)
{
  return make (find_port (), options);
}

void
redis_server_kill (RedisServer *server)
{
  kill (server->pid, SIGKILL);
  waitpid (server->pid, NULL, 0);
  server->pid = 0;
}

void
redis_server_pause (RedisServer *server)
{
  kill (server->pid, SIGSTOP);
}

void
redis_server_go_on (RedisServer *server)
{
  kill (server->pid, SIGCONT);
}

void
redis_server_free (RedisServer *server)
{
  g_autoptr (GDir) dir = g_dir_open (server->dir, 0, NULL);
  const char *name;

  if (server->pid != 0)
    redis_server_kill (server);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (server->dir, name, NULL);

    g_unlink (path);
  }
  g_rmdir (server->dir);
  g_strfreev (server->options);
  g_free (server->address);
  g_free (server->dir);
  g_free (server);
}

redisReply *
redis_server_ask (RedisServer *server, const char *format, ...)
{
  redisContext *connection = connect_to (server);
  redisReply *reply;
  va_list arguments;

  g_assert_nonnull (connection);
  va_start (arguments, format);
  reply = redisvCommand (connection, format, arguments);
  va_end (arguments);
  g_assert_nonnull (reply);
  redisFree (connection);
  return reply;
}

gint64
redis_server_ask_number (RedisServer *server, const char *command)
{
  redisReply *reply = redis_server_ask (server, command);
  gint64 number = reply->type == REDIS_REPLY_STATUS ? g_str_equal (reply->str, "OK")
                                                    : reply->integer;

  g_assert_cmpint (reply->type, !=, REDIS_REPLY_ERROR);
  freeReplyObject (reply);
  return number;
}

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_REMOVE;
}

void
turn_a_while (GMainContext *context)
{
  GSource *alarm = g_timeout_source_new (2);

  g_source_set_callback (alarm, wake_cb, NULL, NULL);
  g_source_attach (alarm, context);
  g_main_context_iteration (context, TRUE);
  g_source_destroy (alarm);
  g_source_unref (alarm);
}
