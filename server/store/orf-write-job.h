/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-queue.h"
#include "history/orf-pack-step.h"
#include "store/orf-sample-batch.h"
#include "store/orf-store-samples.h"

G_BEGIN_DECLS

typedef enum {
  ORF_WRITE_LANE_ACK, /* someone waits to be told that it is on disk */
  ORF_WRITE_LANE_BULK,
  ORF_N_WRITE_LANES,
} OrfWriteLane;

/*
 * One write: an owned copy of all that is to be written together.  What is NULL is not written.
 */
typedef struct {
  OrfJob base;
  OrfStore *store; /* looked at in the main context only */
  OrfWriteLane lane;

  OrfSampleBatch *batch;
  GPtrArray *series; /* OrfSeriesRow */
  GArray *processes; /* OrfGpuProcessRow, its strings owned */
  gint64 processes_t_us;
  OrfPackStep *pack;
  OrfStoreChange change; /* write_thread_cb NULL: none; its audit and idempotency are below */
  OrfIdempotency *idempotency;
  OrfAudit *audit;

  OrfMemory *memory; /* where held_bytes is counted */
  gsize held_bytes;
  guint n_written; /* of the batch's samples: a large frame takes several transactions */

  char *replayed_json;
  GError *error;
  OrfWriteDone done;
  gpointer user_data;
} OrfWriteJob;

OrfWriteJob *orf_write_job_new (OrfStore *store, OrfWriteLane lane);
void orf_write_job_free (OrfWriteJob *job);
void orf_write_job_set_idempotency (OrfWriteJob *job, const OrfIdempotency *idempotency);
void orf_write_job_set_audit (OrfWriteJob *job, const OrfAudit *audit);
void orf_write_job_set_processes (OrfWriteJob *job,
                                  gint64 t_us,
                                  const OrfGpuProcessRow *rows,
                                  guint n_rows);

/* Counts what it holds, until it is freed. */
void orf_write_job_count (OrfWriteJob *job, OrfMemory *memory);

typedef struct {
  gint64 deadline_us;    /* monotonic */
  gint64 age_us;         /* now, as ages are judged */
  gint64 keys_before_us; /* idempotency keys that came before it, judged so, are too old */
} OrfWriteTimes;

/* In the writer's transaction.  *finished: FALSE when a bulk job stopped at the deadline with
 * samples left; apply it again in another transaction.  *n_rows: rows of samples added. */
gboolean orf_write_job_apply (OrfWriteJob *job,
                              OrfConnection *connection,
                              OrfRawBlock *open_block,
                              const OrfWriteTimes *times,
                              gboolean *finished,
                              guint *n_rows,
                              GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfWriteJob, orf_write_job_free)

G_END_DECLS
