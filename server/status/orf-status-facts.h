/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cache/orf-cache-frame.h"
#include "gpu/orf-gpu-monitor.h"
#include "host/orf-host-monitor.h"
#include "host/orf-self-monitor.h"
#include "metrics/orf-sampler.h"
#include "rpc/orf-router.h"
#include "status/orf-components.h"

G_BEGIN_DECLS

/* What status.get and health.check look at.  NULL: that part does not run (a file is inspected). */
typedef struct {
  const OrfConfig *config;
  OrfMemory *memory;
  OrfRouter *router;
  OrfStore *store;
  OrfRegistry *registry;
  OrfSampler *sampler;
  OrfGpuMonitor *gpu;
  OrfHostMonitor *host;
  OrfSelfMonitor *self;
  OrfCacheFrame *cache;
} OrfStatusParts;

/* How each component is now; orf_components_clear() frees it. */
void
orf_status_facts_decide (const OrfStatusParts *parts, OrfComponent components[ORF_N_COMPONENTS]);
guint orf_status_facts_completion_percent (const OrfStatusParts *parts);

G_END_DECLS
