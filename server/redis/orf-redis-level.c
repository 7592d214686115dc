/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All in the cache's thread, but level_open(). */
#include "redis/orf-redis-level.h"

#include "core/orf-clock.h"
#include "redis/orf-redis-keys.h"
#include "redis/orf-redis-level-private.h"
#include "redis/orf-redis-slots.h"
#include "redis/orf-redis-timer.h"

guint16
orf_redis_level_find (OrfCacheLevel *level, const char *prefix, const OrfCacheBytes *key)
{
  if (level->closing)
    return ORF_CACHE_NO_NODE;
  if (level->cluster == NULL)
    return (guint16) orf_redis_ring_find (level->ring, key->data, key->length);
  return orf_redis_cluster_find (level->cluster,
                                 orf_redis_slot_of (prefix, key->data, key->length));
}

OrfRedisLink *
orf_redis_level_get_link (OrfCacheLevel *level, guint16 number)
{
  if (level->closing ||
      (level->cluster != NULL && !orf_redis_cluster_is_confirmed (level->cluster, number)))
    return NULL;
  return orf_redis_node_get_link (level->nodes->pdata[number]);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void
ask_keys (OrfCacheLevel *level,
          OrfRedisVerb verb,
          const OrfCacheBytes *keys,
          guint n,
          gint64 ttl_ms,
          gint64 deadline_us,
          OrfCacheAnswered done,
          gpointer data)
{
  OrfRedisCall *call = orf_redis_call_new (level, verb, n, deadline_us, done, data);

  for (guint i = 0; i < n; i++)
    orf_redis_call_ask (call, &(OrfRedisAsk){ .key = keys[i], .ttl_ms = ttl_ms });
  orf_redis_call_begin (call);
}

static void
level_get (OrfCacheLevel *level,
           const OrfCacheBytes *keys,
           guint n,
           gint64 deadline_us,
           OrfCacheAnswered done,
           gpointer data)
{
  ask_keys (level, ORF_REDIS_GET, keys, n, 0, deadline_us, done, data);
}

static void
level_set (OrfCacheLevel *level,
           const OrfCacheWrite *writes,
           guint n,
           gint64 deadline_us,
           OrfCacheAnswered done,
           gpointer data)
{
  OrfRedisCall *call = orf_redis_call_new (level, ORF_REDIS_SET, n, deadline_us, done, data);

  for (guint i = 0; i < n; i++)
    orf_redis_call_ask (call, &(OrfRedisAsk){ writes[i].key, writes[i].record, writes[i].ttl_ms });
  orf_redis_call_begin (call);
}

static void
level_remove (OrfCacheLevel *level,
              const OrfCacheBytes *keys,
              guint n,
              gint64 deadline_us,
              OrfCacheAnswered done,
              gpointer data)
{
  ask_keys (level, ORF_REDIS_REMOVE, keys, n, 0, deadline_us, done, data);
}

static void
level_lock (OrfCacheLevel *level,
            const OrfCacheBytes *key,
            gint64 hold_ms,
            gint64 deadline_us,
            OrfCacheAnswered done,
            gpointer data)
{
  ask_keys (level, ORF_REDIS_LOCK, key, 1, hold_ms, deadline_us, done, data);
}

/* ---- what is known of it --------------------------------------------------------------------- */

static const OrfCacheCover *
level_get_covers (OrfCacheLevel *level)
{
  return level->covers;
}

static void
level_locate (OrfCacheLevel *level, const OrfCacheBytes *key, char **node, int *slot)
{
  guint16 number = orf_redis_level_find (level, ORF_REDIS_DATA, key);

  *node = number != ORF_CACHE_NO_NODE
            ? g_strdup (orf_redis_node_get_name (level->nodes->pdata[number]))
            : NULL;
  *slot = level->cluster != NULL ? (int) orf_redis_slot_of (ORF_REDIS_DATA, key->data, key->length)
                                 : -1;
}

static double
get_share (OrfCacheLevel *level, guint number)
{
  if (level->cluster == NULL)
    return orf_redis_ring_get_share (level->ring, number);
  return (double) orf_redis_cluster_count_slots (level->cluster, (guint16) number) /
         ORF_REDIS_N_SLOTS;
}

static OrfCacheNode *
describe_node (OrfCacheLevel *level, guint number)
{
  OrfCacheNode *told = orf_cache_node_new ();
  OrfRedisNodeFigures figures;

  orf_redis_node_get_figures (level->nodes->pdata[number], &figures);
  told->name = g_strdup (orf_redis_node_get_name (level->nodes->pdata[number]));
  if (orf_redis_level_get_link (level, (guint16) number) != NULL)
    told->state = ORF_CACHE_NODE_STATE_UP;
  else if (figures.state != ORF_REDIS_NODE_AWAY || figures.link.breaker != ORF_REDIS_BREAKER_OPEN)
    told->state = ORF_CACHE_NODE_STATE_CONNECTING;
  else
    told->state = ORF_CACHE_NODE_STATE_DOWN;
  told->share_percent = 100 * get_share (level, number);
  told->has_latency_us = figures.link.latency_us >= 0;
  told->latency_us = figures.link.latency_us;
  told->has_p99_us = figures.link.p99_us >= 0;
  told->p99_us = figures.link.p99_us;
  told->covered = figures.covered;
  told->in_flight = figures.link.in_flight;
  told->commands = (gint64) figures.link.n_commands;
  told->lost = (gint64) figures.link.n_lost;
  told->connections = (gint64) figures.link.n_connected;
  told->owed = figures.n_owed;
  told->dropped = (gint64) figures.n_swept;
  told->problem = g_strdup (figures.problem);
  return told;
}

static OrfCacheL2Stats *
level_describe (OrfCacheLevel *level)
{
  OrfCacheL2Stats *stats = orf_cache_l2_stats_new ();

  stats->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cache_node_free);
  stats->mode = level->settings.cluster ? ORF_CACHE_MODE_CLUSTER : ORF_CACHE_MODE_SHARDED;
  for (guint i = 0; i < level->nodes->len; i++)
    g_ptr_array_add (stats->nodes, describe_node (level, i));
  return stats;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
time_cb (gpointer data)
{
  OrfCacheLevel *level = data;

  orf_redis_call_tell_finished (level);
  orf_redis_walk_expire (level, orf_clock_monotonic_us (), FALSE);
  g_source_set_ready_time (level->timer,
                           level->finished.length > 0 ? 0 : orf_redis_walk_get_deadline_us (level));
}

static void
level_free (OrfCacheLevel *level)
{
  level->closing = TRUE;
  orf_redis_walk_expire (level, 0, TRUE);
  /* each stays in its place: who is told by it looks for it there */
  for (guint i = 0; i < level->nodes->len; i++)
    orf_redis_node_free (level->nodes->pdata[i]);
  g_clear_pointer (&level->cluster, orf_redis_cluster_free);
  /* who is told may ask anew, of nobody */
  while (level->finished.length > 0 || level->walks.length > 0) {
    orf_redis_call_tell_finished (level);
    orf_redis_walk_expire (level, 0, TRUE);
  }
  g_ptr_array_unref (level->nodes);
  orf_redis_timer_free (level->timer);
  g_clear_pointer (&level->ring, orf_redis_ring_free);
  orf_redis_settings_clear (&level->settings);
  g_main_context_unref (level->parts.context);
  g_free (level);
}

static gboolean
open_nodes (OrfCacheLevel *level, GError **error)
{
  const OrfRedisSettings *settings = &level->settings;

  if (settings->cluster) {
    level->cluster = orf_redis_cluster_new (&level->parts, (const char *const *) settings->nodes,
                                            level->nodes, level->covers, error);
    return level->cluster != NULL;
  }
  for (guint i = 0; settings->nodes[i] != NULL; i++) {
    OrfRedisNode *node = orf_redis_node_new (&level->parts, settings->nodes[i], ORF_REDIS_EPOCH,
                                             &level->covers[i], error);

    if (node == NULL)
      return FALSE;
    g_ptr_array_add (level->nodes, node);
  }
  level->ring = orf_redis_ring_new (level->nodes->len, (const char *const *) settings->nodes,
                                    settings->weights);
  return TRUE;
}

static OrfCacheLevel *
level_open (const OrfConfig *config,
            GMainContext *context,
            const OrfCacheLevelListener *listener,
            gpointer user_data,
            GError **error)
{
  g_auto (OrfRedisSettings) settings = { 0 };
  g_autofree char *uuid = g_uuid_string_random ();
  OrfCacheLevel *level;

  if (!orf_redis_settings_read (&settings, config, error))
    return NULL;
  level = g_new0 (OrfCacheLevel, 1);
  level->settings = settings;
  settings = (OrfRedisSettings){ 0 };
  g_strlcpy (level->daemon, uuid, sizeof level->daemon);
  level->parts = (OrfRedisNodeParts){
    .context = g_main_context_ref (context != NULL ? context : g_main_context_default ()),
    .link = level->settings.link,
    .max_owed = level->settings.max_owed,
    .exclusive = level->settings.exclusive,
    .cluster = level->settings.cluster,
    .daemon = level->daemon,
    .listener = listener,
    .user_data = user_data,
  };
  level->nodes = g_ptr_array_new ();
  level->timer = orf_redis_timer_new (level->parts.context, time_cb, level);
  if (!open_nodes (level, error))
    g_clear_pointer (&level, level_free);
  return level;
}

const OrfCacheLevelOps orf_redis_level_ops = {
  .open = level_open,
  .free = level_free,
  .get = level_get,
  .set = level_set,
  .remove = level_remove,
  .invalidate = orf_redis_walk_begin,
  .stop = orf_redis_walk_stop,
  .lock = level_lock,
  .unlock = orf_redis_call_unlock,
  .get_covers = level_get_covers,
  .locate = level_locate,
  .describe = level_describe,
};
