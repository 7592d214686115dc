/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A million random operations from four threads, beside a model.
 *
 * While they run, each granule of the device knows who has it: a block given to two is seen at
 * once. At every barrier one thread looks at everything: the model knows no bins and no merging,
 * only which intervals of which segments are held, and all statistics must follow from that.
 */
#include <glib.h>
#include <stdlib.h>

#include "fake-device.h"

#define N_THREADS 4
#define N_ROUNDS  20
#define N_OPS     12500 /* a thread and round: a million in all */
#define MAX_HELD  400
#define MIB       ((size_t) 1024 * 1024)
/* What it has is a little less than what the threads want at once: so some find no memory, and some
 * only after a flush. */
#define CAPACITY (560 * MIB)

typedef struct {
  OrfGpuBlock *block;
  void *memory; /* of its own: the block is somebody else's after it is released */
  size_t offset;
  size_t bytes;
  size_t requested_bytes;
} Held;

typedef struct {
  OrfGpuPool *pool;
  FakeDevice *device;
  pthread_barrier_t *barrier;
  GRand *random;
  guint8 mark;
  Held held[MAX_HELD];
  size_t n_held;
  guint64 n_allocations;
  guint64 n_no_memory;
} Worker;

typedef struct {
  Worker workers[N_THREADS];
  FakeDevice device;
  OrfGpuPool *pool;
  pthread_barrier_t barrier;
} Run;

/* Some granules of it, the first and the last among them: all would be 40,000 of a large block. */
static void
mark_owner (const Held *held, guint8 from, guint8 to)
{
  FakeSegment *segment = held->memory;
  size_t first = held->offset / FAKE_GRANULE_BYTES;
  size_t n = held->bytes / FAKE_GRANULE_BYTES;
  size_t step = MAX (n / 8, 1);

  g_assert_cmpuint (held->offset + held->bytes, <=, segment->bytes);
  for (size_t i = 0; i < n; i += step)
    g_assert_cmpuint (atomic_exchange (&segment->owners[first + i], to), ==, from);
  if ((n - 1) % step != 0)
    g_assert_cmpuint (atomic_exchange (&segment->owners[first + n - 1], to), ==, from);
}

static size_t
choose_bytes (GRand *random)
{
  double kind = g_rand_double (random);

  if (kind < 0.80)
    return (size_t) g_rand_int_range (random, 1, 64 * 1024);
  if (kind < 0.95)
    return (size_t) g_rand_int_range (random, 64 * 1024, 3 * 1024 * 1024);
  return (size_t) g_rand_int_range (random, 3 * 1024 * 1024, 40 * 1024 * 1024);
}

static void
do_allocate (Worker *worker)
{
  size_t bytes = choose_bytes (worker->random);
  Held *held = &worker->held[worker->n_held];
  OrfGpuBlock *block = NULL;
  OrfStatus status = orf_gpu_pool_allocate (worker->pool, bytes, &block);

  if (status == ORF_STATUS_NO_MEMORY) {
    worker->n_no_memory++;
    return;
  }
  g_assert_cmpint (status, ==, ORF_STATUS_OK);
  worker->n_allocations++;
  *held = (Held){ .block = block,
                  .memory = orf_gpu_block_get_memory (block),
                  .offset = orf_gpu_block_get_offset (block),
                  .bytes = orf_gpu_block_get_bytes (block),
                  .requested_bytes = bytes };
  g_assert_cmpuint (held->bytes, >=, bytes);
  if (orf_gpu_block_get_view (block) != held->memory) {
    const FakeView *view = orf_gpu_block_get_view (block);

    g_assert_true (view->segment == held->memory && view->offset == held->offset &&
                   view->bytes == held->bytes);
  }
  mark_owner (held, 0, worker->mark);
  worker->n_held++;
}

static Held
take_held (Worker *worker)
{
  size_t i = (size_t) g_rand_int_range (worker->random, 0, (gint32) worker->n_held);
  Held held = worker->held[i];

  worker->held[i] = worker->held[--worker->n_held];
  return held;
}

static void
do_release (Worker *worker)
{
  Held held = take_held (worker);

  mark_owner (&held, worker->mark, 0);
  g_assert_cmpint (orf_gpu_pool_release (worker->pool, held.block), ==, ORF_STATUS_OK);
}

/* Half of the fences are done at once; the others are only by being waited for.  The pool may free
 * a fence as soon as it has it. */
static void
do_release_after (Worker *worker)
{
  Held held = take_held (worker);
  FakeFence *fence = fake_fence_new (worker->device);

  mark_owner (&held, worker->mark, 0);
  atomic_store (&fence->is_done, g_rand_boolean (worker->random));
  g_assert_cmpint (orf_gpu_pool_release_after (worker->pool, held.block, fence), ==, ORF_STATUS_OK);
}

static void
do_one (Worker *worker)
{
  double kind = g_rand_double (worker->random);
  OrfGpuPoolStats stats;

  if (kind < 0.0005) {
    orf_gpu_pool_trim (worker->pool, (OrfCleanupLevel) g_rand_int_range (worker->random, 1, 4));
  } else if (kind < 0.002) {
    orf_gpu_pool_get_stats (worker->pool, &stats);
    g_assert_cmpuint (stats.allocated_bytes, <=, stats.active_bytes);
    g_assert_cmpuint (stats.active_bytes + stats.inactive_split_bytes, <=, stats.reserved_bytes);
  } else if (worker->n_held == 0 || (kind < 0.5 && worker->n_held < MAX_HELD)) {
    do_allocate (worker);
  } else if (kind < 0.55) {
    do_release_after (worker);
  } else {
    do_release (worker);
  }
}

static int
compare_held (gconstpointer a, gconstpointer b)
{
  const Held *first = a;
  const Held *second = b;

  if (first->memory != second->memory)
    return (guintptr) first->memory < (guintptr) second->memory ? -1 : 1;
  return first->offset < second->offset ? -1 : first->offset > second->offset;
}

typedef struct {
  guint64 allocated, requested, reserved, inactive_split, largest, n_blocks, n_segments;
} Model;

static void
add_gap (Model *model, guint64 bytes, gboolean is_split)
{
  if (is_split)
    model->inactive_split += bytes;
  model->largest = MAX (model->largest, bytes);
}

/* Of one segment, whose held intervals are [from, to) of all. */
static void
model_segment (Model *model, const FakeSegment *segment, GArray *all, guint from, guint to)
{
  size_t end = 0;

  for (guint i = from; i < to; i++) {
    const Held *held = &g_array_index (all, Held, i);

    g_assert_cmpuint (held->offset, >=, end); /* no two overlap */
    add_gap (model, held->offset - end, TRUE);
    end = held->offset + held->bytes;
    model->allocated += held->bytes;
    model->requested += held->requested_bytes;
    model->n_blocks++;
  }
  add_gap (model, segment->bytes - end, from < to);
  model->reserved += segment->bytes;
  model->n_segments++;
}

static Model
make_model (Run *run)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (Held));
  Model model = { 0 };

  for (int t = 0; t < N_THREADS; t++)
    g_array_append_vals (all, run->workers[t].held, (guint) run->workers[t].n_held);
  g_array_sort (all, compare_held);
  for (FakeSegment *segment = run->device.segments; segment != NULL; segment = segment->after) {
    guint from = 0;
    guint to;

    while (from < all->len && g_array_index (all, Held, from).memory != segment)
      from++;
    /* after the trim there is none that could have been given back */
    g_assert_cmpuint (from, <, all->len);
    for (to = from; to < all->len && g_array_index (all, Held, to).memory == segment; to++)
      ;
    model_segment (&model, segment, all, from, to);
  }
  return model;
}

/* Nobody else runs. */
static void
compare (Run *run)
{
  OrfGpuPoolStats stats;
  Model model;
  guint64 n_allocations = 0;
  guint64 n_no_memory = 0;

  /* no fence is left after it; what it gives back the model sees too */
  orf_gpu_pool_trim (run->pool, ORF_CLEANUP_LEVEL_AGGRESSIVE);
  orf_gpu_pool_get_stats (run->pool, &stats);
  model = make_model (run);
  for (int t = 0; t < N_THREADS; t++) {
    n_allocations += run->workers[t].n_allocations;
    n_no_memory += run->workers[t].n_no_memory;
  }
  g_assert_cmpuint (stats.allocated_bytes, ==, model.allocated);
  g_assert_cmpuint (stats.active_bytes, ==, model.allocated);
  g_assert_cmpuint (stats.requested_bytes, ==, model.requested);
  g_assert_cmpuint (stats.reserved_bytes, ==, model.reserved);
  g_assert_cmpuint (stats.reserved_bytes, ==, run->device.used_bytes);
  g_assert_cmpuint (stats.inactive_split_bytes, ==, model.inactive_split);
  g_assert_cmpuint (stats.largest_free_bytes, ==, model.largest);
  g_assert_cmpuint (stats.n_blocks, ==, model.n_blocks);
  g_assert_cmpuint (stats.n_segments, ==, model.n_segments);
  g_assert_cmpuint (stats.n_allocations, ==, n_allocations);
  g_assert_cmpuint (stats.ooms, ==, n_no_memory);
  g_assert_cmpuint (stats.n_created, ==, run->device.n_created);
  g_assert_cmpuint (run->device.n_fences, ==, 0);
}

static void *
work_thread_cb (void *data)
{
  Worker *worker = data;

  for (int round = 0; round < N_ROUNDS; round++) {
    for (int i = 0; i < N_OPS; i++)
      do_one (worker);
    pthread_barrier_wait (worker->barrier); /* all stand still, */
    pthread_barrier_wait (worker->barrier); /* and are compared */
  }
  return NULL;
}

static void
start (Run *run, pthread_t *threads, guint32 seed)
{
  OrfGpuBackend backend;

  fake_device_init (&run->device, CAPACITY);
  backend = fake_device_get_backend (&run->device);
  run->pool = orf_gpu_pool_new (&backend, 0);
  pthread_barrier_init (&run->barrier, NULL, N_THREADS + 1);
  for (int t = 0; t < N_THREADS; t++) {
    Worker *worker = &run->workers[t];

    worker->pool = run->pool;
    worker->device = &run->device;
    worker->barrier = &run->barrier;
    worker->random = g_rand_new_with_seed (seed + (guint32) t);
    worker->mark = (guint8) (t + 1);
    g_assert_cmpint (pthread_create (&threads[t], NULL, work_thread_cb, worker), ==, 0);
  }
}

static void
test_model (void)
{
  g_autofree Run *run = g_new0 (Run, 1);
  pthread_t threads[N_THREADS];
  OrfGpuPoolStats stats;
  guint32 seed = g_test_rand_int ();

  start (run, threads, seed);
  for (int round = 0; round < N_ROUNDS; round++) {
    pthread_barrier_wait (&run->barrier);
    compare (run);
    pthread_barrier_wait (&run->barrier);
  }
  orf_gpu_pool_get_stats (run->pool, &stats);
  for (int t = 0; t < N_THREADS; t++) {
    Worker *worker = &run->workers[t];

    pthread_join (threads[t], NULL);
    while (worker->n_held > 0)
      do_release (worker);
    g_rand_free (worker->random);
  }
  g_test_message ("%" G_GUINT64_FORMAT " allocations, %" G_GUINT64_FORMAT
                  " found no memory, %" G_GUINT64_FORMAT " only after a flush, %" G_GUINT64_FORMAT
                  " segments made",
                  stats.n_allocations, stats.ooms, stats.retries, stats.n_created);
  /* else it tried less than it is meant to */
  g_assert_cmpuint (stats.ooms, >, 0);
  g_assert_cmpuint (stats.retries, >, 0);
  compare (run);
  orf_gpu_pool_free (run->pool);
  fake_device_clear (&run->device);
  pthread_barrier_destroy (&run->barrier);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lib/gpu-pool/model", test_model);
  return g_test_run ();
}
