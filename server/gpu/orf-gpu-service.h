/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "rpc/orf-router.h"

G_BEGIN_DECLS

/*
 * gpu.list and gpu.profile.  Answers are kept as text for as long as the monitor's snapshots do not
 * change: at full rate a call costs a look-up and a copy.
 */
typedef struct _OrfGpuService OrfGpuService;

/* Binds the methods; monitor and router outlive it. */
OrfGpuService *orf_gpu_service_new (OrfRouter *router, OrfGpuMonitor *monitor);
void orf_gpu_service_free (OrfGpuService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGpuService, orf_gpu_service_free)

G_END_DECLS
