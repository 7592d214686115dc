/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The medians of blocks of a stream, one after the other: what tests for a change are given, as
 * single values have tails that they do not expect.  Pure.
 */
#define ORF_BLOCK_MEDIAN_MAX 32

typedef struct {
  guint8 size, count;
  double values[ORF_BLOCK_MEDIAN_MAX];
} OrfBlockMedian;

/* size: of a block, 1 to ORF_BLOCK_MEDIAN_MAX. */
void orf_block_median_init (OrfBlockMedian *block, guint size);
/* TRUE: a block is full, and *median is its; NAN is no value. */
gboolean orf_block_median_push (OrfBlockMedian *block, double value, double *median);

G_END_DECLS
