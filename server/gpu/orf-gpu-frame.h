/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gpu/orf-gpu-monitor.h"
#include "metrics/orf-sampler.h"

G_BEGIN_DECLS

/*
 * The monitor as a source of the sampler: its devices' values go into frames, and their processes,
 * where those changed, to table gpu_process.
 */
typedef struct _OrfGpuFrame OrfGpuFrame;

/* All outlive its use: free it after the sampler, and before the monitor. */
OrfGpuFrame *orf_gpu_frame_new (OrfGpuMonitor *monitor,
                                OrfSampler *sampler,
                                OrfStore *store,
                                const OrfConfig *config);
void orf_gpu_frame_free (OrfGpuFrame *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGpuFrame, orf_gpu_frame_free)

G_END_DECLS
