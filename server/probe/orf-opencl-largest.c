/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-opencl-largest.h"

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <gmodule.h>

#include "orf-error.h"

/* How near the answer is to the truth: what a program that wants much memory asks for at once. */
#define STEP_BYTES (G_GINT64_CONSTANT (16) << 20)

typedef struct {
  cl_context (*create_context) (const cl_context_properties *,
                                cl_uint,
                                const cl_device_id *,
                                void (*) (const char *, const void *, size_t, void *),
                                void *,
                                cl_int *);
  cl_command_queue (*create_queue) (cl_context,
                                    cl_device_id,
                                    cl_command_queue_properties,
                                    cl_int *);
  cl_mem (*create_buffer) (cl_context, cl_mem_flags, size_t, void *, cl_int *);
  cl_int (*fill) (cl_command_queue,
                  cl_mem,
                  const void *,
                  size_t,
                  size_t,
                  size_t,
                  cl_uint,
                  const cl_event *,
                  cl_event *);
  cl_int (*finish) (cl_command_queue);
  cl_int (*release_buffer) (cl_mem);
  cl_int (*release_queue) (cl_command_queue);
  cl_int (*release_context) (cl_context);
  cl_context context;
  cl_command_queue queue;
} Session;

static gboolean
load (Session *session, GModule *module, GError **error)
{
  const struct {
    const char *name;
    gpointer *target;
  } symbols[] = {
    { "clCreateContext", (gpointer *) &session->create_context },
    { "clCreateCommandQueue", (gpointer *) &session->create_queue },
    { "clCreateBuffer", (gpointer *) &session->create_buffer },
    { "clEnqueueFillBuffer", (gpointer *) &session->fill },
    { "clFinish", (gpointer *) &session->finish },
    { "clReleaseMemObject", (gpointer *) &session->release_buffer },
    { "clReleaseCommandQueue", (gpointer *) &session->release_queue },
    { "clReleaseContext", (gpointer *) &session->release_context },
  };

  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++) {
    if (!g_module_symbol (module, symbols[i].name, symbols[i].target) || !*symbols[i].target) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the OpenCL library lacks %s",
                   symbols[i].name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
start (Session *session, cl_device_id device, GError **error)
{
  cl_int rc = CL_SUCCESS;

  session->context = session->create_context (NULL, 1, &device, NULL, NULL, &rc);
  if (session->context)
    session->queue = session->create_queue (session->context, device, 0, &rc);
  if (session->queue)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the device takes no work (OpenCL: %d)",
               rc);
  return FALSE;
}

static void
end (Session *session)
{
  if (session->queue)
    session->release_queue (session->queue);
  if (session->context)
    session->release_context (session->context);
}

/* A driver may promise memory that it does not have, so that only what was written is believed. */
static gboolean
can_have (Session *session, gint64 bytes)
{
  static const guint8 pattern = 0xa5;
  cl_int rc = CL_SUCCESS;
  cl_mem buffer = session->create_buffer (session->context, CL_MEM_READ_WRITE, (size_t) bytes, NULL,
                                          &rc);

  if (!buffer)
    return FALSE;
  rc = session->fill (session->queue, buffer, &pattern, sizeof pattern, 0, (size_t) bytes, 0, NULL,
                      NULL);
  if (rc == CL_SUCCESS)
    rc = session->finish (session->queue);
  session->release_buffer (buffer);
  session->finish (session->queue);
  return rc == CL_SUCCESS;
}

gboolean
orf_opencl_measure_largest (
  OrfOpencl *opencl, guint index, gint64 max_bytes, gint64 *largest_bytes, GError **error)
{
  Session session = { 0 };
  gint64 low = 0;
  gint64 high = max_bytes + 1; /* what cannot be had */

  if (!load (&session, orf_opencl_get_module (opencl), error))
    return FALSE;
  if (!start (&session, orf_opencl_get_device (opencl, index), error)) {
    end (&session);
    return FALSE;
  }

  if (can_have (&session, max_bytes))
    low = max_bytes;
  while (low < max_bytes && high - low > STEP_BYTES) {
    gint64 middle = low + (high - low) / 2;

    if (can_have (&session, middle))
      low = middle;
    else
      high = middle;
  }
  end (&session);
  *largest_bytes = low;
  return TRUE;
}
