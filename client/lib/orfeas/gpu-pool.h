/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ORFEAS_GPU_POOL_H
#define ORFEAS_GPU_POOL_H

#include <orfeas/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * OrfGpuPool: a caching allocator of device memory.
 *
 * It takes segments from a backend (OpenCL: <orfeas/opencl.h>), gives out blocks of them, and keeps
 * what is released for the next who asks, so that allocating costs less than a microsecond and the
 * device's own allocator is seldom asked.  orf_gpu_pool_trim() gives idle segments back.
 *
 * Sizes: up to 1 MiB in steps of at most 1/16 of the size, from segments of 2 MiB; above in steps
 * of 64 KiB, from segments of 20 MiB, or from 10 MiB on of its own, a multiple of 2 MiB.  A block
 * that is larger than asked for is split; neighbours that are idle are merged when nothing fits,
 * and before anything is given back.
 *
 * Threads: every function may be called from any thread at any time, save orf_gpu_pool_free(),
 * which nothing may run beside.  A block's getters need no lock as long as the block is the
 * caller's.
 */
typedef struct OrfGpuPool OrfGpuPool;
typedef struct OrfGpuBlock OrfGpuBlock;

/*
 * Where segments come from.  The pool copies the table.
 * Each function may be called from whatever thread calls the pool, several at once, and must not
 * call the pool.
 */
typedef struct {
  void *self;
  /* What a block's offset is a multiple of, in bytes: a power of two; below 512 means 512. */
  size_t alignment;
  /* The largest that create() can give; 0: it will say so itself. */
  size_t max_bytes;
  /* NO_MEMORY makes the pool give back what is idle and try again; anything else is passed on. */
  OrfStatus (*create) (void *self, size_t bytes, void **memory);
  void (*destroy) (void *self, void *memory);
  /* What a block is used by, a part of memory.  It is kept with the block and given out again with
   * it.  NULL: blocks are memory and offset alone. */
  OrfStatus (*create_view) (void *self, void *memory, size_t offset, size_t bytes, void **view);
  void (*destroy_view) (void *self, void *view);
  /* Of what orf_gpu_pool_release_after() takes; all three or none. */
  bool (*is_done) (void *self, void *fence);
  void (*wait) (void *self, void *fence); /* until it is done */
  void (*destroy_fence) (void *self, void *fence);
  /* After a trim that gave something back; NULL: nothing to do. */
  void (*trimmed) (void *self);
  /* With the pool; NULL: self is the caller's, and lives at least as long. */
  void (*free_self) (void *self);
} OrfGpuBackend;

/* All in bytes; the first six as PyTorch's memory_stats counts them. */
typedef struct {
  uint64_t allocated_bytes; /* in blocks that are given out, as large as they are */
  uint64_t active_bytes;    /* allocated, or released and waiting for a fence */
  uint64_t reserved_bytes;  /* held from the device */
  uint64_t
    inactive_split_bytes;      /* idle, in segments that active blocks keep from being given back */
  uint64_t ooms;               /* allocations that failed for want of memory, since the start */
  uint64_t retries;            /* that worked only after waiting, or giving back what was idle */
  uint64_t requested_bytes;    /* allocated, as large as was asked for */
  uint64_t largest_free_bytes; /* the longest idle run: what fits without asking the device */
  uint64_t allocated_peak_bytes; /* the most allocated since orf_gpu_pool_reset_peak() */
  uint64_t reserved_peak_bytes;
  uint64_t n_blocks; /* given out */
  uint64_t n_segments;
  uint64_t n_allocations;  /* since the start, that worked */
  uint64_t n_created;      /* segments taken from the device since the start */
  uint64_t returned_bytes; /* given back to the device since the start */
  uint64_t reserved[5];    /* 0; room for what comes */
} OrfGpuPoolStats;

/* limit_bytes: never more is held from the device (0: as much as it gives); an allocation that
 * would need more finds no memory.  NULL where the backend lacks create or destroy, where its views
 * or fences are not whole, or for want of memory; self is the caller's still then. */
OrfGpuPool *orf_gpu_pool_new (const OrfGpuBackend *backend, uint64_t limit_bytes);
/* Gives back everything, blocks that are given out too; waits for fences.  NULL is nothing. */
void orf_gpu_pool_free (OrfGpuPool *pool);

/* A block of at least bytes (1 or more) for the caller, who gives it to orf_gpu_pool_release(). Its
 * content is whatever it was.  NO_MEMORY after idle memory was given back and fences were waited
 * for; FAILED as the backend says.  *block is untouched unless OK. */
OrfStatus orf_gpu_pool_allocate (OrfGpuPool *pool, size_t bytes, OrfGpuBlock **block);
/* The block may be anyone's from now on: commands that use it are done, or all users of the pool
 * put theirs into one in-order queue.  NULL is nothing.  A block that is not given out is INVALID,
 * as far as that can be seen. */
OrfStatus orf_gpu_pool_release (OrfGpuPool *pool, OrfGpuBlock *block);
/* As above, from when fence (OpenCL: the cl_event of the last command that uses the block) is done;
 * the pool takes fence over, whatever it answers.  Commands that are not flushed are never done.  A
 * fence that is NULL is done. */
OrfStatus orf_gpu_pool_release_after (OrfGpuPool *pool, OrfGpuBlock *block, void *fence);

/* Gives idle segments back to the device, and answers how many bytes that were.  LIGHT: those that
 * are idle now.  NORMAL: after waiting for the fences of released blocks.  AGGRESSIVE means
 * something to the program alone, which may unload what its blocks hold; here it is NORMAL. */
uint64_t orf_gpu_pool_trim (OrfGpuPool *pool, OrfCleanupLevel level);

/* A consistent look; takes as long as there are blocks, some ns each. */
void orf_gpu_pool_get_stats (OrfGpuPool *pool, OrfGpuPoolStats *stats);
/* Peaks are counted from what is allocated and reserved now, as before a batch. */
void orf_gpu_pool_reset_peak (OrfGpuPool *pool);

/* All borrowed: the backend's, as long as the block is not released. */
void *orf_gpu_block_get_view (const OrfGpuBlock *block);    /* NULL with a backend without views */
void *orf_gpu_block_get_memory (const OrfGpuBlock *block);  /* the segment it is a part of */
size_t orf_gpu_block_get_offset (const OrfGpuBlock *block); /* in that, bytes */
size_t orf_gpu_block_get_bytes (const OrfGpuBlock *block);  /* at least what was asked for */

#ifdef __cplusplus
}
#endif

#endif
