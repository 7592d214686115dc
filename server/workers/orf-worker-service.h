/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "rpc/orf-router.h"
#include "store/orf-store.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* worker.*: what processes that hold GPU memory call.  Main context. */
typedef struct _OrfWorkerService OrfWorkerService;

typedef struct {
  const OrfConfig *config;
  OrfStore *store;
  OrfWorkers *workers;
  OrfGpuMonitor *gpu; /* which devices there are */
} OrfWorkerParts;

/* parts is copied, what it names outlives the service, which outlives the calls. */
OrfWorkerService *orf_worker_service_new (OrfRouter *router, const OrfWorkerParts *parts);
void orf_worker_service_free (OrfWorkerService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerService, orf_worker_service_free)

G_END_DECLS
