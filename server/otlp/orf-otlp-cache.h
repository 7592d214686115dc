/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "otlp/orf-otlp-wire.h"

G_BEGIN_DECLS

/*
 * Which series a point's bytes mean: attributes as they came are looked up whole, so that they are
 * read once and not with each point.  A series is told by a slot, a number that the main context
 * knows the series of.  One context; hashing is seeded.
 */
typedef struct _OrfOtlpCache OrfOtlpCache;

/* A series of a histogram or summary: its bound, or its quantile. */
typedef struct {
  double bound;
  guint32 slot;
} OrfOtlpBucket;

/* One stream of points.  The slots of what it does not have are not looked at. */
typedef struct {
  guint32 slot; /* a number's; of others their _count */
  guint32 sum_slot;
  GArray *buckets; /* OrfOtlpBucket, rising; NULL: none */
  /* of an exponential histogram: which buckets there are, see orf-otlp-exponential.h */
  gboolean has_range;
  gint scale;
  gint64 low, high;
} OrfOtlpEntry;

OrfOtlpCache *orf_otlp_cache_new (void);
void orf_otlp_cache_free (OrfOtlpCache *cache);
/* All is forgotten, and slots begin at 0. */
void orf_otlp_cache_reset (OrfOtlpCache *cache);

/* A number for these bytes in this context (0: none), the same each time; never 0. */
guint32 orf_otlp_cache_intern (OrfOtlpCache *cache,
                               guint32 context,
                               const OrfOtlpBytes *parts,
                               guint n_parts);
/* *fresh: it is new; the caller fills it, or forgets it. */
OrfOtlpEntry *orf_otlp_cache_find (
  OrfOtlpCache *cache, guint32 context, const OrfOtlpBytes *parts, guint n_parts, gboolean *fresh);
/* The entry that was found last. */
void orf_otlp_cache_forget (OrfOtlpCache *cache);

guint32 orf_otlp_cache_next_slot (OrfOtlpCache *cache);
guint orf_otlp_cache_get_n_slots (const OrfOtlpCache *cache);
gsize orf_otlp_cache_get_size_bytes (const OrfOtlpCache *cache);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOtlpCache, orf_otlp_cache_free)

G_END_DECLS
