/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <sched.h>

#include "fake-device.h"

#define KIB ((size_t) 1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

typedef struct {
  FakeDevice device;
  OrfGpuPool *pool;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer capacity_mib)
{
  OrfGpuBackend backend;

  fake_device_init (&fixture->device, GPOINTER_TO_SIZE (capacity_mib) * MIB);
  backend = fake_device_get_backend (&fixture->device);
  fixture->pool = orf_gpu_pool_new (&backend, 0);
  g_assert_nonnull (fixture->pool);
}

static void
tear_down (Fixture *fixture, gconstpointer capacity_mib)
{
  orf_gpu_pool_free (fixture->pool);
  g_assert_cmpuint (fixture->device.n_freed, ==, 1);
  fake_device_clear (&fixture->device);
}

static OrfGpuPoolStats
get_stats (Fixture *fixture)
{
  OrfGpuPoolStats stats;

  orf_gpu_pool_get_stats (fixture->pool, &stats);
  return stats;
}

static OrfGpuBlock *
allocate (Fixture *fixture, size_t bytes)
{
  OrfGpuBlock *block = NULL;

  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, bytes, &block), ==, ORF_STATUS_OK);
  g_assert_cmpuint (orf_gpu_block_get_bytes (block), >=, bytes);
  return block;
}

static void
release (Fixture *fixture, OrfGpuBlock *block)
{
  g_assert_cmpint (orf_gpu_pool_release (fixture->pool, block), ==, ORF_STATUS_OK);
}

static void
test_segments (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *small = allocate (fixture, 1000);
  OrfGpuBlock *beside = allocate (fixture, MIB);
  OrfGpuBlock *large = allocate (fixture, MIB + 1);
  OrfGpuBlock *own = allocate (fixture, 11 * MIB + 1);
  OrfGpuPoolStats stats = get_stats (fixture);

  g_assert_cmpuint (orf_gpu_block_get_bytes (small), ==, 1024);
  g_assert_true (orf_gpu_block_get_memory (small) == orf_gpu_block_get_memory (beside));
  g_assert_cmpuint (orf_gpu_block_get_offset (beside), ==, 1024);
  g_assert_cmpuint (orf_gpu_block_get_bytes (large), ==, MIB + 64 * KIB);
  /* in what the large one left of its segment */
  g_assert_true (orf_gpu_block_get_memory (own) == orf_gpu_block_get_memory (large));
  g_assert_cmpuint (stats.n_segments, ==, 2);
  g_assert_cmpuint (stats.reserved_bytes, ==, 22 * MIB);
  g_assert_cmpuint (stats.requested_bytes, ==, 1000 + MIB + MIB + 1 + 11 * MIB + 1);
  g_assert_cmpuint (stats.allocated_bytes, ==, 1024 + MIB + MIB + 64 * KIB + 11 * MIB + 64 * KIB);
  g_assert_cmpuint (stats.active_bytes, ==, stats.allocated_bytes);
  g_assert_cmpuint (stats.inactive_split_bytes, ==, stats.reserved_bytes - stats.allocated_bytes);
  g_assert_cmpuint (stats.n_blocks, ==, 4);

  release (fixture, own);
  own = allocate (fixture, 30 * MIB);
  g_assert_cmpuint (get_stats (fixture).n_segments, ==, 3);
  g_assert_cmpuint (get_stats (fixture).reserved_bytes, ==, 52 * MIB);
  g_assert_true (orf_gpu_block_get_view (own) == orf_gpu_block_get_memory (own));
  release (fixture, small);
  release (fixture, beside);
  release (fixture, large);
  release (fixture, own);
  stats = get_stats (fixture);
  g_assert_cmpuint (stats.allocated_bytes, ==, 0);
  g_assert_cmpuint (stats.requested_bytes, ==, 0);
  g_assert_cmpuint (stats.inactive_split_bytes, ==, 0);
  g_assert_cmpuint (stats.largest_free_bytes, ==, 30 * MIB);
  g_assert_cmpuint (stats.allocated_peak_bytes, ==, 32 * MIB + 64 * KIB + 1024);
}

/* The same size again is the same block with the same view, and asks the device for nothing. */
static void
test_cache (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *block = allocate (fixture, 4 * KIB);
  void *view = orf_gpu_block_get_view (block);
  const FakeView *shown = view;

  g_assert_true (shown->segment == orf_gpu_block_get_memory (block));
  g_assert_cmpuint (shown->offset, ==, orf_gpu_block_get_offset (block));
  g_assert_cmpuint (shown->bytes, ==, 4 * KIB);
  for (int i = 0; i < 100; i++) {
    release (fixture, block);
    block = allocate (fixture, 4 * KIB - i);
    g_assert_true (orf_gpu_block_get_view (block) == view);
  }
  g_assert_cmpuint (fixture->device.n_created, ==, 1);
  g_assert_cmpuint (fixture->device.n_views, ==, 1);
  release (fixture, block);
}

/* Idle neighbours are one block when something needs it. */
static void
test_merge (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *blocks[16];
  OrfGpuBlock *whole;

  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++)
    blocks[i] = allocate (fixture, 128 * KIB);
  g_assert_cmpuint (get_stats (fixture).reserved_bytes, ==, 2 * MIB);
  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i += 2)
    release (fixture, blocks[i]);
  g_assert_cmpuint (get_stats (fixture).largest_free_bytes, ==, 128 * KIB);
  g_assert_cmpuint (get_stats (fixture).inactive_split_bytes, ==, MIB);
  for (size_t i = 1; i < G_N_ELEMENTS (blocks); i += 2)
    release (fixture, blocks[i]);
  g_assert_cmpuint (get_stats (fixture).largest_free_bytes, ==, 2 * MIB);
  g_assert_cmpuint (fixture->device.n_views, ==, 16);

  whole = allocate (fixture, MIB);
  g_assert_cmpuint (get_stats (fixture).reserved_bytes, ==, 2 * MIB);
  g_assert_cmpuint (orf_gpu_block_get_offset (whole), ==, 0);
  release (fixture, whole);
}

/* What is left of a block that is cut is merged with what was idle behind it. */
static void
test_merge_rest (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *blocks[4];
  OrfGpuBlock *part;

  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++)
    blocks[i] = allocate (fixture, 512 * KIB);
  release (fixture, blocks[2]);
  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_LIGHT), ==, 0);
  release (fixture, blocks[1]);
  part = allocate (fixture, 256 * KIB);
  g_assert_cmpuint (orf_gpu_block_get_offset (part), ==, 512 * KIB);
  blocks[1] = allocate (fixture, 768 * KIB);
  g_assert_cmpuint (get_stats (fixture).n_segments, ==, 1);
  g_assert_cmpuint (get_stats (fixture).inactive_split_bytes, ==, 0);
  release (fixture, part);
  release (fixture, blocks[0]);
  release (fixture, blocks[1]);
  release (fixture, blocks[3]);
}

static void
test_trim_levels (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *kept = allocate (fixture, 12 * MIB);
  OrfGpuBlock *waiting = allocate (fixture, 30 * MIB);
  OrfGpuBlock *idle = allocate (fixture, 100 * MIB);
  FakeFence *fence = fake_fence_new (&fixture->device);

  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_AGGRESSIVE), ==, 0);
  release (fixture, idle);
  g_assert_cmpint (orf_gpu_pool_release_after (fixture->pool, waiting, fence), ==, ORF_STATUS_OK);
  g_assert_cmpuint (get_stats (fixture).allocated_bytes, ==, 12 * MIB);
  g_assert_cmpuint (get_stats (fixture).active_bytes, ==, 42 * MIB);

  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_LIGHT), ==, 100 * MIB);
  g_assert_cmpuint (fixture->device.n_waited, ==, 0);
  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_NORMAL), ==, 30 * MIB);
  g_assert_cmpuint (fixture->device.n_waited, ==, 1);
  g_assert_cmpuint (fixture->device.used_bytes, ==, 12 * MIB);
  g_assert_cmpuint (fixture->device.n_trimmed, ==, 2);
  g_assert_cmpuint (get_stats (fixture).returned_bytes, ==, 130 * MIB);
  release (fixture, kept);
  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_AGGRESSIVE), ==, 12 * MIB);
  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_AGGRESSIVE), ==, 0);
  g_assert_cmpuint (fixture->device.n_trimmed, ==, 3);
}

/* A block with a fence is nobody's until that is done. */
static void
test_fences (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *block = allocate (fixture, 64 * KIB);
  FakeFence *fence = fake_fence_new (&fixture->device);
  void *memory = orf_gpu_block_get_view (block);
  OrfGpuBlock *other;

  g_assert_cmpint (orf_gpu_pool_release_after (fixture->pool, block, fence), ==, ORF_STATUS_OK);
  other = allocate (fixture, 64 * KIB);
  g_assert_true (orf_gpu_block_get_view (other) != memory);
  atomic_store (&fence->is_done, true);
  block = allocate (fixture, 64 * KIB);
  g_assert_true (orf_gpu_block_get_view (block) == memory);
  release (fixture, other);
  /* whose fence is never asked for before the pool goes */
  fence = fake_fence_new (&fixture->device);
  g_assert_cmpint (orf_gpu_pool_release_after (fixture->pool, block, fence), ==, ORF_STATUS_OK);
}

static void
test_flush (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *first = allocate (fixture, 60 * MIB);
  OrfGpuBlock *second = NULL;
  FakeFence *fence = fake_fence_new (&fixture->device);

  /* the device has 100 MiB */
  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 80 * MIB, &second), ==,
                   ORF_STATUS_NO_MEMORY);
  g_assert_null (second);
  g_assert_cmpuint (get_stats (fixture).ooms, ==, 1);
  release (fixture, first);
  second = allocate (fixture, 80 * MIB);
  g_assert_cmpuint (get_stats (fixture).retries, ==, 1);
  g_assert_cmpuint (get_stats (fixture).reserved_bytes, ==, 80 * MIB);

  /* what waits for a fence is waited for rather than missed */
  g_assert_cmpint (orf_gpu_pool_release_after (fixture->pool, second, fence), ==, ORF_STATUS_OK);
  first = allocate (fixture, 90 * MIB);
  g_assert_cmpuint (fixture->device.n_waited, ==, 1);
  g_assert_cmpuint (get_stats (fixture).retries, ==, 2);

  /* a segment of 20 MiB is too large, the block is not */
  second = allocate (fixture, 9 * MIB);
  g_assert_cmpuint (get_stats (fixture).retries, ==, 3);
  g_assert_cmpuint (get_stats (fixture).ooms, ==, 1);
  g_assert_cmpuint (get_stats (fixture).reserved_bytes, ==, 99 * MIB);
  release (fixture, first);
  release (fixture, second);
}

static void *
trim_thread_cb (void *pool)
{
  orf_gpu_pool_trim (pool, ORF_CLEANUP_LEVEL_NORMAL);
  return NULL;
}

static void *
allocate_thread_cb (void *fixture)
{
  return allocate (fixture, 80 * MIB);
}

/* Memory that another thread is just giving back is waited for rather than missed. */
static void
test_flush_beside_trim (Fixture *fixture, gconstpointer unused)
{
  pthread_t trims;
  pthread_t allocates;
  void *block = NULL;

  release (fixture, allocate (fixture, 60 * MIB)); /* of 100 */
  atomic_store (&fixture->device.hold_destroys, true);
  g_assert_cmpint (pthread_create (&trims, NULL, trim_thread_cb, fixture->pool), ==, 0);
  while (get_stats (fixture).n_segments > 0)
    sched_yield ();
  g_assert_cmpuint (get_stats (fixture).reserved_bytes, ==, 60 * MIB);
  g_assert_cmpint (pthread_create (&allocates, NULL, allocate_thread_cb, fixture), ==, 0);
  while (atomic_load (&fixture->device.n_refused) == 0)
    sched_yield ();
  atomic_store (&fixture->device.hold_destroys, false);
  pthread_join (allocates, &block);
  pthread_join (trims, NULL);
  g_assert_cmpuint (get_stats (fixture).retries, ==, 1);
  g_assert_cmpuint (get_stats (fixture).ooms, ==, 0);
  release (fixture, block);
}

static void
test_limit (void)
{
  FakeDevice device;
  OrfGpuBackend backend;
  OrfGpuPool *pool;
  OrfGpuBlock *block = NULL;
  OrfGpuBlock *more = NULL;

  fake_device_init (&device, GIB);
  backend = fake_device_get_backend (&device);
  pool = orf_gpu_pool_new (&backend, 50 * MIB);
  g_assert_cmpint (orf_gpu_pool_allocate (pool, 51 * MIB, &block), ==, ORF_STATUS_NO_MEMORY);
  g_assert_cmpint (orf_gpu_pool_allocate (pool, 40 * MIB, &block), ==, ORF_STATUS_OK);
  g_assert_cmpint (orf_gpu_pool_allocate (pool, 11 * MIB, &more), ==, ORF_STATUS_NO_MEMORY);
  g_assert_cmpint (orf_gpu_pool_allocate (pool, 10 * MIB, &more), ==, ORF_STATUS_OK);
  g_assert_cmpuint (device.used_bytes, ==, 50 * MIB);
  /* with the pool go blocks that are given out */
  orf_gpu_pool_free (pool);
  fake_device_clear (&device);
}

static void
test_faults (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *block = NULL;
  FakeFence *fence;

  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 0, &block), ==, ORF_STATUS_INVALID);
  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, SIZE_MAX, &block), ==,
                   ORF_STATUS_NO_MEMORY);
  atomic_store (&fixture->device.fail_creates, 1);
  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 1, &block), ==, ORF_STATUS_FAILED);
  atomic_store (&fixture->device.fail_views, 1);
  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 1, &block), ==, ORF_STATUS_FAILED);
  g_assert_null (block);
  g_assert_cmpuint (get_stats (fixture).allocated_bytes, ==, 0);
  g_assert_cmpuint (get_stats (fixture).ooms, ==, 0);

  g_assert_cmpint (orf_gpu_pool_release (fixture->pool, NULL), ==, ORF_STATUS_OK);
  block = allocate (fixture, 1);
  release (fixture, block);
  g_assert_cmpint (orf_gpu_pool_release (fixture->pool, block), ==, ORF_STATUS_INVALID);
  fence = fake_fence_new (&fixture->device);
  g_assert_cmpint (orf_gpu_pool_release_after (fixture->pool, block, fence), ==,
                   ORF_STATUS_INVALID);
  g_assert_cmpuint (fixture->device.n_fences, ==, 0);
  g_assert_cmpuint (get_stats (fixture).active_bytes, ==, 0);
}

static void
test_peak (Fixture *fixture, gconstpointer unused)
{
  OrfGpuBlock *kept = allocate (fixture, 10 * MIB);
  OrfGpuBlock *block = allocate (fixture, 64 * MIB);

  release (fixture, block);
  g_assert_cmpuint (get_stats (fixture).allocated_peak_bytes, ==, 74 * MIB);
  orf_gpu_pool_reset_peak (fixture->pool);
  g_assert_cmpuint (get_stats (fixture).allocated_peak_bytes, ==, 10 * MIB);
  g_assert_cmpuint (get_stats (fixture).reserved_peak_bytes, ==, 74 * MIB);
  block = allocate (fixture, 32 * MIB);
  g_assert_cmpuint (get_stats (fixture).allocated_peak_bytes, ==, 42 * MIB);
  release (fixture, block);
  release (fixture, kept);
}

static void
test_backends (void)
{
  FakeDevice device;
  OrfGpuBackend whole;
  OrfGpuBackend backend;
  OrfGpuPool *pool;
  OrfGpuBlock *block = NULL;
  OrfGpuBlock *large = NULL;

  fake_device_init (&device, GIB);
  whole = backend = fake_device_get_backend (&device);
  g_assert_null (orf_gpu_pool_new (NULL, 0));
  backend.destroy = NULL;
  g_assert_null (orf_gpu_pool_new (&backend, 0));
  backend = whole;
  backend.destroy_view = NULL;
  g_assert_null (orf_gpu_pool_new (&backend, 0));
  backend = whole;
  backend.wait = NULL;
  g_assert_null (orf_gpu_pool_new (&backend, 0));
  backend = whole;
  backend.alignment = 48;
  g_assert_null (orf_gpu_pool_new (&backend, 0));

  /* the least there is, and a wide alignment */
  backend = (OrfGpuBackend){ .self = whole.self,
                             .alignment = 4096,
                             .max_bytes = 64 * MIB,
                             .create = whole.create,
                             .destroy = whole.destroy };
  pool = orf_gpu_pool_new (&backend, 0);
  g_assert_cmpint (orf_gpu_pool_allocate (pool, 1, &block), ==, ORF_STATUS_OK);
  g_assert_cmpuint (orf_gpu_block_get_bytes (block), ==, 4096);
  g_assert_null (orf_gpu_block_get_view (block));
  /* rounded to 2 MiB it would be more than the device gives in one */
  g_assert_cmpint (orf_gpu_pool_allocate (pool, 64 * MIB - 1, &large), ==, ORF_STATUS_OK);
  g_assert_cmpuint (orf_gpu_block_get_bytes (large), ==, 64 * MIB);
  g_assert_cmpint (orf_gpu_pool_release_after (pool, block, &device), ==, ORF_STATUS_INVALID);
  orf_gpu_pool_free (pool);
  fake_device_clear (&device);
}

int
main (int argc, char **argv)
{
  const struct {
    const char *name;
    size_t capacity_mib;
    void (*test) (Fixture *fixture, gconstpointer capacity_mib);
  } tests[] = {
    { "/lib/gpu-pool/segments", 1024, test_segments },
    { "/lib/gpu-pool/cache", 1024, test_cache },
    { "/lib/gpu-pool/merge", 1024, test_merge },
    { "/lib/gpu-pool/trim", 1024, test_trim_levels },
    { "/lib/gpu-pool/fences", 1024, test_fences },
    { "/lib/gpu-pool/flush", 100, test_flush },
    { "/lib/gpu-pool/faults", 1024, test_faults },
    { "/lib/gpu-pool/merge-rest", 1024, test_merge_rest },
    { "/lib/gpu-pool/flush-beside-trim", 100, test_flush_beside_trim },
    { "/lib/gpu-pool/peak", 1024, test_peak },
  };

  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, GSIZE_TO_POINTER (tests[i].capacity_mib), set_up,
                tests[i].test, tear_down);
  g_test_add_func ("/lib/gpu-pool/limit", test_limit);
  g_test_add_func ("/lib/gpu-pool/backends", test_backends);
  return g_test_run ();
}
