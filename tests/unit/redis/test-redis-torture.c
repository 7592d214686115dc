/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Daemons under load while their nodes are killed, paused, cut off and come back, with what they
 * had on disk, and a checker of what is promised (doc/redis.md):
 *
 * 1. Within one daemon never an older value than one that it acknowledged.
 * 2. Of what was acknowledged as shared, no daemon is more than two seconds behind.
 *
 * Not being there is always allowed.  A write that failed may be done late, even after those that
 * follow it, so what it wrote proves nothing.  Of a key one write is under way at a time, so that
 * the order of acknowledgements is the one of writes.
 *
 * A round is one fault; --rounds N asks for another number of them.  Their order is of GLib's
 * --seed.
 */
#include <stdlib.h>

#include "redis-daemon.h"
#include "redis-server.h"
#include "redis/orf-redis-hearing.h"

#define N_SERVERS 3
#define N_DAEMONS 3
#define N_KEYS    60
#define N_CLIENTS 8 /* of each daemon */
/* As many faults as the suite has time for, and after how many nothing is written for a while: what
 * was missed at the last is seen for longer than is allowed then. */
#define ROUNDS 12
#define CALM   6

/* What was acknowledged, by version; versions of a key grow by one. */
typedef struct {
  char name[16];
  gboolean writing;
  gint64 n_versions;
  GArray *failed;        /* gboolean, by version */
  gint64 own[N_DAEMONS]; /* the last that each acknowledged */
  GArray *shared;        /* Shared, rising */
} Key;

typedef struct {
  gint64 version, at_us;
} Shared;

typedef struct {
  GMainContext *context;
  RedisServer *servers[N_SERVERS];
  RedisDaemon *daemons[N_DAEMONS];
  Key keys[N_KEYS];
  GRand *random;
  guint n_open;
  gboolean quiet; /* nothing is written */
  gboolean ending;
  guint64 n_gets, n_hits, n_local, n_shared, n_alone, n_failed, n_wrong;
} Torture;

typedef struct {
  Torture *torture;
  guint daemon;
  Key *key;
  gint64 version;                 /* of a write */
  gint64 least_own, least_shared; /* of a read: what it may not be older than */
} Client;

static void act (Client *client);

static gboolean
act_cb (gpointer data)
{
  act (data);
  return G_SOURCE_REMOVE;
}

/* In a turn of its own: what is answered at once would go ever deeper. */
static void
go_on (Client *client)
{
  GSource *source = g_timeout_source_new (g_rand_int_range (client->torture->random, 0, 3));

  g_source_set_callback (source, act_cb, client, NULL);
  g_source_attach (source, client->torture->context);
  g_source_unref (source);
}

/* ---- what is allowed ------------------------------------------------------------------------- */

static gint64
find_least_shared (const Key *key, gint64 now_us)
{
  gint64 least = 0;

  for (guint i = key->shared->len; i-- > 0 && least == 0;) {
    const Shared *shared = &g_array_index (key->shared, Shared, i);

    if (shared->at_us <= now_us - ORF_REDIS_LEASE_US)
      least = shared->version;
  }
  return least;
}

static void
got_cb (gpointer data, gint64 version)
{
  Client *client = data;
  Torture *torture = client->torture;

  torture->n_open--;
  torture->n_gets++;
  torture->n_hits += version != 0;
  if (version != 0 && !g_array_index (client->key->failed, gboolean, version) &&
      (version < client->least_own || version < client->least_shared)) {
    torture->n_wrong++;
    g_test_message ("daemon %u, %s: %" G_GINT64_FORMAT ", after own %" G_GINT64_FORMAT
                    " and shared %" G_GINT64_FORMAT,
                    client->daemon, client->key->name, version, client->least_own,
                    client->least_shared);
  }
  go_on (client);
}

static void
wrote_cb (gpointer data, DaemonWritten written)
{
  Client *client = data;
  Torture *torture = client->torture;
  Key *key = client->key;

  torture->n_open--;
  key->writing = FALSE;
  if (written == DAEMON_FAILED) {
    torture->n_failed++;
    g_array_index (key->failed, gboolean, client->version) = TRUE;
  } else {
    key->own[client->daemon] = client->version;
  }
  if (written == DAEMON_SHARED) {
    const Shared shared = { client->version, g_get_monotonic_time () };

    torture->n_shared++;
    g_array_append_val (key->shared, shared);
  } else if (written == DAEMON_ALONE) {
    torture->n_alone++;
  }
  go_on (client);
}

/* ---- load ------------------------------------------------------------------------------------ */

static void
write_key (Client *client)
{
  Key *key = client->key;
  const gboolean failed = FALSE;

  key->writing = TRUE;
  client->version = ++key->n_versions;
  g_array_append_val (key->failed, failed);
  /* a version that is a removal is 0 on the nodes, and so never seen */
  redis_daemon_set (client->torture->daemons[client->daemon], key->name,
                    g_rand_int_range (client->torture->random, 0, 6) == 0 ? 0 : client->version,
                    wrote_cb, client);
}

static gboolean
may_write (const Client *client)
{
  guint number = (guint) (client->key - client->torture->keys);

  if (client->torture->quiet)
    return FALSE;
  return number % 2 == 0 || number / 2 % N_DAEMONS == client->daemon;
}

static void
act (Client *client)
{
  Torture *torture = client->torture;

  if (torture->ending)
    return;
  /* a few keys get most of it; half of them have one writer, so that what others hold of them goes
   * by what they hear alone */
  client->key = &torture->keys[(guint) (N_KEYS * g_rand_double (torture->random) *
                                        g_rand_double (torture->random))];
  torture->n_open++;
  if (!client->key->writing && may_write (client) &&
      g_rand_int_range (torture->random, 0, 4) == 0) {
    write_key (client);
    return;
  }
  client->least_own = client->key->own[client->daemon];
  client->least_shared = find_least_shared (client->key, g_get_monotonic_time ());
  torture->n_local += redis_daemon_get (torture->daemons[client->daemon], client->key->name, got_cb,
                                        client);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void
run_for (Torture *torture, gint64 us)
{
  gint64 by_us = g_get_monotonic_time () + us;

  while (g_get_monotonic_time () < by_us)
    turn_a_while (torture->context);
}

static gint64
pick_us (Torture *torture, int most_ms)
{
  return (gint64) g_rand_int_range (torture->random, 0, most_ms) * 1000;
}

static void
kill_and_restart (Torture *torture, RedisServer *server)
{
  /* half of them come back with what is old */
  if (g_rand_boolean (torture->random)) {
    redis_server_ask_number (server, "SAVE");
    run_for (torture, pick_us (torture, 50));
  }
  redis_server_kill (server);
  run_for (torture, pick_us (torture, 200));
  redis_server_start (server);
}

static void
pause_and_go_on (Torture *torture, RedisServer *server)
{
  redis_server_pause (server);
  run_for (torture, pick_us (torture, g_rand_int_range (torture->random, 0, 20) == 0 ? 3000 : 200));
  redis_server_go_on (server);
}

static void
fault (Torture *torture)
{
  RedisServer *server = torture->servers[g_rand_int_range (torture->random, 0, N_SERVERS)];

  switch (g_rand_int_range (torture->random, 0, 6)) {
  case 0:
    redis_server_ask_number (server, "CLIENT KILL TYPE normal");
    break;
  case 1:
    redis_server_ask_number (server, "CLIENT KILL TYPE pubsub");
    break;
  case 2:
    redis_server_ask_number (server, "FLUSHALL");
    break;
  case 3:
    pause_and_go_on (torture, server);
    break;
  default:
    kill_and_restart (torture, server);
    break;
  }
  run_for (torture, pick_us (torture, 5));
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
begin (Torture *torture)
{
  static const char *const hasty[] = { "cache.redis_command_us=100000",
                                       "cache.redis_connect_us=100000",
                                       "cache.redis_breaker_failures=2",
                                       "cache.redis_backoff_us=1000",
                                       "cache.redis_backoff_max_us=50000",
                                       "cache.redis_max_owed=20",
                                       NULL };
  g_autoptr (GString) nodes = g_string_new (NULL);

  torture->context = g_main_context_new ();
  torture->random = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  for (guint i = 0; i < N_SERVERS; i++) {
    torture->servers[i] = redis_server_new (NULL);
    g_string_append_printf (nodes, "%s%s", i > 0 ? "," : "", torture->servers[i]->address);
  }
  for (guint i = 0; i < N_KEYS; i++) {
    const gboolean none = FALSE;

    g_snprintf (torture->keys[i].name, sizeof torture->keys[i].name, "k%u", i);
    torture->keys[i].failed = g_array_new (FALSE, TRUE, sizeof (gboolean));
    g_array_append_val (torture->keys[i].failed, none);
    torture->keys[i].shared = g_array_new (FALSE, FALSE, sizeof (Shared));
  }
  for (guint i = 0; i < N_DAEMONS; i++) {
    torture->daemons[i] = redis_daemon_new (torture->context, nodes->str, hasty);
    redis_daemon_wait (torture->daemons[i]);
  }
}

static void
end (Torture *torture)
{
  for (guint i = 0; i < N_DAEMONS; i++)
    redis_daemon_free (torture->daemons[i]);
  for (guint i = 0; i < N_SERVERS; i++)
    redis_server_free (torture->servers[i]);
  for (guint i = 0; i < N_KEYS; i++) {
    g_array_unref (torture->keys[i].failed);
    g_array_unref (torture->keys[i].shared);
  }
  g_rand_free (torture->random);
  g_main_context_unref (torture->context);
}

static int rounds = ROUNDS;

static void
test_torture (void)
{
  Torture torture = { NULL };
  Client clients[N_DAEMONS * N_CLIENTS];

  begin (&torture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    clients[i] = (Client){ .torture = &torture, .daemon = i % N_DAEMONS };
    go_on (&clients[i]);
  }
  run_for (&torture, ORF_REDIS_LEASE_US / 4);
  for (int i = 1; i <= rounds && torture.n_wrong == 0; i++) {
    fault (&torture);
    torture.quiet = i % CALM == 0;
    run_for (&torture, torture.quiet ? ORF_REDIS_LEASE_US * 3 / 2 : pick_us (&torture, 300));
    torture.quiet = FALSE;
  }
  /* and all come back */
  for (guint i = 0; i < N_DAEMONS; i++)
    redis_daemon_wait (torture.daemons[i]);
  torture.ending = TRUE;
  wait_until (torture.context, torture.n_open == 0);
  run_for (&torture, 10000); /* who was about to go on */
  g_test_message ("%d rounds: %" G_GUINT64_FORMAT " gets, %" G_GUINT64_FORMAT
                  " found, %" G_GUINT64_FORMAT " of them at home; writes: %" G_GUINT64_FORMAT
                  " shared, %" G_GUINT64_FORMAT " alone, %" G_GUINT64_FORMAT " failed",
                  rounds, torture.n_gets, torture.n_hits, torture.n_local, torture.n_shared,
                  torture.n_alone, torture.n_failed);
  g_assert_cmpuint (torture.n_wrong, ==, 0);
  g_assert_cmpuint (torture.n_hits, >, 0);
  g_assert_cmpuint (torture.n_local, >, 0);
  g_assert_cmpuint (torture.n_shared, >, 0);
  end (&torture);
}

int
main (int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "Faults", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);

  g_test_init (&argc, &argv, NULL);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, NULL))
    return EXIT_FAILURE;
  g_test_add_func ("/redis-torture/torture", test_torture);
  return g_test_run ();
}
