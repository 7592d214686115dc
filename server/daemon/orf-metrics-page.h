/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "metrics/orf-exposition.h"
#include "transport/orf-http-server.h"

G_BEGIN_DECLS

/* GET /metrics, answered by exposition, with NVIDIA's devices of gpu under DCGM's names.  Both
 * outlive the server. */
void orf_metrics_page_add (OrfHttpServer *server, OrfExposition *exposition, OrfGpuMonitor *gpu);

G_END_DECLS
