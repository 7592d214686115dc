/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "redis/orf-redis-cluster.h"
#include "redis/orf-redis-level.h"
#include "redis/orf-redis-node.h"
#include "redis/orf-redis-ring.h"
#include "redis/orf-redis-settings.h"

G_BEGIN_DECLS

typedef struct _OrfRedisCall OrfRedisCall;

/* What the parts of a level share: who has a key (level), what is asked of them (call), what is
 * dropped (walk). */
struct _OrfCacheLevel {
  OrfRedisSettings settings;
  OrfRedisNodeParts parts;
  char daemon[40];
  GPtrArray *nodes;         /* of OrfRedisNode, by their number */
  OrfRedisRing *ring;       /* of independent nodes */
  OrfRedisCluster *cluster; /* or this */
  OrfCacheCover covers[ORF_CACHE_MAX_NODES];

  GSource *timer;  /* for what is told in a turn of its own, and deadlines of walks */
  GQueue finished; /* of OrfRedisCall: answered before they left */
  GQueue walks;    /* of OrfRedisWalk */
  guint64 last_walk;
  gboolean closing; /* nobody has any key any more */
};

/* Who has the name that is prefix and key, ORF_CACHE_NO_NODE: nobody knows. */
guint16 orf_redis_level_find (OrfCacheLevel *level, const char *prefix, const OrfCacheBytes *key);
/* For commands, where it may be asked now; NULL: it may not. */
OrfRedisLink *orf_redis_level_get_link (OrfCacheLevel *level, guint16 number);

/* ---- orf-redis-call.c: calls for keys, each of which goes to its node ------------------------ */

typedef enum {
  ORF_REDIS_GET,
  ORF_REDIS_SET,
  ORF_REDIS_REMOVE,
  ORF_REDIS_LOCK,
} OrfRedisVerb;

typedef struct {
  OrfCacheBytes key, record;
  gint64 ttl_ms;
} OrfRedisAsk;

OrfRedisCall *orf_redis_call_new (OrfCacheLevel *level,
                                  OrfRedisVerb verb,
                                  guint n,
                                  gint64 deadline_us,
                                  OrfCacheAnswered done,
                                  gpointer data);
/* Sends what is asked for the next of its keys; copies what it needs later. */
void orf_redis_call_ask (OrfRedisCall *call, const OrfRedisAsk *ask);
/* All was asked: it tells and frees itself when all is answered. */
void orf_redis_call_begin (OrfRedisCall *call);
/* Those that were answered before they left. */
void orf_redis_call_tell_finished (OrfCacheLevel *level);

void orf_redis_call_unlock (OrfCacheLevel *level, const OrfCacheBytes *key);

/* ---- orf-redis-walk.c: dropping what matches, on all nodes ----------------------------------- */

guint64 orf_redis_walk_begin (OrfCacheLevel *level,
                              const char *pattern,
                              const char *tag,
                              gint64 deadline_us,
                              OrfCacheProgress progress,
                              gpointer data);
void orf_redis_walk_stop (OrfCacheLevel *level, guint64 id);
/* Ends those whose time is over; all_over: all. */
void orf_redis_walk_expire (OrfCacheLevel *level, gint64 now_us, gboolean all_over);
/* When that is next; -1: never. */
gint64 orf_redis_walk_get_deadline_us (OrfCacheLevel *level);

G_END_DECLS
