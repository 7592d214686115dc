/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * The nodes' covers as one number, for who holds values outside of the daemon and cannot look at
 * the cover of each: until when all of them hold.  Pure: the clock is passed in.
 */
typedef struct {
  guint32 epochs[ORF_CACHE_MAX_NODES];
  gboolean held[ORF_CACHE_MAX_NODES]; /* when it was looked at last */
} OrfCacheCovers;

/* How long all that hold now will go on to at least, at most `most_us`.  *lost: one that held when
 * it was looked at last does no more, or is another: what its node told may be anywhere. */
gint64 orf_cache_covers_look (
  OrfCacheCovers *covers, const OrfCacheCover *now, gint64 now_us, gint64 most_us, gboolean *lost);

G_END_DECLS
