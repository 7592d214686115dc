/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-worth.h"

#include "core/orf-clock.h"
#include "core/orf-names.h"

/* Below so many gets or measured values nothing is said. */
#define MIN_GETS 1000
#define MIN_MADE 10
/* 256 KiB; at ten thousand misses a second a place lasts for a second or two. */
#define N_PLACES 16384
/* Who sets a key so long after a miss did not make it because of that. */
#define MAX_MAKING_US (600 * ORF_US_PER_S)

typedef struct {
  guint64 hash;
  gint64 at_us; /* 0: free */
} Place;

struct _OrfCacheMisses {
  Place places[N_PLACES];
};

void
orf_cache_worth_made (OrfCacheName *name, gint64 cost_us)
{
  name->n_made++;
  name->made_us += (guint64) cost_us;
}

gint64
orf_cache_worth_get_mean_cost_us (const OrfCacheName *name)
{
  return name->n_made > 0 ? (gint64) (name->made_us / name->n_made) : -1;
}

void
orf_cache_worth_hit (OrfCacheName *name, const OrfCacheCell *cell)
{
  if (cell->cost_us != G_MAXUINT32)
    name->saved_us += cell->cost_us;
  else if (name->n_made > 0)
    name->saved_us += name->made_us / name->n_made;
}

void
orf_cache_worth_timed (OrfCacheName *name, gint64 took_us)
{
  name->n_timed++;
  name->timed_us += (guint64) MAX (took_us, 0);
}

guint64
orf_cache_worth_get_spent_us (const OrfCacheName *name)
{
  if (name->n_timed == 0)
    return 0;
  return (guint64) ((double) name->timed_us / (double) name->n_timed *
                    (double) (name->hits + name->misses));
}

OrfCacheVerdict
orf_cache_worth_judge (const OrfCacheName *name)
{
  if (name->n_made < MIN_MADE || name->hits + name->misses < MIN_GETS)
    return ORF_CACHE_VERDICT_UNSET;
  return name->saved_us > orf_cache_worth_get_spent_us (name) ? ORF_CACHE_VERDICT_SAVES
                                                              : ORF_CACHE_VERDICT_LOSES;
}

OrfCacheMisses *
orf_cache_misses_new (void)
{
  return g_new0 (OrfCacheMisses, 1);
}

void
orf_cache_misses_free (OrfCacheMisses *misses)
{
  g_free (misses);
}

static Place *
get_place (OrfCacheMisses *misses, guint64 hash)
{
  return &misses->places[hash % N_PLACES];
}

void
orf_cache_misses_add (OrfCacheMisses *misses, OrfCacheBytes key, gint64 now_us)
{
  guint64 hash = orf_names_hash64 (key.data, (gssize) key.length);
  Place *place = get_place (misses, hash);

  /* of several who miss it the first began to make it */
  if (place->hash != hash || place->at_us == 0 || now_us - place->at_us > MAX_MAKING_US)
    *place = (Place){ hash, now_us };
}

gint64
orf_cache_misses_take (OrfCacheMisses *misses, OrfCacheBytes key, gint64 now_us)
{
  guint64 hash = orf_names_hash64 (key.data, (gssize) key.length);
  Place *place = get_place (misses, hash);
  gint64 ago_us = now_us - place->at_us;

  if (place->hash != hash || place->at_us == 0)
    return -1;
  place->at_us = 0;
  return ago_us <= MAX_MAKING_US ? ago_us : -1;
}
