/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ORF_REDIS_PORT 6379

/* Where a node listens: a Unix socket, or a name or number and a port.  A plain value. */
typedef struct {
  char *path; /* NULL: TCP */
  char *host;
  guint16 port;
} OrfRedisAddress;

/* "/run/redis.sock", "host", "host:port", "[::1]:port".  INVALID_ARGUMENT. */
gboolean orf_redis_address_parse (OrfRedisAddress *address, const char *text, GError **error);
void orf_redis_address_clear (OrfRedisAddress *address);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfRedisAddress, orf_redis_address_clear)

G_END_DECLS
