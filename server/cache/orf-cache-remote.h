/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-input.h"
#include "cache/orf-cache-store.h"

G_BEGIN_DECLS

/*
 * The second level as the desk sees it: what is read from there is kept in the store while that is
 * safe, what is written goes there first, and calls for one key are one.
 */
typedef struct _OrfCacheRemote OrfCacheRemote;

typedef struct {
  /* The key has another value, or none any more.  kept: what an own write put into the store;
   * NULL: somebody else's, or nothing. */
  void (*settled) (gpointer user_data, OrfCacheBytes key, const OrfCacheCell *kept);
  gpointer user_data;
} OrfCacheRemoteListener;

/* Takes level; all else outlives it. */
OrfCacheRemote *orf_cache_remote_new (const OrfCacheLevelOps *ops,
                                      OrfCacheLevel *level,
                                      OrfCacheStore *store,
                                      const OrfConfig *config,
                                      const OrfCacheRemoteListener *listener);
/* Whoever waits is told that there is nothing. */
void orf_cache_remote_free (OrfCacheRemote *remote);

/* Whether an entry of the store may be served. */
gboolean orf_cache_remote_covers (OrfCacheRemote *remote, const OrfCacheCell *cell, gint64 now_us);
/* As OrfCacheLevelListener has it. */
void orf_cache_remote_changed (OrfCacheRemote *remote, const OrfCacheBytes *keys, guint n);

/* cell: until it returns; its version is 0 where it was not kept.  NULL: there is none, or nobody
 * could be asked. */
typedef void (*OrfCacheFetched) (gpointer data, const OrfCacheCell *cell);
/* In the order asked. */
typedef void (*OrfCacheFetchedAll) (gpointer data, OrfCacheCell *const *cells);
/* n: how many were there, or are; n_alone: of those stored, here alone, as the node was away.
 * error: UNAVAILABLE, where it is not known what a node has now; taken. */
typedef void (*OrfCacheWritten) (gpointer data, guint64 n, guint n_alone, GError *error);

void orf_cache_remote_get (OrfCacheRemote *remote,
                           OrfCacheBytes key,
                           OrfCacheFetched fetched,
                           gpointer data);
void orf_cache_remote_mget (OrfCacheRemote *remote,
                            const OrfCacheBytes *keys,
                            guint n,
                            OrfCacheFetchedAll fetched,
                            gpointer data);
/* inputs: of OrfCacheInput; taken.  What they borrow is there until written. */
void orf_cache_remote_set (OrfCacheRemote *remote,
                           GArray *inputs,
                           OrfCacheWritten written,
                           gpointer data);
/* key is there until written. */
void orf_cache_remote_remove (OrfCacheRemote *remote,
                              OrfCacheBytes key,
                              OrfCacheWritten written,
                              gpointer data);
/* pattern, tag: NULL: any. */
void orf_cache_remote_invalidate (OrfCacheRemote *remote,
                                  const char *pattern,
                                  const char *tag,
                                  OrfCacheWritten written,
                                  gpointer data);
/* ours: no other daemon makes the key's value now. */
typedef void (*OrfCacheLocked) (gpointer data, gboolean ours);
void orf_cache_remote_lock (
  OrfCacheRemote *remote, OrfCacheBytes key, gint64 hold_us, OrfCacheLocked locked, gpointer data);
void orf_cache_remote_unlock (OrfCacheRemote *remote, OrfCacheBytes key);

/* As OrfCacheLevelOps has it. */
const OrfCacheCover *orf_cache_remote_get_covers (OrfCacheRemote *remote);
/* For cache.locate and cache.stats. */
void orf_cache_remote_locate (OrfCacheRemote *remote, OrfCacheBytes key, char **node, int *slot);
OrfCacheL2Stats *orf_cache_remote_describe (OrfCacheRemote *remote);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheRemote, orf_cache_remote_free)

G_END_DECLS
