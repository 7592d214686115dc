/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading half of the facade: each call becomes one job for the readers. */
#include <malloc.h>

#include "orf-error.h"
#include "store/orf-store-open.h"
#include "store/orf-store-outbox.h"
#include "store/orf-store-private.h"
#include "store/orf-store-series.h"
#include "store/orf-store-tiers.h"

static void
read_free_cb (OrfJob *job)
{
  orf_read_job_free ((OrfReadJob *) job);
}

static void
submit_read (OrfStore *store,
             OrfReadJob *job,
             gboolean (*read_thread_cb) (OrfReadJob *, OrfConnection *, GError **),
             void (*done) (OrfJob *job))
{
  job->read_thread_cb = read_thread_cb;
  job->base.done = done;
  job->base.free = read_free_cb;
  orf_store_submit (store, store->reads, 0, FALSE, &job->base, &job->error);
}

static gsize
measure_points (const GPtrArray *series)
{
  gsize bytes = 0;

  for (guint i = 0; i < series->len; i++) {
    const OrfSeriesPoints *one = series->pdata[i];

    bytes += sizeof *one + malloc_usable_size (one->points->data);
    if (one->rollups != NULL)
      bytes += malloc_usable_size (one->rollups->data);
  }
  return bytes;
}

/* FALSE: there are none. */
static gboolean
hold_samples (OrfReadJob *job)
{
  if (job->rows == NULL)
    return FALSE;
  job->held_bytes = measure_points (job->rows);
  orf_memory_add (job->memory, ORF_MEMORY_QUERIES, (gint64) job->held_bytes);
  return TRUE;
}

static gboolean
read_samples_thread_cb (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  job->rows = job->rolled.rollup_us > 0
                ? orf_tiers_read_rolled (connection, &job->rolled, error)
                : orf_tiers_read (connection, job->ids, job->n_ids, job->from_us, job->to_us,
                                  job->max, error);
  return hold_samples (job);
}

static void
samples_done_cb (OrfJob *base)
{
  OrfReadJob *job = (OrfReadJob *) base;

  orf_store_landed (job->store);
  job->samples_done (job->user_data, job->rows, job->error);
}

void
orf_store_read_samples (OrfStore *store,
                        const gint64 *ids,
                        guint n_ids,
                        gint64 from_us,
                        gint64 to_us,
                        guint max_points,
                        OrfCancel *cancel,
                        OrfSamplesDone done,
                        gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->ids = g_memdup2 (ids, n_ids * sizeof *ids);
  job->n_ids = n_ids;
  job->from_us = from_us;
  job->to_us = to_us;
  job->max = max_points;
  job->memory = store->options.memory;
  job->samples_done = done;
  job->user_data = user_data;
  submit_read (store, job, read_samples_thread_cb, samples_done_cb);
}

static gboolean
read_windows_thread_cb (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  job->rows = orf_tiers_read_windows (connection, &job->windowed, error);
  return hold_samples (job);
}

void
orf_store_read_windows (OrfStore *store,
                        const OrfWindowedQuery *query,
                        OrfCancel *cancel,
                        OrfSamplesDone done,
                        gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->ids = g_memdup2 (query->ids, query->n_ids * sizeof *query->ids);
  job->windowed = *query;
  job->windowed.ids = job->ids;
  job->memory = store->options.memory;
  job->samples_done = done;
  job->user_data = user_data;
  submit_read (store, job, read_windows_thread_cb, samples_done_cb);
}

void
orf_store_read_rolled (OrfStore *store,
                       const OrfRolledQuery *query,
                       OrfCancel *cancel,
                       OrfSamplesDone done,
                       gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->ids = g_memdup2 (query->ids, query->n_ids * sizeof *query->ids);
  job->rolled = *query;
  job->rolled.ids = job->ids;
  job->memory = store->options.memory;
  job->samples_done = done;
  job->user_data = user_data;
  submit_read (store, job, read_samples_thread_cb, samples_done_cb);
}

/* Rows hold texts as write jobs' do. */
static void
count_series (OrfReadJob *job)
{
  for (guint i = 0; i < job->rows->len; i++)
    job->held_bytes += orf_series_row_measure (job->rows->pdata[i]);
  orf_memory_add (job->memory, ORF_MEMORY_QUERIES, (gint64) job->held_bytes);
}

static gboolean
find_series_thread_cb (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  job->rows = orf_series_find (connection, job->keys, error);
  return job->rows != NULL;
}

static gboolean
list_series_thread_cb (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  job->rows = orf_series_list (connection, job->name, job->from_us, job->max, error);
  if (job->rows == NULL)
    return FALSE;
  count_series (job);
  return TRUE;
}

static void
series_done_cb (OrfJob *base)
{
  OrfReadJob *job = (OrfReadJob *) base;

  orf_store_landed (job->store);
  job->series_done (job->user_data, job->rows, job->error);
}

void
orf_store_find_series (
  OrfStore *store, char **keys, OrfCancel *cancel, OrfSeriesDone done, gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->keys = keys;
  job->series_done = done;
  job->user_data = user_data;
  submit_read (store, job, find_series_thread_cb, series_done_cb);
}

void
orf_store_list_series (OrfStore *store,
                       const char *name,
                       gint64 since_us,
                       guint max,
                       OrfCancel *cancel,
                       OrfSeriesDone done,
                       gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->memory = store->options.memory;
  job->name = g_strdup (name);
  job->from_us = since_us;
  job->max = max;
  job->series_done = done;
  job->user_data = user_data;
  submit_read (store, job, list_series_thread_cb, series_done_cb);
}

GPtrArray *
orf_store_load_series (OrfStore *store, gint64 since_us, guint max, gint64 *max_id, GError **error)
{
  g_autoptr (OrfConnection)
    connection = orf_store_open_reader (store->options.path, store->read_mode, error);

  if (connection == NULL)
    return NULL;
  return orf_series_load (connection, since_us, max, max_id, error);
}

gboolean
orf_store_load_outbox (OrfStore *store, GPtrArray **rows, GArray **cursors, GError **error)
{
  g_autoptr (OrfConnection)
    connection = orf_store_open_reader (store->options.path, store->read_mode, error);
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GArray) found_cursors = NULL;

  if (connection == NULL)
    return FALSE;
  found = orf_outbox_load (connection, NULL, 0, G_MAXINT, error);
  if (found == NULL)
    return FALSE;
  found_cursors = orf_outbox_load_cursors (connection, error);
  if (found_cursors == NULL)
    return FALSE;
  *rows = g_steal_pointer (&found);
  *cursors = g_steal_pointer (&found_cursors);
  return TRUE;
}

static gboolean
ask_cb (OrfReadJob *job, OrfConnection *connection, GError **error)
{
  return job->ask_thread_cb (job->data, connection, error);
}

static void
asked_cb (OrfJob *base)
{
  OrfReadJob *job = (OrfReadJob *) base;

  orf_store_landed (job->store);
  job->asked (job->user_data, job->error);
}

void
orf_store_read (OrfStore *store,
                OrfReadThreadCb read_thread_cb,
                gpointer data,
                OrfCancel *cancel,
                OrfReadDone done,
                gpointer user_data)
{
  OrfReadJob *job = orf_read_job_new (store, cancel);

  job->ask_thread_cb = read_thread_cb;
  job->data = data;
  job->asked = done;
  job->user_data = user_data;
  submit_read (store, job, ask_cb, asked_cb);
}

gboolean
orf_store_load (OrfStore *store, OrfReadThreadCb read_thread_cb, gpointer data, GError **error)
{
  g_autoptr (OrfConnection)
    connection = orf_store_open_reader (store->options.path, store->read_mode, error);

  return connection != NULL && read_thread_cb (data, connection, error);
}
