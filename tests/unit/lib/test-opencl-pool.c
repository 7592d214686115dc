/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On whatever OpenCL device there is: PoCL, where there is no other. */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <glib.h>
#include <malloc.h>
#include <orfeas/opencl.h>
#include <string.h>

#define MIB ((size_t) 1024 * 1024)

typedef struct {
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;
  OrfGpuPool *pool;
} Fixture;

static gboolean
find_device (cl_device_id *device)
{
  cl_platform_id platform = NULL;

  return clGetPlatformIDs (1, &platform, NULL) == CL_SUCCESS &&
         clGetDeviceIDs (platform, CL_DEVICE_TYPE_ALL, 1, device, NULL) == CL_SUCCESS;
}

static void
set_up (Fixture *fixture, gconstpointer limit_mib)
{
  cl_int code = CL_SUCCESS;

  if (!find_device (&fixture->device))
    return;
  fixture->context = clCreateContext (NULL, 1, &fixture->device, NULL, NULL, &code);
  g_assert_cmpint (code, ==, CL_SUCCESS);
  fixture->queue = clCreateCommandQueue (fixture->context, fixture->device, 0, &code);
  g_assert_cmpint (code, ==, CL_SUCCESS);
  g_assert_cmpint (orf_opencl_pool_new (fixture->context, fixture->device,
                                        GPOINTER_TO_SIZE (limit_mib) * MIB, &fixture->pool),
                   ==, ORF_STATUS_OK);
}

static void
tear_down (Fixture *fixture, gconstpointer limit_mib)
{
  if (fixture->pool == NULL)
    return;
  orf_gpu_pool_free (fixture->pool);
  clReleaseCommandQueue (fixture->queue);
  clReleaseContext (fixture->context);
}

static gboolean
is_missing (Fixture *fixture)
{
  if (fixture->pool == NULL)
    g_test_skip ("no OpenCL device");
  return fixture->pool == NULL;
}

static OrfGpuBlock *
allocate (Fixture *fixture, size_t bytes)
{
  OrfGpuBlock *block = NULL;

  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, bytes, &block), ==, ORF_STATUS_OK);
  return block;
}

static void
fill (Fixture *fixture, const OrfGpuBlock *block, cl_uint value)
{
  g_assert_cmpint (clEnqueueFillBuffer (fixture->queue, orf_opencl_get_mem (block), &value,
                                        sizeof value, 0, orf_gpu_block_get_bytes (block), 0, NULL,
                                        NULL),
                   ==, CL_SUCCESS);
}

static void
assert_filled (Fixture *fixture, const OrfGpuBlock *block, cl_uint value)
{
  size_t bytes = orf_gpu_block_get_bytes (block);
  g_autofree cl_uint *words = g_malloc (bytes);

  g_assert_cmpint (clEnqueueReadBuffer (fixture->queue, orf_opencl_get_mem (block), CL_TRUE, 0,
                                        bytes, words, 0, NULL, NULL),
                   ==, CL_SUCCESS);
  for (size_t i = 0; i < bytes / sizeof *words; i++)
    g_assert_cmpuint (words[i], ==, value);
}

/* Neighbours in one segment, a large one and one of its own keep what was written to each. */
static void
test_contents (Fixture *fixture, gconstpointer limit_mib)
{
  const size_t sizes[] = { 1, 512, 513, 100000, MIB, MIB + 1, 3 * MIB, 12 * MIB };
  OrfGpuBlock *blocks[G_N_ELEMENTS (sizes)];
  cl_uint align_bits = 0;

  if (is_missing (fixture))
    return;
  g_assert_cmpint (clGetDeviceInfo (fixture->device, CL_DEVICE_MEM_BASE_ADDR_ALIGN,
                                    sizeof align_bits, &align_bits, NULL),
                   ==, CL_SUCCESS);
  for (size_t round = 0; round < 3; round++) {
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
      blocks[i] = allocate (fixture, sizes[i]);
      g_assert_cmpuint (orf_gpu_block_get_offset (blocks[i]) % (align_bits / 8), ==, 0);
      fill (fixture, blocks[i], (cl_uint) (100 * round + i));
    }
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
      assert_filled (fixture, blocks[i], (cl_uint) (100 * round + i));
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
      g_assert_cmpint (orf_gpu_pool_release (fixture->pool, blocks[i]), ==, ORF_STATUS_OK);
  }
}

static void
test_kernel (Fixture *fixture, gconstpointer limit_mib)
{
  const char *text = "kernel void twice (global uint *x) { x[get_global_id (0)] *= 2; }";
  const size_t n = 1000;
  OrfGpuBlock *before;
  OrfGpuBlock *block;
  cl_program program;
  cl_kernel kernel;
  cl_mem memory;
  cl_event event = NULL;
  cl_int code = CL_SUCCESS;

  if (is_missing (fixture))
    return;
  before = allocate (fixture, 4096);
  block = allocate (fixture, n * sizeof (cl_uint));
  memory = orf_opencl_get_mem (block);
  fill (fixture, before, 7);
  fill (fixture, block, 21);
  program = clCreateProgramWithSource (fixture->context, 1, &text, NULL, &code);
  g_assert_cmpint (clBuildProgram (program, 1, &fixture->device, "", NULL, NULL), ==, CL_SUCCESS);
  kernel = clCreateKernel (program, "twice", &code);
  g_assert_cmpint (code, ==, CL_SUCCESS);
  g_assert_cmpint (clSetKernelArg (kernel, 0, sizeof memory, &memory), ==, CL_SUCCESS);
  g_assert_cmpint (clEnqueueNDRangeKernel (fixture->queue, kernel, 1, NULL, &n, NULL, 0, NULL,
                                           &event),
                   ==, CL_SUCCESS);
  g_assert_cmpint (clFlush (fixture->queue), ==, CL_SUCCESS);
  /* both end with the command, whoever asks for them meanwhile */
  g_assert_cmpint (orf_gpu_pool_release_after (fixture->pool, block, event), ==, ORF_STATUS_OK);
  g_assert_cmpint (clFinish (fixture->queue), ==, CL_SUCCESS);
  block = allocate (fixture, n * sizeof (cl_uint));
  g_assert_true (orf_opencl_get_mem (block) == memory);
  g_assert_cmpint (clEnqueueReadBuffer (fixture->queue, memory, CL_TRUE, 0, sizeof (cl_uint),
                                        &(cl_uint){ 0 }, 0, NULL, NULL),
                   ==, CL_SUCCESS);
  assert_filled (fixture, before, 7);
  clReleaseKernel (kernel);
  clReleaseProgram (program);
}

static guint64
read_resident_bytes (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  fields = g_strsplit (text, " ", 3);
  return g_ascii_strtoull (fields[1], NULL, 10) * 4096;
}

static void
hold_and_trim (Fixture *fixture, guint64 *held_bytes)
{
  OrfGpuBlock *blocks[8];
  OrfGpuPoolStats stats;

  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++) {
    blocks[i] = allocate (fixture, (4 + i) * MIB);
    fill (fixture, blocks[i], 1);
  }
  g_assert_cmpint (clFinish (fixture->queue), ==, CL_SUCCESS);
  *held_bytes = read_resident_bytes ();
  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++)
    g_assert_cmpint (orf_gpu_pool_release (fixture->pool, blocks[i]), ==, ORF_STATUS_OK);
  orf_gpu_pool_get_stats (fixture->pool, &stats);
  g_assert_cmpuint (orf_gpu_pool_trim (fixture->pool, ORF_CLEANUP_LEVEL_NORMAL), ==,
                    stats.reserved_bytes);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)
#define MALLOC_KEEPS TRUE /* what is freed, to see who still uses it */
#else
#define MALLOC_KEEPS FALSE
#endif

/* Who ran a command may let go of its buffer a moment after clFinish(). */
static gboolean
resident_falls_to (guint64 bytes)
{
  for (int i = 0; i < 1000; i++) {
    if (read_resident_bytes () <= bytes)
      return TRUE;
    g_usleep (10 * G_TIME_SPAN_MILLISECOND);
  }
  return FALSE;
}

/* What a trim gives back the system has again, where the device is the CPU. */
static void
test_trim (Fixture *fixture, gconstpointer limit_mib)
{
  cl_device_type type = 0;
  guint64 held_bytes;
  guint64 trimmed_bytes;

  if (is_missing (fixture))
    return;
  clGetDeviceInfo (fixture->device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
  hold_and_trim (fixture, &held_bytes); /* what OpenCL makes for itself when it is first used */
  if (type != CL_DEVICE_TYPE_CPU || MALLOC_KEEPS)
    return;
  /* 60 MiB were written to */
  g_assert_true (resident_falls_to (held_bytes - 52 * MIB));
  malloc_trim (0);
  trimmed_bytes = read_resident_bytes ();
  for (int round = 0; round < 3; round++) { /* malloc() learns from what it sees freed */
    hold_and_trim (fixture, &held_bytes);
    g_assert_cmpuint (held_bytes, >=, trimmed_bytes + 52 * MIB);
    g_assert_true (resident_falls_to (trimmed_bytes + 8 * MIB));
  }
}

static void
test_limit (Fixture *fixture, gconstpointer limit_mib)
{
  OrfGpuBlock *block = NULL;
  OrfGpuPoolStats stats;

  if (is_missing (fixture))
    return;
  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, 33 * MIB, &block), ==,
                   ORF_STATUS_NO_MEMORY);
  g_assert_cmpint (orf_gpu_pool_allocate (fixture->pool, (size_t) 1 << 50, &block), ==,
                   ORF_STATUS_NO_MEMORY);
  block = allocate (fixture, 32 * MIB);
  orf_gpu_pool_get_stats (fixture->pool, &stats);
  g_assert_cmpuint (stats.ooms, ==, 2);
  g_assert_cmpuint (stats.reserved_bytes, ==, 32 * MIB);
}

static void
test_device_id (Fixture *fixture, gconstpointer limit_mib)
{
  char id[64] = "";
  char again[64] = "";

  if (is_missing (fixture))
    return;
  g_assert_cmpint (orf_opencl_get_device_id (fixture->device, id, sizeof id), ==, ORF_STATUS_OK);
  g_assert_true (g_str_has_prefix (id, "opencl-") || g_str_has_prefix (id, "pci-") ||
                 g_str_has_prefix (id, "uuid-"));
  g_assert_cmpint (orf_opencl_get_device_id (fixture->device, again, strlen (id) + 1), ==,
                   ORF_STATUS_OK);
  g_assert_cmpstr (again, ==, id);
  g_assert_cmpint (orf_opencl_get_device_id (fixture->device, again, strlen (id)), ==,
                   ORF_STATUS_INVALID);
}

int
main (int argc, char **argv)
{
  const struct {
    const char *name;
    size_t limit_mib;
    void (*test) (Fixture *fixture, gconstpointer limit_mib);
  } tests[] = {
    { "/lib/opencl-pool/contents", 0, test_contents },
    { "/lib/opencl-pool/kernel", 0, test_kernel },
    { "/lib/opencl-pool/trim", 0, test_trim },
    { "/lib/opencl-pool/limit", 32, test_limit },
    { "/lib/opencl-pool/device-id", 0, test_device_id },
  };

  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, GSIZE_TO_POINTER (tests[i].limit_mib), set_up,
                tests[i].test, tear_down);
  return g_test_run ();
}
