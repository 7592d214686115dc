/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-ghosts.h"

/* Slots of a bucket: half a line of the processor's cache. */
#define WAYS 4

typedef struct {
  guint32 hash;
  guint32 number; /* of the addition; 0: free */
} Slot;

struct _OrfCacheGhosts {
  Slot *slots;
  gsize n_buckets; /* a power of two */
  guint32 last;    /* number of the newest */
};

OrfCacheGhosts *
orf_cache_ghosts_new (gsize max_ghosts)
{
  OrfCacheGhosts *ghosts = g_new0 (OrfCacheGhosts, 1);

  ghosts->n_buckets = 1;
  /* twice the slots, so that few buckets have more to hold than they can */
  while (ghosts->n_buckets * WAYS < max_ghosts * 2)
    ghosts->n_buckets *= 2;
  ghosts->slots = g_new0 (Slot, ghosts->n_buckets * WAYS);
  return ghosts;
}

void
orf_cache_ghosts_free (OrfCacheGhosts *ghosts)
{
  g_free (ghosts->slots);
  g_free (ghosts);
}

static Slot *
get_bucket (OrfCacheGhosts *ghosts, guint32 hash)
{
  return &ghosts->slots[(hash & (ghosts->n_buckets - 1)) * WAYS];
}

void
orf_cache_ghosts_add (OrfCacheGhosts *ghosts, guint32 hash)
{
  Slot *bucket = get_bucket (ghosts, hash);
  Slot *oldest = bucket;

  if (++ghosts->last == 0) /* after four thousand million */
    ghosts->last = 1;
  for (guint i = 0; i < WAYS; i++) {
    if (bucket[i].hash == hash && bucket[i].number != 0) {
      oldest = &bucket[i];
      break;
    }
    if (bucket[i].number == 0 ||
        (oldest->number != 0 && ghosts->last - bucket[i].number > ghosts->last - oldest->number))
      oldest = &bucket[i];
  }
  *oldest = (Slot){ hash, ghosts->last };
}

gboolean
orf_cache_ghosts_take (OrfCacheGhosts *ghosts, guint32 hash, guint32 newest)
{
  Slot *bucket = get_bucket (ghosts, hash);

  for (guint i = 0; i < WAYS; i++)
    if (bucket[i].number != 0 && bucket[i].hash == hash) {
      gboolean recent = ghosts->last - bucket[i].number < newest;

      bucket[i].number = 0;
      return recent;
    }
  return FALSE;
}

gsize
orf_cache_ghosts_get_size_bytes (const OrfCacheGhosts *ghosts)
{
  return ghosts->n_buckets * WAYS * sizeof (Slot);
}
