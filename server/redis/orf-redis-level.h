/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/* The cache's second level on Redis: what the seam asks, on independent nodes or a cluster. */
extern const OrfCacheLevelOps orf_redis_level_ops;

G_END_DECLS
