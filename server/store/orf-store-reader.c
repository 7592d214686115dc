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
#include "core/orf-thread.h"

struct _OrfStoreReader {
  char *path;
  OrfConnectionMode mode;
  gint64 read_us;
  OrfQueue *jobs;
  OrfCancel *closing;
  pthread_t thread;
  OrfConnection *connection;
};

/* FALSE: the connection is still in its transaction. */
static gboolean
read_in_transaction (OrfReadJob *job, OrfConnection *connection)
{
  if (orf_connection_is_stopped (connection, &job->error) ||
      !orf_connection_exec (connection, "BEGIN", &job->error))
    return TRUE;
  job->read_thread_cb (job, connection, &job->error);
  return orf_connection_rollback (connection);
}

static void
read_job_work_cb (OrfJob *base, gpointer state)
{
  OrfReadJob *job = (OrfReadJob *) base;
  OrfStoreReader *reader = state;
  gint64 started_us = orf_clock_monotonic_us ();
  OrfStoreTrouble trouble;
  gboolean is_free;

  if (reader->connection == NULL)
    reader->connection = orf_store_open_reader (reader->path, reader->mode, &job->error);
  if (reader->connection != NULL) {
    orf_connection_watch (reader->connection, job->cancel, reader->closing,
                          job->bounded ? started_us + reader->read_us : 0);
    orf_connection_take_last_code (reader->connection);
    is_free = read_in_transaction (job, reader->connection);
    orf_connection_unwatch (reader->connection);
    trouble = orf_store_error_classify (orf_connection_take_last_code (reader->connection));
    if (!is_free || trouble == ORF_STORE_TROUBLE_FILE || trouble == ORF_STORE_TROUBLE_DAMAGE)
      g_clear_pointer (&reader->connection, orf_connection_close);
  }
  job->took_us = orf_clock_monotonic_us () - started_us;
  orf_job_reply (base);
}

OrfReadJob *
orf_read_job_new_sized (gsize size, OrfStore *store, OrfCancel *cancel)
{
  OrfReadJob *job = g_malloc0 (size);

  job->base.work = read_job_work_cb;
  job->store = store;
  job->cancel = cancel != NULL ? orf_cancel_ref (cancel) : NULL;
  job->bounded = TRUE;
  return job;
}

OrfReadJob *
orf_read_job_new (OrfStore *store, OrfCancel *cancel)
{
  return orf_read_job_new_sized (sizeof (OrfReadJob), store, cancel);
}

void
orf_read_job_free (OrfReadJob *job)
{
  if (job == NULL)
    return;
  orf_memory_add (job->memory, ORF_MEMORY_QUERIES, -(gint64) job->held_bytes);
  g_clear_pointer (&job->cancel, orf_cancel_unref);
  g_clear_error (&job->error);
  g_free (job->ids);
  g_strfreev (job->keys);
  g_free (job->name);
  g_clear_pointer (&job->rows, g_ptr_array_unref);
  g_strfreev (job->problems);
  g_free (job);
}

static void
reader_free (OrfStoreReader *reader)
{
  g_free (reader->path);
  orf_queue_unref (reader->jobs);
  orf_cancel_unref (reader->closing);
  g_free (reader);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStoreReader, reader_free)

static void *
reader_thread_cb (void *data)
{
  OrfStoreReader *reader = data;
  OrfJob *job;

  while ((job = orf_queue_pop (reader->jobs, -1)) != NULL)
    job->work (job, reader);
  g_clear_pointer (&reader->connection, orf_connection_close);
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
  g_autoptr (OrfStoreReader) reader = g_new0 (OrfStoreReader, 1);

  reader->path = g_strdup (path);
  reader->mode = mode;
  reader->read_us = read_us;
  reader->jobs = orf_queue_ref (jobs);
  reader->closing = orf_cancel_ref (closing);
  if (!orf_thread_start (&reader->thread, "store-reader", reader_thread_cb, reader, error))
    return NULL;
  return g_steal_pointer (&reader);
}

void
orf_store_reader_join (OrfStoreReader *reader)
{
  pthread_join (reader->thread, NULL);
  reader_free (reader);
}
