/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include "orf-demo-device.h"

#include <gio/gio.h>
#include <orfeas/opencl.h>

#define MAX_PLATFORMS 32
#define PAGE_BYTES    4096
/* Words an item of a batch works on: with ROUNDS below some tenths of a ms on one core. */
#define ITEM_WORDS 4096

typedef struct {
  OrfDemoDevice device;
  cl_device_id cl_device;
  cl_context context;
  cl_command_queue queue;
  cl_program program;
  cl_kernel touch;
  cl_kernel compute;
} OpenclDevice;

static const char *const program_text = "kernel void touch_pages (global uint *words) {\n"
                                        "  words[get_global_id (0) * 1024] = get_global_id (0);\n"
                                        "}\n"
                                        "kernel void compute (global uint *words) {\n"
                                        "  uint x = words[get_global_id (0)];\n"
                                        "  for (int i = 0; i < 64; i++)\n"
                                        "    x = x * 1664525 + 1013904223;\n"
                                        "  words[get_global_id (0)] = x;\n"
                                        "}\n";

static gboolean
fail (const char *what, cl_int code, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: OpenCL says %d", what, code);
  return FALSE;
}

static cl_device_id
find_device (void)
{
  const cl_device_type types[] = { CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR,
                                   CL_DEVICE_TYPE_ALL };
  cl_platform_id platforms[MAX_PLATFORMS];
  cl_uint n_platforms = 0;
  cl_device_id device = NULL;

  if (clGetPlatformIDs (MAX_PLATFORMS, platforms, &n_platforms) != CL_SUCCESS)
    return NULL;
  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    for (cl_uint i = 0; i < MIN (n_platforms, MAX_PLATFORMS); i++) {
      if (clGetDeviceIDs (platforms[i], types[t], 1, &device, NULL) == CL_SUCCESS)
        return device;
    }
  }
  return NULL;
}

static gboolean
build (OpenclDevice *self, GError **error)
{
  const char *text = program_text;
  cl_int code = CL_SUCCESS;

  self->program = clCreateProgramWithSource (self->context, 1, &text, NULL, &code);
  if (code == CL_SUCCESS)
    code = clBuildProgram (self->program, 1, &self->cl_device, "", NULL, NULL);
  if (code == CL_SUCCESS)
    self->touch = clCreateKernel (self->program, "touch_pages", &code);
  if (code == CL_SUCCESS)
    self->compute = clCreateKernel (self->program, "compute", &code);
  return code == CL_SUCCESS || fail ("no kernels", code, error);
}

static void
free_opencl (OrfDemoDevice *device)
{
  OpenclDevice *self = (OpenclDevice *) device;

  g_clear_pointer (&self->touch, clReleaseKernel);
  g_clear_pointer (&self->compute, clReleaseKernel);
  g_clear_pointer (&self->program, clReleaseProgram);
  g_clear_pointer (&self->queue, clReleaseCommandQueue);
  g_clear_pointer (&self->context, clReleaseContext);
  g_free (self);
}

static OrfStatus
new_pool (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool)
{
  OpenclDevice *self = (OpenclDevice *) device;

  return orf_opencl_pool_new (self->context, self->cl_device, limit_bytes, pool);
}

static cl_int
launch (OpenclDevice *self, cl_kernel kernel, cl_mem memory, size_t n, cl_event *done)
{
  cl_int code = clSetKernelArg (kernel, 0, sizeof memory, &memory);

  if (code == CL_SUCCESS)
    code = clEnqueueNDRangeKernel (self->queue, kernel, 1, NULL, &n, NULL, 0, NULL, done);
  return code == CL_SUCCESS ? clFlush (self->queue) : code;
}

/* Writes a word to each page. */
static gboolean
touch (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error)
{
  OpenclDevice *self = (OpenclDevice *) device;
  size_t n_pages = MAX (orf_gpu_block_get_bytes (block) / PAGE_BYTES, 1);
  cl_int code = launch (self, self->touch, orf_opencl_get_mem (block), n_pages, NULL);

  if (code == CL_SUCCESS)
    code = clFinish (self->queue);
  return code == CL_SUCCESS || fail ("a block cannot be written to", code, error);
}

static gboolean
compute (
  OrfDemoDevice *device, const OrfGpuBlock *block, guint64 n_items, gpointer *fence, GError **error)
{
  OpenclDevice *self = (OpenclDevice *) device;
  size_t n_words = MIN (n_items * ITEM_WORDS, orf_gpu_block_get_bytes (block) / sizeof (cl_uint));
  cl_event done = NULL;
  cl_int code = launch (self, self->compute, orf_opencl_get_mem (block), MAX (n_words, 1), &done);

  if (code == CL_SUCCESS)
    code = clWaitForEvents (1, &done);
  if (code == CL_SUCCESS) {
    *fence = done;
    return TRUE;
  }
  g_clear_pointer (&done, clReleaseEvent);
  return fail ("a kernel does not run", code, error);
}

static const OrfDemoDeviceKind kind = { free_opencl, new_pool, touch, compute };

OrfDemoDevice *
orf_demo_device_open_opencl (GError **error)
{
  OpenclDevice *self = g_new0 (OpenclDevice, 1);
  g_autoptr (OrfDemoDevice) device = &self->device;
  cl_int code = CL_SUCCESS;

  device->kind = &kind;
  self->cl_device = find_device ();
  if (self->cl_device == NULL) {
    fail ("no device", CL_DEVICE_NOT_FOUND, error);
    return NULL;
  }
  self->context = clCreateContext (NULL, 1, &self->cl_device, NULL, NULL, &code);
  if (code == CL_SUCCESS)
    self->queue = clCreateCommandQueue (self->context, self->cl_device, 0, &code);
  if (code != CL_SUCCESS) {
    fail ("no context", code, error);
    return NULL;
  }
  if (!build (self, error))
    return NULL;
  if (orf_opencl_get_device_id (self->cl_device, device->id, sizeof device->id) != ORF_STATUS_OK)
    device->id[0] = '\0';
  return g_steal_pointer (&device);
}
