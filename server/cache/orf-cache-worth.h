/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-cell.h"
#include "cache/orf-cache-names.h"

G_BEGIN_DECLS

/*
 * What the cache is worth, by namespace: what hits would have taken to make, against what gets took
 * here.  What a value took to make is told with it, or is the time from the miss to the set; where
 * neither is known, the mean of its namespace.
 */

void orf_cache_worth_made (OrfCacheName *name, gint64 cost_us);
void orf_cache_worth_hit (OrfCacheName *name, const OrfCacheCell *cell);
void orf_cache_worth_timed (OrfCacheName *name, gint64 took_us);

/* Of all gets, by those that were timed. */
guint64 orf_cache_worth_get_spent_us (const OrfCacheName *name);
/* -1: no value was measured. */
gint64 orf_cache_worth_get_mean_cost_us (const OrfCacheName *name);
/* UNSET: too little is known.  LOSES: gets took more than hits saved. */
OrfCacheVerdict orf_cache_worth_judge (const OrfCacheName *name);

/* When keys were last missed, as many as it has places for: a later miss takes the place. */
typedef struct _OrfCacheMisses OrfCacheMisses;

OrfCacheMisses *orf_cache_misses_new (void);
void orf_cache_misses_free (OrfCacheMisses *misses);
void orf_cache_misses_add (OrfCacheMisses *misses, OrfCacheBytes key, gint64 now_us);
/* How long ago; -1: it is not known, or too long.  It is known no more. */
gint64 orf_cache_misses_take (OrfCacheMisses *misses, OrfCacheBytes key, gint64 now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheMisses, orf_cache_misses_free)

G_END_DECLS
