/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-info.h"

static void
set (gint64 *value, gboolean *known, gint64 from)
{
  *known = from >= 0;
  *value = MAX (from, 0);
}

OrfWorkerInfo *
orf_worker_info_from (const OrfWorker *worker)
{
  const OrfAllocator *allocator = &worker->allocator;
  OrfWorkerInfo *info = orf_worker_info_new ();

  info->worker = g_strdup (worker->id);
  info->name = g_strdup (worker->name);
  info->device = g_strdup (worker->device);
  set (&info->pid, &info->has_pid, worker->pid);
  info->state = worker->state;
  info->source = g_strdup (worker->source);
  info->capabilities = g_strdupv (worker->capabilities);
  info->registered_us = worker->registered_us;
  set (&info->reported_us, &info->has_reported_us,
       worker->reported_us > 0 ? worker->reported_us : -1);
  set (&info->lost_us, &info->has_lost_us, worker->lost_us > 0 ? worker->lost_us : -1);
  set (&info->allocated_bytes, &info->has_allocated_bytes, allocator->allocated_bytes);
  set (&info->reserved_bytes, &info->has_reserved_bytes, allocator->reserved_bytes);
  set (&info->active_bytes, &info->has_active_bytes, allocator->active_bytes);
  set (&info->inactive_split_bytes, &info->has_inactive_split_bytes,
       allocator->inactive_split_bytes);
  set (&info->largest_free_bytes, &info->has_largest_free_bytes, allocator->largest_free_bytes);
  set (&info->ooms, &info->has_ooms, allocator->ooms);
  set (&info->retries, &info->has_retries, allocator->retries);
  info->batches = worker->n_batches;
  return info;
}
