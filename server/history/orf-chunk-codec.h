/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Points of a chunk at most: bounds what a header alone can make a reader allocate. */
#define ORF_CHUNK_MAX_POINTS (1u << 22)
/* Scratch space is kept for so many: three hours of one a second are fewer, larger chunks are rare.
 */
#define ORF_CHUNK_KEPT_POINTS (1u << 14)

/* What a chunk's header tells.  min and max leave NaN out; with NaN alone they are NaN. */
typedef struct {
  guint32 count;
  gint64 first_us;
  gint64 last_us;
  double min;
  double max;
  double first;
  double last;
} OrfChunkInfo;

/*
 * Points of one series <-> bytes, lossless for every double and every gint64 time in rising order
 * (equal ones too); doc/chunk-format.md is the format.  Holds scratch space: one thread at a time.
 */
typedef struct _OrfChunkCodec OrfChunkCodec;

OrfChunkCodec *orf_chunk_codec_new (void);
void orf_chunk_codec_free (OrfChunkCodec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfChunkCodec, orf_chunk_codec_free)
/* Gives back what larger chunks than ORF_CHUNK_KEPT_POINTS needed. */
void orf_chunk_codec_relax (OrfChunkCodec *self);

/* INVALID_ARGUMENT: no points, more than ORF_CHUNK_MAX_POINTS, or times that go back. */
GByteArray *orf_chunk_codec_encode (
  OrfChunkCodec *self, const gint64 *times_us, const double *values, gsize count, GError **error);

/* Reads the header only, but checks the whole chunk's checksum.  DATA_LOSS: no sound chunk. */
gboolean orf_chunk_peek (const guint8 *data, gsize length, OrfChunkInfo *info, GError **error);
/* As it stands in a sound chunk. */
guint32 orf_chunk_get_checksum (const guint8 *data);

/*
 * Fills the arrays, which hold `capacity` points each, and says how many there are in `count`.
 * DATA_LOSS: no sound chunk; INVALID_ARGUMENT: it has more than `capacity`.  On failure the arrays
 * hold nothing of use.
 */
gboolean orf_chunk_codec_decode (OrfChunkCodec *self,
                                 const guint8 *data,
                                 gsize length,
                                 gint64 *times_us,
                                 double *values,
                                 gsize capacity,
                                 gsize *count,
                                 GError **error);

G_END_DECLS
