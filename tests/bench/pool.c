/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An allocation and its release: from the pool's cache, by OpenCL itself, by malloc; one line of
 * JSON. Nanoseconds a pair, the best of some rounds, so that a busy machine is not what is
 * measured. */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <glib.h>
#include <orfeas/opencl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS        7
#define PAIRS         20000
#define N_SIZES       64 /* of the mix, held all at once */
#define N_THREADS     4
#define WRITTEN_BYTES ((size_t) 16 * 1024 * 1024)

typedef struct {
  cl_context context;
  cl_command_queue queue;
  OrfGpuPool *pool;
  size_t bytes;        /* of each; 0: the mix */
  size_t mix[N_SIZES]; /* 256 B to 8 MiB, evenly by doublings */
  int pairs;
} Bench;

typedef void (*Pairs) (Bench *bench);

static size_t
get_size (const Bench *bench, int i)
{
  return bench->bytes != 0 ? bench->bytes : bench->mix[i % N_SIZES];
}

static void
run_pool (Bench *bench)
{
  for (int i = 0; i < bench->pairs; i++) {
    OrfGpuBlock *block = NULL;

    if (orf_gpu_pool_allocate (bench->pool, get_size (bench, i), &block) != ORF_STATUS_OK)
      abort ();
    orf_gpu_pool_release (bench->pool, block);
  }
}

static void
run_opencl (Bench *bench)
{
  for (int i = 0; i < bench->pairs; i++) {
    cl_mem memory = clCreateBuffer (bench->context, CL_MEM_READ_WRITE, get_size (bench, i), NULL,
                                    NULL);

    if (memory == NULL)
      abort ();
    clReleaseMemObject (memory);
  }
}

static void
write_all (Bench *bench, cl_mem memory)
{
  cl_uint zero = 0;

  if (clEnqueueFillBuffer (bench->queue, memory, &zero, sizeof zero, 0, bench->bytes, 0, NULL,
                           NULL) != CL_SUCCESS ||
      clFinish (bench->queue) != CL_SUCCESS)
    abort ();
}

/* PoCL takes memory when a buffer is first used: with a use each, the two do the same. */
static void
run_pool_written (Bench *bench)
{
  for (int i = 0; i < bench->pairs; i++) {
    OrfGpuBlock *block = NULL;

    if (orf_gpu_pool_allocate (bench->pool, bench->bytes, &block) != ORF_STATUS_OK)
      abort ();
    write_all (bench, orf_opencl_get_mem (block));
    orf_gpu_pool_release (bench->pool, block);
  }
}

static void
run_opencl_written (Bench *bench)
{
  for (int i = 0; i < bench->pairs; i++) {
    cl_mem memory = clCreateBuffer (bench->context, CL_MEM_READ_WRITE, bench->bytes, NULL, NULL);

    write_all (bench, memory);
    clReleaseMemObject (memory);
  }
}

static void
run_malloc (Bench *bench)
{
  for (int i = 0; i < bench->pairs; i++) {
    void *volatile memory = malloc (get_size (bench, i));

    free (memory);
  }
}

/* Many held at once, released in another order: what the cache is for. */
static void
run_pool_held (Bench *bench)
{
  OrfGpuBlock *held[N_SIZES] = { NULL };

  for (int i = 0; i < bench->pairs + N_SIZES; i++) {
    int at = (i * 37) % N_SIZES;

    orf_gpu_pool_release (bench->pool, held[at]);
    held[at] = NULL;
    if (i < bench->pairs &&
        orf_gpu_pool_allocate (bench->pool, get_size (bench, i * 29), &held[at]) != ORF_STATUS_OK)
      abort ();
  }
}

static void *
pool_thread_cb (void *data)
{
  run_pool (data);
  return NULL;
}

static void
run_threads (Bench *bench)
{
  pthread_t threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    pthread_create (&threads[i], NULL, pool_thread_cb, bench);
  for (int i = 0; i < N_THREADS; i++)
    pthread_join (threads[i], NULL);
}

static double
measure_ns (Bench *bench, Pairs run, size_t bytes, int pairs)
{
  gint64 best_us = G_MAXINT64;

  bench->bytes = bytes;
  bench->pairs = pairs;
  run (bench); /* fills the cache */
  for (int i = 0; i < ROUNDS; i++) {
    gint64 began_us = g_get_monotonic_time ();

    run (bench);
    best_us = MIN (best_us, g_get_monotonic_time () - began_us);
  }
  return best_us * 1000.0 / pairs;
}

static void
print_size (Bench *bench, const char *name, size_t bytes)
{
  double pool_ns = measure_ns (bench, run_pool, bytes, PAIRS);
  double opencl_ns = measure_ns (bench, run_opencl, bytes, PAIRS / 10);
  double malloc_ns = measure_ns (bench, run_malloc, bytes, PAIRS);

  printf ("\"%s\": {\"pool_ns\": %.1f, \"opencl_ns\": %.1f, \"malloc_ns\": %.1f}, ", name, pool_ns,
          opencl_ns, malloc_ns);
}

int
main (void)
{
  Bench bench = { 0 };
  cl_platform_id platform = NULL;
  cl_device_id device = NULL;
  char name[256] = "";
  double held_ns;
  double threads_ns;
  double written_ns;
  double opencl_written_ns;

  if (clGetPlatformIDs (1, &platform, NULL) != CL_SUCCESS ||
      clGetDeviceIDs (platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL) != CL_SUCCESS) {
    printf ("{}\n");
    return 0;
  }
  bench.context = clCreateContext (NULL, 1, &device, NULL, NULL, NULL);
  bench.queue = clCreateCommandQueue (bench.context, device, 0, NULL);
  if (bench.context == NULL || bench.queue == NULL ||
      orf_opencl_pool_new (bench.context, device, 0, &bench.pool) != ORF_STATUS_OK)
    return 1;
  clGetPlatformInfo (platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
  for (int i = 0; i < N_SIZES; i++)
    bench.mix[i] = (size_t) 256 << (i % 16);

  printf ("{\"platform\": \"%s\", ", name);
  print_size (&bench, "4 KiB", 4096);
  print_size (&bench, "256 KiB", 256 * 1024);
  print_size (&bench, "16 MiB", 16 * 1024 * 1024);
  print_size (&bench, "mixed", 0);
  held_ns = measure_ns (&bench, run_pool_held, 0, PAIRS);
  threads_ns = measure_ns (&bench, run_threads, 4096, PAIRS) / N_THREADS;
  written_ns = measure_ns (&bench, run_pool_written, WRITTEN_BYTES, 20);
  opencl_written_ns = measure_ns (&bench, run_opencl_written, WRITTEN_BYTES, 20);
  printf (
    "\"held_ns\": %.1f, \"threads_ns\": %.1f, \"written_ns\": %.1f, \"opencl_written_ns\": %.1f}\n",
    held_ns, threads_ns, written_ns, opencl_written_ns);
  orf_gpu_pool_free (bench.pool);
  clReleaseCommandQueue (bench.queue);
  clReleaseContext (bench.context);
  return 0;
}
