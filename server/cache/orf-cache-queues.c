/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-queues.h"

#include "cache/orf-cache-ghosts.h"

/* The small queue's share.  Of 1 to 30 % this was best or next to it on each trace measured. */
#define SMALL_PERCENT 5
/* More visits than these tell nothing: a queue that goes round four times without a miss is not
 * full. */
#define MAX_VISITS 3
/* So many entries go on or round for one that goes out: then whoever is next has to, so that no
 * call waits for a walk through a million.  On average it is less than one. */
#define MAX_MOVES 512

typedef struct {
  OrfCacheCell *newest, *oldest;
  gsize bytes, entries;
} Queue;

struct _OrfCacheQueues {
  Queue queues[2];
  gsize small_bytes, small_entries; /* what the small one may have when there is no room */
  OrfCacheGhosts *ghosts;
};

OrfCacheQueues *
orf_cache_queues_new (gsize max_bytes, gsize max_entries)
{
  OrfCacheQueues *queues = g_new0 (OrfCacheQueues, 1);

  queues->small_bytes = max_bytes * SMALL_PERCENT / 100;
  queues->small_entries = MAX (max_entries * SMALL_PERCENT / 100, 1);
  queues->ghosts = orf_cache_ghosts_new (max_entries);
  return queues;
}

void
orf_cache_queues_free (OrfCacheQueues *queues)
{
  orf_cache_ghosts_free (queues->ghosts);
  g_free (queues);
}

static void
count (Queue *queue, const OrfCacheCell *cell, int sign)
{
  queue->bytes += sign * (gssize) cell->held_bytes;
  queue->entries += sign;
}

static void
push (OrfCacheQueues *queues, OrfCacheQueueId id, OrfCacheCell *cell)
{
  Queue *queue = &queues->queues[id];

  cell->queue = id;
  cell->newer = NULL;
  cell->older = queue->newest;
  if (queue->newest != NULL)
    queue->newest->newer = cell;
  else
    queue->oldest = cell;
  queue->newest = cell;
  count (queue, cell, 1);
}

void
orf_cache_queues_remove (OrfCacheQueues *queues, OrfCacheCell *cell)
{
  Queue *queue = &queues->queues[cell->queue];

  if (cell->newer != NULL)
    cell->newer->older = cell->older;
  else
    queue->newest = cell->older;
  if (cell->older != NULL)
    cell->older->newer = cell->newer;
  else
    queue->oldest = cell->newer;
  count (queue, cell, -1);
}

void
orf_cache_queues_add_for (OrfCacheQueues *queues, OrfCacheCell *cell, const OrfCacheCell *other)
{
  cell->visits = other->visits;
  push (queues, other->queue, cell);
}

void
orf_cache_queues_add (OrfCacheQueues *queues, OrfCacheCell *cell)
{
  /* as many as there are entries: what would be here if the cache were twice as large */
  gsize entries = queues->queues[ORF_CACHE_SMALL].entries + queues->queues[ORF_CACHE_MAIN].entries;
  gboolean known = orf_cache_ghosts_take (queues->ghosts, cell->hash, (guint32) entries);

  push (queues, known ? ORF_CACHE_MAIN : ORF_CACHE_SMALL, cell);
}

void
orf_cache_queues_visit (OrfCacheCell *cell)
{
  if (cell->visits < MAX_VISITS)
    cell->visits++;
}

static OrfCacheCell *
pop (OrfCacheQueues *queues, OrfCacheQueueId id)
{
  OrfCacheCell *cell = queues->queues[id].oldest;

  if (cell != NULL)
    orf_cache_queues_remove (queues, cell);
  return cell;
}

/* NULL: all of them have gone on to the main queue. */
static OrfCacheCell *
evict_small (OrfCacheQueues *queues, guint *moves)
{
  OrfCacheCell *cell;

  while ((cell = pop (queues, ORF_CACHE_SMALL)) != NULL) {
    if (cell->visits == 0 || ++*moves > MAX_MOVES) {
      orf_cache_ghosts_add (queues->ghosts, cell->hash);
      return cell;
    }
    cell->visits = 0;
    push (queues, ORF_CACHE_MAIN, cell);
  }
  return NULL;
}

static OrfCacheCell *
evict_main (OrfCacheQueues *queues, guint *moves)
{
  OrfCacheCell *cell;

  while ((cell = pop (queues, ORF_CACHE_MAIN)) != NULL && cell->visits > 0 &&
         ++*moves <= MAX_MOVES) {
    cell->visits--;
    push (queues, ORF_CACHE_MAIN, cell);
  }
  return cell;
}

OrfCacheCell *
orf_cache_queues_evict (OrfCacheQueues *queues)
{
  const Queue *small = &queues->queues[ORF_CACHE_SMALL];
  gboolean small_first = small->bytes >= queues->small_bytes ||
                         small->entries >= queues->small_entries ||
                         queues->queues[ORF_CACHE_MAIN].entries == 0;
  guint moves = 0;
  OrfCacheCell *cell = small_first ? evict_small (queues, &moves) : NULL;

  return cell != NULL ? cell : evict_main (queues, &moves);
}

gsize
orf_cache_queues_get_size_bytes (const OrfCacheQueues *queues)
{
  return sizeof *queues + orf_cache_ghosts_get_size_bytes (queues->ghosts);
}
