/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole program with liborfeas: batches on the first OpenCL device, from a pool, reported to the
 * daemon, which may ask for what is idle at any time.
 *
 *   cc -o example example.c $(pkg-config --cflags --libs orfeas-opencl)
 *   ./example [SOCKET]
 */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <orfeas/opencl.h>
#include <orfeas/worker.h>
#include <stdio.h>
#include <time.h>

static int64_t
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The batch's work is to fill its memory. */
static OrfStatus
run_batch (cl_command_queue queue, OrfGpuPool *pool, OrfBatch *batch)
{
  const cl_uint value = 42;
  int64_t began_us = now_us ();
  OrfGpuPoolStats stats;
  OrfGpuBlock *block;
  cl_event done = NULL;
  OrfStatus status;

  orf_gpu_pool_reset_peak (pool);
  status = orf_gpu_pool_allocate (pool, batch->size << 20, &block);
  if (status != ORF_STATUS_OK)
    return status;
  clEnqueueFillBuffer (queue, orf_opencl_get_mem (block), &value, sizeof value, 0,
                       orf_gpu_block_get_bytes (block), 0, NULL, &done);
  clFlush (queue);
  orf_gpu_pool_get_stats (pool, &stats);
  /* it is the pool's again when the command is done; the event is the pool's now */
  orf_gpu_pool_release_after (pool, block, done);
  clFinish (queue);
  batch->peak_bytes = (int64_t) stats.allocated_peak_bytes;
  batch->duration_us = now_us () - began_us;
  return ORF_STATUS_OK;
}

static void
run_batches (cl_command_queue queue, OrfGpuPool *pool, OrfWorker *worker)
{
  for (uint64_t size = 1; size <= 16; size++) {
    OrfBatch batch = { .size = size, .operation = "fill" };
    OrfStatus status = run_batch (queue, pool, &batch);

    if (status == ORF_STATUS_OK)
      orf_worker_add_batch (worker, &batch);
    else
      fprintf (stderr, "a batch of %d: %s\n", (int) size, orf_status_to_string (status));
  }
}

int
main (int argc, char **argv)
{
  OrfWorkerOptions options = { .name = "example", .socket = argc > 1 ? argv[1] : NULL };
  cl_platform_id platform;
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;
  OrfWorkerState state;
  OrfWorker *worker;
  char id[64];

  if (clGetPlatformIDs (1, &platform, NULL) != CL_SUCCESS ||
      clGetDeviceIDs (platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL) != CL_SUCCESS)
    return 77; /* no device */
  context = clCreateContext (NULL, 1, &device, NULL, NULL, NULL);
  queue = clCreateCommandQueue (context, device, 0, NULL);
  if (orf_opencl_pool_new (context, device, 0, &options.pool) != ORF_STATUS_OK)
    return 1;
  if (orf_opencl_get_device_id (device, id, sizeof id) == ORF_STATUS_OK)
    options.device = id;
  if (orf_worker_new (&options, &worker) != ORF_STATUS_OK)
    return 1;

  run_batches (queue, options.pool, worker);
  if (orf_worker_wait_known (worker, 10000000) == ORF_STATUS_OK) {
    orf_worker_get_state (worker, &state);
    printf ("%s\n", state.id);
  } else {
    orf_worker_get_state (worker, &state);
    fprintf (stderr, "the daemon does not know us: %s\n", state.reason);
  }
  orf_worker_free (worker); /* reports what is left; before the pool that it reads */
  orf_gpu_pool_free (options.pool);
  clReleaseCommandQueue (queue);
  clReleaseContext (context);
  return 0;
}
