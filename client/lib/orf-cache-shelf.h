/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-cache-value.h"

/*
 * Values that are held, by keys, bounded in bytes and number (SIEVE: who has not been asked for
 * since the hand last came by goes).  Pure: the clock is passed in, and whoever uses it from
 * several threads locks.
 *
 * A version is the daemon's count of changes (doc/cache.md).  A value is held under that of when it
 * was read, and goes when a change of its key with a higher one is told.  A reading under way is a
 * ticket, which notes what is told meanwhile: so an answer that was overtaken is not held.
 */
typedef struct OrfCacheShelf OrfCacheShelf;

/* Its members are the shelf's; key is there until it ends. */
typedef struct OrfCacheTicket OrfCacheTicket;
struct OrfCacheTicket {
  OrfCacheTicket *next, **place;
  const char *key;
  size_t length;
  uint64_t hash;
  uint64_t told; /* the highest version of a change of the key */
};

typedef struct {
  uint64_t n_hits, n_dropped, n_evictions;
  size_t n_entries, used_bytes;
} OrfCacheShelfCounts;

/* NULL for want of memory. */
OrfCacheShelf *orf_cache_shelf_new (size_t max_bytes, size_t max_entries);
void orf_cache_shelf_free (OrfCacheShelf *shelf);
void orf_cache_shelf_get_counts (const OrfCacheShelf *shelf, OrfCacheShelfCounts *counts);

/* hash: of the key, the same each time.  NULL: none; else for orf_cache_value_release(). */
OrfCacheValue *orf_cache_shelf_find (
  OrfCacheShelf *shelf, const char *key, size_t length, uint64_t hash, int64_t now_us);

void orf_cache_shelf_begin (
  OrfCacheShelf *shelf, OrfCacheTicket *ticket, const char *key, size_t length, uint64_t hash);
void orf_cache_shelf_end (OrfCacheShelf *shelf, OrfCacheTicket *ticket);
/* Of a ticket that has begun: holds the value, unless something newer is known of the key or it is
 * too large. */
void orf_cache_shelf_put (OrfCacheShelf *shelf,
                          const OrfCacheTicket *ticket,
                          OrfCacheValue *value,
                          uint64_t version,
                          int64_t expires_us);

/* The key changed; version UINT64_MAX: nobody knows when, so all that was read by now goes. */
void orf_cache_shelf_change (
  OrfCacheShelf *shelf, const char *key, size_t length, uint64_t hash, uint64_t version);
/* All keys that match; pattern NULL: all. */
void orf_cache_shelf_change_matching (OrfCacheShelf *shelf, const char *pattern, uint64_t version);
