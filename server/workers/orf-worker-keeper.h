/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-workers.h"
#include "workers/orf-workers.h"

G_BEGIN_DECLS

/*
 * The workers in the file: read at start, and written when they change by themselves (lost, or
 * reached ones); what changes by a call is written by the call.  Main context.
 */
typedef struct _OrfWorkerKeeper OrfWorkerKeeper;

/* Reads the file once, blocking, into workers, which has none yet.  All outlive it. */
OrfWorkerKeeper *orf_worker_keeper_new (const OrfConfig *config,
                                        OrfStore *store,
                                        OrfWorkers *workers,
                                        GError **error);
void orf_worker_keeper_free (OrfWorkerKeeper *keeper);

/* The worker as it is now, with no batches. */
OrfWorkerChange *orf_worker_change_from (const OrfConfig *config, const OrfWorker *worker);

/* The other way; strings are the row's, id and label are not set.  One that is neither lost nor has
 * left is silent. */
void orf_worker_borrow_row (const OrfWorkerRow *row, OrfWorker *worker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWorkerKeeper, orf_worker_keeper_free)

G_END_DECLS
