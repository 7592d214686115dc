/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Group commit: what waits in a lane is written in one transaction of at most batch_us.  A job that
 * is wrong in itself is undone alone; a transaction that is lost fails all its jobs.  A job is
 * replied to once its transaction is over, never before.
 *
 * SQLite lets no transaction write on that met a damaged page.  So that one does not hold up what
 * can do without it, each job has a transaction of its own for a minute after that.
 */
#include "core/orf-clock.h"
#include "orf-error.h"
#include "store/orf-store-error.h"
#include "store/orf-store-series.h"
#include "store/orf-store-writer-private.h"

#define ALONE_US (60 * ORF_US_PER_S)

static const char begin_sql[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
static const char savepoint_sql[] = "SAVEPOINT job";
static const char release_sql[] = "RELEASE job";
static const char undo_sql[] = "ROLLBACK TO job";

void
orf_store_writer_roll_back (OrfStoreWriter *self)
{
  if (orf_connection_rollback (self->connection))
    return;
  g_free (self->stats.fault);
  self->stats.fault = g_strdup_printf ("%s: a transaction cannot be undone", self->options.path);
}

void
orf_store_writer_note_trouble (OrfStoreWriter *self, int code, const GError *failure)
{
  switch (orf_store_error_classify (code)) {
  case ORF_STORE_TROUBLE_DISK_FULL:
    orf_store_disk_set_full (self->disk);
    break;
  /* not a job's: to begin or to commit met it, and the next would too */
  case ORF_STORE_TROUBLE_DAMAGE:
  case ORF_STORE_TROUBLE_FILE:
    if (code == SQLITE_IOERR_FSYNC)
      self->wal_is_unsure = TRUE;
    g_free (self->stats.fault);
    self->stats.fault = g_strdup (failure->message);
    break;
  case ORF_STORE_TROUBLE_TRANSACTION:
  case ORF_STORE_TROUBLE_NONE:
    break;
  }
}

/* NULL: writing may be tried. */
static GError *
writer_dup_refusal (OrfStoreWriter *self)
{
  if (self->stats.fault != NULL)
    return orf_error_new_retry (ORF_ERROR_UNAVAILABLE, ORF_STORE_RETRY_MS, "%s", self->stats.fault);
  if (orf_store_disk_is_full (self->disk))
    return orf_store_disk_dup_error (self->disk);
  return NULL;
}

static gboolean
writer_run (OrfStoreWriter *self, const char *sql, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (self->connection, sql, error);

  return statement != NULL && orf_connection_run (self->connection, statement, error);
}

/* FULL: synced at each commit.  NORMAL: at checkpoints, so a power cut (not a kill) may lose the
 * last ones. */
static gboolean
writer_begin (OrfStoreWriter *self, gboolean full_sync, GError **error)
{
  if (self->full_sync != full_sync) {
    /* SQLite acts on this pragma when it is prepared, so it cannot be a kept statement. */
    if (!orf_connection_exec (self->connection,
                              full_sync ? "PRAGMA synchronous = FULL"
                                        : "PRAGMA synchronous = NORMAL",
                              error))
      return FALSE;
    self->full_sync = full_sync;
  }
  return writer_run (self, begin_sql, error);
}

/* FALSE: what the others of the transaction are told. */
static gboolean
writer_lose_by_damage (OrfStoreWriter *self, const GError *failure, GError **error)
{
  orf_store_writer_note_damage (self, failure);
  self->alone_until_us = orf_clock_monotonic_us () + ALONE_US;
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_UNAVAILABLE, ORF_STORE_RETRY_MS,
                                                 "another write of the same moment met damage: %s",
                                                 failure->message));
  return FALSE;
}

/* FALSE: the whole transaction is lost; what is wrong with this job alone is in its error. */
static gboolean
writer_apply (OrfStoreWriter *self, OrfWriteJob *job, gint64 deadline_us, GError **error)
{
  OrfRawBlock block = self->open_block;
  gint64 age_us = orf_store_writer_get_age_now (self);
  const OrfWriteTimes times = { deadline_us, age_us, age_us - self->options.idempotency_us };
  gboolean finished = TRUE;
  guint n_rows = 0;
  OrfStoreTrouble trouble;
  int code;
  g_autoptr (GError) failure = NULL;

  if (!writer_run (self, savepoint_sql, error))
    return FALSE;
  orf_connection_take_last_code (self->connection);
  if (orf_write_job_apply (job, self->connection, &block, &times, &finished, &n_rows, &failure)) {
    self->open_block = block;
    if (job->change.moves_pins)
      orf_store_writer_retain_anew (self);
    self->group_rows += n_rows;
    self->partial = finished ? NULL : job;
    return writer_run (self, release_sql, error);
  }
  code = orf_connection_take_last_code (self->connection);
  trouble = orf_store_error_classify (code);
  if (trouble == ORF_STORE_TROUBLE_DAMAGE) {
    job->error = g_error_copy (failure);
    return writer_lose_by_damage (self, failure, error);
  }
  if (trouble != ORF_STORE_TROUBLE_NONE ||
      sqlite3_get_autocommit (orf_connection_get_db (self->connection))) {
    orf_store_writer_note_trouble (self, code, failure);
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  job->error = g_steal_pointer (&failure);
  return writer_run (self, undo_sql, error) && writer_run (self, release_sql, error);
}

/* Series whose batch did not come in go in before anything may refer to them.  One that cannot (its
 * name is taken: its batch was told so; or its place is damaged) is given up; that must not stop
 * all other writing. */
static gboolean
writer_apply_orphans (OrfStoreWriter *self, GError **error)
{
  for (guint i = 0; i < self->orphans->len; i++) {
    g_autoptr (GError) failure = NULL;
    OrfStoreTrouble trouble;
    int code;

    if (orf_series_insert (self->connection, g_ptr_array_index (self->orphans, i), &failure))
      continue;
    code = orf_connection_take_last_code (self->connection);
    trouble = orf_store_error_classify (code);
    if (trouble == ORF_STORE_TROUBLE_NONE)
      continue;
    if (trouble == ORF_STORE_TROUBLE_DAMAGE) {
      g_ptr_array_remove_index (self->orphans, i);
      return writer_lose_by_damage (self, failure, error);
    }
    orf_store_writer_note_trouble (self, code, failure);
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  return TRUE;
}

static OrfWriteJob *
writer_next_of_group (OrfStoreWriter *self, OrfWriteLane lane, gint64 deadline_us)
{
  gint64 now_us = orf_clock_monotonic_us ();
  OrfJob *job;

  if (self->partial != NULL || now_us >= deadline_us || now_us < self->alone_until_us)
    return NULL;
  job = orf_queue_try_pop_lane (self->jobs, lane);
  if (job == NULL || job->work == orf_store_writer_work_write)
    return (OrfWriteJob *) job;
  self->held = job;
  return NULL;
}

/* The end of one job: written, or refused with failure.  The series that it declared are known to
 * its sender by now, so they are kept whatever became of the rest. */
static void
writer_finish_job (OrfStoreWriter *self, OrfWriteJob *job, const GError *failure)
{
  /* Its own fault, so ours, and it has no caller to be told. */
  if (job->error != NULL && job->base.done == NULL)
    g_warning ("a frame was refused: %s", job->error->message);
  if (failure != NULL && job->error == NULL)
    job->error = g_error_copy (failure);
  if (job->batch != NULL && (job->error != NULL || job->replayed_json != NULL))
    orf_sample_batch_move_series (job->batch, self->orphans);
  if (job->error != NULL && job->batch != NULL && job->lane == ORF_WRITE_LANE_BULK)
    self->stats.frames_dropped++;
}

static void
writer_finish_group (OrfStoreWriter *self, const GError *failure)
{
  for (guint i = 0; i < self->group->len; i++)
    writer_finish_job (self, g_ptr_array_index (self->group, i), failure);
  if (failure == NULL) {
    self->stats.commits++;
    self->stats.rows_written += self->group_rows;
  }
  orf_store_writer_tell (self);
  for (guint i = 0; i < self->group->len; i++) {
    OrfWriteJob *job = g_ptr_array_index (self->group, i);

    if (job != self->partial)
      orf_job_reply (&job->base);
  }
  g_ptr_array_set_size (self->group, 0);
}

static gboolean
writer_run_group (OrfStoreWriter *self, OrfWriteJob *first, GError **error)
{
  gint64 deadline_us = orf_clock_monotonic_us () + self->options.batch_us;
  OrfWriteLane lane = first->lane;

  g_ptr_array_add (self->group, first);
  if (!writer_begin (self, lane == ORF_WRITE_LANE_ACK, error) ||
      !writer_apply_orphans (self, error) || !writer_apply (self, first, deadline_us, error))
    return FALSE;
  for (;;) {
    OrfWriteJob *job = writer_next_of_group (self, lane, deadline_us);

    if (job == NULL)
      return writer_run (self, commit_sql, error);
    g_ptr_array_add (self->group, job);
    if (!writer_apply (self, job, deadline_us, error))
      return FALSE;
  }
}

static void
writer_write (OrfStoreWriter *self, OrfWriteJob *first)
{
  OrfRawBlock before = self->open_block;
  g_autoptr (GError) failure = NULL;

  self->acks_in_row = first->lane == ORF_WRITE_LANE_ACK ? self->acks_in_row + 1 : 0;
  self->partial = NULL;
  self->group_rows = 0;
  orf_connection_take_last_code (self->connection);
  if (writer_run_group (self, first, &failure)) {
    g_ptr_array_set_size (self->orphans, 0);
  } else {
    orf_store_writer_roll_back (self);
    self->open_block = before;
    self->partial = NULL;
    orf_store_writer_note_trouble (self, orf_connection_take_last_code (self->connection), failure);
    if (orf_store_disk_is_full (self->disk)) {
      g_clear_error (&failure);
      failure = orf_store_disk_dup_error (self->disk);
    }
  }
  writer_finish_group (self, failure);
}

void
orf_store_writer_work_write (OrfJob *job, gpointer state)
{
  OrfStoreWriter *self = state;
  g_autoptr (GError) refusal = NULL;

  if (self->connection != NULL)
    orf_store_writer_begin (self);
  refusal = writer_dup_refusal (self);
  if (refusal == NULL) {
    writer_write (self, (OrfWriteJob *) job);
    return;
  }
  if (self->partial == (OrfWriteJob *) job)
    self->partial = NULL;
  g_ptr_array_add (self->group, job);
  writer_finish_group (self, refusal);
}
