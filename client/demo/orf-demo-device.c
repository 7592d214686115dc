/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include "orf-demo-device.h"

#include <gio/gio.h>

#define MAX_PLATFORMS 32
#define PAGE_BYTES    4096
/* Words an item of a batch works on: with ROUNDS below some tenths of a ms on one core. */
#define ITEM_WORDS 4096

struct _OrfDemoDevice {
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;
  cl_program program;
  cl_kernel touch;
  cl_kernel compute;
  char id[64];
};

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
build (OrfDemoDevice *device, GError **error)
{
  const char *text = program_text;
  cl_int code = CL_SUCCESS;

  device->program = clCreateProgramWithSource (device->context, 1, &text, NULL, &code);
  if (code == CL_SUCCESS)
    code = clBuildProgram (device->program, 1, &device->device, "", NULL, NULL);
  if (code == CL_SUCCESS)
    device->touch = clCreateKernel (device->program, "touch_pages", &code);
  if (code == CL_SUCCESS)
    device->compute = clCreateKernel (device->program, "compute", &code);
  return code == CL_SUCCESS || fail ("no kernels", code, error);
}

OrfDemoDevice *
orf_demo_device_open (GError **error)
{
  g_autoptr (OrfDemoDevice) device = g_new0 (OrfDemoDevice, 1);
  cl_int code = CL_SUCCESS;

  device->device = find_device ();
  if (device->device == NULL) {
    fail ("no device", CL_DEVICE_NOT_FOUND, error);
    return NULL;
  }
  device->context = clCreateContext (NULL, 1, &device->device, NULL, NULL, &code);
  if (code == CL_SUCCESS)
    device->queue = clCreateCommandQueue (device->context, device->device, 0, &code);
  if (code != CL_SUCCESS) {
    fail ("no context", code, error);
    return NULL;
  }
  if (!build (device, error))
    return NULL;
  if (orf_opencl_get_device_id (device->device, device->id, sizeof device->id) != ORF_STATUS_OK)
    device->id[0] = '\0';
  return g_steal_pointer (&device);
}

void
orf_demo_device_free (OrfDemoDevice *device)
{
  if (device == NULL)
    return;
  g_clear_pointer (&device->touch, clReleaseKernel);
  g_clear_pointer (&device->compute, clReleaseKernel);
  g_clear_pointer (&device->program, clReleaseProgram);
  g_clear_pointer (&device->queue, clReleaseCommandQueue);
  g_clear_pointer (&device->context, clReleaseContext);
  g_free (device);
}

OrfStatus
orf_demo_device_new_pool (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool)
{
  return orf_opencl_pool_new (device->context, device->device, limit_bytes, pool);
}

const char *
orf_demo_device_get_id (OrfDemoDevice *device)
{
  return device->id;
}

static cl_int
launch (OrfDemoDevice *device, cl_kernel kernel, cl_mem memory, size_t n, cl_event *done)
{
  cl_int code = clSetKernelArg (kernel, 0, sizeof memory, &memory);

  if (code == CL_SUCCESS)
    code = clEnqueueNDRangeKernel (device->queue, kernel, 1, NULL, &n, NULL, 0, NULL, done);
  return code == CL_SUCCESS ? clFlush (device->queue) : code;
}

gboolean
orf_demo_device_touch (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error)
{
  size_t n_pages = MAX (orf_gpu_block_get_bytes (block) / PAGE_BYTES, 1);
  cl_int code = launch (device, device->touch, orf_opencl_get_mem (block), n_pages, NULL);

  if (code == CL_SUCCESS)
    code = clFinish (device->queue);
  return code == CL_SUCCESS || fail ("a block cannot be written to", code, error);
}

gboolean
orf_demo_device_compute (
  OrfDemoDevice *device, const OrfGpuBlock *block, guint64 n_items, cl_event *done, GError **error)
{
  size_t n_words = MIN (n_items * ITEM_WORDS, orf_gpu_block_get_bytes (block) / sizeof (cl_uint));
  cl_int code = launch (device, device->compute, orf_opencl_get_mem (block), MAX (n_words, 1),
                        done);

  if (code == CL_SUCCESS)
    code = clWaitForEvents (1, done);
  return code == CL_SUCCESS || fail ("a kernel does not run", code, error);
}
