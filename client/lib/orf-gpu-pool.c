/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One mutex protects the heap, the waiting blocks and the figures.  The backend's create, destroy,
 * create_view and wait run without it, for they may take milliseconds: memory that is being created
 * is counted in creating_bytes, a segment that is being destroyed is in nobody's list, a view is
 * made for a block that is the caller's already, and a block whose fence is waited for is in no
 * list. destroy_view, is_done and destroy_fence run under it.  n_giving counts who destroys or
 * waits: before an allocation fails, it waits for them by the condition given.
 */
#include <orfeas/gpu-pool.h>

#include <pthread.h>
#include <stdlib.h>

#include "orf-gpu-heap.h"

struct OrfGpuPool {
  OrfGpuBackend backend;
  uint64_t limit_bytes;
  pthread_mutex_t lock;
  pthread_cond_t given; /* n_giving became 0 */
  unsigned n_giving;
  OrfGpuHeap heap;
  OrfGpuBlock *waiting; /* oldest first, by bin_after */
  OrfGpuBlock **waiting_end;
  uint64_t creating_bytes;
  uint64_t destroying_bytes; /* the device's to have back any moment */
  uint64_t returned_bytes;   /* and what it had back since the start */
  uint64_t allocated_peak_bytes;
  uint64_t reserved_peak_bytes;
  uint64_t ooms;
  uint64_t retries;
  uint64_t n_allocations;
  uint64_t n_created;
};

static bool
is_whole (const OrfGpuBackend *backend)
{
  bool has_view = backend->create_view != NULL;
  bool has_fence = backend->is_done != NULL;

  return backend->create != NULL && backend->destroy != NULL &&
         has_view == (backend->destroy_view != NULL) && has_fence == (backend->wait != NULL) &&
         has_fence == (backend->destroy_fence != NULL) &&
         (backend->alignment & (backend->alignment - 1)) == 0;
}

OrfGpuPool *
orf_gpu_pool_new (const OrfGpuBackend *backend, uint64_t limit_bytes)
{
  OrfGpuPool *pool;

  if (backend == NULL || !is_whole (backend))
    return NULL;
  pool = calloc (1, sizeof *pool);
  if (pool == NULL)
    return NULL;
  pool->backend = *backend;
  pool->limit_bytes = limit_bytes != 0 ? limit_bytes : UINT64_MAX;
  pool->waiting_end = &pool->waiting;
  pthread_mutex_init (&pool->lock, NULL);
  pthread_cond_init (&pool->given, NULL);
  orf_gpu_heap_init (&pool->heap, &pool->backend);
  return pool;
}

/* Without the lock. */
static uint64_t
destroy_segments (OrfGpuPool *pool, OrfGpuSegment *segments)
{
  uint64_t bytes = 0;

  while (segments != NULL) {
    OrfGpuSegment *segment = segments;

    segments = segment->after;
    bytes += segment->bytes;
    pool->backend.destroy (pool->backend.self, segment->memory);
    free (segment);
  }
  return bytes;
}

/* The rest run with the lock, unless they say otherwise. */

static uint64_t
get_reserved (const OrfGpuPool *pool)
{
  return pool->heap.segment_bytes + pool->creating_bytes + pool->destroying_bytes;
}

static void
note_peaks (OrfGpuPool *pool)
{
  uint64_t reserved_bytes = get_reserved (pool);

  if (pool->heap.allocated_bytes > pool->allocated_peak_bytes)
    pool->allocated_peak_bytes = pool->heap.allocated_bytes;
  if (reserved_bytes > pool->reserved_peak_bytes)
    pool->reserved_peak_bytes = reserved_bytes;
}

static void
end_waiting (OrfGpuPool *pool, OrfGpuBlock *block)
{
  pool->backend.destroy_fence (pool->backend.self, block->fence);
  block->fence = NULL;
  orf_gpu_heap_put (&pool->heap, block);
}

/* Those at the head whose fences are done become idle; all of them: whichever are. */
static void
collect_waiting (OrfGpuPool *pool, bool all)
{
  OrfGpuBlock **link = &pool->waiting;

  while (*link != NULL) {
    OrfGpuBlock *block = *link;

    if (pool->backend.is_done (pool->backend.self, block->fence)) {
      *link = block->bin_after;
      if (*link == NULL)
        pool->waiting_end = link;
      end_waiting (pool, block);
    } else if (all) {
      link = &block->bin_after;
    } else {
      return;
    }
  }
}

/* Around what runs without the lock to make memory idle or the device's. */
static void
begin_giving (OrfGpuPool *pool)
{
  pool->n_giving++;
  pthread_mutex_unlock (&pool->lock);
}

static void
end_giving (OrfGpuPool *pool)
{
  pthread_mutex_lock (&pool->lock);
  if (--pool->n_giving == 0)
    pthread_cond_broadcast (&pool->given);
}

/* Waits for those that are waiting now, without the lock meanwhile. */
static void
wait_for_waiting (OrfGpuPool *pool)
{
  OrfGpuBlock *block = pool->waiting;

  pool->waiting = NULL;
  pool->waiting_end = &pool->waiting;
  while (block != NULL) {
    OrfGpuBlock *after = block->bin_after;

    begin_giving (pool);
    pool->backend.wait (pool->backend.self, block->fence);
    end_giving (pool);
    end_waiting (pool, block);
    block = after;
  }
}

/* Takes idle segments out and destroys them, without the lock meanwhile. */
static uint64_t
give_back (OrfGpuPool *pool)
{
  OrfGpuSegment *segments = orf_gpu_heap_take_idle_segments (&pool->heap);
  uint64_t given_bytes = 0;

  if (segments == NULL)
    return 0;
  for (const OrfGpuSegment *segment = segments; segment != NULL; segment = segment->after)
    given_bytes += segment->bytes;
  pool->destroying_bytes += given_bytes;
  begin_giving (pool);
  destroy_segments (pool, segments);
  end_giving (pool);
  pool->destroying_bytes -= given_bytes;
  pool->returned_bytes += given_bytes;
  return given_bytes;
}

/* A new segment, made without the lock. */
static OrfStatus
grow (OrfGpuPool *pool, size_t bytes, bool is_small)
{
  uint64_t reserved_bytes = get_reserved (pool);
  OrfStatus status;
  void *memory = NULL;

  if (reserved_bytes > pool->limit_bytes || bytes > pool->limit_bytes - reserved_bytes)
    return ORF_STATUS_NO_MEMORY;
  pool->creating_bytes += bytes;
  pthread_mutex_unlock (&pool->lock);
  status = pool->backend.create (pool->backend.self, bytes, &memory);
  pthread_mutex_lock (&pool->lock);
  pool->creating_bytes -= bytes;
  if (status != ORF_STATUS_OK)
    return status;
  if (!orf_gpu_heap_add_segment (&pool->heap, memory, bytes, is_small)) {
    pool->backend.destroy (pool->backend.self, memory);
    return ORF_STATUS_NO_MEMORY;
  }
  pool->n_created++;
  return ORF_STATUS_OK;
}

/* Others may take from a new segment before we have the lock again: then once more. */
static OrfStatus
take_or_grow (
  OrfGpuPool *pool, const OrfGpuFit *fit, size_t segment_bytes, size_t bytes, OrfGpuBlock **block)
{
  OrfStatus status = ORF_STATUS_OK;

  while ((*block = orf_gpu_heap_take (&pool->heap, fit, bytes)) == NULL) {
    status = grow (pool, segment_bytes, fit->is_small);
    if (status != ORF_STATUS_OK)
      return status;
  }
  return ORF_STATUS_OK;
}

/* One more try, after giving back what is idle here and what others give back meanwhile. */
static OrfStatus
take_after_giving_back (OrfGpuPool *pool, const OrfGpuFit *fit, size_t bytes, OrfGpuBlock **block)
{
  *block = orf_gpu_heap_take (&pool->heap, fit, bytes);
  if (*block != NULL)
    return ORF_STATUS_OK;
  give_back (pool);
  while (pool->n_giving > 0)
    pthread_cond_wait (&pool->given, &pool->lock);
  return take_or_grow (pool, fit, fit->segment_bytes, bytes, block);
}

/* Where the device has no more: after giving back, after waiting for what is about to be idle, at
 * last with a segment that is no larger than need be. */
static OrfStatus
take_after_flush (OrfGpuPool *pool, const OrfGpuFit *fit, size_t bytes, OrfGpuBlock **block)
{
  OrfStatus status;

  if (pool->waiting != NULL)
    collect_waiting (pool, true);
  status = take_after_giving_back (pool, fit, bytes, block);
  if (status == ORF_STATUS_NO_MEMORY && pool->waiting != NULL) {
    wait_for_waiting (pool);
    status = take_after_giving_back (pool, fit, bytes, block);
  }
  if (status == ORF_STATUS_NO_MEMORY && fit->segment_bytes > fit->block_bytes)
    status = take_or_grow (pool, fit, fit->block_bytes, bytes, block);
  return status;
}

static OrfStatus
take (OrfGpuPool *pool, const OrfGpuFit *fit, size_t bytes, OrfGpuBlock **block)
{
  OrfStatus status;

  if (pool->waiting != NULL)
    collect_waiting (pool, false);
  status = take_or_grow (pool, fit, fit->segment_bytes, bytes, block);
  if (status == ORF_STATUS_NO_MEMORY) {
    status = take_after_flush (pool, fit, bytes, block);
    if (status == ORF_STATUS_OK)
      pool->retries++;
    else if (status == ORF_STATUS_NO_MEMORY)
      pool->ooms++;
  }
  if (status != ORF_STATUS_OK)
    return status;
  pool->n_allocations++;
  note_peaks (pool);
  return ORF_STATUS_OK;
}

/* Without the lock: the block is ours. */
static OrfStatus
make_view (OrfGpuPool *pool, OrfGpuBlock *block)
{
  if (block->bytes == block->segment->bytes) {
    block->view = block->segment->memory;
    return ORF_STATUS_OK;
  }
  return pool->backend.create_view (pool->backend.self, block->segment->memory, block->offset,
                                    block->bytes, &block->view);
}

OrfStatus
orf_gpu_pool_allocate (OrfGpuPool *pool, size_t bytes, OrfGpuBlock **block)
{
  OrfGpuBlock *taken = NULL;
  OrfGpuFit fit;
  OrfStatus status;

  if (bytes == 0)
    return ORF_STATUS_INVALID;
  if (!orf_gpu_heap_fit (&pool->heap, bytes, &fit))
    return ORF_STATUS_NO_MEMORY;
  pthread_mutex_lock (&pool->lock);
  status = take (pool, &fit, bytes, &taken);
  pthread_mutex_unlock (&pool->lock);
  if (status != ORF_STATUS_OK)
    return status;

  if (taken->view == NULL && pool->backend.create_view != NULL) {
    status = make_view (pool, taken);
    if (status != ORF_STATUS_OK) {
      orf_gpu_pool_release (pool, taken);
      return status;
    }
  }
  *block = taken;
  return ORF_STATUS_OK;
}

OrfStatus
orf_gpu_pool_release (OrfGpuPool *pool, OrfGpuBlock *block)
{
  OrfStatus status = ORF_STATUS_INVALID;

  if (block == NULL)
    return ORF_STATUS_OK;
  pthread_mutex_lock (&pool->lock);
  if (block->state == ORF_GPU_BLOCK_GIVEN) {
    orf_gpu_heap_put (&pool->heap, block);
    status = ORF_STATUS_OK;
  }
  pthread_mutex_unlock (&pool->lock);
  return status;
}

OrfStatus
orf_gpu_pool_release_after (OrfGpuPool *pool, OrfGpuBlock *block, void *fence)
{
  OrfStatus status = ORF_STATUS_INVALID;

  if (fence == NULL)
    return orf_gpu_pool_release (pool, block);
  if (pool->backend.is_done == NULL)
    return ORF_STATUS_INVALID;
  pthread_mutex_lock (&pool->lock);
  if (block != NULL && block->state == ORF_GPU_BLOCK_GIVEN) {
    orf_gpu_heap_hold (&pool->heap, block);
    block->fence = fence;
    block->bin_after = NULL;
    *pool->waiting_end = block;
    pool->waiting_end = &block->bin_after;
    status = ORF_STATUS_OK;
  } else {
    pool->backend.destroy_fence (pool->backend.self, fence);
  }
  pthread_mutex_unlock (&pool->lock);
  return block == NULL ? ORF_STATUS_OK : status;
}

uint64_t
orf_gpu_pool_trim (OrfGpuPool *pool, OrfCleanupLevel level)
{
  uint64_t given_bytes;

  pthread_mutex_lock (&pool->lock);
  if (pool->waiting != NULL) {
    if (level == ORF_CLEANUP_LEVEL_LIGHT)
      collect_waiting (pool, true);
    else
      wait_for_waiting (pool);
  }
  given_bytes = give_back (pool);
  pthread_mutex_unlock (&pool->lock);
  if (given_bytes > 0 && pool->backend.trimmed != NULL)
    pool->backend.trimmed (pool->backend.self);
  return given_bytes;
}

void
orf_gpu_pool_get_stats (OrfGpuPool *pool, OrfGpuPoolStats *stats)
{
  const OrfGpuHeap *heap = &pool->heap;

  pthread_mutex_lock (&pool->lock);
  if (pool->waiting != NULL)
    collect_waiting (pool, true);
  *stats = (OrfGpuPoolStats){
    .allocated_bytes = heap->allocated_bytes,
    .active_bytes = heap->active_bytes,
    .reserved_bytes = get_reserved (pool),
    .inactive_split_bytes = heap->inactive_split_bytes,
    .ooms = pool->ooms,
    .retries = pool->retries,
    .requested_bytes = heap->requested_bytes,
    .largest_free_bytes = orf_gpu_heap_find_longest_idle (heap),
    .allocated_peak_bytes = pool->allocated_peak_bytes,
    .reserved_peak_bytes = pool->reserved_peak_bytes,
    .n_blocks = heap->n_given,
    .n_segments = heap->n_segments,
    .n_allocations = pool->n_allocations,
    .n_created = pool->n_created,
    .returned_bytes = pool->returned_bytes,
  };
  pthread_mutex_unlock (&pool->lock);
}

void
orf_gpu_pool_reset_peak (OrfGpuPool *pool)
{
  pthread_mutex_lock (&pool->lock);
  pool->allocated_peak_bytes = pool->heap.allocated_bytes;
  pool->reserved_peak_bytes = get_reserved (pool);
  pthread_mutex_unlock (&pool->lock);
}

void
orf_gpu_pool_free (OrfGpuPool *pool)
{
  if (pool == NULL)
    return;
  pthread_mutex_lock (&pool->lock);
  if (pool->waiting != NULL)
    wait_for_waiting (pool);
  pthread_mutex_unlock (&pool->lock);
  destroy_segments (pool, orf_gpu_heap_take_all_segments (&pool->heap));
  orf_gpu_heap_clear (&pool->heap);
  pthread_cond_destroy (&pool->given);
  pthread_mutex_destroy (&pool->lock);
  if (pool->backend.free_self != NULL)
    pool->backend.free_self (pool->backend.self);
  free (pool);
}

void *
orf_gpu_block_get_view (const OrfGpuBlock *block)
{
  return block->view;
}

void *
orf_gpu_block_get_memory (const OrfGpuBlock *block)
{
  return block->segment->memory;
}

size_t
orf_gpu_block_get_offset (const OrfGpuBlock *block)
{
  return block->offset;
}

size_t
orf_gpu_block_get_bytes (const OrfGpuBlock *block)
{
  return block->bytes;
}
