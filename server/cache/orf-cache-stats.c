/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-stats.h"

#include <math.h>

/* NAN: nobody has asked yet. */
static double
get_rate (guint64 hits, guint64 misses)
{
  return hits + misses > 0 ? 100.0 * (double) hits / (double) (hits + misses) : NAN;
}

static OrfCacheNamespace *
describe_name (const OrfCacheName *name)
{
  OrfCacheNamespace *told = orf_cache_namespace_new ();

  told->name = g_strdup (name->name);
  told->entries = (gint64) name->entries;
  told->used_bytes = (gint64) name->bytes;
  told->hits = (gint64) name->hits;
  told->misses = (gint64) name->misses;
  told->hit_rate_percent = get_rate (name->hits, name->misses);
  told->evictions = (gint64) name->evictions;
  return told;
}

static gboolean
is_used (const OrfCacheName *name)
{
  return name->hits + name->misses + name->entries + name->evictions > 0;
}

static void
describe_names (OrfCacheStatsResult *stats, OrfCacheStore *store)
{
  OrfCacheNames *names = orf_cache_store_get_names (store);

  stats->namespaces = g_ptr_array_new ();
  for (guint i = 0; i < orf_cache_names_get_n (names); i++) {
    const OrfCacheName *name = orf_cache_names_get (names, (guint16) i);

    stats->hits += (gint64) name->hits;
    stats->misses += (gint64) name->misses;
    if (is_used (name))
      g_ptr_array_add (stats->namespaces, describe_name (name));
  }
}

OrfCacheStatsResult *
orf_cache_stats_describe (OrfCacheStore *store, const OrfConfig *config)
{
  OrfCacheStatsResult *stats = orf_cache_stats_result_new ();
  OrfCacheCounts counts = orf_cache_store_get_counts (store);

  describe_names (stats, store);
  stats->hit_rate_percent = get_rate ((guint64) stats->hits, (guint64) stats->misses);
  stats->l1 = orf_cache_l1_stats_new ();
  stats->l1->entries = (gint64) counts.entries;
  stats->l1->used_bytes = (gint64) counts.bytes;
  stats->l1->budget_bytes = config->cache.l1_bytes;
  stats->l1->hit_rate_percent = stats->hit_rate_percent;
  stats->l1->evictions = (gint64) counts.evictions;
  stats->l1->expirations = (gint64) counts.expirations;
  return stats;
}
