/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-rows.h"

#include "store/orf-store-private.h"

typedef struct {
  OrfReadJob base; /* its rows are the answer */
  const OrfRowsRead *how;
  gpointer filter;
  OrfRowsDone done;
} RowsJob;

static void
hold (RowsJob *job)
{
  OrfReadJob *base = &job->base;

  if (job->how->measure_row == NULL)
    return;
  for (guint i = 0; i < base->rows->len; i++)
    base->held_bytes += job->how->measure_row (base->rows->pdata[i]);
  orf_memory_add (base->memory, ORF_MEMORY_QUERIES, (gint64) base->held_bytes);
}

static gboolean
rows_thread_cb (OrfReadJob *base, OrfConnection *connection, GError **error)
{
  RowsJob *job = (RowsJob *) base;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (job->how->free_row);
  gboolean has;

  if (!orf_connection_has_version (connection, job->how->first_version, &has, error) ||
      (has && !job->how->read_thread_cb (job->filter, connection, rows, error)))
    return FALSE;
  base->rows = g_steal_pointer (&rows);
  hold (job);
  return TRUE;
}

static void
rows_done_cb (OrfJob *base)
{
  RowsJob *job = (RowsJob *) base;

  orf_store_landed (job->base.store);
  job->done (job->base.user_data, job->base.rows, job->base.error);
}

static void
rows_free_cb (OrfJob *base)
{
  RowsJob *job = (RowsJob *) base;

  if (job->how->free_filter != NULL)
    job->how->free_filter (job->filter);
  orf_read_job_free (&job->base);
}

void
orf_store_read_rows (OrfStore *store,
                     const OrfRowsRead *how,
                     gpointer filter,
                     OrfCancel *cancel,
                     OrfRowsDone done,
                     gpointer user_data)
{
  RowsJob *job = (RowsJob *) orf_read_job_new_sized (sizeof *job, store, cancel);

  job->how = how;
  job->filter = filter;
  job->done = done;
  job->base.memory = store->options.memory;
  job->base.user_data = user_data;
  job->base.read_thread_cb = rows_thread_cb;
  job->base.base.done = rows_done_cb;
  job->base.base.free = rows_free_cb;
  orf_store_submit (store, store->reads, 0, FALSE, &job->base.base, &job->base.error);
}

/* ---- at start -------------------------------------------------------------------------------- */

typedef struct {
  gint64 first_version;
  const char *sql;
  gint64 id;
} MaxId;

static gboolean
max_id_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  MaxId *max = data;
  gboolean has;

  return orf_connection_has_version (connection, max->first_version, &has, error) &&
         (!has || orf_connection_get_int64 (connection, max->sql, &max->id, error));
}

gboolean
orf_store_load_max_id (
  OrfStore *store, gint64 first_version, const char *sql, gint64 *max_id, GError **error)
{
  MaxId max = { first_version, sql, 0 };

  if (!orf_store_load (store, max_id_thread_cb, &max, error))
    return FALSE;
  *max_id = max.id;
  return TRUE;
}
