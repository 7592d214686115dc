/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/tracer.h>
#include <orfeas/worker.h>

#include "orf-demo-device.h"
#include "orf-demo-options.h"

/* What a model server does with memory: weights that stay, a batch now and then, sometimes a leak.
 * Of one thread. */
typedef struct _OrfDemoWork OrfDemoWork;

/* Loads the weights, and leaves idle in the pool what it is told to.  Options, device, pool and
 * tracer (NULL: none) are borrowed. */
OrfDemoWork *orf_demo_work_new (const OrfDemoOptions *options,
                                OrfDemoDevice *device,
                                OrfGpuPool *pool,
                                OrfTracer *tracer,
                                GError **error);
void orf_demo_work_free (OrfDemoWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDemoWork, orf_demo_work_free)

/* One batch, of a size that wanders between 1 and the largest allowed; measured into *batch.  *ran
 * is FALSE where memory was not enough: the next is smaller. */
gboolean
orf_demo_work_run_batch (OrfDemoWork *work, OrfBatch *batch, gboolean *ran, GError **error);
void orf_demo_work_set_max_batch (OrfDemoWork *work, gint64 max_batch);

/* Gives back what is idle; the weights too if aggressive, which the next batch loads again.  Bytes.
 */
guint64 orf_demo_work_clean_up (OrfDemoWork *work, OrfCleanupLevel level);
