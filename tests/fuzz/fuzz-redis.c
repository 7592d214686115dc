/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what a node of Redis says: a node of ours reads the commands of the cache's second
 * level and answers each as the input has it: a byte of length and so many bytes, of which none
 * stands for what a good node would answer.  When the input is over, so is the node.  The first
 * byte says what node it is, and of what kind the level (MODE_…).  And any text as what a cluster
 * says of its slots.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <hiredis/hiredis.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-level.h"
#include "redis/orf-redis-slots.h"

#include "fuzz-file.h"

/* Commands and changes: two connections at once, and those that come when one is given up. */
#define MAX_CONNECTIONS 6
/* Turns of the loop in which nothing happened, after which nothing more will. */
#define MAX_IDLE  3
#define MAX_TURNS 400
#define CALL_US   (10 * ORF_US_PER_S)

/* Of an input's first byte. */
#define MODE_CLUSTER   1 /* by TCP, for a cluster's nodes are told by address */
#define MODE_EMPTIED   2 /* it has what another process left, which is dropped */
#define MODE_EXCLUSIVE 4 /* and that by FLUSHDB */
#define MODE_SECRET    8 /* it asks for a password; not in a cluster, a database */
#define N_MODES        16

/* As the level asks who it is. */
#define RUN_ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

typedef struct {
  int fd;
  redisReader *commands;
  gboolean hears; /* what is published */
} Connection;

typedef struct {
  GMainContext *context;
  guint8 mode;
  guint16 port; /* of a cluster's */
  int listener;
  Connection connections[MAX_CONNECTIONS];
  guint n_connections;
  const uint8_t *data;
  size_t size;
  guint n_asked, n_told;
} Node;

/* ---- the node -------------------------------------------------------------------------------- */

static void
add_bulk (GString *out, const char *text)
{
  g_string_append_printf (out, "$%zu\r\n%s\r\n", strlen (text), text);
}

static void
answer_subscribe (GString *out, const redisReply *command)
{
  for (gsize i = 1; i < command->elements; i++)
    g_string_append_printf (out, "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%s\r\n:%zu\r\n",
                            command->element[i]->len, command->element[i]->str, i);
}

/* To who is subscribed: the beat comes back, and a change of a key before it. */
static void
publish (Node *node, const redisReply *command)
{
  g_autoptr (GString)
    out = g_string_new ("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n");

  add_bulk (out, ORF_REDIS_DATA "a");
  g_string_append (out, "*3\r\n$7\r\nmessage\r\n");
  add_bulk (out, command->element[1]->str);
  add_bulk (out, command->element[2]->str);
  for (guint i = 0; i < node->n_connections; i++)
    if (node->connections[i].hears && node->connections[i].commands != NULL)
      send (node->connections[i].fd, out->str, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
answer_get (Node *node, GString *out, const char *name)
{
  if (!g_str_has_prefix (name, ORF_REDIS_EPOCH))
    g_string_append (out, "$6\r\nrecord\r\n");
  else if (node->mode & MODE_EMPTIED)
    g_string_append (out, "$-1\r\n");
  else
    add_bulk (out, RUN_ID);
}

static void
answer_cluster (Node *node, GString *out)
{
  g_autofree char *text = g_strdup_printf (
    "07c3 127.0.0.1:%u@1 myself,master - 0 0 1 connected 0-8191 8192 8193-16383 [5-<-e7d1]\n"
    "e7d1 :0@0 master,noaddr - 0 0 2 disconnected\n"
    "f001 127.0.0.1:%u@1 slave 07c3 0 0 1 connected\n",
    node->port, node->port);

  add_bulk (out, text);
}

static void
answer_scan (GString *out, const char *cursor)
{
  g_string_append (out, "*2\r\n");
  add_bulk (out, g_str_equal (cursor, "0") ? "7" : "0");
  g_string_append (out, "*2\r\n");
  add_bulk (out, ORF_REDIS_DATA "a");
  add_bulk (out, ORF_REDIS_DATA "ab");
}

static void
answer_well (Node *node, GString *out, const redisReply *command)
{
  static const char *const numbers[] = { "UNLINK", "PUBLISH", "DBSIZE", NULL };
  const char *word = command->elements > 0 ? command->element[0]->str : NULL;
  const char *second = command->elements > 1 ? command->element[1]->str : NULL;

  if (word == NULL)
    g_string_append (out, "-ERR no command\r\n");
  else if (g_str_equal (word, "SUBSCRIBE"))
    answer_subscribe (out, command);
  else if (g_str_equal (word, "CLIENT") && g_strcmp0 (second, "ID") == 0)
    g_string_append (out, ":7\r\n");
  else if (g_str_equal (word, "INFO"))
    add_bulk (out, "redis_version:7.0.15\r\nrun_id:" RUN_ID "\r\ntcp_port:6379\r\n");
  else if (g_str_equal (word, "CLUSTER"))
    answer_cluster (node, out);
  else if (g_str_equal (word, "SCAN") && second != NULL)
    answer_scan (out, second);
  else if (g_str_equal (word, "GET") && second != NULL)
    answer_get (node, out, second);
  else if (g_str_equal (word, "GETRANGE"))
    add_bulk (out, "head");
  else if (g_strv_contains (numbers, word))
    g_string_append (out, ":1\r\n");
  else
    g_string_append (out, "+OK\r\n");
}

/* What it does beside answering. */
static void
note (Node *node, Connection *connection, const redisReply *command)
{
  const char *word = command->elements > 0 ? command->element[0]->str : NULL;

  if (g_strcmp0 (word, "SUBSCRIBE") == 0)
    connection->hears = TRUE;
  else if (g_strcmp0 (word, "PUBLISH") == 0 && command->elements == 3)
    publish (node, command);
}

/* FALSE: the input is over. */
static gboolean
answer (Node *node, Connection *connection, const redisReply *command)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gsize n;

  if (node->size == 0)
    return FALSE;
  n = MIN (node->data[0], node->size - 1);
  if (n > 0)
    g_string_append_len (out, (const char *) node->data + 1, (gssize) n);
  else
    answer_well (node, out, command);
  note (node, connection, command);
  node->data += 1 + n;
  node->size -= 1 + n;
  return send (connection->fd, out->str, out->len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         (gssize) out->len;
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
    if (!answer (node, connection, command))
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
    node->connections[node->n_connections++] = (Connection){ .fd = fd,
                                                             .commands = redisReaderCreate () };
  for (guint i = 0; i < node->n_connections; i++)
    if (node->connections[i].commands != NULL)
      heard |= hear (node, &node->connections[i]);
  return fd >= 0 || heard;
}

static const char *socket_path;

static void
remove_socket_cb (void)
{
  g_unlink (socket_path);
}

/* The path of its socket. */
static const char *
listen_by_path (int *listener)
{
  static struct sockaddr_un address = { .sun_family = AF_UNIX };
  static int fd = -1;

  if (fd < 0) {
    g_snprintf (address.sun_path, sizeof address.sun_path, "%s/fuzz-redis-%d", g_get_tmp_dir (),
                getpid ());
    g_unlink (address.sun_path);
    fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind (fd, (const struct sockaddr *) &address, sizeof address) != 0 ||
        listen (fd, MAX_CONNECTIONS) != 0)
      g_error ("no socket: %s", g_strerror (errno));
    atexit (remove_socket_cb);
    socket_path = address.sun_path;
  }
  *listener = fd;
  return address.sun_path;
}

static const char *
listen_by_port (int *listener, guint16 *port)
{
  static struct sockaddr_in address = { .sin_family = AF_INET };
  static int fd = -1;
  static char name[24];
  socklen_t length = sizeof address;

  if (fd < 0) {
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind (fd, (const struct sockaddr *) &address, sizeof address) != 0 ||
        listen (fd, MAX_CONNECTIONS) != 0 ||
        getsockname (fd, (struct sockaddr *) &address, &length) != 0)
      g_error ("no socket: %s", g_strerror (errno));
    g_snprintf (name, sizeof name, "127.0.0.1:%u", ntohs (address.sin_port));
  }
  *listener = fd;
  *port = ntohs (address.sin_port);
  return name;
}

static const char *
listen_once (Node *node)
{
  if (node->mode & MODE_CLUSTER)
    return listen_by_port (&node->listener, &node->port);
  return listen_by_path (&node->listener);
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
  ops->invalidate (level, NULL, NULL, deadline_us, swept_cb, node);
  ops->unlock (level, keys);
  node->n_asked += 7;
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

static OrfConfig *
load_config (guint8 mode, const char *path)
{
  gboolean cluster = mode & MODE_CLUSTER, secret = mode & MODE_SECRET;
  g_autofree char *nodes = g_strconcat ("cache.nodes=", path, NULL);
  const char *const words[] = {
    nodes,
    cluster ? "cache.mode=cluster" : "cache.mode=sharded",
    mode & MODE_EXCLUSIVE ? "cache.redis_exclusive=yes" : "cache.redis_exclusive=no",
    secret ? "cache.redis_password=secret" : "cache.redis_password=",
    secret && !cluster ? "cache.redis_database=3" : "cache.redis_database=0",
    secret && cluster ? "cache.redis_user=somebody" : "cache.redis_user=",
    NULL,
  };
  g_autoptr (GError) error = NULL;
  OrfConfig *config = orf_config_load (fuzz_write_file (NULL, 0), words, &error);

  if (config == NULL)
    g_error ("%s", error->message);
  return config;
}

static OrfCacheLevel *
open_level (Node *node, const char *path)
{
  static const OrfCacheLevelListener listener = { changed_cb };
  static OrfConfig *configs[N_MODES];
  g_autoptr (GError) error = NULL;
  OrfCacheLevel *level;

  if (configs[node->mode] == NULL)
    configs[node->mode] = load_config (node->mode, path);
  level = orf_redis_level_ops.open (configs[node->mode], node->context, &listener, node, &error);
  if (level == NULL)
    g_error ("%s", error->message);
  return level;
}

static void
talk (const uint8_t *data, size_t size)
{
  Node node = {
    .context = g_main_context_new (), .mode = data[0] % N_MODES, .data = data + 1, .size = size - 1
  };
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

/* A key with the tag of its slot goes there. */
static void
check_slot (const char *text)
{
  guint slot = orf_redis_slot_of (ORF_REDIS_DATA, text, strlen (text));
  g_autofree char *tag = NULL, *key = NULL;

  if (slot >= ORF_REDIS_N_SLOTS)
    g_error ("slot %u", slot);
  if (slot % 64 != 0) /* a tag is tried for: seldom enough */
    return;
  tag = orf_redis_slot_make_tag (slot);
  key = g_strconcat ("{", tag, "}", NULL);
  if (orf_redis_slot_of (ORF_REDIS_DATA, key, strlen (key)) != slot)
    g_error ("%s is not in slot %u", key, slot);
}

static void
read_words (const char *text)
{
  g_auto (OrfRedisNodeLine) line = { NULL };
  OrfRedisRedirect redirect;
  guint first, last;

  check_slot (text);
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
  if (size > 0)
    talk (data, size);
  return 0;
}
