/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-advice.h"
#include "store/orf-store-batches.h"

G_BEGIN_DECLS

/*
 * The advice for one worker from the file: its newest batches, and what of its device is left for
 * it.  In a reader's thread.
 */

/* A device as it is now; bytes -1: unknown. */
typedef struct {
  const char *device;
  gint64 total_bytes;
  gint64 used_bytes;
} OrfBatchDevice;

typedef struct {
  OrfBatchAdvice advice;
  char *operation; /* the one advised about; NULL: none was told */
  gint64 budget_bytes;
} OrfBatchStudy;

void orf_batch_study_clear (OrfBatchStudy *study);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfBatchStudy, orf_batch_study_clear)

/* What a peak of the worker may be: the device less headroom, less what others have in use. */
gint64 orf_batch_get_budget_bytes (const OrfBatchDevice *device,
                                   const OrfWorkerRow *worker,
                                   double headroom_percent);

/* Of several operations that share the worker's memory the one that allows least.  p99_us 0: not
 * asked. */
gboolean orf_batch_study_run (OrfConnection *connection,
                              gint64 worker_id,
                              gint64 budget_bytes,
                              gint64 p99_us,
                              OrfBatchStudy *study,
                              GError **error);

G_END_DECLS
