/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-cell.h"

G_BEGIN_DECLS

/*
 * What the first level gives the second to keep: a head (version, flags, times by the wall clock),
 * the tags, the value.  Little-endian, so that daemons on different machines read each other's.
 */

/* In so many bytes from its beginning a record has its head and all its tags. */
#define ORF_CACHE_RECORD_HEAD_BYTES (20 + 16 * 201)

/* now_us: monotonic, as the item's times; wall_us: the same moment. */
GByteArray *orf_cache_record_new (const OrfCacheItem *item, gint64 now_us, gint64 wall_us);
/* FALSE: it is none that this version reads, or its time is over.  item borrows from record but for
 * its tags, which are new. */
gboolean orf_cache_record_read (OrfCacheBytes record,
                                OrfCacheBytes key,
                                gint64 now_us,
                                gint64 wall_us,
                                OrfCacheItem *item,
                                char ***tags);
/* head: the first bytes of a record, as many as it has of ORF_CACHE_RECORD_HEAD_BYTES. */
gboolean orf_cache_record_head_has_tag (const char *head, gsize length, const char *tag);

G_END_DECLS
