/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-demo-work.h"

#include <gio/gio.h>

/* What a past peak left is in blocks like these: of a segment each. */
#define IDLE_BLOCK_BYTES ((gint64) 32 * 1024 * 1024)
/* A batch is three blocks, as inputs, activations and outputs are. */
#define N_PARTS 3

struct _OrfDemoWork {
  const OrfDemoOptions *options;
  OrfDemoDevice *device;
  OrfGpuPool *pool;
  OrfTracer *tracer;    /* NULL: none */
  OrfGpuBlock *weights; /* NULL: unloaded */
  GPtrArray *leaked;
  GRand *random;
  gint64 max_batch;
  gint64 size; /* of the batch before */
  gint64 n_ran;
};

static gboolean
allocate (OrfDemoWork *work, gint64 bytes, OrfGpuBlock **block, GError **error)
{
  OrfStatus status = orf_gpu_pool_allocate (work->pool, (size_t) MAX (bytes, 1), block);

  if (status != ORF_STATUS_OK) {
    g_set_error (error, G_IO_ERROR,
                 status == ORF_STATUS_NO_MEMORY ? G_IO_ERROR_NO_SPACE : G_IO_ERROR_FAILED,
                 "%" G_GINT64_FORMAT " bytes: %s", bytes, orf_status_to_string (status));
    return FALSE;
  }
  if (orf_demo_device_touch (work->device, *block, error))
    return TRUE;
  orf_gpu_pool_release (work->pool, g_steal_pointer (block));
  return FALSE;
}

static void
release_all (OrfDemoWork *work, GPtrArray *blocks)
{
  for (guint i = 0; i < blocks->len; i++)
    orf_gpu_pool_release (work->pool, blocks->pdata[i]);
  g_ptr_array_set_size (blocks, 0);
}

/* All at once, then none: the pool keeps it. */
static gboolean
leave_idle (OrfDemoWork *work, GError **error)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();
  gint64 left_bytes = work->options->idle_bytes;
  gboolean done = TRUE;

  while (done && left_bytes > 0) {
    OrfGpuBlock *block = NULL;

    done = allocate (work, MIN (left_bytes, IDLE_BLOCK_BYTES), &block, error);
    if (done)
      g_ptr_array_add (blocks, block);
    left_bytes -= IDLE_BLOCK_BYTES;
  }
  release_all (work, blocks);
  return done;
}

static gboolean
load_weights (OrfDemoWork *work, GError **error)
{
  return work->weights != NULL || work->options->weights_bytes == 0 ||
         allocate (work, work->options->weights_bytes, &work->weights, error);
}

OrfDemoWork *
orf_demo_work_new (const OrfDemoOptions *options,
                   OrfDemoDevice *device,
                   OrfGpuPool *pool,
                   OrfTracer *tracer,
                   GError **error)
{
  g_autoptr (OrfDemoWork) work = g_new0 (OrfDemoWork, 1);

  work->options = options;
  work->device = device;
  work->pool = pool;
  work->tracer = tracer;
  work->leaked = g_ptr_array_new ();
  work->random = g_rand_new_with_seed (options->seed);
  work->max_batch = options->max_batch;
  if (!load_weights (work, error) || !leave_idle (work, error))
    return NULL;
  return g_steal_pointer (&work);
}

void
orf_demo_work_free (OrfDemoWork *work)
{
  if (work == NULL)
    return;
  release_all (work, work->leaked);
  g_ptr_array_unref (work->leaked);
  orf_gpu_pool_release (work->pool, work->weights);
  g_rand_free (work->random);
  g_free (work);
}

/* Load wanders: up to a quarter of the largest up or down from the batch before. */
static gint64
choose_size (OrfDemoWork *work)
{
  gint64 reach = MAX (work->max_batch / 4, 1);
  gint64 before = work->size > 0 ? work->size : (work->max_batch + 1) / 2;
  gint64 step = (gint64) g_rand_double_range (work->random, (double) -reach, (double) reach + 1);

  return CLAMP (before + step, 1, work->max_batch);
}

static gboolean
hold (OrfDemoWork *work, gint64 bytes, GPtrArray *parts, GError **error)
{
  OrfSpan *span = orf_span_begin (work->tracer, "allocate", NULL);
  gboolean done = TRUE;

  orf_span_set_int (span, "bytes", bytes);
  for (int i = 0; done && i < N_PARTS; i++) {
    OrfGpuBlock *block = NULL;

    done = allocate (work, bytes / N_PARTS, &block, error);
    if (done)
      g_ptr_array_add (parts, block);
  }
  if (!done)
    orf_span_set_status (span, ORF_SPAN_STATUS_ERROR, (*error)->message);
  orf_span_end (span);
  return done;
}

static gboolean
compute (OrfDemoWork *work, OrfGpuBlock *block, gint64 n, gpointer *fence, GError **error)
{
  OrfSpan *span = orf_span_begin (work->tracer, "compute", NULL);
  gboolean computed = orf_demo_device_compute (work->device, block, (guint64) n, fence, error);

  orf_span_end (span);
  return computed;
}

static gboolean
hold_and_compute (OrfDemoWork *work, gint64 n, GPtrArray *parts, GError **error)
{
  gpointer fence = NULL;

  if (!hold (work, orf_demo_law_bytes (work->options, n), parts, error) ||
      !compute (work, parts->pdata[0], n, &fence, error))
    return FALSE;
  /* the way of a program that does not wait; here it is done already */
  orf_gpu_pool_release_after (work->pool, g_ptr_array_remove_index_fast (parts, 0), fence);
  return TRUE;
}

static gboolean
leak (OrfDemoWork *work, GError **error)
{
  OrfGpuBlock *block = NULL;

  if (work->options->leak_bytes == 0 || work->n_ran++ < work->options->leak_after)
    return TRUE;
  if (!allocate (work, work->options->leak_bytes, &block, error))
    return FALSE;
  g_ptr_array_add (work->leaked, block);
  return TRUE;
}

static gboolean
run (OrfDemoWork *work, gint64 n, OrfBatch *batch, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  OrfGpuPoolStats stats;
  gint64 began_us;
  gboolean done;

  orf_gpu_pool_reset_peak (work->pool);
  began_us = g_get_monotonic_time ();
  done = hold_and_compute (work, n, parts, error);
  release_all (work, parts);
  if (!done)
    return FALSE;
  orf_gpu_pool_get_stats (work->pool, &stats);
  *batch = (OrfBatch){ .size = (guint64) n,
                       .peak_bytes = (gint64) stats.allocated_peak_bytes,
                       .duration_us = g_get_monotonic_time () - began_us,
                       .operation = "demo" };
  return leak (work, error);
}

gboolean
orf_demo_work_run_batch (OrfDemoWork *work, OrfBatch *batch, gboolean *ran, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gint64 n = choose_size (work);

  *ran = load_weights (work, &problem) && run (work, n, batch, &problem);
  if (*ran) {
    work->size = n;
    return TRUE;
  }
  if (!g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_NO_SPACE)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  /* no memory is what happens to servers: they try with less, and count it */
  work->size = MAX (n / 2, 1);
  return TRUE;
}

void
orf_demo_work_set_max_batch (OrfDemoWork *work, gint64 max_batch)
{
  work->max_batch = max_batch;
  work->size = MIN (work->size, max_batch);
}

guint64
orf_demo_work_clean_up (OrfDemoWork *work, OrfCleanupLevel level)
{
  if (level == ORF_CLEANUP_LEVEL_AGGRESSIVE)
    orf_gpu_pool_release (work->pool, g_steal_pointer (&work->weights));
  return orf_gpu_pool_trim (work->pool, level);
}
