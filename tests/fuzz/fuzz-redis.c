/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what a node of Redis says: a node of ours, on a Unix socket, reads the commands of
 * the cache's second level and answers each as the input has it: a byte of length and so many
 * bytes, of which none stands for what a good node would answer.  When the input is over, so is the
 * node. And any text as what a cluster says of its slots.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <hiredis/hiredis.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "redis/orf-redis-level.h"
#include "redis/orf-redis-slots.h"

#include "fuzz-file.h"

/* Commands and changes: two connections at once, and those that come when one is given up. */
#define MAX_CONNECTIONS 4
/* Turns of the loop in which nothing happened, after which nothing more will. */
#define MAX_IDLE  3
#define MAX_TURNS 400
#define CALL_US   (10 * ORF_US_PER_S)

typedef struct {
  int fd;
  redisReader *commands;
} Connection;

typedef struct {
  GMainContext *context;
  int listener;
  Connection connections[MAX_CONNECTIONS];
  guint n_connections;
  const uint8_t *data;
  size_t size;
  guint n_asked, n_told;
} Node;

/* ---- the node -------------------------------------------------------------------------------- */

static void
answer_well (GString *out, const redisReply *command)
{
  const char *word = command->elements > 0 ? command->element[0]->str : NULL;

  if (g_strcmp0 (word, "SUBSCRIBE") == 0)
    for (gsize i = 1; i < command->elements; i++)
      g_string_append_printf (out, "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%s\r\n:%zu\r\n",
                              command->element[i]->len, command->element[i]->str, i);
  else if (g_strcmp0 (word, "CLIENT") == 0 && g_strcmp0 (command->element[1]->str, "ID") == 0)
    g_string_append (out, ":7\r\n");
  else if (g_strcmp0 (word, "GET") == 0)
    g_string_append (out, "$-1\r\n");
  else
    g_string_append (out, "+OK\r\n");
}

/* FALSE: the input is over. */
static gboolean
answer (Node *node, int fd, const redisReply *command)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gsize n;

  if (node->size == 0)
    return FALSE;
  n = MIN (node->data[0], node->size - 1);
  if (n > 0)
    g_string_append_len (out, (const char *) node->data + 1, (gssize) n);
  else
    answer_well (out, command);
  node->data += 1 + n;
  node->size -= 1 + n;
  return send (fd, out->str, out->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (gssize) out->len;
}

static void
hang_up (Connection *connection)
{
  close (connection->fd);
  redisReaderFree (connection->commands);
  connection->commands = NULL;
}

/* Whether anything was heard. */
static gboolean
hear (Node *node, Connection *connection)
{
  char bytes[4096];
  gssize length = recv (connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  gpointer command = NULL;

  if (length < 0 && errno == EAGAIN)
    return FALSE;
  if (length > 0)
    redisReaderFeed (connection->commands, bytes, (gsize) length);
  while (length > 0 && redisReaderGetReply (connection->commands, &command) == REDIS_OK &&
         command != NULL) {
    if (!answer (node, connection->fd, command))
      length = 0;
    freeReplyObject (command);
  }
  if (length <= 0)
    hang_up (connection);
  return TRUE;
}

static gboolean
serve (Node *node)
{
  gboolean heard = FALSE;
  int fd = node->n_connections < MAX_CONNECTIONS
             ? accept4 (node->listener, NULL, NULL, SOCK_CLOEXEC)
             : -1;

  if (fd >= 0)
    node->connections[node->n_connections++] = (Connection){ fd, redisReaderCreate () };
  for (guint i = 0; i < node->n_connections; i++)
    if (node->connections[i].commands != NULL)
      heard |= hear (node, &node->connections[i]);
  return fd >= 0 || heard;
}

static const char *
listen_once (Node *node)
{
  static struct sockaddr_un address = { .sun_family = AF_UNIX };
  static int listener = -1;

  if (listener < 0) {
    g_snprintf (address.sun_path, sizeof address.sun_path, "%s/fuzz-redis-%d", g_get_tmp_dir (),
                getpid ());
    g_unlink (address.sun_path);
    listener = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind (listener, (const struct sockaddr *) &address, sizeof address) != 0 ||
        listen (listener, MAX_CONNECTIONS) != 0)
      g_error ("no socket: %s", g_strerror (errno));
  }
  node->listener = listener;
  return address.sun_path;
}

/* What of an earlier input still waits to be accepted. */
static void
forget_earlier (Node *node)
{
  int fd;

  while ((fd = accept (node->listener, NULL, NULL)) >= 0)
    close (fd);
}

/* ---- who asks it ------------------------------------------------------------------------------
 */

static void
changed_cb (gpointer user_data, const OrfCacheBytes *keys, guint n)
{
  for (guint i = 0; i < n; i++)
    if (keys[i].length > 0 && keys[i].data == NULL)
      g_error ("a key of nothing");
}

static void
told_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Node *node = data;

  node->n_told++;
  for (guint i = 0; i < n; i++)
    if (answers[i].outcome == ORF_CACHE_DONE && answers[i].record.length > 0 &&
        answers[i].record.data == NULL)
      g_error ("a record of nothing");
}

static void
swept_cb (gpointer data, const OrfCacheOutcome *outcome, guint64 removed)
{
  Node *node = data;

  node->n_told += outcome != NULL;
}

static void
ask (Node *node, OrfCacheLevel *level)
{
  const OrfCacheLevelOps *ops = &orf_redis_level_ops;
  const OrfCacheBytes keys[] = { { "a", 1 }, { "b", 1 } };
  const OrfCacheWrite write = { keys[0], { "record", 6 }, 1000, NULL };
  gint64 deadline_us = orf_clock_monotonic_us () + CALL_US;

  ops->get (level, keys, 1, deadline_us, told_cb, node);
  ops->get (level, keys, 2, deadline_us, told_cb, node);
  ops->set (level, &write, 1, deadline_us, told_cb, node);
  ops->remove (level, keys, 2, deadline_us, told_cb, node);
  ops->lock (level, keys, 1000, deadline_us, told_cb, node);
  ops->invalidate (level, "a*", "tag", deadline_us, swept_cb, node);
  node->n_asked += 6;
}

static void
turn (Node *node)
{
  for (guint i = 0, n_idle = 0; i < MAX_TURNS && n_idle < MAX_IDLE; i++) {
    gboolean busy = g_main_context_iteration (node->context, FALSE);

    busy |= serve (node);
    n_idle = busy ? 0 : n_idle + 1;
  }
}

static OrfCacheLevel *
open_level (Node *node, const char *path)
{
  static const OrfCacheLevelListener listener = { changed_cb };
  static OrfConfig *config;
  g_autoptr (GError) error = NULL;
  OrfCacheLevel *level;

  if (config == NULL) {
    g_autofree char *nodes = g_strconcat ("cache.nodes=", path, NULL);
    const char *const words[] = { nodes, NULL };

    config = orf_config_load (fuzz_write_file (NULL, 0), words, &error);
  }
  level = config != NULL ? orf_redis_level_ops.open (config, node->context, &listener, node, &error)
                         : NULL;
  if (level == NULL)
    g_error ("%s", error->message);
  return level;
}

static void
talk (const uint8_t *data, size_t size)
{
  Node node = { .context = g_main_context_new (), .data = data, .size = size };
  const char *path = listen_once (&node);
  OrfCacheLevel *level;
  OrfCacheL2Stats *stats;

  forget_earlier (&node);
  level = open_level (&node, path);
  turn (&node);
  ask (&node, level);
  turn (&node);
  stats = orf_redis_level_ops.describe (level);
  orf_cache_l2_stats_free (stats);
  orf_redis_level_ops.free (level);
  if (node.n_told != node.n_asked)
    g_error ("%u were asked, and %u told", node.n_asked, node.n_told);
  for (guint i = 0; i < node.n_connections; i++)
    if (node.connections[i].commands != NULL)
      hang_up (&node.connections[i]);
  g_main_context_unref (node.context);
}

/* ---- a cluster's words ----------------------------------------------------------------------- */

static void
read_words (const char *text)
{
  g_auto (OrfRedisNodeLine) line = { NULL };
  OrfRedisRedirect redirect;
  guint first, last;

  if (orf_redis_redirect_read (text, &redirect) && redirect.slot >= ORF_REDIS_N_SLOTS)
    g_error ("slot %u", redirect.slot);
  if (orf_redis_range_read (text, &first, &last) && (first > last || last >= ORF_REDIS_N_SLOTS))
    g_error ("slots %u to %u", first, last);
  if (orf_redis_node_line_read (&line, text) && line.ranges == NULL)
    g_error ("a node without a list of slots");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  signal (SIGPIPE, SIG_IGN); /* as in the daemon: hiredis writes to who has hung up */
  read_words (text);
  talk (data, size);
  return 0;
}
