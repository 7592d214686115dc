/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-cell.h"
#include "cache/orf-cache-names.h"
#include "core/orf-memory.h"

G_BEGIN_DECLS

/*
 * The first level: entries by their keys, bounded in bytes and number.  Pure: the clock is passed
 * in, nothing is asked or told.  Belongs to one thread.
 *
 * Bytes are what malloc holds for entries and tables, counted exactly.  Tables have their size from
 * the beginning, so that no call ever waits for one to grow; the kernel gives their pages when they
 * are used.
 */
typedef struct _OrfCacheStore OrfCacheStore;

typedef struct {
  gsize max_bytes; /* of all, tables too */
  gsize max_entries;
  guint max_names; /* namespaces that are counted each by itself */
} OrfCacheLimits;

typedef struct {
  guint64 entries, bytes; /* now; bytes with the tables */
  guint64 evictions;      /* for want of room */
  guint64 expirations;
} OrfCacheCounts;

/* Counts as ORF_MEMORY_CACHE. */
OrfCacheStore *orf_cache_store_new (const OrfCacheLimits *limits, OrfMemory *memory);
void orf_cache_store_free (OrfCacheStore *store);

/* What is there and not over, which counts as a visit; it may be stale.  Valid until the store is
 * changed.  NULL: nothing. */
const OrfCacheCell *orf_cache_store_find (OrfCacheStore *store, OrfCacheBytes key, gint64 now_us);
/* Puts it in place of what was there; makes room.  NULL: it alone is too large, and nothing was
 * changed but that the old one is gone. */
const OrfCacheCell *orf_cache_store_put (OrfCacheStore *store, const OrfCacheItem *item);
/* FALSE: there was none. */
gboolean orf_cache_store_remove (OrfCacheStore *store, OrfCacheBytes key);

/* What one entry may have. */
gsize orf_cache_store_get_max_item_bytes (const OrfCacheStore *store);
OrfCacheCounts orf_cache_store_get_counts (const OrfCacheStore *store);
OrfCacheNames *orf_cache_store_get_names (OrfCacheStore *store);

/* A walk through all entries, in steps: those that match go.  What is put after it began is newer
 * than what was asked for, and stays. */
typedef struct {
  char *pattern;   /* of whole keys; NULL: any */
  char *tag;       /* NULL: any */
  guint64 version; /* the newest that is meant */
  gsize bucket;    /* the next */
  guint64 removed;
} OrfCacheWalk;

void orf_cache_walk_init (OrfCacheWalk *walk,
                          const OrfCacheStore *store,
                          const char *pattern,
                          const char *tag);
void orf_cache_walk_clear (OrfCacheWalk *walk);
/* At most n_buckets more, each of which has an entry or so.  FALSE: it is through. */
gboolean orf_cache_walk_step (OrfCacheWalk *walk, OrfCacheStore *store, gsize n_buckets);
/* 0 to 100. */
double orf_cache_walk_get_percent (const OrfCacheWalk *walk, const OrfCacheStore *store);

/* Drops what is over in the next n_buckets, round and round. */
void orf_cache_store_sweep (OrfCacheStore *store, gint64 now_us, gsize n_buckets);
gsize orf_cache_store_get_n_buckets (const OrfCacheStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheStore, orf_cache_store_free)

G_END_DECLS
