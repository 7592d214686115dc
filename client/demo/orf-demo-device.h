/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <orfeas/opencl.h>

/* The first OpenCL device (accelerators before CPUs), its queue, and two kernels.  Of one thread.
 */
typedef struct _OrfDemoDevice OrfDemoDevice;

/* G_IO_ERROR with OpenCL's number where there is none, or it does not compile. */
OrfDemoDevice *orf_demo_device_open (GError **error);
void orf_demo_device_free (OrfDemoDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDemoDevice, orf_demo_device_free)

OrfStatus orf_demo_device_new_pool (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool);
const char *orf_demo_device_get_id (OrfDemoDevice *device);

/* Writes a word to each page of the block, so that it is really there: PoCL's buffers are host
 * memory, which the system gives only when it is touched.  Waits until it is done. */
gboolean orf_demo_device_touch (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error);
/* Some arithmetic on the block's first items; the time it takes grows with their number.  *done is
 * the command's event, the caller's. */
gboolean orf_demo_device_compute (
  OrfDemoDevice *device, const OrfGpuBlock *block, guint64 n_items, cl_event *done, GError **error);
