/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-gpu-heap.h"

#include <stdlib.h>
#include <string.h>

#define KIB ((size_t) 1024)
#define MIB (1024 * KIB)

/* Bounds of PyTorch's allocator, which its statistics, and those who read them, are used to. */
#define GRANULE_BYTES       ((size_t) 512)
#define SMALL_MAX_BYTES     MIB
#define SMALL_SEGMENT_BYTES (2 * MIB)
#define LARGE_SEGMENT_BYTES (20 * MIB)
#define OWN_SEGMENT_BYTES   (10 * MIB) /* from here on a segment of its own */
#define OWN_STEP_BYTES      (2 * MIB)
/* A large remainder below this is not worth a block: it goes with the block before it. */
#define LARGE_REMAINDER_BYTES MIB

/* Large blocks that differ by less are interchangeable: at most 6 % of the smallest. */
#define LARGE_STEP_BYTES (64 * KIB)

void
orf_gpu_heap_init (OrfGpuHeap *heap, const OrfGpuBackend *backend)
{
  size_t granule_bytes = backend->alignment > GRANULE_BYTES ? backend->alignment : GRANULE_BYTES;

  memset (heap, 0, sizeof *heap);
  heap->backend = backend;
  heap->small.granule_bytes = granule_bytes;
  heap->large.granule_bytes = granule_bytes;
}

void
orf_gpu_heap_clear (OrfGpuHeap *heap)
{
  while (heap->spares != NULL) {
    OrfGpuBlock *spare = heap->spares;

    heap->spares = spare->bin_after;
    free (spare);
  }
}

static size_t
round_up (size_t bytes, size_t step)
{
  return (bytes + step - 1) / step * step;
}

bool
orf_gpu_heap_fit (const OrfGpuHeap *heap, size_t bytes, OrfGpuFit *fit)
{
  size_t granule_bytes = heap->large.granule_bytes;
  size_t max_bytes = heap->backend->max_bytes;

  if (bytes / granule_bytes >= (UINT64_C (1) << 45))
    return false;
  fit->is_small = bytes <= SMALL_MAX_BYTES;
  if (fit->is_small) {
    fit->block_bytes = orf_gpu_bins_round_up (&heap->small, bytes);
    fit->segment_bytes = round_up (SMALL_SEGMENT_BYTES, granule_bytes);
  } else if (bytes < OWN_SEGMENT_BYTES) {
    fit->block_bytes = round_up (round_up (bytes, LARGE_STEP_BYTES), granule_bytes);
    fit->segment_bytes = round_up (LARGE_SEGMENT_BYTES, granule_bytes);
  } else {
    fit->block_bytes = round_up (round_up (bytes, LARGE_STEP_BYTES), granule_bytes);
    fit->segment_bytes = round_up (round_up (bytes, OWN_STEP_BYTES), granule_bytes);
  }
  if (fit->segment_bytes < fit->block_bytes)
    fit->segment_bytes = fit->block_bytes;
  /* what the device can still give is not missed for our rounding */
  if (max_bytes != 0 && bytes <= max_bytes && fit->segment_bytes > max_bytes)
    fit->segment_bytes = fit->block_bytes = round_up (bytes, granule_bytes);
  return true;
}

static OrfGpuBlock *
new_block (OrfGpuHeap *heap)
{
  OrfGpuBlock *block = heap->spares;

  if (block == NULL)
    return calloc (1, sizeof *block);
  heap->spares = block->bin_after;
  memset (block, 0, sizeof *block);
  return block;
}

static void
keep_spare (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  memset (block, 0, sizeof *block);
  block->bin_after = heap->spares;
  heap->spares = block;
}

static void
drop_view (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  if (block->view != NULL && block->view != block->segment->memory)
    heap->backend->destroy_view (heap->backend->self, block->view);
  block->view = NULL;
}

static OrfGpuBins *
get_bins (OrfGpuHeap *heap, const OrfGpuSegment *segment)
{
  return segment->is_small ? &heap->small : &heap->large;
}

static void
make_loose (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  block->is_loose = true;
  block->loose_before = NULL;
  block->loose_after = heap->loose;
  if (heap->loose != NULL)
    heap->loose->loose_before = block;
  heap->loose = block;
}

static void
make_settled (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  if (!block->is_loose)
    return;
  if (block->loose_before != NULL)
    block->loose_before->loose_after = block->loose_after;
  else
    heap->loose = block->loose_after;
  if (block->loose_after != NULL)
    block->loose_after->loose_before = block->loose_before;
  block->loose_before = block->loose_after = NULL;
  block->is_loose = false;
}

/* Counts a block of a segment as active or idle. */
static void
change_active (OrfGpuHeap *heap, OrfGpuSegment *segment, size_t bytes, bool active)
{
  if (segment->n_active > 0)
    heap->inactive_split_bytes -= segment->bytes - segment->active_bytes;
  if (active) {
    segment->active_bytes += bytes;
    segment->n_active++;
    heap->active_bytes += bytes;
  } else {
    segment->active_bytes -= bytes;
    segment->n_active--;
    heap->active_bytes -= bytes;
  }
  if (segment->n_active > 0)
    heap->inactive_split_bytes += segment->bytes - segment->active_bytes;
}

bool
orf_gpu_heap_add_segment (OrfGpuHeap *heap, void *memory, size_t bytes, bool is_small)
{
  OrfGpuSegment *segment = calloc (1, sizeof *segment);
  OrfGpuBlock *block = segment != NULL ? new_block (heap) : NULL;

  if (block == NULL) {
    free (segment);
    return false;
  }
  *segment = (OrfGpuSegment){
    .memory = memory, .bytes = bytes, .is_small = is_small, .first = block, .after = heap->segments
  };
  if (heap->segments != NULL)
    heap->segments->before = segment;
  heap->segments = segment;
  heap->segment_bytes += bytes;
  heap->n_segments++;

  block->segment = segment;
  block->bytes = bytes;
  block->state = ORF_GPU_BLOCK_IDLE;
  orf_gpu_bins_add (get_bins (heap, segment), block);
  return true;
}

/* Cuts what is over off an idle block that is in no bin; nothing if the rest is too small to be
 * one, or for want of memory. */
static void
cut (OrfGpuHeap *heap, OrfGpuBlock *block, size_t bytes)
{
  OrfGpuSegment *segment = block->segment;
  size_t over_bytes = block->bytes - bytes;
  OrfGpuBlock *rest;

  if (over_bytes == 0 || (!segment->is_small && over_bytes <= LARGE_REMAINDER_BYTES))
    return;
  rest = new_block (heap);
  if (rest == NULL)
    return;
  drop_view (heap, block);
  rest->segment = segment;
  rest->offset = block->offset + bytes;
  rest->bytes = over_bytes;
  rest->state = ORF_GPU_BLOCK_IDLE;
  rest->before = block;
  rest->after = block->after;
  if (rest->after != NULL)
    rest->after->before = rest;
  block->after = rest;
  block->bytes = bytes;
  orf_gpu_bins_add (get_bins (heap, segment), rest);
  /* a block that was not merged yet may have had an idle neighbour behind it */
  if (rest->after != NULL && rest->after->state == ORF_GPU_BLOCK_IDLE)
    make_loose (heap, rest);
}

OrfGpuBlock *
orf_gpu_heap_take (OrfGpuHeap *heap, const OrfGpuFit *fit, size_t requested_bytes)
{
  OrfGpuBins *bins = fit->is_small ? &heap->small : &heap->large;
  OrfGpuBlock *block = orf_gpu_bins_find (bins, fit->block_bytes);

  if (block == NULL && heap->loose != NULL) {
    orf_gpu_heap_merge (heap);
    block = orf_gpu_bins_find (bins, fit->block_bytes);
  }
  if (block == NULL)
    return NULL;

  orf_gpu_bins_remove (bins, block);
  make_settled (heap, block);
  cut (heap, block, fit->block_bytes);
  block->state = ORF_GPU_BLOCK_GIVEN;
  block->requested_bytes = requested_bytes;
  change_active (heap, block->segment, block->bytes, true);
  heap->allocated_bytes += block->bytes;
  heap->requested_bytes += requested_bytes;
  heap->n_given++;
  return block;
}

void
orf_gpu_heap_hold (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  heap->allocated_bytes -= block->bytes;
  heap->requested_bytes -= block->requested_bytes;
  heap->n_given--;
  block->state = ORF_GPU_BLOCK_WAITING;
}

void
orf_gpu_heap_put (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  if (block->state == ORF_GPU_BLOCK_GIVEN)
    orf_gpu_heap_hold (heap, block);
  block->state = ORF_GPU_BLOCK_IDLE;
  change_active (heap, block->segment, block->bytes, false);
  orf_gpu_bins_add (get_bins (heap, block->segment), block);
  make_loose (heap, block);
}

/* Takes an idle neighbour into block; neither of them is in a bin. */
static void
join (OrfGpuHeap *heap, OrfGpuBlock *block, OrfGpuBlock *behind)
{
  drop_view (heap, block);
  drop_view (heap, behind);
  block->bytes += behind->bytes;
  block->after = behind->after;
  if (block->after != NULL)
    block->after->before = block;
  keep_spare (heap, behind);
}

static void
merge_around (OrfGpuHeap *heap, OrfGpuBlock *block)
{
  OrfGpuBins *bins = get_bins (heap, block->segment);
  OrfGpuBlock *behind;

  make_settled (heap, block);
  while (block->before != NULL && block->before->state == ORF_GPU_BLOCK_IDLE)
    block = block->before;
  behind = block->after;
  if (behind == NULL || behind->state != ORF_GPU_BLOCK_IDLE)
    return;
  orf_gpu_bins_remove (bins, block);
  make_settled (heap, block);
  while (behind != NULL && behind->state == ORF_GPU_BLOCK_IDLE) {
    orf_gpu_bins_remove (bins, behind);
    make_settled (heap, behind);
    join (heap, block, behind);
    behind = block->after;
  }
  orf_gpu_bins_add (bins, block);
}

void
orf_gpu_heap_merge (OrfGpuHeap *heap)
{
  while (heap->loose != NULL)
    merge_around (heap, heap->loose);
}

static void
unlink_segment (OrfGpuHeap *heap, OrfGpuSegment *segment)
{
  if (segment->before != NULL)
    segment->before->after = segment->after;
  else
    heap->segments = segment->after;
  if (segment->after != NULL)
    segment->after->before = segment->before;
  heap->segment_bytes -= segment->bytes;
  heap->n_segments--;
}

OrfGpuSegment *
orf_gpu_heap_take_idle_segments (OrfGpuHeap *heap)
{
  OrfGpuSegment *taken = NULL;
  OrfGpuSegment *segment = heap->segments;

  orf_gpu_heap_merge (heap);
  while (segment != NULL) {
    OrfGpuSegment *after = segment->after;

    if (segment->n_active == 0) {
      unlink_segment (heap, segment);
      orf_gpu_bins_remove (get_bins (heap, segment), segment->first);
      drop_view (heap, segment->first);
      keep_spare (heap, segment->first);
      segment->first = NULL;
      segment->after = taken;
      taken = segment;
    }
    segment = after;
  }
  return taken;
}

OrfGpuSegment *
orf_gpu_heap_take_all_segments (OrfGpuHeap *heap)
{
  OrfGpuSegment *taken = heap->segments;

  for (OrfGpuSegment *segment = taken; segment != NULL; segment = segment->after) {
    while (segment->first != NULL) {
      OrfGpuBlock *block = segment->first;

      segment->first = block->after;
      drop_view (heap, block);
      keep_spare (heap, block);
    }
  }
  heap->segments = NULL;
  heap->loose = NULL;
  return taken;
}

uint64_t
orf_gpu_heap_find_longest_idle (const OrfGpuHeap *heap)
{
  uint64_t longest_bytes = 0;

  for (const OrfGpuSegment *segment = heap->segments; segment != NULL; segment = segment->after) {
    uint64_t run_bytes = 0;

    for (const OrfGpuBlock *block = segment->first; block != NULL; block = block->after) {
      run_bytes = block->state == ORF_GPU_BLOCK_IDLE ? run_bytes + block->bytes : 0;
      if (run_bytes > longest_bytes)
        longest_bytes = run_bytes;
    }
  }
  return longest_bytes;
}
