/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which keys were evicted lately, by their hashes alone.  A set of eight-byte slots: of those that
 * share a bucket the oldest gives way, and what is older than asked for does not count, so that
 * nothing is ever moved.  That two keys have one hash means that one of them is taken for lately
 * seen, which costs nothing but a place.
 */
typedef struct _OrfCacheGhosts OrfCacheGhosts;

/* For max_ghosts at a time. */
OrfCacheGhosts *orf_cache_ghosts_new (gsize max_ghosts);
void orf_cache_ghosts_free (OrfCacheGhosts *ghosts);

void orf_cache_ghosts_add (OrfCacheGhosts *ghosts, guint32 hash);
/* Whether it is one of the `newest` added last; it is none any more then. */
gboolean orf_cache_ghosts_take (OrfCacheGhosts *ghosts, guint32 hash, guint32 newest);
gsize orf_cache_ghosts_get_size_bytes (const OrfCacheGhosts *ghosts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCacheGhosts, orf_cache_ghosts_free)

G_END_DECLS
