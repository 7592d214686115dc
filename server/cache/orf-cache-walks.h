/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-store.h"

G_BEGIN_DECLS

/*
 * Invalidations on their way: each takes a step a turn of the context, between which calls are
 * answered.  In the context of the thread that makes it.
 */
typedef struct _OrfCacheWalks OrfCacheWalks;

typedef void (*OrfCacheWalked) (gpointer data, guint64 removed);

OrfCacheWalks *orf_cache_walks_new (OrfCacheStore *store);
/* Who waits is told what was removed by then. */
void orf_cache_walks_free (OrfCacheWalks *walks);
/* pattern, tag: NULL: any. */
void orf_cache_walks_add (
  OrfCacheWalks *walks, const char *pattern, const char *tag, OrfCacheWalked walked, gpointer data);
/* Of OrfCacheInvalidation, for cache.stats. */
GPtrArray *orf_cache_walks_describe (OrfCacheWalks *walks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheWalks, orf_cache_walks_free)

G_END_DECLS
