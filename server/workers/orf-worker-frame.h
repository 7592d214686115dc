/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-sampler.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/* Series of workers: what they reported since the frame before.  Main context. */
typedef struct _OrfWorkerFrame OrfWorkerFrame;

/* All outlive it; it outlives the sampler. */
OrfWorkerFrame *
orf_worker_frame_new (OrfWorkers *workers, OrfSampler *sampler, const OrfConfig *config);
void orf_worker_frame_free (OrfWorkerFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerFrame, orf_worker_frame_free)

G_END_DECLS
