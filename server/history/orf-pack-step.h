/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-chunk-codec.h"
#include "history/orf-rollup.h"

G_BEGIN_DECLS

/* A row of `chunk`. */
typedef struct {
  gint64 id, series_id;
  gint64 start_us, end_us;
  gint64 count;
  double min, max, sum;
  guint32 checksum;
  GByteArray *data;
} OrfChunkRow;

/* A row of `chunk_block`, or what is added to one. */
typedef struct {
  gint64 block; /* 0: none */
  gint64 level;
  gint64 order_no;
  gint64 min_t_us, max_t_us;
  gint64 chunks, samples;
} OrfChunkBlock;

/* A row of `counter_fall`. */
typedef struct {
  gint64 series_id, t_us;
} OrfCounterFall;

/* The row of `packing`. */
typedef struct {
  gint64 from_rowid, to_rowid;
  gint64 next_series_id;
  gint64 block;
  gint64 merge_block;
  gint64 merge_from_order, merge_to_order;
  gint64 merge_next_series_id;
} OrfPacking;

/*
 * What is written in one transaction of packing: rows made by the packer's thread, written by the
 * writer's.  A plain value.
 */
typedef struct {
  OrfPacking packing;  /* as it is afterwards */
  OrfChunkBlock block; /* counts are added to those that it has */
  GPtrArray *chunks;   /* OrfChunkRow */
  GArray *gone_chunks; /* gint64 ids, deleted */
  GArray *gone_blocks; /* gint64: rows of chunk_block that are deleted */
  /* Blocks of after < order_no <= to get this level; level 0: none. */
  gint64 given_up_after_order, given_up_to_order;
  gint64 given_up_level;
  GArray *minutes, *hours; /* OrfRollup; each takes the place of what is there */
  GArray *falls;           /* OrfCounterFall */
} OrfPackStep;

OrfPackStep *orf_pack_step_new (const OrfPacking *packing);
void orf_pack_step_free (OrfPackStep *step);
/* What malloc holds for it. */
gsize orf_pack_step_measure (const OrfPackStep *step);
/* Samples of one series by rising time as a chunk of the step's block, counted in it. */
gboolean orf_pack_step_add_chunk (OrfPackStep *step,
                                  OrfChunkCodec *codec,
                                  gint64 series_id,
                                  const gint64 *times_us,
                                  const double *values,
                                  gsize count,
                                  GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPackStep, orf_pack_step_free)

G_END_DECLS
