/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/gpu-pool.h>

typedef struct OrfGpuSegment OrfGpuSegment;

typedef enum {
  ORF_GPU_BLOCK_SPARE = 0, /* a node without memory, kept for the next split */
  ORF_GPU_BLOCK_IDLE,      /* in a bin */
  ORF_GPU_BLOCK_GIVEN,     /* a caller's */
  ORF_GPU_BLOCK_WAITING,   /* released, its fence not known to be done */
} OrfGpuBlockState;

/* A part of a segment.  The blocks of a segment are a list by address without gaps.  All members
 * but those that a caller's getters read (segment->memory, offset, bytes, view, none of which
 * changes while the block is given out) are the pool's, under its lock. */
struct OrfGpuBlock {
  OrfGpuSegment *segment;
  size_t offset;
  size_t bytes;
  size_t requested_bytes;
  OrfGpuBlockState state;
  bool is_loose; /* idle, and its neighbours were not looked at since */
  void *view;    /* NULL: none made yet; the segment's memory where the block is all of it */
  void *fence;
  OrfGpuBlock *before, *after; /* by address */
  OrfGpuBlock *bin_before,
    *bin_after; /* of the same bin; bin_after also links spare and waiting ones */
  OrfGpuBlock *loose_before, *loose_after;
};

struct OrfGpuSegment {
  void *memory;
  size_t bytes;
  size_t active_bytes;
  size_t n_active; /* blocks that are not idle */
  bool is_small;   /* for blocks up to 1 MiB */
  OrfGpuBlock *first;
  OrfGpuSegment *before, *after;
};
