/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.  A reader's connection lives and dies in its thread.  No read transaction outlives
 * its job, and only a check is longer than read_us: a reader that stays keeps the WAL from being
 * written back.
 */
#include "store/orf-store-reader.h"

#include "core/orf-clock.h"
#include "store/orf-store-error.h"
#include "store/orf-store-open.h"
#include "store/orf-store-thread.h"

struct _OrfStoreReader {
  char *path;
  OrfConnectionMode mode;
  gint64 read_us;
  OrfQueue *jobs;
  OrfCancel *closing;
  pthread_t thread;
  OrfConnection *connection;
};

static gboolean
read_in_transaction (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  gboolean done;

  if (orf_connection_is_stopped (connection, error) ||
      !orf_connection_exec (connection, "BEGIN", error))
    return FALSE;
  done = job->read_thread_cb (job, connection, error);
  orf_connection_rollback (connection);
  return done;
}

static void
read_job_work_cb (OrfJob *base, gpointer state)
{
  OrfReadJob *job = (OrfReadJob *) base;
  OrfStoreReader *self = state;
  gint64 started_us = orf_clock_monotonic_us ();

  if (self->connection == NULL)
    self->connection = orf_store_open_reader (self->path, self->mode, &job->error);
  if (self->connection != NULL) {
    orf_connection_watch (self->connection, job->cancel, self->closing,
                          job->bounded ? started_us + self->read_us : 0);
    orf_connection_take_last_code (self->connection);
    read_in_transaction (job, self->connection, &job->error);
    orf_connection_unwatch (self->connection);
    if (orf_store_error_classify (orf_connection_take_last_code (self->connection)) ==
        ORF_STORE_TROUBLE_FILE)
      g_clear_pointer (&self->connection, orf_connection_close);
  }
  job->took_us = orf_clock_monotonic_us () - started_us;
  orf_job_reply (base);
}

OrfReadJob *
orf_read_job_new (OrfStore *store, OrfCancel *cancel)
{
  OrfReadJob *job = g_new0 (OrfReadJob, 1);

  job->base.work = read_job_work_cb;
  job->store = store;
  job->cancel = cancel != NULL ? orf_cancel_ref (cancel) : NULL;
  job->bounded = TRUE;
  return job;
}

void
orf_read_job_free (OrfReadJob *job)
{
  if (job == NULL)
    return;
  g_clear_pointer (&job->cancel, orf_cancel_unref);
  g_clear_error (&job->error);
  g_free (job->ids);
  g_strfreev (job->keys);
  g_clear_pointer (&job->rows, g_ptr_array_unref);
  g_strfreev (job->problems);
  g_free (job);
}

static void
reader_free (OrfStoreReader *self)
{
  g_free (self->path);
  orf_queue_unref (self->jobs);
  orf_cancel_unref (self->closing);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStoreReader, reader_free)

static void *
reader_thread_cb (void *data)
{
  OrfStoreReader *self = data;
  OrfJob *job;

  while ((job = orf_queue_pop (self->jobs, -1)) != NULL)
    job->work (job, self);
  g_clear_pointer (&self->connection, orf_connection_close);
  return NULL;
}

OrfStoreReader *
orf_store_reader_start (const char *path,
                        OrfConnectionMode mode,
                        gint64 read_us,
                        OrfQueue *jobs,
                        OrfCancel *closing,
                        GError **error)
{
  g_autoptr (OrfStoreReader) self = g_new0 (OrfStoreReader, 1);

  self->path = g_strdup (path);
  self->mode = mode;
  self->read_us = read_us;
  self->jobs = orf_queue_ref (jobs);
  self->closing = orf_cancel_ref (closing);
  if (!orf_store_thread_start (&self->thread, "store-reader", reader_thread_cb, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
orf_store_reader_join (OrfStoreReader *self)
{
  pthread_join (self->thread, NULL);
  reader_free (self);
}
