/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-block-median.h"
#include "stats/orf-median.h"

#include <math.h>

void
orf_block_median_init (OrfBlockMedian *block, guint size)
{
  block->size = (guint8) CLAMP (size, 1, ORF_BLOCK_MEDIAN_MAX);
  block->count = 0;
}

gboolean
orf_block_median_push (OrfBlockMedian *block, double value, double *median)
{
  if (isnan (value))
    return FALSE;
  block->values[block->count++] = value;
  if (block->count < block->size)
    return FALSE;
  block->count = 0;
  *median = orf_median_of (block->values, block->size);
  return TRUE;
}
