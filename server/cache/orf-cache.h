/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * The cache: a thread with its own socket, store and calls, and cache.* of the other transports,
 * which are handed over to it.  Main context.
 */
typedef struct _OrfCache OrfCache;

typedef struct {
  const OrfConfig *config;
  OrfRouter *router; /* of the other transports; cache.* are bound there */
  OrfMemory *memory;
  const OrfCacheLevelOps *level; /* what is behind the first level; NULL: nothing */
  const char *socket_path;
  const char *main_socket_path; /* told to who asks the cache's socket for something else */
} OrfCacheParts;

/* parts is copied; what it points to outlives the cache. */
OrfCache *orf_cache_new (const OrfCacheParts *parts, GError **error);
/* Calls that are handed over are answered. */
void orf_cache_free (OrfCache *cache);

/* What is counted now, of all namespaces (OrfCacheName) and nodes: later, while the cache is there.
 */
typedef void (*OrfCacheReported) (gpointer user_data,
                                  const GArray *names,
                                  const OrfCacheL2Stats *level2);
void orf_cache_report (OrfCache *cache, OrfCacheReported reported, gpointer user_data);

/* Settings that may change. */
void orf_cache_reload (OrfCache *cache);
/* No more listening; drained when what the socket's clients asked is answered. */
void orf_cache_drain (OrfCache *cache, void (*drained) (gpointer user_data), gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCache, orf_cache_free)

G_END_DECLS
