/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-journal.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * The streams of cache.watch of one router, a channel for each prefix that is asked for.  In the
 * router's context.
 */
typedef struct _OrfCacheWatches OrfCacheWatches;

/* idle: the last stream has ended. */
OrfCacheWatches *
orf_cache_watches_new (OrfRouter *router, void (*idle) (gpointer user_data), gpointer user_data);
/* Ends the streams. */
void orf_cache_watches_free (OrfCacheWatches *watches);

/* Answers cache.watch; version: what follows it will be told. */
void orf_cache_watches_open (OrfCacheWatches *watches,
                             OrfCall *call,
                             const char *prefix,
                             guint64 version);
void orf_cache_watches_tell (OrfCacheWatches *watches, const OrfCacheChangeSet *set);
gboolean orf_cache_watches_is_idle (const OrfCacheWatches *watches);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheWatches, orf_cache_watches_free)

G_END_DECLS
