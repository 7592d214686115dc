/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * What each frame said of devices and cache, for the spans that come later: they carry it in
 * `span.gpu`.  Main context.
 */
typedef struct _OrfGpuStates OrfGpuStates;

typedef struct {
  const OrfConfig *config;
  OrfGpuMonitor *monitor;
  OrfSampler *sampler;
  OrfRegistry *registry;
  OrfStore *store;
} OrfGpuStatesParts;

/* All of parts outlive it but the sampler, which is freed before it. */
OrfGpuStates *orf_gpu_states_new (const OrfGpuStatesParts *parts);
void orf_gpu_states_free (OrfGpuStates *states);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGpuStates, orf_gpu_states_free)

G_END_DECLS
