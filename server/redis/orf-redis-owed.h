/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * Keys of one node whose last write did not reach it, or maybe did not: what the node has of them
 * may be older than what was acknowledged, and is not looked at until the key was dropped there, or
 * written anew.  Bounded: past that, all of the node's keys are owed.  Pure.
 */
typedef struct _OrfRedisOwed OrfRedisOwed;

OrfRedisOwed *orf_redis_owed_new (guint max_keys);
void orf_redis_owed_free (OrfRedisOwed *owed);

/* Says what has happened by now, for orf_redis_owed_settle(). */
guint64 orf_redis_owed_get_time (const OrfRedisOwed *owed);

void orf_redis_owed_add (OrfRedisOwed *owed, const OrfCacheBytes *key);
void orf_redis_owed_add_all (OrfRedisOwed *owed);
/* The node has done what it was asked at `time`: what was owed by then of this key is settled, not
 * what came since. */
void orf_redis_owed_settle (OrfRedisOwed *owed, const OrfCacheBytes *key, guint64 time);
void orf_redis_owed_settle_all (OrfRedisOwed *owed, guint64 time);

gboolean orf_redis_owed_has (const OrfRedisOwed *owed, const OrfCacheBytes *key);
gboolean orf_redis_owed_has_all (const OrfRedisOwed *owed);
guint orf_redis_owed_get_n (const OrfRedisOwed *owed);
/* At most max of its keys, borrowed until the next change.  Returns how many. */
guint orf_redis_owed_list (const OrfRedisOwed *owed, OrfCacheBytes *keys, guint max);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisOwed, orf_redis_owed_free)

G_END_DECLS
