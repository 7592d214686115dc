/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that are read from front to back and never past their end. */
typedef struct {
  const guint8 *at;
  const guint8 *end;
} OrfChunkReader;

gboolean orf_chunk_reader_take (OrfChunkReader *reader, gsize length, const guint8 **bytes);
gboolean orf_chunk_reader_take_varint (OrfChunkReader *reader, guint64 *value);
void orf_chunk_put_varint (GByteArray *out, guint64 value);

/*
 * Columns of 64-bit words: an integer column (times, scaled decimals) goes through a common divisor
 * and a predictor, then both kinds through a splitter of low bits and byte planes (see
 * doc/chunk-format.md).  The object keeps zstd's contexts and scratch space; it belongs to one
 * thread at a time.
 */
typedef struct _OrfChunkInts OrfChunkInts;

OrfChunkInts *orf_chunk_ints_new (void);
void orf_chunk_ints_free (OrfChunkInts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfChunkInts, orf_chunk_ints_free)
/* Gives back scratch space for more than kept words. */
void orf_chunk_ints_relax (OrfChunkInts *self, gsize kept);

void orf_chunk_ints_put_column (OrfChunkInts *self, const gint64 *x, gsize count, GByteArray *out);
void
orf_chunk_ints_put_words (OrfChunkInts *self, const guint64 *words, gsize count, GByteArray *out);

/* FALSE: the bytes are not such a column; what `x` or `words` hold then is of no use. */
gboolean
orf_chunk_ints_take_column (OrfChunkInts *self, OrfChunkReader *in, gint64 *x, gsize count);
gboolean
orf_chunk_ints_take_words (OrfChunkInts *self, OrfChunkReader *in, guint64 *words, gsize count);

G_END_DECLS
