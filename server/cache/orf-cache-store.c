/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-store.h"

#include "cache/orf-cache-queues.h"
#include "core/orf-names.h"

/* No cell has less: what the bytes alone let in, no table need have room for. */
#define MIN_CELL_BYTES sizeof (OrfCacheCell)
/* One cell may have half of all: less would refuse a large value where there is room, more would
 * empty the cache for it. */
#define MAX_ITEM_SHARE 2

struct _OrfCacheStore {
  OrfCacheLimits limits;
  OrfMemory *memory;
  OrfCacheCell **buckets;
  gsize n_buckets; /* a power of two */
  OrfCacheQueues *queues;
  OrfCacheNames *names;
  OrfCacheCounts counts;
  guint64 version; /* of what was put last */
  gsize swept;     /* the bucket that is swept next */
};

OrfCacheStore *
orf_cache_store_new (const OrfCacheLimits *limits, OrfMemory *memory)
{
  OrfCacheStore *store = g_new0 (OrfCacheStore, 1);

  store->limits = *limits;
  store->limits.max_entries = MIN (limits->max_entries, limits->max_bytes / MIN_CELL_BYTES);
  store->memory = memory;
  store->n_buckets = 1;
  while (store->n_buckets < store->limits.max_entries)
    store->n_buckets *= 2;
  store->buckets = g_new0 (OrfCacheCell *, store->n_buckets);
  store->queues = orf_cache_queues_new (limits->max_bytes, store->limits.max_entries);
  store->names = orf_cache_names_new (limits->max_names);
  store->counts.bytes = sizeof *store + store->n_buckets * sizeof (OrfCacheCell *) +
                        orf_cache_queues_get_size_bytes (store->queues);
  orf_memory_add (memory, ORF_MEMORY_CACHE, (gint64) store->counts.bytes);
  return store;
}

void
orf_cache_store_free (OrfCacheStore *store)
{
  OrfCacheCell *cell;

  while ((cell = orf_cache_queues_evict (store->queues)) != NULL)
    orf_cache_cell_free (cell);
  orf_memory_add (store->memory, ORF_MEMORY_CACHE, -(gint64) store->counts.bytes);
  orf_cache_names_free (store->names);
  orf_cache_queues_free (store->queues);
  g_free (store->buckets);
  g_free (store);
}

gsize
orf_cache_store_get_max_item_bytes (const OrfCacheStore *store)
{
  return store->limits.max_bytes / MAX_ITEM_SHARE;
}

OrfCacheCounts
orf_cache_store_get_counts (const OrfCacheStore *store)
{
  return store->counts;
}

OrfCacheNames *
orf_cache_store_get_names (OrfCacheStore *store)
{
  return store->names;
}

gsize
orf_cache_store_get_n_buckets (const OrfCacheStore *store)
{
  return store->n_buckets;
}

/* ---- entries --------------------------------------------------------------------------------- */

static guint32
hash_key (OrfCacheBytes key)
{
  return (guint32) orf_names_hash64 (key.data, (gssize) key.length);
}

static OrfCacheCell **
get_bucket (OrfCacheStore *store, guint32 hash)
{
  return &store->buckets[hash & (store->n_buckets - 1)];
}

/* The pointer that leads to the cell; to NULL: there is none. */
static OrfCacheCell **
find_place (OrfCacheStore *store, guint32 hash, OrfCacheBytes key)
{
  OrfCacheCell **place = get_bucket (store, hash);

  while (*place != NULL && !orf_cache_cell_has_key (*place, hash, key))
    place = &(*place)->chain;
  return place;
}

static void
count (OrfCacheStore *store, const OrfCacheCell *cell, int sign)
{
  OrfCacheName *name = orf_cache_names_get (store->names, cell->name);
  gint64 bytes = sign * (gint64) cell->held_bytes;

  store->counts.entries += sign;
  store->counts.bytes += bytes;
  name->entries += sign;
  name->bytes += bytes;
  orf_memory_add (store->memory, ORF_MEMORY_CACHE, bytes);
}

/* Out of everything but memory. */
static OrfCacheCell *
detach (OrfCacheStore *store, OrfCacheCell **place)
{
  OrfCacheCell *cell = *place;

  orf_cache_queues_remove (store->queues, cell);
  *place = cell->chain;
  count (store, cell, -1);
  return cell;
}

static void
take_out (OrfCacheStore *store, OrfCacheCell **place)
{
  orf_cache_cell_free (detach (store, place));
}

static void
evict_one (OrfCacheStore *store)
{
  OrfCacheCell *cell = orf_cache_queues_evict (store->queues);
  OrfCacheCell **place = find_place (store, cell->hash, orf_cache_cell_get_key (cell));

  store->counts.evictions++;
  orf_cache_names_get (store->names, cell->name)->evictions++;
  *place = cell->chain;
  count (store, cell, -1);
  orf_cache_cell_free (cell);
}

static void
make_room (OrfCacheStore *store, gsize bytes)
{
  while (store->counts.entries > 0 && (store->counts.entries >= store->limits.max_entries ||
                                       store->counts.bytes + bytes > store->limits.max_bytes))
    evict_one (store);
}

const OrfCacheCell *
orf_cache_store_find (OrfCacheStore *store, OrfCacheBytes key, gint64 now_us)
{
  OrfCacheCell **place = find_place (store, hash_key (key), key);

  if (*place == NULL)
    return NULL;
  if (orf_cache_cell_is_over (*place, now_us)) {
    store->counts.expirations++;
    take_out (store, place);
    return NULL;
  }
  orf_cache_queues_visit (*place);
  return *place;
}

static void
attach (OrfCacheStore *store, OrfCacheCell *cell, const OrfCacheCell *other)
{
  OrfCacheCell **bucket = get_bucket (store, cell->hash);

  make_room (store, cell->held_bytes);
  cell->chain = *bucket;
  *bucket = cell;
  if (other != NULL)
    orf_cache_queues_add_for (store->queues, cell, other);
  else
    orf_cache_queues_add (store->queues, cell);
  count (store, cell, 1);
}

const OrfCacheCell *
orf_cache_store_put (OrfCacheStore *store, const OrfCacheItem *item)
{
  guint32 hash = hash_key (item->key);
  OrfCacheCell **place = find_place (store, hash, item->key);
  OrfCacheCell *other = *place != NULL ? detach (store, place) : NULL;
  OrfCacheCell *cell = NULL;

  if (orf_cache_item_measure (item) <= orf_cache_store_get_max_item_bytes (store)) {
    cell = orf_cache_cell_new (item);
    cell->hash = hash;
    cell->name = orf_cache_names_find (store->names, item->key);
    cell->version = ++store->version;
    attach (store, cell, other);
  }
  orf_cache_cell_free (other);
  return cell;
}

gboolean
orf_cache_store_remove (OrfCacheStore *store, OrfCacheBytes key)
{
  OrfCacheCell **place = find_place (store, hash_key (key), key);

  if (*place == NULL)
    return FALSE;
  take_out (store, place);
  return TRUE;
}

/* ---- walks ----------------------------------------------------------------------------------- */

void
orf_cache_walk_init (OrfCacheWalk *walk,
                     const OrfCacheStore *store,
                     const char *pattern,
                     const char *tag)
{
  *walk = (OrfCacheWalk){
    .pattern = g_strdup (pattern),
    .tag = g_strdup (tag),
    .version = store->version,
  };
}

void
orf_cache_walk_clear (OrfCacheWalk *walk)
{
  g_clear_pointer (&walk->pattern, g_free);
  g_clear_pointer (&walk->tag, g_free);
}

static gboolean
is_meant (const OrfCacheWalk *walk, const OrfCacheCell *cell)
{
  return cell->version <= walk->version &&
         (walk->tag == NULL || orf_cache_cell_has_tag (cell, walk->tag)) &&
         (walk->pattern == NULL || orf_cache_match (walk->pattern, orf_cache_cell_get_key (cell)));
}

gboolean
orf_cache_walk_step (OrfCacheWalk *walk, OrfCacheStore *store, gsize n_buckets)
{
  gsize end = walk->bucket + MIN (n_buckets, store->n_buckets - walk->bucket);

  for (; walk->bucket < end; walk->bucket++)
    for (OrfCacheCell **place = &store->buckets[walk->bucket]; *place != NULL;)
      if (is_meant (walk, *place)) {
        take_out (store, place);
        walk->removed++;
      } else {
        place = &(*place)->chain;
      }
  return walk->bucket < store->n_buckets;
}

double
orf_cache_walk_get_percent (const OrfCacheWalk *walk, const OrfCacheStore *store)
{
  return 100.0 * (double) walk->bucket / (double) store->n_buckets;
}

void
orf_cache_store_sweep (OrfCacheStore *store, gint64 now_us, gsize n_buckets)
{
  for (gsize i = 0; i < n_buckets; i++) {
    for (OrfCacheCell **place = &store->buckets[store->swept]; *place != NULL;)
      if (orf_cache_cell_is_over (*place, now_us)) {
        store->counts.expirations++;
        take_out (store, place);
      } else {
        place = &(*place)->chain;
      }
    store->swept = (store->swept + 1) & (store->n_buckets - 1);
  }
}
