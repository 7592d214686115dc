/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where Redis Cluster has a key, by its specification: CRC16 (XMODEM) of the name, or of what is
 * between its first { and the next }, modulo 16,384.  Pure. */
#define ORF_REDIS_N_SLOTS 16384

/* Of the name that is prefix and key; prefix has no {. */
guint orf_redis_slot_of (const char *prefix, const char *key, gsize length);
/* A word whose slot it is. */
char *orf_redis_slot_make_tag (guint slot);

/* What a node answers that has not what was asked: "MOVED 3999 127.0.0.1:6381". */
typedef struct {
  gboolean ask; /* only this time, and after ASKING; else from now on */
  guint slot;
  const char *address; /* in the text */
} OrfRedisRedirect;

/* FALSE: it is none. */
gboolean orf_redis_redirect_read (const char *text, OrfRedisRedirect *redirect);

/* A line of CLUSTER NODES. */
typedef struct {
  char *address;   /* HOST:PORT; NULL: the node does not know */
  gboolean myself; /* the one that was asked */
  gboolean master; /* and not failed */
  char **ranges;   /* of its slots: "7", "0-5460"; what is on its way to another is not told */
} OrfRedisNodeLine;

/* FALSE: it is none. */
gboolean orf_redis_node_line_read (OrfRedisNodeLine *line, const char *text);
void orf_redis_node_line_clear (OrfRedisNodeLine *line);
gboolean orf_redis_range_read (const char *text, guint *first, guint *last);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfRedisNodeLine, orf_redis_node_line_clear)

G_END_DECLS
