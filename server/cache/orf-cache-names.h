/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * Namespaces: a key's is what stands before its first ':', if that is at most
 * ORF_CACHE_NAME_BYTES; a key without one is in "".  Those that come when there are max_names are
 * counted together.
 */
typedef struct _OrfCacheNames OrfCacheNames;

#define ORF_CACHE_NAME_BYTES 64
/* Where those are counted that have no place of their own; no namespace begins so. */
#define ORF_CACHE_OTHER_NAMES "*"

typedef struct {
  char name[ORF_CACHE_NAME_BYTES + 1];
  guint64 hits, misses;
  guint64 entries, bytes; /* of the first level, now */
  guint64 evictions;
  /* orf-cache-worth.h */
  guint64 n_made, made_us;   /* values whose making was measured, and what it took */
  guint64 saved_us;          /* what hits would have taken to make */
  guint64 n_timed, timed_us; /* some of the gets, and what they took here */
} OrfCacheName;

OrfCacheNames *orf_cache_names_new (guint max_names);
void orf_cache_names_free (OrfCacheNames *names);

/* Its number, which stays; a new one where there is room. */
guint16 orf_cache_names_find (OrfCacheNames *names, OrfCacheBytes key);
OrfCacheName *orf_cache_names_get (OrfCacheNames *names, guint16 number);
/* Of OrfCacheName. */
GArray *orf_cache_names_copy (const OrfCacheNames *names);
guint orf_cache_names_get_n (const OrfCacheNames *names);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheNames, orf_cache_names_free)

G_END_DECLS
