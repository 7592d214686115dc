/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ORF_REDIS_PORT 6379

/* Where a node listens: a Unix socket, or a name or number and a port. */
typedef struct {
  char *path; /* NULL: TCP */
  char *host;
  guint16 port;
} OrfRedisAddress;

/* "/run/redis.sock", "host", "host:port", "[::1]:port".  INVALID_ARGUMENT. */
gboolean orf_redis_address_parse (OrfRedisAddress *address, const char *text, GError **error);
void orf_redis_address_clear (OrfRedisAddress *address);

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

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfRedisAddress, orf_redis_address_clear)

G_END_DECLS
