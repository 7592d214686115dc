/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-desc.h" /* OrfPoint */

G_BEGIN_DECLS

/*
 * The last minutes of one series in memory, in time order, one point a t_us: what recent queries
 * read. 12 bytes a point.  A plain value, embedded in OrfSeries.
 *
 * All points at or after complete_from_us are here; of older ones the file has more.
 */
typedef struct {
  gint64 base_us; /* of the offsets */
  gint64 complete_from_us;
  guint32 *offsets_us; /* a ring with values */
  double *values;
  guint32 first, count, capacity;
} OrfOpenChunk;

typedef struct {
  gint64 open_us; /* longest span kept; below 2^32 us */
  guint max_points;
} OrfOpenLimits;

/* complete_from_us: 0 for a series of which the file has nothing. */
void orf_open_chunk_init (OrfOpenChunk *chunk, gint64 complete_from_us);
void orf_open_chunk_clear (OrfOpenChunk *chunk);

/* A point older than the newest by more than open_us is left to the file.  What no longer fits
 * goes. complete_from_us rises where that leaves a gap. */
void
orf_open_chunk_add (OrfOpenChunk *chunk, const OrfOpenLimits *limits, gint64 t_us, double value);
/* Drops what is older, so that a series gone quiet gives its memory back. */
void orf_open_chunk_trim (OrfOpenChunk *chunk, gint64 before_us);
/* After a start: the points that the file has from from_us up to to_us, by time.  What is there
 * already wins at the same t_us.  Nothing is taken where a gap would stay between them and it. */
void orf_open_chunk_prepend (OrfOpenChunk *chunk,
                             const OrfOpenLimits *limits,
                             const OrfPoint *points,
                             guint n_points,
                             gint64 from_us,
                             gint64 to_us);

/* Appends the points with from_us <= t_us < to_us to points (of OrfPoint). */
void orf_open_chunk_read (const OrfOpenChunk *chunk, gint64 from_us, gint64 to_us, GArray *points);
/* FALSE: empty. */
gboolean orf_open_chunk_get_last (const OrfOpenChunk *chunk, OrfPoint *point);
gsize orf_open_chunk_get_size_bytes (const OrfOpenChunk *chunk);

G_END_DECLS
