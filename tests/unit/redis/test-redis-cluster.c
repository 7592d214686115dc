/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real cluster of three masters and a replica, made by redis-cli. */
#include <string.h>

#include "redis-daemon.h"
#include "redis-server.h"
#include "redis/orf-redis-slots.h"

#define N_MASTERS 3
#define N_SERVERS 4
#define ops       orf_redis_level_ops

typedef struct {
  GMainContext *context;
  RedisServer *servers[N_SERVERS]; /* the last is a replica of the first */
  RedisDaemon *one, *other;
} Fixture;

static const char *const patient[] = { "cache.mode=cluster", "cache.redis_command_us=5000000",
                                       "cache.redis_backoff_us=1000",
                                       "cache.redis_backoff_max_us=100000", NULL };

/* ---- the cluster ----------------------------------------------------------------------------- */

static char *
ask_text (RedisServer *server, const char *command)
{
  redisReply *reply = redis_server_ask (server, command);
  char *text = g_strdup (reply->str != NULL ? reply->str : "");

  freeReplyObject (reply);
  return text;
}

static void
run (const char *const *words)
{
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL,
                &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s", words[0], output);
}

static gboolean
says (RedisServer *server, const char *command, const char *word)
{
  g_autofree char *text = ask_text (server, command);

  return strstr (text, word) != NULL;
}

static void
wait_for (Fixture *fixture, RedisServer *server, const char *command, const char *word)
{
  wait_until (fixture->context, says (server, command, word));
}

static void
make_cluster (Fixture *fixture)
{
  g_autofree char *id = NULL, *replicate = NULL;

  run ((const char *[]){ "redis-cli", "--cluster", "create", fixture->servers[0]->address,
                         fixture->servers[1]->address, fixture->servers[2]->address,
                         "--cluster-yes", NULL });
  for (guint i = 0; i < N_MASTERS; i++)
    wait_for (fixture, fixture->servers[i], "CLUSTER INFO", "cluster_state:ok");
  run ((const char *[]){ "redis-cli", "--cluster", "add-node", fixture->servers[3]->address,
                         fixture->servers[0]->address, NULL });
  id = ask_text (fixture->servers[0], "CLUSTER MYID");
  wait_for (fixture, fixture->servers[3], "CLUSTER NODES", id);
  replicate = g_strdup_printf ("CLUSTER REPLICATE %s", id);
  wait_until (fixture->context, says (fixture->servers[3], replicate, "OK"));
  wait_for (fixture, fixture->servers[3], "INFO replication", "master_link_status:up");
  for (guint i = 0; i < N_SERVERS; i++)
    wait_for (fixture, fixture->servers[i], "CLUSTER NODES", "slave");
}

static void
setup (Fixture *fixture, gconstpointer data)
{
  static const char *const options[] = { "--cluster-enabled",
                                         "yes",
                                         "--cluster-node-timeout",
                                         "1500",
                                         "--repl-diskless-sync-delay",
                                         "0",
                                         NULL };
  g_autoptr (GString) nodes = g_string_new (NULL);

  fixture->context = g_main_context_new ();
  for (guint i = 0; i < N_SERVERS; i++) {
    fixture->servers[i] = redis_server_new_tcp (options);
    if (i < N_MASTERS)
      g_string_append_printf (nodes, "%s%s", i > 0 ? "," : "", fixture->servers[i]->address);
  }
  make_cluster (fixture);
  fixture->one = redis_daemon_new (fixture->context, nodes->str, patient);
  /* one node is enough to find the others */
  fixture->other = redis_daemon_new (fixture->context, fixture->servers[1]->address, patient);
  redis_daemon_wait (fixture->one);
  redis_daemon_wait (fixture->other);
  g_assert_cmpuint (redis_daemon_count (fixture->other, ORF_CACHE_NODE_STATE_UP), ==, N_MASTERS);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->one, redis_daemon_free);
  redis_daemon_free (fixture->other);
  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_free (fixture->servers[i]);
  g_main_context_unref (fixture->context);
}

static char *
locate (Fixture *fixture, const char *key, int *slot)
{
  char *node;

  ops.locate (redis_daemon_get_level (fixture->one), &(OrfCacheBytes){ key, strlen (key) }, &node,
              slot);
  return node;
}

static char *
make_key (Fixture *fixture, guint server, guint number)
{
  for (guint i = 0;; i++) {
    g_autofree char *key = g_strdup_printf ("key-%u-%u", number, i);
    int slot;
    g_autofree char *node = locate (fixture, key, &slot);

    g_assert_cmpuint (slot, ==, orf_redis_slot_of ("orfeas:cache:", key, strlen (key)));
    if (g_str_equal (node, fixture->servers[server]->address))
      return g_steal_pointer (&key);
  }
}

/* ---- what is asked of it --------------------------------------------------------------------- */

static void
done_cb (gpointer data, const OrfCacheOutcome *outcome, guint64 removed)
{
  if (outcome == NULL)
    return;
  g_assert_cmpint (*outcome, ==, ORF_CACHE_DONE);
  *(gint64 *) data = (gint64) removed;
}

static void
test_keys (Fixture *fixture, gconstpointer data)
{
  gint64 removed = -1;

  for (guint i = 0; i < 100; i++) {
    g_autofree char *key = g_strdup_printf ("key-%u", i);

    g_assert_cmpint (redis_daemon_set_now (fixture->one, key, i + 1), ==, DAEMON_SHARED);
    g_assert_cmpint (redis_daemon_get_now (fixture->other, key), ==, i + 1);
  }
  g_assert_cmpint (redis_daemon_set_now (fixture->other, "key-7", 777), ==, DAEMON_SHARED);
  wait_until (fixture->context, redis_daemon_peek (fixture->one, "key-7") == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, "key-7"), ==, 777);
  ops.invalidate (redis_daemon_get_level (fixture->one), "key-*", NULL,
                  g_get_monotonic_time () + 10 * G_USEC_PER_SEC, done_cb, &removed);
  wait_until (fixture->context, removed >= 0);
  g_assert_cmpint (removed, ==, 100);
}

static void say (Fixture *fixture, guint server, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
say (Fixture *fixture, guint server, const char *format, ...)
{
  g_autofree char *command = NULL;
  va_list arguments;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assert_cmpint (redis_server_ask_number (fixture->servers[server], command), ==, 1);
}

/* A slot goes from the first to the second node, key by key, while both daemons go on. */
static void
test_migration (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = make_key (fixture, 0, 0);
  g_autofree char *from = ask_text (fixture->servers[0], "CLUSTER MYID");
  g_autofree char *to = ask_text (fixture->servers[1], "CLUSTER MYID");
  g_autofree char *node = NULL;
  int slot;

  node = locate (fixture, key, &slot);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 1), ==, DAEMON_SHARED);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, key), ==, 1);
  say (fixture, 1, "CLUSTER SETSLOT %d IMPORTING %s", slot, from);
  say (fixture, 0, "CLUSTER SETSLOT %d MIGRATING %s", slot, to);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 2), ==, DAEMON_SHARED);
  say (fixture, 0, "MIGRATE 127.0.0.1 %u orfeas:cache:%s 0 5000", fixture->servers[1]->port, key);
  /* ASK: the first still has the slot, and not the key */
  wait_until (fixture->context, redis_daemon_peek (fixture->other, key) == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, key), ==, 2);
  g_assert_cmpint (redis_daemon_set_now (fixture->other, key, 3), ==, DAEMON_SHARED);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 4), ==, DAEMON_SHARED);
  for (guint i = 0; i < N_MASTERS; i++)
    say (fixture, i, "CLUSTER SETSLOT %d NODE %s", slot, to);
  /* MOVED, and from then on it is known */
  wait_until (fixture->context, redis_daemon_peek (fixture->other, key) == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, key), ==, 4);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 5), ==, DAEMON_SHARED);
  g_clear_pointer (&node, g_free);
  node = locate (fixture, key, &slot);
  g_assert_cmpstr (node, ==, fixture->servers[1]->address);
  wait_until (fixture->context, redis_daemon_peek (fixture->other, key) == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, key), ==, 5);
}

/* Keys by which several lie in one slot of the first server's. */
static char *
make_tag (Fixture *fixture, int *slot)
{
  for (guint i = 0;; i++) {
    g_autofree char *tag = g_strdup_printf ("{%u}", i);
    g_autofree char *node = locate (fixture, tag, slot);

    if (g_str_equal (node, fixture->servers[0]->address))
      return g_steal_pointer (&tag);
  }
}

static gint64
count_owed (RedisDaemon *daemon)
{
  g_autoptr (OrfCacheL2Stats) stats = ops.describe (redis_daemon_get_level (daemon));
  gint64 n = 0;

  for (guint i = 0; i < stats->nodes->len; i++)
    n += ((const OrfCacheNode *) stats->nodes->pdata[i])->owed;
  return n;
}

static void
count_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  guint *n_down = data;

  *n_down = 0;
  for (guint i = 0; i < n; i++)
    *n_down += answers[i].outcome == ORF_CACHE_DOWN;
}

/* What a node could not be told of keys in a slot that has gone to another, that one is told. */
static void
test_owed_goes_with_the_slot (Fixture *fixture, gconstpointer data)
{
  const char *const narrow[] = { "cache.mode=cluster", "cache.redis_command_us=5000000",
                                 "cache.redis_max_in_flight=50", NULL };
  g_autoptr (RedisDaemon)
    daemon = redis_daemon_new (fixture->context, fixture->servers[1]->address, narrow);
  g_autofree char *from = ask_text (fixture->servers[0], "CLUSTER MYID");
  g_autofree char *to = ask_text (fixture->servers[1], "CLUSTER MYID");
  g_autofree char *tag = NULL;
  OrfCacheWrite writes[200];
  char names[200][32];
  guint n_down = G_MAXUINT;
  int slot;

  redis_daemon_wait (daemon);
  tag = make_tag (fixture, &slot);
  say (fixture, 1, "CLUSTER SETSLOT %d IMPORTING %s", slot, from);
  say (fixture, 0, "CLUSTER SETSLOT %d MIGRATING %s", slot, to);
  for (guint i = N_MASTERS; i-- > 0;)
    say (fixture, i, "CLUSTER SETSLOT %d NODE %s", slot, to);
  for (guint i = 0; i < G_N_ELEMENTS (writes); i++) {
    g_snprintf (names[i], sizeof names[i], "%s%u", tag, i);
    writes[i] = (OrfCacheWrite){ .key = { names[i], strlen (names[i]) },
                                 .record = { "1", 1 },
                                 .ttl_ms = 60000 };
  }
  ops.set (redis_daemon_get_level (daemon), writes, G_N_ELEMENTS (writes), G_MAXINT64, count_cb,
           &n_down);
  wait_until (fixture->context, n_down != G_MAXUINT);
  g_assert_cmpuint (n_down, >, 0); /* more than it takes at once */
  wait_until (fixture->context, count_owed (daemon) == 0);
}

/* The end comes while a node that hangs has not said yet who has which slot. */
static void
test_end_while_asking (Fixture *fixture, gconstpointer data)
{
  gint64 until_us;

  redis_server_pause (fixture->servers[1]);
  redis_server_pause (fixture->servers[2]);
  redis_server_kill (fixture->servers[0]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 2);
  /* from then on another is asked each half second */
  until_us = g_get_monotonic_time () + G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until_us)
    turn_a_while (fixture->context);
  g_clear_pointer (&fixture->one, redis_daemon_free);
  redis_server_go_on (fixture->servers[1]);
  redis_server_go_on (fixture->servers[2]);
}

static gboolean
is_served (Fixture *fixture, RedisDaemon *daemon, const char *key, const RedisServer *server)
{
  int slot;
  g_autofree char *node = locate (fixture, key, &slot);

  return g_str_equal (node, server->address) &&
         redis_daemon_set_now (daemon, key, 100) == DAEMON_SHARED;
}

/* The first node dies; its replica takes its place, with nothing of what it had. */
static void
test_failover (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = make_key (fixture, 0, 0), *another = make_key (fixture, 0, 1);

  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 1), ==, DAEMON_SHARED);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, another, 1), ==, DAEMON_SHARED);
  redis_server_kill (fixture->servers[0]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 2);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 2), ==, DAEMON_ALONE);
  wait_until (fixture->context, is_served (fixture, fixture->one, key, fixture->servers[3]));
  wait_until (fixture->context, is_served (fixture, fixture->other, key, fixture->servers[3]));
  /* what the replica had of it may have been older than what was acknowledged */
  g_assert_cmpint (redis_daemon_get_now (fixture->one, another), ==, 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, another), ==, 0);
  /* the one that died comes back as a replica, and is not asked */
  redis_server_start (fixture->servers[0]);
  wait_for (fixture, fixture->servers[0], "INFO replication", "role:slave");
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 101), ==, DAEMON_SHARED);
  wait_until (fixture->context, redis_daemon_peek (fixture->other, key) == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, key), ==, 101);
}

#define add(name, func) g_test_add ("/redis-cluster/" name, Fixture, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("keys", test_keys);
  add ("migration", test_migration);
  add ("owed-goes-with-the-slot", test_owed_goes_with_the_slot);
  add ("end-while-asking", test_end_while_asking);
  add ("failover", test_failover);
  return g_test_run ();
}
