/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <orfeas/opencl.h>

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

/* 20 ms in all: others than the driver may hold it for ever, and a thread that cannot run on a busy
 * machine is not waited for longer. */
#define BUFFER_LOOK_NS   100000
#define MAX_BUFFER_LOOKS 200

typedef struct {
  cl_context context;
  cl_command_queue queue;
  bool is_host; /* the device is the CPU, and its memory malloc()'s */
} OpenclBackend;

static OrfStatus
fold (cl_int code)
{
  switch (code) {
  case CL_SUCCESS:
    return ORF_STATUS_OK;
  case CL_MEM_OBJECT_ALLOCATION_FAILURE:
  case CL_OUT_OF_RESOURCES: /* what NVIDIA's driver says when its memory is full */
  case CL_OUT_OF_HOST_MEMORY:
  case CL_INVALID_BUFFER_SIZE: /* more than CL_DEVICE_MAX_MEM_ALLOC_SIZE */
    return ORF_STATUS_NO_MEMORY;
  default:
    return ORF_STATUS_FAILED;
  }
}

/* Makes the device take the memory now. */
static cl_int
migrate (OpenclBackend *backend, cl_mem memory)
{
  cl_event event = NULL;
  cl_int state = CL_COMPLETE;
  cl_int code = clEnqueueMigrateMemObjects (backend->queue, 1, &memory,
                                            CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, NULL,
                                            &event);

  if (code != CL_SUCCESS)
    return code;
  code = clWaitForEvents (1, &event);
  /* that it failed is told by its state; the wait says only so much */
  clGetEventInfo (event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
  clReleaseEvent (event);
  return state < 0 ? state : code;
}

static OrfStatus
create (void *self, size_t bytes, void **memory)
{
  OpenclBackend *backend = self;
  cl_int code = CL_SUCCESS;
  cl_mem buffer = clCreateBuffer (backend->context, CL_MEM_READ_WRITE, bytes, NULL, &code);

  if (code != CL_SUCCESS)
    return fold (code);
  code = migrate (backend, buffer);
  if (code != CL_SUCCESS) {
    clReleaseMemObject (buffer);
    return fold (code);
  }
  *memory = buffer;
  return ORF_STATUS_OK;
}

/* PoCL's threads hold a buffer for a moment longer than its last command is told as done.  Released
 * meanwhile it is freed by them, after trimmed(), and malloc() keeps it. */
static void
await_driver (cl_mem memory)
{
  const struct timespec pause = { .tv_nsec = BUFFER_LOOK_NS };
  cl_uint n = 0;

  for (int i = 0; i < MAX_BUFFER_LOOKS; i++) {
    if (clGetMemObjectInfo (memory, CL_MEM_REFERENCE_COUNT, sizeof n, &n, NULL) != CL_SUCCESS ||
        n <= 1)
      return;
    nanosleep (&pause, NULL);
  }
}

static void
destroy (void *self, void *memory)
{
  if (((OpenclBackend *) self)->is_host)
    await_driver (memory);
  clReleaseMemObject (memory);
}

static OrfStatus
create_view (void *self, void *memory, size_t offset, size_t bytes, void **view)
{
  cl_buffer_region region = { offset, bytes };
  cl_int code = CL_SUCCESS;
  cl_mem part = clCreateSubBuffer (memory, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region,
                                   &code);

  if (code != CL_SUCCESS)
    return fold (code);
  *view = part;
  return ORF_STATUS_OK;
}

static bool
is_done (void *self, void *fence)
{
  cl_int state = CL_COMPLETE;

  /* an event that cannot be asked, or whose command failed (below 0), will not be done later */
  return clGetEventInfo (fence, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL) !=
           CL_SUCCESS ||
         state <= CL_COMPLETE;
}

static void
wait (void *self, void *fence)
{
  cl_event event = fence;

  clWaitForEvents (1, &event);
}

static void
destroy_fence (void *self, void *fence)
{
  clReleaseEvent (fence);
}

/* PoCL's buffers come from malloc(), which keeps what is freed below its threshold (up to 32 MiB):
 * only this gives it back to the system. */
static void
trimmed (void *self)
{
#ifdef __GLIBC__
  if (((OpenclBackend *) self)->is_host)
    malloc_trim (0);
#endif
}

static void
free_self (void *self)
{
  OpenclBackend *backend = self;

  clReleaseCommandQueue (backend->queue);
  clReleaseContext (backend->context);
  free (backend);
}

static OrfStatus
read_limits (cl_device_id device, OrfGpuBackend *table, bool *is_host)
{
  cl_uint align_bits = 0;
  cl_ulong max_bytes = 0;
  cl_device_type type = 0;
  cl_int code = clGetDeviceInfo (device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof align_bits,
                                 &align_bits, NULL);

  if (code == CL_SUCCESS)
    code = clGetDeviceInfo (device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof max_bytes, &max_bytes,
                            NULL);
  if (code == CL_SUCCESS)
    code = clGetDeviceInfo (device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
  if (code != CL_SUCCESS)
    return fold (code);
  table->alignment = align_bits / 8;
  table->max_bytes = (size_t) max_bytes;
  *is_host = (type & CL_DEVICE_TYPE_CPU) != 0;
  return ORF_STATUS_OK;
}

static OrfStatus
new_backend (cl_context context, cl_device_id device, bool is_host, OpenclBackend **backend)
{
  cl_int code = CL_SUCCESS;
  cl_command_queue queue = clCreateCommandQueue (context, device, 0, &code);

  if (code != CL_SUCCESS)
    return fold (code);
  *backend = calloc (1, sizeof **backend);
  if (*backend == NULL) {
    clReleaseCommandQueue (queue);
    return ORF_STATUS_NO_MEMORY;
  }
  clRetainContext (context);
  **backend = (OpenclBackend){ context, queue, is_host };
  return ORF_STATUS_OK;
}

OrfStatus
orf_opencl_pool_new (cl_context context,
                     cl_device_id device,
                     uint64_t limit_bytes,
                     OrfGpuPool **pool)
{
  OrfGpuBackend table = {
    .create = create,
    .destroy = destroy,
    .create_view = create_view,
    .destroy_view = destroy,
    .is_done = is_done,
    .wait = wait,
    .destroy_fence = destroy_fence,
    .trimmed = trimmed,
    .free_self = free_self,
  };
  OpenclBackend *backend = NULL;
  OrfGpuPool *made;
  bool is_host = false;
  OrfStatus status = read_limits (device, &table, &is_host);

  if (status == ORF_STATUS_OK)
    status = new_backend (context, device, is_host, &backend);
  if (status != ORF_STATUS_OK)
    return status;
  table.self = backend;
  made = orf_gpu_pool_new (&table, limit_bytes);
  if (made == NULL) {
    free_self (backend);
    return ORF_STATUS_NO_MEMORY;
  }
  *pool = made;
  return ORF_STATUS_OK;
}
