/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"
#include "redis/orf-redis-link.h"
#include "redis/orf-redis-owed.h"

G_BEGIN_DECLS

/*
 * One Redis node as the cache's second level has it: a link for commands, a link that hears what
 * changes on the node (CLIENT TRACKING … BCAST NOLOOP of the first, redirected to the second), and
 * what has to be done before the node may be believed again after it was away.  doc/redis.md says
 * why that is enough.
 *
 * A node is the same as before while its process is: it keeps the process's run id under
 * ORF_REDIS_EPOCH.  Another, or none, and what it has is of a past that nobody vouches for: all of
 * the cache's keys are dropped first.  Otherwise the keys that are owed are.
 */
typedef struct _OrfRedisNode OrfRedisNode;

typedef enum {
  ORF_REDIS_NODE_AWAY,      /* no connection */
  ORF_REDIS_NODE_PREPARING, /* connected, and not believed yet */
  ORF_REDIS_NODE_SERVING,
} OrfRedisNodeState;

/* What all nodes of a level share; outlives them. */
typedef struct {
  GMainContext *context;
  OrfRedisLinkSettings link;
  guint max_owed;
  gboolean exclusive; /* nothing else is in its database */
  gboolean cluster;   /* one command may not name keys of several slots */
  const char *daemon; /* who beats: no two daemons have the same */
  const OrfCacheLevelListener *listener;
  gpointer user_data;
} OrfRedisNodeParts;

/* cover: to be written.  epoch_key: where it keeps its run id; NULL: it serves only when it was
 * told. INVALID_ARGUMENT: the address. */
OrfRedisNode *orf_redis_node_new (const OrfRedisNodeParts *parts,
                                  const char *address,
                                  const char *epoch_key,
                                  OrfCacheCover *cover,
                                  GError **error);
/* Commands that are open are told LOST. */
void orf_redis_node_free (OrfRedisNode *node);

void orf_redis_node_set_epoch_key (OrfRedisNode *node, const char *epoch_key);
const char *orf_redis_node_get_epoch_key (OrfRedisNode *node);

OrfRedisNodeState orf_redis_node_get_state (OrfRedisNode *node);
/* For commands, where the node serves; NULL: it does not. */
OrfRedisLink *orf_redis_node_get_link (OrfRedisNode *node);
/* Which connection that is. */
guint64 orf_redis_node_get_connection (OrfRedisNode *node);
/* For who reads and writes keys: what is owed is asked before, and told after. */
OrfRedisOwed *orf_redis_node_get_owed (OrfRedisNode *node);
/* Some of the above changed for the worse: what is owed is paid as soon as can be. */
void orf_redis_node_pay (OrfRedisNode *node);

typedef struct {
  OrfRedisNodeState state;
  gboolean covered;
  OrfRedisLinkFigures link;
  guint n_owed;
  guint64 n_swept; /* keys dropped since it could not be believed */
  const char *problem;
} OrfRedisNodeFigures;

/* problem is borrowed until the next turn. */
void orf_redis_node_get_figures (OrfRedisNode *node, OrfRedisNodeFigures *figures);
const char *orf_redis_node_get_name (OrfRedisNode *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisNode, orf_redis_node_free)

G_END_DECLS
