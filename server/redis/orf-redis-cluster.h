/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"
#include "redis/orf-redis-node.h"

G_BEGIN_DECLS

/*
 * Who has which slot of a Redis Cluster, as its nodes say: CLUSTER NODES, asked for at the start,
 * when a node says MOVED or is gone, and now and then.  Only masters are asked for keys: what a
 * replica has may be older than what was acknowledged.
 *
 * A node that was away may not know yet that another has taken its place.  So after each connection
 * it is asked for keys only when another node has named it since.
 */
typedef struct _OrfRedisCluster OrfRedisCluster;

/* Nodes go to `nodes` by their number, and stay; covers are those of their numbers. */
OrfRedisCluster *orf_redis_cluster_new (const OrfRedisNodeParts *parts,
                                        const char *const *seeds,
                                        GPtrArray *nodes,
                                        OrfCacheCover *covers,
                                        GError **error);
/* After the nodes are: what was asked of them is told to it. */
void orf_redis_cluster_free (OrfRedisCluster *cluster);

/* ORF_CACHE_NO_NODE: nobody. */
guint16 orf_redis_cluster_find (OrfRedisCluster *cluster, guint slot);
/* Whether that one may be asked. */
gboolean orf_redis_cluster_is_confirmed (OrfRedisCluster *cluster, guint16 number);
/* What a node said.  The number of the node that it named, ORF_CACHE_NO_NODE: there are too many.
 */
guint16 orf_redis_cluster_get_number (OrfRedisCluster *cluster, const char *address);
void orf_redis_cluster_move (OrfRedisCluster *cluster, guint slot, guint16 number);
/* Whoever turns out to have its slot owes it. */
void orf_redis_cluster_owe (OrfRedisCluster *cluster, const OrfCacheBytes *key);
/* Soon: something does not fit any more. */
void orf_redis_cluster_refresh (OrfRedisCluster *cluster);

guint orf_redis_cluster_count_slots (OrfRedisCluster *cluster, guint16 number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisCluster, orf_redis_cluster_free)

G_END_DECLS
