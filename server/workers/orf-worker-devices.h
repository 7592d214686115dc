/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* What workers report, summed up to what gpu.profile tells of their devices.  Main context. */
typedef struct _OrfWorkerDevices OrfWorkerDevices;

/* Both outlive it. */
OrfWorkerDevices *orf_worker_devices_new (OrfWorkers *workers, OrfGpuMonitor *gpu);
void orf_worker_devices_free (OrfWorkerDevices *devices);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerDevices, orf_worker_devices_free)

G_END_DECLS
