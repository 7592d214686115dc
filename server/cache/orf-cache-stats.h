/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-store.h"

G_BEGIN_DECLS

/* What cache.stats tells of the store and its namespaces; leases, invalidations and l2 are left
 * empty. */
OrfCacheStatsResult *orf_cache_stats_describe (OrfCacheStore *store, const OrfConfig *config);

G_END_DECLS
