/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <orfeas/gpu-pool.h>

/* Where the worker's memory is and its batches run: an OpenCL device, or the simulated one that
 * orfeas-probe shows.  Of one thread, but for what its pool calls. */
typedef struct _OrfDemoDevice OrfDemoDevice;

/* One kind of them, as a row of functions; each has its struct begin with an OrfDemoDevice. */
typedef struct {
  void (*free) (OrfDemoDevice *device);
  OrfStatus (*new_pool) (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool);
  gboolean (*touch) (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error);
  gboolean (*compute) (OrfDemoDevice *device,
                       const OrfGpuBlock *block,
                       guint64 n_items,
                       gpointer *fence,
                       GError **error);
} OrfDemoDeviceKind;

struct _OrfDemoDevice {
  const OrfDemoDeviceKind *kind;
  char id[64]; /* as the daemon names it; "": not known */
};

/* The first OpenCL device (accelerators before CPUs), its queue, and two kernels.  G_IO_ERROR with
 * OpenCL's number where there is none, or it does not compile. */
OrfDemoDevice *orf_demo_device_open_opencl (GError **error);
/* Memory that is only counted, in the file of this process in folder, from which orfeas-probe
 * knows it (server/probe/orf-simulated-ledger.h). */
OrfDemoDevice *
orf_demo_device_open_simulated (const char *folder, const char *name, GError **error);
void orf_demo_device_free (OrfDemoDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDemoDevice, orf_demo_device_free)

OrfStatus orf_demo_device_new_pool (OrfDemoDevice *device, guint64 limit_bytes, OrfGpuPool **pool);
const char *orf_demo_device_get_id (OrfDemoDevice *device);

/* Makes the block's memory really be there, and waits until it is: PoCL's buffers are host memory,
 * which the system gives only when it is touched. */
gboolean orf_demo_device_touch (OrfDemoDevice *device, const OrfGpuBlock *block, GError **error);
/* Some arithmetic on the block's first items; the time it takes grows with their number.  *fence
 * is what orf_gpu_pool_release_after() takes. */
gboolean orf_demo_device_compute (OrfDemoDevice *device,
                                  const OrfGpuBlock *block,
                                  guint64 n_items,
                                  gpointer *fence,
                                  GError **error);
