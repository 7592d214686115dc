/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis-daemon.h"

#include <string.h>

#include "core/orf-config.h"
#include "redis-server.h"

#define CALL_US  (5 * G_USEC_PER_SEC)
#define ALONE_US (2 * G_USEC_PER_SEC)
#define TTL_MS   600000

typedef struct {
  gint64 value; /* 0: none is kept */
  guint16 node;
  guint32 epoch;
  gint64 until_us; /* of one that is alone; 0: its cover says */
  guint64 changes; /* how often it may have become another: what was asked before is not kept */
} Entry;

struct _RedisDaemon {
  GMainContext *context;
  OrfCacheLevel *level;
  GHashTable *entries; /* char * -> Entry */
};

typedef struct {
  RedisDaemon *daemon;
  char *key;
  gint64 value;
  guint64 changes;
  DaemonGot got;
  DaemonWrote wrote;
  gpointer data;
} Ask;

static Entry *
find (RedisDaemon *daemon, const char *key)
{
  Entry *entry = g_hash_table_lookup (daemon->entries, key);

  if (entry == NULL) {
    entry = g_new0 (Entry, 1);
    g_hash_table_insert (daemon->entries, g_strdup (key), entry);
  }
  return entry;
}

static void
drop (Entry *entry)
{
  entry->value = 0;
  entry->changes++;
}

static void
changed_cb (gpointer user_data, const OrfCacheBytes *keys, guint n)
{
  for (guint i = 0; i < n; i++) {
    g_autofree char *key = g_strndup (keys[i].data, keys[i].length);

    drop (find (user_data, key));
  }
}

static const OrfCacheLevelListener listener = { changed_cb };

RedisDaemon *
redis_daemon_new (GMainContext *context, const char *nodes, const char *const *overrides)
{
  g_autofree char *named = g_strconcat ("cache.nodes=", nodes, NULL);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (OrfConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  RedisDaemon *daemon = g_new0 (RedisDaemon, 1);

  g_ptr_array_add (words, named);
  for (; overrides != NULL && *overrides != NULL; overrides++)
    g_ptr_array_add (words, (gpointer) *overrides);
  g_ptr_array_add (words, NULL);
  config = orf_config_load (NULL, (const char *const *) words->pdata, &error);
  g_assert_no_error (error);
  daemon->context = context;
  daemon->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  daemon->level = orf_redis_level_ops.open (config, context, &listener, daemon, &error);
  g_assert_no_error (error);
  return daemon;
}

void
redis_daemon_free (RedisDaemon *daemon)
{
  orf_redis_level_ops.free (daemon->level);
  g_hash_table_unref (daemon->entries);
  g_free (daemon);
}

OrfCacheLevel *
redis_daemon_get_level (RedisDaemon *daemon)
{
  return daemon->level;
}

static Ask *
ask_new (RedisDaemon *daemon, const char *key, gint64 value)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->daemon = daemon;
  ask->key = g_strdup (key);
  ask->value = value;
  ask->changes = find (daemon, key)->changes;
  return ask;
}

static void
ask_free (Ask *ask)
{
  g_free (ask->key);
  g_free (ask);
}

static void
keep (Ask *ask, const OrfCacheAnswer *answer, gint64 value, gint64 until_us)
{
  Entry *entry = find (ask->daemon, ask->key);

  if (entry->changes != ask->changes)
    return;
  entry->value = value;
  entry->node = answer->node;
  entry->epoch = answer->epoch;
  entry->until_us = until_us;
}

gint64
redis_daemon_peek (RedisDaemon *daemon, const char *key)
{
  const Entry *entry = find (daemon, key);
  const OrfCacheCover *cover = orf_redis_level_ops.get_covers (daemon->level) + entry->node;
  gint64 until_us = entry->until_us != 0 ? entry->until_us : cover->until_us;

  if (entry->value == 0 || entry->epoch != cover->epoch || g_get_monotonic_time () >= until_us)
    return 0;
  return entry->value;
}

static void
got_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Ask *ask = data;
  gint64 value = 0;

  if (answers->outcome == ORF_CACHE_DONE) {
    g_autofree char *text = g_strndup (answers->record.data, answers->record.length);

    value = g_ascii_strtoll (text, NULL, 10);
    keep (ask, answers, value, 0);
  }
  ask->got (ask->data, value);
  ask_free (ask);
}

gboolean
redis_daemon_get (RedisDaemon *daemon, const char *key, DaemonGot got, gpointer data)
{
  const OrfCacheBytes bytes = { key, strlen (key) };
  gint64 value = redis_daemon_peek (daemon, key);
  Ask *ask;

  if (value != 0) {
    got (data, value);
    return TRUE;
  }
  ask = ask_new (daemon, key, 0);
  ask->got = got;
  ask->data = data;
  orf_redis_level_ops.get (daemon->level, &bytes, 1, g_get_monotonic_time () + CALL_US, got_cb,
                           ask);
  return FALSE;
}

static void
wrote_cb (gpointer data, const OrfCacheAnswer *answers, guint n)
{
  Ask *ask = data;
  Entry *entry = find (ask->daemon, ask->key);
  DaemonWritten written = DAEMON_FAILED;

  if (answers->outcome == ORF_CACHE_DONE || answers->outcome == ORF_CACHE_MISSING) {
    written = DAEMON_SHARED;
    keep (ask, answers, ask->value, 0);
  } else if (answers->outcome == ORF_CACHE_DOWN) {
    written = DAEMON_ALONE;
    keep (ask, answers, ask->value, g_get_monotonic_time () + ALONE_US);
  }
  entry->changes++; /* what was asked before it was done */
  ask->wrote (ask->data, written);
  ask_free (ask);
}

void
redis_daemon_set (
  RedisDaemon *daemon, const char *key, gint64 value, DaemonWrote wrote, gpointer data)
{
  const OrfCacheBytes bytes = { key, strlen (key) };
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);
  const OrfCacheWrite write = { .key = bytes, .record = { text, strlen (text) }, .ttl_ms = TTL_MS };
  gint64 by_us = g_get_monotonic_time () + CALL_US;
  Ask *ask;

  drop (find (daemon, key));
  ask = ask_new (daemon, key, value);
  ask->wrote = wrote;
  ask->data = data;
  if (value != 0)
    orf_redis_level_ops.set (daemon->level, &write, 1, by_us, wrote_cb, ask);
  else
    orf_redis_level_ops.remove (daemon->level, &bytes, 1, by_us, wrote_cb, ask);
}

/* ---- waiting --------------------------------------------------------------------------------- */

typedef struct {
  gboolean told;
  gint64 value;
  DaemonWritten written;
} Told;

static void
told_value_cb (gpointer data, gint64 value)
{
  *(Told *) data = (Told){ .told = TRUE, .value = value };
}

gint64
redis_daemon_get_now (RedisDaemon *daemon, const char *key)
{
  Told told = { FALSE };

  redis_daemon_get (daemon, key, told_value_cb, &told);
  wait_until (daemon->context, told.told);
  return told.value;
}

static void
told_written_cb (gpointer data, DaemonWritten written)
{
  *(Told *) data = (Told){ .told = TRUE, .written = written };
}

DaemonWritten
redis_daemon_set_now (RedisDaemon *daemon, const char *key, gint64 value)
{
  Told told = { FALSE };

  redis_daemon_set (daemon, key, value, told_written_cb, &told);
  wait_until (daemon->context, told.told);
  return told.written;
}

guint
redis_daemon_count (RedisDaemon *daemon, OrfCacheNodeState state)
{
  g_autoptr (OrfCacheL2Stats) stats = orf_redis_level_ops.describe (daemon->level);
  guint n = 0;

  for (guint i = 0; i < stats->nodes->len; i++)
    n += ((OrfCacheNode *) stats->nodes->pdata[i])->state == state;
  return n;
}

static gboolean
is_ready (RedisDaemon *daemon)
{
  const OrfCacheCover *covers = orf_redis_level_ops.get_covers (daemon->level);
  g_autoptr (OrfCacheL2Stats) stats = orf_redis_level_ops.describe (daemon->level);

  for (guint i = 0; i < stats->nodes->len; i++)
    if (((OrfCacheNode *) stats->nodes->pdata[i])->state != ORF_CACHE_NODE_STATE_UP ||
        covers[i].until_us <= g_get_monotonic_time ())
      return FALSE;
  return stats->nodes->len > 0;
}

void
redis_daemon_wait (RedisDaemon *daemon)
{
  wait_until (daemon->context, is_ready (daemon));
}
