/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the facade that reads the whole file: far longer than a reader may be kept from
 * others, so each has a queue and a thread of its own, one at a time. */
#include "orf-error.h"
#include "store/orf-store-check.h"
#include "store/orf-store-private.h"
#include "store/orf-store-stats.h"

static gboolean
start_checker (OrfStore *store, GError **error)
{
  g_autoptr (OrfQueue) checks = orf_queue_new (1, 1);

  if (store->checker != NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "the whole file is being read already, for a check or for figures");
    return FALSE;
  }
  store->checker = orf_store_reader_start (store->options.path, store->read_mode, 0, checks,
                                           store->closing, error);
  if (store->checker == NULL)
    return FALSE;
  store->checks = g_steal_pointer (&checks);
  return TRUE;
}

static void
submit (OrfStore *store, OrfReadJob *job)
{
  job->bounded = FALSE;
  job->has_checker = start_checker (store, &job->error);
  orf_store_submit (store, job->has_checker ? store->checks : NULL, 0, FALSE, &job->base,
                    &job->error);
  if (job->has_checker)
    orf_queue_close (store->checks);
}

/* Its queue is closed and its one job done: it is about to end. */
static void
end_checker (OrfReadJob *job)
{
  OrfStore *store = job->store;

  orf_store_landed (store);
  if (!job->has_checker)
    return;
  g_clear_pointer (&store->checker, orf_store_reader_join);
  g_clear_pointer (&store->checks, orf_queue_unref);
}

/* ---- check -------------------------------------------------------------------------------------
 */

static gboolean
check_thread_cb (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  job->problems = orf_store_check_run (connection, error);
  return job->problems != NULL;
}

static void
check_done_cb (OrfJob *base)
{
  OrfReadJob *job = (OrfReadJob *) base;

  end_checker (job);
  job->check_done (job->user_data, job->problems, job->took_us, job->error);
}

static void
check_free_cb (OrfJob *job)
{
  orf_read_job_free ((OrfReadJob *) job);
}

void
orf_store_check (OrfStore *store, OrfCancel *cancel, OrfCheckDone done, gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->check_done = done;
  job->user_data = user_data;
  job->read_thread_cb = check_thread_cb;
  job->base.done = check_done_cb;
  job->base.free = check_free_cb;
  submit (store, job);
}

/* ---- figures -----------------------------------------------------------------------------------
 */

typedef struct {
  OrfReadJob base;
  guint max_series;
  gboolean quick;
  OrfFileStats *stats; /* the answer */
  OrfMeasureDone done;
} MeasureJob;

static gboolean
measure_thread_cb (OrfReadJob *base, OrfConnection *connection, GError **error)
{
  MeasureJob *job = (MeasureJob *) base;

  job->stats = orf_file_stats_read (connection, job->max_series, job->quick, error);
  return job->stats != NULL;
}

static void
measure_done_cb (OrfJob *base)
{
  MeasureJob *job = (MeasureJob *) base;

  end_checker (&job->base);
  job->done (job->base.user_data, job->stats, job->base.took_us, job->base.error);
}

static void
measure_free_cb (OrfJob *base)
{
  MeasureJob *job = (MeasureJob *) base;

  orf_file_stats_free (job->stats);
  orf_read_job_free (&job->base);
}

void
orf_store_measure (OrfStore *store,
                   guint max_series,
                   gboolean quick,
                   OrfCancel *cancel,
                   OrfMeasureDone done,
                   gpointer user_data)
{
  MeasureJob *job = (MeasureJob *) orf_read_job_new_sized (sizeof *job, store, cancel);

  job->max_series = max_series;
  job->quick = quick;
  job->done = done;
  job->base.user_data = user_data;
  job->base.read_thread_cb = measure_thread_cb;
  job->base.base.done = measure_done_cb;
  job->base.base.free = measure_free_cb;
  submit (store, &job->base);
}
