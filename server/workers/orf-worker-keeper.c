/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-keeper.h"

#include "core/orf-clock.h"
#include "workers/orf-workers-private.h"

/* As many as worker.list may have of both kinds. */
#define MAX_LOADED 2000

struct _OrfWorkerKeeper {
  const OrfConfig *config;
  OrfStore *store;
};

OrfWorkerChange *
orf_worker_change_from (const OrfConfig *config, const OrfWorker *worker)
{
  OrfWorkerChange *change = g_new0 (OrfWorkerChange, 1);
  OrfWorkerRow *row = change->row = orf_worker_row_new ();

  row->id = worker->no;
  row->name = g_strdup (worker->name);
  row->device = g_strdup (worker->device);
  row->pid = worker->pid;
  row->source = g_strdup (worker->source);
  row->capabilities = g_strdupv (worker->capabilities);
  row->registered_us = worker->registered_us;
  row->reported_us = worker->reported_us;
  row->lost_us = worker->state == ORF_WORKER_STATE_LOST ? worker->lost_us : 0;
  row->left_us = worker->state == ORF_WORKER_STATE_LEFT ? worker->lost_us : 0;
  row->allocated_bytes = worker->allocator.allocated_bytes;
  row->reserved_bytes = worker->allocator.reserved_bytes;
  row->active_bytes = worker->allocator.active_bytes;
  row->inactive_split_bytes = worker->allocator.inactive_split_bytes;
  row->largest_free_bytes = worker->allocator.largest_free_bytes;
  row->ooms = worker->allocator.ooms;
  row->retries = worker->allocator.retries;
  change->t_us = orf_clock_now_us ();
  change->max_workers = config->workers.max_rows;
  change->max_batches = config->workers.max_batches;
  return change;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_warning ("what became of a worker is not in the file: %s", error->message);
}

static void
keep (OrfWorkerKeeper *keeper, const OrfWorker *worker)
{
  orf_store_write_worker (keeper->store, orf_worker_change_from (keeper->config, worker), NULL,
                          written_cb, NULL);
}

static void
lost_cb (gpointer user_data, const OrfWorker *worker)
{
  if (g_str_equal (worker->source, ORF_WORKER_REGISTERED))
    keep (user_data, worker);
}

static void
back_cb (gpointer user_data, const OrfWorker *worker)
{
  if (g_str_equal (worker->source, ORF_WORKER_REGISTERED))
    keep (user_data, worker);
}

static void
changed_cb (gpointer user_data, const OrfWorker *worker)
{
  if (!g_str_equal (worker->source, ORF_WORKER_REGISTERED))
    keep (user_data, worker);
}

/* ---- reading --------------------------------------------------------------------------------- */

void
orf_worker_borrow_row (const OrfWorkerRow *row, OrfWorker *worker)
{
  *worker = (OrfWorker){
    .no = row->id,
    .name = row->name,
    .device = row->device,
    .pid = row->pid,
    .capabilities = row->capabilities,
    .state = row->left_us > 0   ? ORF_WORKER_STATE_LEFT
             : row->lost_us > 0 ? ORF_WORKER_STATE_LOST
                                : ORF_WORKER_STATE_SILENT,
    .registered_us = row->registered_us,
    .reported_us = row->reported_us,
    .lost_us = MAX (row->lost_us, row->left_us),
    .allocator = {
      .returned_bytes = -1,
      .allocated_bytes = row->allocated_bytes,
      .reserved_bytes = row->reserved_bytes,
      .active_bytes = row->active_bytes,
      .inactive_split_bytes = row->inactive_split_bytes,
      .largest_free_bytes = row->largest_free_bytes,
      .ooms = row->ooms,
      .retries = row->retries,
    },
    .n_batches = row->batches,
    .source = g_intern_string (row->source), /* one of few words */
  };
}

OrfWorkerKeeper *
orf_worker_keeper_new (const OrfConfig *config,
                       OrfStore *store,
                       OrfWorkers *workers,
                       GError **error)
{
  static const OrfWorkersEvents events = { .lost = lost_cb,
                                           .back = back_cb,
                                           .changed = changed_cb };
  gint64 since_us = orf_clock_now_us () - config->workers.keep_us;
  gint64 max_id;
  g_autoptr (GPtrArray) rows = orf_store_load_workers (store, since_us, MAX_LOADED, &max_id, error);
  OrfWorkerKeeper *keeper;

  if (rows == NULL)
    return NULL;
  for (guint i = 0; i < rows->len; i++) {
    OrfWorker worker;

    orf_worker_borrow_row (rows->pdata[i], &worker);
    orf_workers_restore (workers, &worker);
  }
  orf_workers_set_next_no (workers, max_id + 1);
  keeper = g_new0 (OrfWorkerKeeper, 1);
  keeper->config = config;
  keeper->store = store;
  orf_workers_listen (workers, &events, keeper);
  return keeper;
}

void
orf_worker_keeper_free (OrfWorkerKeeper *keeper)
{
  g_free (keeper);
}
