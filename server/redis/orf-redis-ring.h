/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Which of some nodes has a key: rendezvous hashing (D. Thaler, C. Ravishankar, "Using Name-Based
 * Mappings to Increase Hit Rates", IEEE/ACM Transactions on Networking 6, 1998), by which each node
 * has a score for each key and the highest has it.  With weights the score is -w / ln h, h in 0 to
 * 1 (J. Resch, "New Hashing Algorithms for Data Storage", SNIA 2015).  h is made of the key's XXH64
 * and the node's, mixed by the finalizer of SplitMix64: twemproxy's crc32 put 3,000 keys in a row
 * on one of three nodes.  Every daemon finds the same.  Pure; immutable.
 */
typedef struct _OrfRedisRing OrfRedisRing;

/* names: of the nodes, in any order; weights: > 0, NULL: all alike. */
OrfRedisRing *orf_redis_ring_new (guint n, const char *const *names, const double *weights);
void orf_redis_ring_free (OrfRedisRing *ring);

/* The index of the node.  There is one at least. */
guint orf_redis_ring_find (const OrfRedisRing *ring, const char *key, gsize length);
/* What of the keys it has, as its weight says. */
double orf_redis_ring_get_share (const OrfRedisRing *ring, guint node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisRing, orf_redis_ring_free)

G_END_DECLS
