/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-cell.h"

G_BEGIN_DECLS

/* Results of cache.get as JSON, written from where the value lies. */
typedef struct {
  OrfCacheBytes key;
  const OrfCacheCell *cell; /* NULL: a miss */
  OrfCacheTier tier;        /* of a hit */
  gboolean stale;
  const char *lease; /* NULL: none */
  guint64 version;   /* which the caller may hold it under, for keep_us; 0: he may not */
  gint64 keep_us;
} OrfCacheFound;

void orf_cache_answer_append (GString *out, const OrfCacheFound *found);

G_END_DECLS
