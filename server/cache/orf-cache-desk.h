/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-journal.h"
#include "cache/orf-cache-store.h"
#include "orf-schema-methods.h"

G_BEGIN_DECLS

/*
 * Where cache.* are answered, from whichever transport they come: in the cache's context.
 */
typedef struct _OrfCacheDesk OrfCacheDesk;

/* Told once, maybe inside the ask.  json: the method's result, valid during the call; error: taken.
 */
typedef void (*OrfCacheDone) (gpointer data, const char *json, gsize length, GError *error);

/* Who asks. */
typedef struct {
  OrfCacheDone done;
  gpointer data;
} OrfCacheAsker;

/* Of a write that may come again. */
typedef struct {
  const char *key;
  guint64 params_hash;
} OrfCacheRepeat;

/* config: of the cache's thread; journal: where what happens to keys is put down; all outlive the
 * desk. */
OrfCacheDesk *
orf_cache_desk_new (const OrfConfig *config, OrfMemory *memory, OrfCacheJournal *journal);
/* Before the first ask: what is behind the first level.  Takes level. */
void
orf_cache_desk_set_level (OrfCacheDesk *desk, const OrfCacheLevelOps *ops, OrfCacheLevel *level);
/* What that level tells unasked. */
void orf_cache_desk_changed (OrfCacheDesk *desk, const OrfCacheBytes *keys, guint n);
/* Who waits is answered. */
void orf_cache_desk_free (OrfCacheDesk *desk);

/* method: of service cache; params: its, there until done; repeat: NULL: it has no key. */
void orf_cache_desk_ask (OrfCacheDesk *desk,
                         OrfMethodId method,
                         gconstpointer params,
                         const OrfCacheRepeat *repeat,
                         const OrfCacheAsker *asker);
/* Of OrfCacheName, all namespaces as they are counted now. */
GArray *orf_cache_desk_copy_names (OrfCacheDesk *desk);
/* To be freed; of none: no nodes. */
OrfCacheL2Stats *orf_cache_desk_describe_level2 (OrfCacheDesk *desk);
/* Whether it answers that method. */
gboolean orf_cache_desk_knows (OrfMethodId method);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheDesk, orf_cache_desk_free)

G_END_DECLS
