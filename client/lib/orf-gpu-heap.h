/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-gpu-bins.h"
#include "orf-gpu-block.h"

/*
 * The book of an OrfGpuPool: which segments there are, how they are cut into blocks, which of them
 * are idle.  Nothing here asks the device for memory; views alone are given back to the backend,
 * when their block is cut or merged.
 *
 * Invariants: the blocks of a segment follow each other without gaps; an idle block is in exactly
 * one bin, that of its size and its segment's kind; an idle block that may have an idle neighbour
 * is loose; a segment without active blocks is one idle block after orf_gpu_heap_merge().
 *
 * Not locked: the pool's lock protects it.
 */

typedef struct {
  const OrfGpuBackend *backend;
  OrfGpuBins
    small; /* blocks up to 1 MiB have segments of their own, so that they split no large one */
  OrfGpuBins large;
  OrfGpuSegment *segments;
  OrfGpuBlock *loose;
  OrfGpuBlock *spares;
  uint64_t active_bytes;
  uint64_t requested_bytes;      /* of blocks that are given out */
  uint64_t allocated_bytes;      /* of those */
  uint64_t inactive_split_bytes; /* idle, in segments with active blocks */
  uint64_t segment_bytes;        /* of all segments */
  uint64_t n_segments;
  uint64_t n_given;
} OrfGpuHeap;

/* How large the block for a request is, and the segment to be made where none has such a block. */
typedef struct {
  size_t block_bytes;
  size_t segment_bytes;
  bool is_small;
} OrfGpuFit;

void orf_gpu_heap_init (OrfGpuHeap *heap, const OrfGpuBackend *backend);
/* Frees the book; every segment was taken out before. */
void orf_gpu_heap_clear (OrfGpuHeap *heap);

/* false: more than any device has. */
bool orf_gpu_heap_fit (const OrfGpuHeap *heap, size_t bytes, OrfGpuFit *fit);

/* memory becomes one idle block; false for want of memory. */
bool orf_gpu_heap_add_segment (OrfGpuHeap *heap, void *memory, size_t bytes, bool is_small);
/* A block as fit says, now given out; merges if nothing fits else.  NULL: none. */
OrfGpuBlock *orf_gpu_heap_take (OrfGpuHeap *heap, const OrfGpuFit *fit, size_t requested_bytes);
/* A given block is a caller's no more, but not idle yet. */
void orf_gpu_heap_hold (OrfGpuHeap *heap, OrfGpuBlock *block);
/* A given or waiting block becomes idle. */
void orf_gpu_heap_put (OrfGpuHeap *heap, OrfGpuBlock *block);

void orf_gpu_heap_merge (OrfGpuHeap *heap);
/* Merges, and takes the idle segments out: a list by after, for the caller to destroy and free().
 */
OrfGpuSegment *orf_gpu_heap_take_idle_segments (OrfGpuHeap *heap);
/* As above, and whatever is in it. */
OrfGpuSegment *orf_gpu_heap_take_all_segments (OrfGpuHeap *heap);

uint64_t orf_gpu_heap_find_longest_idle (const OrfGpuHeap *heap);
