/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-level.h"

G_BEGIN_DECLS

/*
 * One entry of the first level: a head and, in the same block of memory, its key, its tags and its
 * value.  Times are monotonic.
 */
typedef struct _OrfCacheCell OrfCacheCell;

typedef enum {
  ORF_CACHE_BINARY = 1 << 0,   /* the value is not text: told as base64 */
  ORF_CACHE_NEGATIVE = 1 << 1, /* known: there is no value */
  ORF_CACHE_PACKED = 1 << 3,   /* the value is a zstd frame (orf-cache-pack.h) */
  ORF_CACHE_ALONE = 1 << 2,    /* its node of the second level could not be reached */
} OrfCacheFlags;

/* What an entry is made of. */
typedef struct {
  OrfCacheBytes key, value;
  const char *const *tags; /* NULL-terminated; NULL: none */
  OrfCacheFlags flags;
  gint64 expires_us; /* from then on it is stale */
  gint64 stale_us;   /* so much longer it may be served while it is made again */
  gint64 cost_us;    /* what it took to make it; -1: not known */
  guint16 node;      /* of the second level; ORF_CACHE_NO_NODE: only here */
  guint32 epoch;     /* of the node */
} OrfCacheItem;

struct _OrfCacheCell {
  OrfCacheCell *chain;         /* in its bucket */
  OrfCacheCell *newer, *older; /* in its queue */
  guint64 version;             /* grows with each that is put */
  gint64 expires_us;
  guint32 stale_ms;
  guint32 cost_us; /* G_MAXUINT32: not known */
  guint32 hash;
  guint32 held_bytes; /* what malloc has for it */
  guint32 value_length;
  guint32 epoch;
  guint16 node;
  guint16 key_length, tags_length;
  guint16 name;      /* of its namespace */
  guint8 flags;      /* OrfCacheFlags */
  guint8 queue : 1;  /* OrfCacheQueueId */
  guint8 visits : 2; /* since it was last considered for eviction, at most 3 */
  char data[];       /* key, tags (each a byte of length, then it), value */
};

/* What a cell of it takes, to within malloc's rounding. */
gsize orf_cache_item_measure (const OrfCacheItem *item);
OrfCacheCell *orf_cache_cell_new (const OrfCacheItem *item);
void orf_cache_cell_free (OrfCacheCell *entry);

OrfCacheBytes orf_cache_cell_get_key (const OrfCacheCell *entry);
OrfCacheBytes orf_cache_cell_get_value (const OrfCacheCell *entry);
gboolean orf_cache_cell_has_tag (const OrfCacheCell *entry, const char *tag);
/* NULL-terminated; NULL: none. */
char **orf_cache_cell_dup_tags (const OrfCacheCell *entry);
gboolean orf_cache_cell_has_key (const OrfCacheCell *entry, guint32 hash, OrfCacheBytes key);
/* It may not even be served stale. */
gboolean orf_cache_cell_is_over (const OrfCacheCell *entry, gint64 now_us);

/* Whether text is what pattern says: * stands for any bytes, ? for one, all else for itself. */
gboolean orf_cache_match (const char *pattern, OrfCacheBytes text);

G_END_DECLS
