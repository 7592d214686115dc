/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * The cache's series.  cache.hit_rate_percent (of the last minute) and cache.saved_us, which others
 * may record too where they have a cache of their own, are there once this one is used.  Main
 * context.
 */
typedef struct _OrfCacheFrame OrfCacheFrame;

/* All outlive it. */
OrfCacheFrame *orf_cache_frame_new (OrfCache *cache,
                                    OrfSampler *sampler,
                                    OrfRegistry *registry,
                                    const OrfConfig *config);
/* Of the last report, none before the first; name and problem (NULL: unknown) are borrowed until
 * the next one. */
typedef struct {
  guint n_nodes;              /* that have keys */
  guint n_away;               /* did not serve, though they had the time to or did before */
  const char *name, *problem; /* of the first of those; NULL: none */
} OrfCacheNodesLook;

OrfCacheNodesLook orf_cache_frame_look_at_nodes (OrfCacheFrame *frame);
/* After cache, sampler and registry, whose answers it may still wait for. */
void orf_cache_frame_free (OrfCacheFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheFrame, orf_cache_frame_free)

G_END_DECLS
