/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "redis/orf-redis-address.h"

G_BEGIN_DECLS

/* ip: as a number, for who connects; NULL and a problem: the name is not known.  Borrowed. */
typedef void (*OrfRedisResolved) (gpointer data, const char *ip, const char *problem);

typedef struct _OrfRedisResolving OrfRedisResolving;

/* Looks a host's name up without waiting.  Of several numbers, attempt says which, in turn.  Told
 * later, in context, once; it frees itself then. */
OrfRedisResolving *orf_redis_resolve (const OrfRedisAddress *address,
                                      guint attempt,
                                      GMainContext *context,
                                      OrfRedisResolved resolved,
                                      gpointer data);
/* It is not told any more. */
void orf_redis_resolving_cancel (OrfRedisResolving *resolving);

G_END_DECLS
