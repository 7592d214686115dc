/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "redis/orf-redis-link.h"

G_BEGIN_DECLS

/*
 * Drops the cache's keys of one node that match, in steps of SCAN, so that the node does other work
 * between them.  What is written meanwhile may be dropped or not; all that was there is.
 */
typedef struct _OrfRedisSweep OrfRedisSweep;

typedef enum {
  ORF_REDIS_SWEEP_ON,    /* so much by now */
  ORF_REDIS_SWEEP_DONE,  /* all */
  ORF_REDIS_SWEEP_ENDED, /* the link went down, or the node refused */
} OrfRedisSweepState;

/* After DONE and ENDED it is gone. */
typedef void (*OrfRedisSwept) (gpointer data, OrfRedisSweepState state, guint64 removed);

/* Which keys. */
typedef struct {
  const char *pattern; /* with * and ?; NULL: any */
  const char *tag;     /* of the record; NULL: any */
  gsize head_bytes;    /* within so many first bytes of a record its tags are */
  gboolean one_by_one; /* a command may not name keys of several slots; those of other nodes stay */
  gboolean (*has_tag) (const char *head, gsize length, const char *tag);
} OrfRedisFilter;

/* NULL: the link takes nothing. */
OrfRedisSweep *orf_redis_sweep_new (OrfRedisLink *link,
                                    const OrfRedisFilter *filter,
                                    OrfRedisSwept swept,
                                    gpointer data);
/* Nothing is told any more, and no further step is begun. */
void orf_redis_sweep_cancel (OrfRedisSweep *sweep);

G_END_DECLS
