/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A walk is in level->walks until it is over, stopped or late; n_open are its parts that still
 * sweep their nodes.
 * - A part that its walk left behind is cancelled: it tells nobody.
 */
#include "redis/orf-redis-level-private.h"

#include "cache/orf-cache-record.h"
#include "core/orf-clock.h"
#include "redis/orf-redis-sweep.h"

typedef struct _OrfRedisWalk OrfRedisWalk;

/* Of one node. */
typedef struct {
  OrfRedisWalk *walk;
  OrfRedisSweep *sweep; /* NULL: over, or it never began */
  guint64 removed;
} Part;

struct _OrfRedisWalk {
  OrfCacheLevel *level;
  guint64 id;
  gint64 deadline_us;
  OrfCacheProgress progress;
  gpointer data;
  OrfCacheOutcome outcome; /* by now */
  guint n, n_open;
  Part parts[];
};

static void
arm (OrfCacheLevel *level)
{
  gint64 next_us = orf_redis_walk_get_deadline_us (level);

  /* what was answered before it left is waiting for the timer */
  if (level->finished.length == 0)
    g_source_set_ready_time (level->timer, next_us);
}

static guint64
sum (const OrfRedisWalk *walk)
{
  guint64 removed = 0;

  for (guint i = 0; i < walk->n; i++)
    removed += walk->parts[i].removed;
  return removed;
}

static void
leave (OrfRedisWalk *walk)
{
  for (guint i = 0; i < walk->n; i++)
    if (walk->parts[i].sweep != NULL)
      orf_redis_sweep_cancel (walk->parts[i].sweep);
  g_queue_remove (&walk->level->walks, walk);
  arm (walk->level);
}

static void
end (OrfRedisWalk *walk)
{
  leave (walk);
  walk->progress (walk->data, &walk->outcome, sum (walk));
  g_free (walk);
}

static void
swept_cb (gpointer data, OrfRedisSweepState state, guint64 removed)
{
  Part *part = data;
  OrfRedisWalk *walk = part->walk;

  part->removed = removed;
  if (state == ORF_REDIS_SWEEP_ON) {
    walk->progress (walk->data, NULL, sum (walk));
    return;
  }
  part->sweep = NULL;
  if (state == ORF_REDIS_SWEEP_ENDED)
    walk->outcome = ORF_CACHE_LOST;
  if (--walk->n_open == 0)
    end (walk);
}

guint64
orf_redis_walk_begin (OrfCacheLevel *level,
                      const char *pattern,
                      const char *tag,
                      gint64 deadline_us,
                      OrfCacheProgress progress,
                      gpointer data)
{
  const OrfRedisFilter filter = { .pattern = pattern,
                                  .tag = tag,
                                  .one_by_one = level->cluster != NULL,
                                  .head_bytes = ORF_CACHE_RECORD_HEAD_BYTES,
                                  .has_tag = orf_cache_record_head_has_tag };
  guint n = level->closing ? 0 : level->nodes->len;
  OrfRedisWalk *walk = g_malloc0 (sizeof (OrfRedisWalk) + n * sizeof (Part));

  walk->level = level;
  walk->id = ++level->last_walk;
  walk->deadline_us = deadline_us;
  walk->progress = progress;
  walk->data = data;
  walk->outcome = ORF_CACHE_DONE;
  walk->n = n;
  for (guint i = 0; i < n; i++) {
    OrfRedisNode *node = level->nodes->pdata[i];
    OrfRedisLink *link = orf_redis_level_get_link (level, (guint16) i);

    walk->parts[i].walk = walk;
    if (level->cluster != NULL && orf_redis_cluster_count_slots (level->cluster, (guint16) i) == 0)
      continue;
    if (link != NULL)
      walk->parts[i].sweep = orf_redis_sweep_new (link, &filter, swept_cb, &walk->parts[i]);
    if (walk->parts[i].sweep != NULL) {
      walk->n_open++;
      continue;
    }
    /* which of its keys match nobody can say now */
    orf_redis_owed_add_all (orf_redis_node_get_owed (node));
    orf_redis_node_pay (node);
    walk->outcome = ORF_CACHE_DOWN;
  }
  if (walk->n_open == 0)
    walk->deadline_us = 0; /* it is told in the next turn */
  g_queue_push_tail (&level->walks, walk);
  arm (level);
  return walk->id;
}

void
orf_redis_walk_stop (OrfCacheLevel *level, guint64 id)
{
  for (GList *at = level->walks.head; at != NULL; at = at->next) {
    OrfRedisWalk *walk = at->data;

    if (walk->id != id)
      continue;
    leave (walk);
    g_free (walk);
    return;
  }
}

void
orf_redis_walk_expire (OrfCacheLevel *level, gint64 now_us, gboolean all_over)
{
  GList *at = level->walks.head;

  while (at != NULL) {
    OrfRedisWalk *walk = at->data;

    at = at->next;
    if (!all_over && now_us < walk->deadline_us)
      continue;
    if (walk->n_open > 0)
      walk->outcome = ORF_CACHE_LOST;
    end (walk);
  }
}

gint64
orf_redis_walk_get_deadline_us (OrfCacheLevel *level)
{
  gint64 first_us = -1;

  for (GList *at = level->walks.head; at != NULL; at = at->next) {
    const OrfRedisWalk *walk = at->data;

    if (first_us < 0 || walk->deadline_us < first_us)
      first_us = walk->deadline_us;
  }
  return first_us;
}
