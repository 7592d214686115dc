/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "redis-daemon.h"
#include "redis-server.h"
#include "redis/orf-redis-hearing.h"

#define N_SERVERS 3
#define ops       orf_redis_level_ops

typedef struct {
  GMainContext *context;
  RedisServer *servers[N_SERVERS];
  char *nodes; /* as the config names them */
  RedisDaemon *one, *other;
} Fixture;

/* Time enough for a machine that is busy. */
static const char *const patient[] = { "cache.redis_command_us=5000000",
                                       "cache.redis_backoff_us=1000",
                                       "cache.redis_backoff_max_us=20000", NULL };

static void
setup (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) nodes = g_string_new (NULL);

  fixture->context = g_main_context_new ();
  for (guint i = 0; i < N_SERVERS; i++) {
    fixture->servers[i] = redis_server_new (data);
    g_string_append_printf (nodes, "%s%s", i > 0 ? "," : "", fixture->servers[i]->address);
  }
  fixture->nodes = g_string_free (g_steal_pointer (&nodes), FALSE);
  fixture->one = redis_daemon_new (fixture->context, fixture->nodes, patient);
  fixture->other = redis_daemon_new (fixture->context, fixture->nodes, patient);
  redis_daemon_wait (fixture->one);
  redis_daemon_wait (fixture->other);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->one, redis_daemon_free);
  g_clear_pointer (&fixture->other, redis_daemon_free);
  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_free (fixture->servers[i]);
  g_free (fixture->nodes);
  g_main_context_unref (fixture->context);
}

/* A key that one of the servers has. */
static char *
make_key (Fixture *fixture, guint server, guint number)
{
  for (guint i = 0;; i++) {
    g_autofree char *key = g_strdup_printf ("key-%u-%u", number, i);
    const OrfCacheBytes bytes = { key, strlen (key) };
    g_autofree char *node = NULL;
    int slot;

    ops.locate (redis_daemon_get_level (fixture->one), &bytes, &node, &slot);
    g_assert_cmpint (slot, ==, -1);
    if (g_str_equal (node, fixture->servers[server]->address))
      return g_steal_pointer (&key);
  }
}

/* ---- calls ----------------------------------------------------------------------------------- */

typedef struct {
  guint n_told;
  guint n;
  OrfCacheOutcome outcomes[200];
  char *records[200];
  guint64 removed;
} Answers;

static void
answered_cb (gpointer data, const OrfCacheAnswer *told, guint n)
{
  Answers *answers = data;

  answers->n_told++;
  answers->n = n;
  for (guint i = 0; i < n; i++) {
    answers->outcomes[i] = told[i].outcome;
    g_free (answers->records[i]);
    answers->records[i] = told[i].outcome == ORF_CACHE_DONE && told[i].record.data != NULL
                            ? g_strndup (told[i].record.data, told[i].record.length)
                            : NULL;
  }
}

static void
clear_answers (Answers *answers)
{
  for (guint i = 0; i < G_N_ELEMENTS (answers->records); i++)
    g_free (answers->records[i]);
  *answers = (Answers){ 0 };
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answers, clear_answers)

static gint64
soon (void)
{
  return g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
}

static void
test_many_keys (Fixture *fixture, gconstpointer data)
{
  OrfCacheLevel *level = redis_daemon_get_level (fixture->one);
  g_auto (Answers) answers = { 0 };
  OrfCacheWrite writes[200];
  OrfCacheBytes keys[200];
  char names[200][16];

  for (guint i = 0; i < 200; i++) {
    g_snprintf (names[i], sizeof names[i], "many-%u", i);
    keys[i] = (OrfCacheBytes){ names[i], strlen (names[i]) };
    writes[i] = (OrfCacheWrite){ .key = keys[i], .record = keys[i], .ttl_ms = 60000 };
  }
  ops.set (level, writes, 100, soon (), answered_cb, &answers);
  g_assert_cmpint (answers.n_told, ==, 0);
  wait_until (fixture->context, answers.n_told == 1);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (answers.outcomes[i], ==, ORF_CACHE_DONE);
  ops.get (level, keys, 200, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 2);
  g_assert_cmpint (answers.n, ==, 200);
  for (guint i = 0; i < 200; i++) {
    g_assert_cmpint (answers.outcomes[i], ==, i < 100 ? ORF_CACHE_DONE : ORF_CACHE_MISSING);
    g_assert_cmpstr (answers.records[i], ==, i < 100 ? names[i] : NULL);
  }
  ops.remove (level, keys + 50, 100, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 3);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (answers.outcomes[i], ==, i < 50 ? ORF_CACHE_DONE : ORF_CACHE_MISSING);
  ops.get (level, keys, 0, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 4);
}

/* Each hundred keys of a call have the time of one command. */
static void
test_many_keys_take_longer (Fixture *fixture, gconstpointer data)
{
  const char *const settings[] = { "cache.redis_command_us=1000000",
                                   "cache.redis_breaker_failures=1000", NULL };
  g_autoptr (RedisDaemon) daemon = redis_daemon_new (fixture->context, fixture->nodes, settings);
  OrfCacheLevel *level;
  g_autofree char *key = make_key (fixture, 0, 0);
  const OrfCacheBytes bytes = { key, strlen (key) };
  g_auto (Answers) answers = { 0 }, one = { 0 };
  OrfCacheWrite writes[200];

  redis_daemon_wait (daemon);
  level = redis_daemon_get_level (daemon);
  for (guint i = 0; i < 200; i++)
    writes[i] = (OrfCacheWrite){ .key = bytes, .record = bytes, .ttl_ms = 60000 };
  redis_server_pause (fixture->servers[0]);
  ops.set (level, writes, 200, soon (), answered_cb, &answers);
  ops.set (level, writes, 1, soon (), answered_cb, &one);
  wait_until (fixture->context, one.n_told == 1);
  g_assert_cmpint (one.outcomes[0], ==, ORF_CACHE_LOST);
  g_assert_cmpint (answers.n_told, ==, 0);
  redis_server_go_on (fixture->servers[0]);
  wait_until (fixture->context, answers.n_told == 1);
  for (guint i = 0; i < 200; i++)
    g_assert_cmpint (answers.outcomes[i], ==, ORF_CACHE_DONE);
}

/* How often the servers did a command. */
static guint
count_commands (Fixture *fixture, const char *command)
{
  g_autofree char *line = g_strdup_printf ("cmdstat_%s:calls=", command);
  guint n = 0;

  for (guint i = 0; i < N_SERVERS; i++) {
    redisReply *reply = redis_server_ask (fixture->servers[i], "INFO commandstats");
    const char *at = strstr (reply->str, line);

    n += at != NULL ? (guint) g_ascii_strtoull (at + strlen (line), NULL, 10) : 0;
    freeReplyObject (reply);
  }
  return n;
}

/* Keys of a node are asked for by one command, also where the node has but some, or is away. */
static void
test_together (Fixture *fixture, gconstpointer data)
{
  OrfCacheLevel *level = redis_daemon_get_level (fixture->one);
  g_auto (Answers) answers = { 0 };
  OrfCacheBytes keys[40];
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  guint before = count_commands (fixture, "get");

  for (guint i = 0; i < 40; i++) {
    char *name = make_key (fixture, i < 20 ? 0 : 1, i);

    g_ptr_array_add (names, name);
    keys[i] = (OrfCacheBytes){ name, strlen (name) };
    if (i % 2 == 0)
      redis_daemon_set_now (fixture->one, name, i + 1);
  }
  ops.get (level, keys, 40, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 1);
  g_assert_cmpuint (count_commands (fixture, "mget"), ==, 2);
  g_assert_cmpuint (count_commands (fixture, "get"), ==, before);
  for (guint i = 0; i < 40; i++)
    g_assert_cmpint (answers.outcomes[i], ==, i % 2 == 0 ? ORF_CACHE_DONE : ORF_CACHE_MISSING);
  redis_server_kill (fixture->servers[0]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 2);
  ops.get (level, keys, 40, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 2);
  for (guint i = 0; i < 40; i++)
    g_assert_cmpint (answers.outcomes[i], ==,
                     i < 20       ? ORF_CACHE_DOWN
                     : i % 2 == 0 ? ORF_CACHE_DONE
                                  : ORF_CACHE_MISSING);
  ops.get (level, keys, 20, soon (), answered_cb, &answers);
  g_assert_cmpint (answers.n_told, ==, 2); /* in a turn of its own */
  wait_until (fixture->context, answers.n_told == 3);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DOWN);
}

static void
test_any_bytes (Fixture *fixture, gconstpointer data)
{
  OrfCacheLevel *level = redis_daemon_get_level (fixture->one);
  g_auto (Answers) answers = { 0 };
  g_autofree char *key = g_malloc0 (1024);
  const OrfCacheWrite write = { .key = { key, 1024 }, .record = { "a\0b", 3 }, .ttl_ms = 1 };

  ops.set (level, &write, 1, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 1);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DONE);
  /* it was for a millisecond */
  do {
    answers.n_told = 0;
    ops.get (level, &write.key, 1, soon (), answered_cb, &answers);
    wait_until (fixture->context, answers.n_told == 1);
  } while (answers.outcomes[0] == ORF_CACHE_DONE);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_MISSING);
}

static void
test_lock (Fixture *fixture, gconstpointer data)
{
  OrfCacheLevel *one = redis_daemon_get_level (fixture->one);
  OrfCacheLevel *other = redis_daemon_get_level (fixture->other);
  const OrfCacheBytes key = { "k", 1 };
  g_auto (Answers) answers = { 0 };

  ops.lock (one, &key, 60000, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 1);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DONE);
  /* it is not the other's to end */
  ops.unlock (other, &key);
  ops.lock (other, &key, 60000, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 2);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_MISSING);
  ops.unlock (one, &key);
  ops.lock (one, &key, 1, soon (), answered_cb, &answers);
  wait_until (fixture->context, answers.n_told == 3);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DONE);
  /* it ends by its time */
  do {
    answers.n_told = 0;
    ops.lock (other, &key, 60000, soon (), answered_cb, &answers);
    wait_until (fixture->context, answers.n_told == 1);
  } while (answers.outcomes[0] == ORF_CACHE_MISSING);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DONE);
}

static void
progress_cb (gpointer data, const OrfCacheOutcome *outcome, guint64 removed)
{
  Answers *answers = data;

  g_assert_cmpint (removed, >=, answers->removed);
  answers->removed = removed;
  if (outcome == NULL)
    return;
  answers->n_told++;
  answers->outcomes[0] = *outcome;
}

static void
test_invalidate (Fixture *fixture, gconstpointer data)
{
  static const char *const keys[] = { "a:1", "a:2", "a:[x]", "b:1", "b:?" };
  OrfCacheLevel *level = redis_daemon_get_level (fixture->one);
  Answers answers = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_assert_cmpint (redis_daemon_set_now (fixture->other, keys[i], 1), ==, DAEMON_SHARED);
  ops.invalidate (level, "a:[x]", NULL, soon (), progress_cb, &answers);
  wait_until (fixture->context, answers.n_told == 1);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DONE);
  g_assert_cmpint (answers.removed, ==, 1);
  answers.removed = 0;
  ops.invalidate (level, "a:?", NULL, soon (), progress_cb, &answers);
  wait_until (fixture->context, answers.n_told == 2);
  g_assert_cmpint (answers.removed, ==, 2);
  /* the other heard it */
  wait_until (fixture->context, redis_daemon_peek (fixture->other, "a:1") == 0);
  wait_until (fixture->context, redis_daemon_get_now (fixture->other, "b:1") == 1);
  answers.removed = 0;
  ops.stop (level, ops.invalidate (level, NULL, NULL, soon (), progress_cb, &answers));
  ops.invalidate (level, NULL, NULL, soon (), progress_cb, &answers);
  wait_until (fixture->context, answers.n_told == 3);
  /* locks and what belongs to nobody stay; of ours there is nothing but the marker */
  for (guint i = 0; i < N_SERVERS; i++)
    g_assert_cmpint (redis_server_ask_number (fixture->servers[i], "DBSIZE"), ==, 1);
  /* of a node that is away nobody can say what matches: all is dropped when it is back */
  redis_server_kill (fixture->servers[0]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 2);
  ops.invalidate (level, "b:*", NULL, soon (), progress_cb, &answers);
  wait_until (fixture->context, answers.n_told == 4);
  g_assert_cmpint (answers.outcomes[0], ==, ORF_CACHE_DOWN);
}

/* ---- coherence ------------------------------------------------------------------------------- */

static void
test_others_hear (Fixture *fixture, gconstpointer data)
{
  /* an own write is kept */
  wait_until (fixture->context, redis_daemon_set_now (fixture->one, "k", 1) == DAEMON_SHARED &&
                                  redis_daemon_peek (fixture->one, "k") == 1);
  wait_until (fixture->context, redis_daemon_get_now (fixture->other, "k") == 1 &&
                                  redis_daemon_peek (fixture->other, "k") == 1);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, "k", 2), ==, DAEMON_SHARED);
  wait_until (fixture->context, redis_daemon_peek (fixture->other, "k") == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->other, "k"), ==, 2);
  g_assert_cmpint (redis_daemon_set_now (fixture->other, "k", 0), ==, DAEMON_SHARED);
  wait_until (fixture->context, redis_daemon_peek (fixture->one, "k") == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, "k"), ==, 0);
}

static void
test_flush_is_heard (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = make_key (fixture, 0, 0);

  redis_daemon_set_now (fixture->one, key, 1);
  wait_until (fixture->context, redis_daemon_get_now (fixture->one, key) == 1 &&
                                  redis_daemon_peek (fixture->one, key) == 1);
  redis_server_ask_number (fixture->servers[0], "FLUSHALL");
  wait_until (fixture->context, redis_daemon_peek (fixture->one, key) == 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, key), ==, 0);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, key, 2), ==, DAEMON_SHARED);
}

/* A daemon that hears nothing for a while, as its thread does not run. */
static void
test_lease (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMainContext) asleep = g_main_context_new ();
  g_autoptr (RedisDaemon) sleeper = redis_daemon_new (asleep, fixture->nodes, patient);
  gint64 since_us;

  redis_daemon_wait (sleeper);
  redis_daemon_set_now (fixture->one, "k", 1);
  /* it may hear of the first while it asks, and keep nothing */
  wait_until (asleep,
              redis_daemon_get_now (sleeper, "k") == 1 && redis_daemon_peek (sleeper, "k") == 1);
  redis_daemon_set_now (fixture->one, "k", 2);
  since_us = g_get_monotonic_time ();
  for (gint64 look_us = since_us; redis_daemon_peek (sleeper, "k") == 1;
       look_us = g_get_monotonic_time ()) {
    g_assert_cmpint (look_us - since_us, <=, ORF_REDIS_LEASE_US);
    turn_a_while (fixture->context);
  }
  g_assert_cmpint (redis_daemon_peek (sleeper, "k"), ==, 0);
  redis_daemon_wait (sleeper);
  g_assert_cmpint (redis_daemon_get_now (sleeper, "k"), ==, 2);
}

/* What the stream covered is forgotten when it breaks, and comes back with it. */
static void
test_stream_breaks (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = make_key (fixture, 0, 0);
  const OrfCacheCover *covers = ops.get_covers (redis_daemon_get_level (fixture->one));
  guint32 epoch;

  redis_daemon_set_now (fixture->one, key, 1);
  epoch = covers[0].epoch;
  g_assert_cmpint (redis_server_ask_number (fixture->servers[0], "CLIENT KILL TYPE pubsub"), ==, 2);
  wait_until (fixture->context, covers[0].epoch != epoch);
  g_assert_cmpint (redis_daemon_peek (fixture->one, key), ==, 0);
  redis_daemon_wait (fixture->one);
  redis_daemon_wait (fixture->other);
  wait_until (fixture->context, redis_daemon_get_now (fixture->one, key) == 1 &&
                                  redis_daemon_peek (fixture->one, key) == 1);
  redis_daemon_set_now (fixture->other, key, 2);
  wait_until (fixture->context, redis_daemon_peek (fixture->one, key) == 0);
}

/* It comes back with what it had on disk, which is older than what was written since. */
static void
test_old_data_is_dropped (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = make_key (fixture, 0, 0), *another = make_key (fixture, 0, 1);

  redis_daemon_set_now (fixture->one, key, 1);
  redis_daemon_set_now (fixture->one, another, 1);
  g_assert_cmpint (redis_server_ask_number (fixture->servers[0], "SAVE"), ==, 1);
  redis_daemon_set_now (fixture->one, key, 2);
  redis_server_kill (fixture->servers[0]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 2);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, another), ==, 0);
  wait_until (fixture->context, redis_daemon_set_now (fixture->one, another, 3) == DAEMON_ALONE &&
                                  redis_daemon_peek (fixture->one, another) == 3);
  redis_server_start (fixture->servers[0]);
  redis_daemon_wait (fixture->one);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, key), ==, 0);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, another), ==, 0);
}

/* The same at once, where nothing else is in the database; elsewhere what is not the cache's stays.
 */
static void
test_exclusive (Fixture *fixture, gconstpointer data)
{
  const char *const exclusive[] = { "cache.redis_exclusive=true", "cache.redis_command_us=5000000",
                                    "cache.redis_backoff_us=1000",
                                    "cache.redis_backoff_max_us=20000", NULL };
  g_autoptr (RedisDaemon) daemon = NULL;
  g_autofree char *key = make_key (fixture, 0, 0);

  redis_daemon_set_now (fixture->one, key, 1);
  freeReplyObject (redis_server_ask (fixture->servers[0], "SET other 1"));
  g_assert_cmpint (redis_server_ask_number (fixture->servers[0], "SAVE"), ==, 1);
  redis_server_kill (fixture->servers[0]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 2);
  redis_server_start (fixture->servers[0]);
  redis_daemon_wait (fixture->one);
  g_assert_cmpint (redis_server_ask_number (fixture->servers[0], "EXISTS other"), ==, 1);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, key), ==, 0);
  redis_daemon_set_now (fixture->one, key, 2);
  g_clear_pointer (&fixture->one, redis_daemon_free);
  g_clear_pointer (&fixture->other, redis_daemon_free);

  g_assert_cmpint (redis_server_ask_number (fixture->servers[0], "SAVE"), ==, 1);
  redis_server_kill (fixture->servers[0]);
  redis_server_start (fixture->servers[0]);
  daemon = redis_daemon_new (fixture->context, fixture->nodes, exclusive);
  redis_daemon_wait (daemon);
  g_assert_cmpint (redis_daemon_get_now (daemon, key), ==, 0);
  /* what says whose data it is, and no more */
  g_assert_cmpint (redis_server_ask_number (fixture->servers[0], "DBSIZE"), ==, 1);
  g_assert_cmpint (redis_daemon_set_now (daemon, key, 3), ==, DAEMON_SHARED);
}

/* The same process as before: what could not be written there is dropped, no more. */
static void
test_owed_is_paid (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = make_key (fixture, 0, 0), *another = make_key (fixture, 0, 1);
  const char *const hasty[] = { "cache.redis_command_us=20000",    "cache.redis_connect_us=20000",
                                "cache.redis_breaker_failures=1",  "cache.redis_backoff_us=1000",
                                "cache.redis_backoff_max_us=5000", NULL };
  g_autoptr (RedisDaemon) daemon = redis_daemon_new (fixture->context, fixture->nodes, hasty);

  redis_daemon_wait (daemon);
  redis_daemon_set_now (fixture->one, key, 1);
  redis_daemon_set_now (fixture->one, another, 1);
  redis_server_pause (fixture->servers[0]);
  /* the first waits in the connection, which is killed before it could be done */
  g_assert_cmpint (redis_daemon_set_now (daemon, key, 2), ==, DAEMON_FAILED);
  wait_until (fixture->context, redis_daemon_count (daemon, ORF_CACHE_NODE_STATE_UP) == 2);
  g_assert_cmpint (redis_daemon_set_now (daemon, key, 3), ==, DAEMON_ALONE);
  redis_server_go_on (fixture->servers[0]);
  redis_daemon_wait (daemon);
  wait_until (fixture->context, redis_daemon_set_now (daemon, key, 0) == DAEMON_SHARED);
  g_assert_cmpint (redis_daemon_get_now (daemon, key), ==, 0);
  g_assert_cmpint (redis_daemon_get_now (daemon, another), ==, 1);
}

/* With nobody there each daemon goes on alone. */
static void
test_all_dead (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_kill (fixture->servers[i]);
  wait_until (fixture->context, redis_daemon_count (fixture->one, ORF_CACHE_NODE_STATE_UP) == 0);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, "k", 1), ==, DAEMON_ALONE);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, "k"), ==, 1);
  g_assert_cmpint (redis_daemon_get_now (fixture->one, "other"), ==, 0);
  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_start (fixture->servers[i]);
  redis_daemon_wait (fixture->one);
  g_assert_cmpint (redis_daemon_set_now (fixture->one, "k", 2), ==, DAEMON_SHARED);
}

/* With calls of every kind open. */
static void
test_free_tells (Fixture *fixture, gconstpointer data)
{
  OrfCacheLevel *level = redis_daemon_get_level (fixture->one);
  const OrfCacheBytes key = { "k", 1 };
  const OrfCacheWrite write = { .key = key, .record = key, .ttl_ms = 1000 };
  g_auto (Answers) answers = { 0 };

  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_pause (fixture->servers[i]);
  ops.get (level, &key, 1, soon (), answered_cb, &answers);
  ops.set (level, &write, 1, soon (), answered_cb, &answers);
  ops.lock (level, &key, 1000, soon (), answered_cb, &answers);
  ops.invalidate (level, NULL, NULL, soon (), progress_cb, &answers);
  turn_a_while (fixture->context);
  g_clear_pointer (&fixture->one, redis_daemon_free);
  g_assert_cmpint (answers.n_told, ==, 4);
  turn_a_while (fixture->context);
  g_assert_cmpint (answers.n_told, ==, 4);
  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_go_on (fixture->servers[i]);
}

/* ---- a thousand connections ------------------------------------------------------------------ */

static guint
count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
ignore_cb (gpointer data)
{
  return G_SOURCE_REMOVE;
}

/* Ids are given one after the other. */
static guint
count_sources (GMainContext *context)
{
  GSource *newest = g_idle_source_new ();
  guint n = 0, last;

  g_source_set_callback (newest, ignore_cb, NULL, NULL);
  last = g_source_attach (newest, context);
  for (guint id = 1; id < last; id++)
    n += g_main_context_find_source_by_id (context, id) != NULL;
  g_source_destroy (newest);
  g_source_unref (newest);
  return n;
}

static gint64
count_connections (RedisDaemon *daemon)
{
  g_autoptr (OrfCacheL2Stats) stats = ops.describe (redis_daemon_get_level (daemon));
  gint64 n = 0;

  for (guint i = 0; i < stats->nodes->len; i++)
    n += ((OrfCacheNode *) stats->nodes->pdata[i])->connections;
  return n;
}

/* Each of them, and those that hear beside them, leaves nothing behind. */
static void
test_reconnects (Fixture *fixture, gconstpointer data)
{
  enum { N = 1000 };
  guint n_descriptors = count_descriptors (), n_sources = count_sources (fixture->context);
  gint64 before = count_connections (fixture->one);

  while (count_connections (fixture->one) < before + N) {
    gint64 now = count_connections (fixture->one);

    for (guint i = 0; i < N_SERVERS; i++) {
      redis_server_ask_number (fixture->servers[i], "CLIENT KILL TYPE normal");
      redis_server_ask_number (fixture->servers[i], "CLIENT KILL TYPE pubsub");
    }
    wait_until (fixture->context, count_connections (fixture->one) >= now + N_SERVERS);
  }
  redis_daemon_wait (fixture->one);
  redis_daemon_wait (fixture->other);
  wait_until (fixture->context, count_descriptors () == n_descriptors &&
                                  count_sources (fixture->context) == n_sources);
}

#define add(name, func) g_test_add ("/redis-level/" name, Fixture, NULL, setup, func, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("many-keys", test_many_keys);
  add ("many-keys-take-longer", test_many_keys_take_longer);
  add ("together", test_together);
  add ("any-bytes", test_any_bytes);
  add ("lock", test_lock);
  add ("invalidate", test_invalidate);
  add ("others-hear", test_others_hear);
  add ("flush-is-heard", test_flush_is_heard);
  add ("lease", test_lease);
  add ("stream-breaks", test_stream_breaks);
  add ("old-data-is-dropped", test_old_data_is_dropped);
  add ("exclusive", test_exclusive);
  add ("owed-is-paid", test_owed_is_paid);
  add ("all-dead", test_all_dead);
  add ("free-tells", test_free_tells);
  add ("reconnects", test_reconnects);
  return g_test_run ();
}
