/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-queue.h"
#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The thread that owns the only writing connection.  Functions are the main context's. */
typedef struct _OrfStoreWriter OrfStoreWriter;

/* In the main context; stats are borrowed. */
typedef void (*OrfStoreStatsCb) (OrfStore *store, const OrfStoreStats *stats);

/* Takes connection, which is closed on failure too.  jobs: two lanes (OrfWriteLane) of OrfWriteJob
 * and OrfBackupJob, whose `work` is set by the two functions below; replies is where news of the
 * writer's state go. */
OrfStoreWriter *orf_store_writer_start (OrfStore *store,
                                        const OrfStoreOptions *options,
                                        OrfConnection *connection,
                                        OrfQueue *jobs,
                                        OrfQueue *replies,
                                        OrfStoreStatsCb stats_cb,
                                        GError **error);
/* Once jobs is closed: waits until it is drained, checkpointed and the connection closed. */
void orf_store_writer_join (OrfStoreWriter *writer);
/* Before jobs is closed: without the checkpoint. */
void orf_store_writer_keep_wal (OrfStoreWriter *writer);

/* Other limits, on their way.  Nobody waits for them. */
typedef struct {
  OrfJob base;
  OrfHistoryLimits history;
} OrfHistoryJob;

void orf_store_writer_work_history (OrfJob *job, gpointer state);
/* OrfJob.work of an OrfWriteJob and of an OrfBackupJob; state is the OrfStoreWriter. */
void orf_store_writer_work_write (OrfJob *job, gpointer state);
void orf_store_writer_work_backup (OrfJob *job, gpointer state);

G_END_DECLS
