/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-write-job.h"

#include "core/orf-clock.h"
#include "store/orf-store-keys.h"
#include "store/orf-store-pack.h"
#include "store/orf-store-series.h"

static void
clear_process_cb (gpointer data)
{
  OrfGpuProcessRow *row = data;

  g_free ((char *) row->device);
  g_free ((char *) row->name);
}

OrfWriteJob *
orf_write_job_new (OrfStore *store, OrfWriteLane lane)
{
  OrfWriteJob *job = g_new0 (OrfWriteJob, 1);

  job->store = store;
  job->lane = lane;
  return job;
}

void
orf_write_job_free (OrfWriteJob *job)
{
  if (job == NULL)
    return;
  orf_memory_add (job->memory, ORF_MEMORY_WRITES, -(gint64) job->held_bytes);
  orf_sample_batch_free (job->batch);
  g_clear_pointer (&job->series, g_ptr_array_unref);
  g_clear_pointer (&job->processes, g_array_unref);
  orf_pack_step_free (job->pack);
  if (job->change.free != NULL)
    job->change.free (job->change.data);
  if (job->idempotency != NULL) {
    g_free ((char *) job->idempotency->key);
    g_free ((char *) job->idempotency->method);
    g_free ((char *) job->idempotency->response_json);
    g_free (job->idempotency);
  }
  if (job->audit != NULL) {
    g_free ((char *) job->audit->actor);
    g_free ((char *) job->audit->method);
    g_free ((char *) job->audit->detail_json);
    g_free (job->audit);
  }
  g_free (job->replayed_json);
  g_clear_error (&job->error);
  g_free (job);
}

void
orf_write_job_count (OrfWriteJob *job, OrfMemory *memory)
{
  job->memory = memory;
  job->held_bytes = sizeof *job + job->change.bytes;
  if (job->batch != NULL)
    job->held_bytes += orf_sample_batch_measure (job->batch);
  if (job->pack != NULL)
    job->held_bytes += orf_pack_step_measure (job->pack);
  orf_memory_add (memory, ORF_MEMORY_WRITES, (gint64) job->held_bytes);
}

void
orf_write_job_set_idempotency (OrfWriteJob *job, const OrfIdempotency *idempotency)
{
  if (idempotency == NULL || idempotency->key == NULL)
    return;
  job->idempotency = g_memdup2 (idempotency, sizeof *idempotency);
  job->idempotency->key = g_strdup (idempotency->key);
  job->idempotency->method = g_strdup (idempotency->method);
  job->idempotency->response_json = g_strdup (idempotency->response_json);
}

void
orf_write_job_set_audit (OrfWriteJob *job, const OrfAudit *audit)
{
  if (audit == NULL)
    return;
  job->audit = g_memdup2 (audit, sizeof *audit);
  job->audit->actor = g_strdup (audit->actor);
  job->audit->method = g_strdup (audit->method);
  job->audit->detail_json = g_strdup (audit->detail_json);
}

void
orf_write_job_set_processes (OrfWriteJob *job,
                             gint64 t_us,
                             const OrfGpuProcessRow *rows,
                             guint n_rows)
{
  job->processes_t_us = t_us;
  job->processes = g_array_sized_new (FALSE, FALSE, sizeof (OrfGpuProcessRow), n_rows);
  g_array_set_clear_func (job->processes, clear_process_cb);
  for (guint i = 0; i < n_rows; i++) {
    OrfGpuProcessRow row = { g_strdup (rows[i].device), rows[i].pid, g_strdup (rows[i].name),
                             rows[i].used_bytes };

    g_array_append_val (job->processes, row);
  }
}

static gboolean
apply_series (OrfWriteJob *job, OrfConnection *connection, GError **error)
{
  for (guint i = 0; job->series != NULL && i < job->series->len; i++)
    if (!orf_series_upsert (connection, g_ptr_array_index (job->series, i), error))
      return FALSE;
  for (guint i = 0; job->batch != NULL && i < job->batch->new_series->len; i++)
    if (!orf_series_insert (connection, g_ptr_array_index (job->batch->new_series, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
apply_samples (OrfWriteJob *job,
               OrfConnection *connection,
               OrfRawBlock *open_block,
               gint64 deadline_us,
               gboolean *finished,
               guint *n_rows,
               GError **error)
{
  guint before = job->n_written, n_samples = job->batch->samples->len;

  while (job->n_written < n_samples) {
    guint n = MIN (ORF_SAMPLES_SLICE, n_samples - job->n_written);

    if (!orf_samples_append (connection, open_block,
                             &g_array_index (job->batch->samples, OrfSample, job->n_written), n,
                             error))
      return FALSE;
    job->n_written += n;
    /* What is acknowledged is all or nothing; a frame may be cut anywhere. */
    if (job->lane == ORF_WRITE_LANE_BULK && orf_clock_monotonic_us () >= deadline_us)
      break;
  }
  *n_rows = job->n_written - before;
  *finished = job->n_written == n_samples;
  return TRUE;
}

static gboolean
apply_rest (OrfWriteJob *job, OrfConnection *connection, gint64 age_us, GError **error)
{
  for (guint i = 0; job->processes != NULL && i < job->processes->len; i++)
    if (!orf_gpu_process_insert (connection, job->processes_t_us,
                                 &g_array_index (job->processes, OrfGpuProcessRow, i), error))
      return FALSE;
  if (job->pack != NULL && !orf_pack_apply (connection, job->pack, error))
    return FALSE;
  if (job->change.write_thread_cb != NULL &&
      !job->change.write_thread_cb (job->change.data, connection, error))
    return FALSE;
  if (job->audit != NULL && !orf_audit_insert (connection, job->audit, orf_clock_now_us (), error))
    return FALSE;
  return job->idempotency == NULL || orf_keys_insert (connection, job->idempotency, age_us, error);
}

gboolean
orf_write_job_apply (OrfWriteJob *job,
                     OrfConnection *connection,
                     OrfRawBlock *open_block,
                     const OrfWriteTimes *times,
                     gboolean *finished,
                     guint *n_rows,
                     GError **error)
{
  if (job->idempotency != NULL) {
    if (!orf_keys_find (connection, job->idempotency, times->keys_before_us, &job->replayed_json,
                        error))
      return FALSE;
    if (job->replayed_json != NULL) {
      *finished = TRUE;
      *n_rows = 0;
      return TRUE;
    }
  }
  if (job->n_written == 0 && !apply_series (job, connection, error))
    return FALSE;
  if (job->batch == NULL) {
    *finished = TRUE;
    *n_rows = 0;
  } else if (!apply_samples (job, connection, open_block, times->deadline_us, finished, n_rows,
                             error)) {
    return FALSE;
  }
  return !*finished || apply_rest (job, connection, times->age_us, error);
}
