/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-stats.h"

#include <math.h>

#include "cache/orf-cache-worth.h"
#include "core/orf-clock.h"

#define US_PER_HOUR (3600.0 * ORF_US_PER_S)

/* NAN: nobody has asked yet. */
static double
get_rate (guint64 hits, guint64 misses)
{
  return hits + misses > 0 ? 100.0 * (double) hits / (double) (hits + misses) : NAN;
}

/* What so much time of a device costs; NAN: no price is known. */
static double
get_price (const OrfConfig *config, double us)
{
  return config->cost.gpu_hour > 0 ? config->cost.gpu_hour * us / US_PER_HOUR : NAN;
}

static void
describe_worth (OrfCacheNamespace *told, const OrfCacheName *name, const OrfConfig *config)
{
  double net_us = (double) name->saved_us - (double) orf_cache_worth_get_spent_us (name);

  told->has_miss_cost_us = name->n_made > 0;
  told->miss_cost_us = orf_cache_worth_get_mean_cost_us (name);
  told->has_saved_us = told->has_spent_us = name->n_made > 0;
  told->saved_us = (gint64) name->saved_us;
  told->spent_us = (gint64) orf_cache_worth_get_spent_us (name);
  told->saved_cost = name->n_made > 0 ? get_price (config, net_us) : NAN;
  told->worth = orf_cache_worth_judge (name);
}

static OrfCacheNamespace *
describe_name (const OrfCacheName *name, const OrfConfig *config)
{
  OrfCacheNamespace *told = orf_cache_namespace_new ();

  told->name = g_strdup (name->name);
  told->entries = (gint64) name->entries;
  told->used_bytes = (gint64) name->bytes;
  told->hits = (gint64) name->hits;
  told->misses = (gint64) name->misses;
  told->hit_rate_percent = get_rate (name->hits, name->misses);
  told->evictions = (gint64) name->evictions;
  describe_worth (told, name, config);
  return told;
}

static gboolean
is_used (const OrfCacheName *name)
{
  return name->hits + name->misses + name->entries + name->evictions > 0;
}

static void
describe_names (OrfCacheStatsResult *stats, OrfCacheStore *store, const OrfConfig *config)
{
  OrfCacheNames *names = orf_cache_store_get_names (store);

  stats->namespaces = g_ptr_array_new ();
  for (guint i = 0; i < orf_cache_names_get_n (names); i++) {
    const OrfCacheName *name = orf_cache_names_get (names, (guint16) i);

    stats->hits += (gint64) name->hits;
    stats->misses += (gint64) name->misses;
    stats->has_saved_us |= name->n_made > 0;
    stats->saved_us += (gint64) name->saved_us;
    if (is_used (name))
      g_ptr_array_add (stats->namespaces, describe_name (name, config));
  }
}

OrfCacheStatsResult *
orf_cache_stats_describe (OrfCacheStore *store, const OrfConfig *config)
{
  OrfCacheStatsResult *stats = orf_cache_stats_result_new ();
  OrfCacheCounts counts = orf_cache_store_get_counts (store);

  describe_names (stats, store, config);
  stats->saved_cost = stats->has_saved_us ? get_price (config, (double) stats->saved_us) : NAN;
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
