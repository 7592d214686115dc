/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writing half of the facade: each call becomes one job for the writer. */
#include "store/orf-store-backup.h"
#include "store/orf-store-private.h"

static void
write_done_cb (OrfJob *base)
{
  OrfWriteJob *job = (OrfWriteJob *) base;
  OrfWriteResult result = { .replayed_json = job->replayed_json };

  orf_store_landed (job->store);
  /* Refused before the writer saw it: its series go with the next batch. */
  if (job->error != NULL && job->batch != NULL)
    orf_sample_batch_move_series (job->batch, job->store->orphans);
  if (job->done != NULL)
    job->done (job->user_data, job->error == NULL ? &result : NULL, job->error);
}

static void
write_free_cb (OrfJob *job)
{
  orf_write_job_free ((OrfWriteJob *) job);
}

/* Takes batch.  What could not be brought in before goes with it. */
static OrfWriteJob *
new_batch_job (OrfStore *store, OrfWriteLane lane, OrfSampleBatch *batch)
{
  OrfWriteJob *job = orf_write_job_new (store, lane);

  job->batch = batch;
  for (; store->orphans->len > 0;)
    g_ptr_array_insert (batch->new_series, 0,
                        g_ptr_array_steal_index (store->orphans, store->orphans->len - 1));
  return job;
}

/* Somebody waits for it, in either lane.  audit, idempotency: NULL where there is none. */
static void
submit_awaited (OrfStore *store,
                OrfWriteJob *job,
                const OrfAudit *audit,
                const OrfIdempotency *idempotency,
                OrfWriteDone done,
                gpointer user_data)
{
  orf_write_job_set_audit (job, audit);
  orf_write_job_set_idempotency (job, idempotency);
  job->base.work = orf_store_writer_work_write;
  job->base.done = write_done_cb;
  job->base.free = write_free_cb;
  job->done = done;
  job->user_data = user_data;
  if (orf_memory_check_part (store->options.memory, ORF_MEMORY_WRITES, &job->error))
    orf_write_job_count (job, store->options.memory);
  orf_store_submit (store, store->writes, job->lane, TRUE, &job->base, &job->error);
}

/* Nobody waits: freed where it is written. */
static void
submit_bulk (OrfStore *store, OrfWriteJob *job)
{
  job->base.work = orf_store_writer_work_write;
  job->base.free = write_free_cb;
  orf_write_job_count (job, store->options.memory);
  if (store->writes != NULL &&
      orf_memory_check_part (store->options.memory, ORF_MEMORY_WRITES, NULL) &&
      orf_queue_push (store->writes, ORF_WRITE_LANE_BULK, &job->base))
    return;
  store->frames_refused++;
  if (job->batch != NULL)
    orf_sample_batch_move_series (job->batch, store->orphans);
  orf_write_job_free (job);
}

void
orf_store_write_pack (OrfStore *store, OrfPackStep *step, OrfWriteDone done, gpointer user_data)
{
  OrfWriteJob *job = orf_write_job_new (store, ORF_WRITE_LANE_BULK);

  job->pack = step;
  submit_awaited (store, job, NULL, NULL, done, user_data);
}

void
orf_store_write_frame (OrfStore *store, OrfSampleBatch *batch)
{
  submit_bulk (store, new_batch_job (store, ORF_WRITE_LANE_BULK, batch));
}

void
orf_store_write_samples (OrfStore *store,
                         OrfSampleBatch *batch,
                         const OrfIdempotency *idempotency,
                         OrfWriteDone done,
                         gpointer user_data)
{
  OrfWriteJob *job = new_batch_job (store, ORF_WRITE_LANE_ACK, batch);

  submit_awaited (store, job, NULL, idempotency, done, user_data);
}

void
orf_store_write_series (OrfStore *store,
                        GPtrArray *rows,
                        const OrfAudit *audit,
                        const OrfIdempotency *idempotency,
                        OrfWriteDone done,
                        gpointer user_data)
{
  OrfWriteJob *job = orf_write_job_new (store, ORF_WRITE_LANE_ACK);

  job->series = rows;
  submit_awaited (store, job, audit, idempotency, done, user_data);
}

void
orf_store_write (OrfStore *store,
                 const OrfStoreChange *change,
                 OrfWriteDone done,
                 gpointer user_data)
{
  OrfWriteJob *job = orf_write_job_new (store, ORF_WRITE_LANE_ACK);

  job->change = *change;
  submit_awaited (store, job, change->audit, change->idempotency, done, user_data);
}

void
orf_store_write_audit (OrfStore *store,
                       const OrfAudit *audit,
                       OrfWriteDone done,
                       gpointer user_data)
{
  OrfWriteJob *job = orf_write_job_new (store, ORF_WRITE_LANE_ACK);

  submit_awaited (store, job, audit, NULL, done, user_data);
}

void
orf_store_write_gpu_processes (OrfStore *store,
                               gint64 t_us,
                               const OrfGpuProcessRow *rows,
                               guint n_rows)
{
  OrfWriteJob *job = orf_write_job_new (store, ORF_WRITE_LANE_BULK);

  orf_write_job_set_processes (job, t_us, rows, n_rows);
  submit_bulk (store, job);
}

static void
history_free_cb (OrfJob *job)
{
  g_free (job);
}

void
orf_store_set_history (OrfStore *store, const OrfHistoryLimits *history)
{
  OrfHistoryJob *job = g_new0 (OrfHistoryJob, 1);

  job->base.work = orf_store_writer_work_history;
  job->base.free = history_free_cb;
  job->history = *history;
  if (store->writes != NULL && orf_queue_push (store->writes, ORF_WRITE_LANE_ACK, &job->base))
    return;
  g_warning ("the limits of [history] stay as they are: the writer is too busy to be told");
  g_free (job);
}

static void
backup_done_cb (OrfJob *base)
{
  OrfBackupJob *job = (OrfBackupJob *) base;

  orf_store_landed (job->store);
  job->done (job->user_data, job->size_bytes, job->took_us, job->error);
}

static void
backup_free_cb (OrfJob *job)
{
  orf_backup_job_free ((OrfBackupJob *) job);
}

void
orf_store_backup (
  OrfStore *store, const char *dest, OrfCancel *cancel, OrfBackupDone done, gpointer user_data)
{
  OrfBackupJob *job = orf_backup_job_new (store, dest, cancel);

  job->base.work = orf_store_writer_work_backup;
  job->base.done = backup_done_cb;
  job->base.free = backup_free_cb;
  job->done = done;
  job->user_data = user_data;
  orf_store_submit (store, store->writes, ORF_WRITE_LANE_BULK, TRUE, &job->base, &job->error);
}
