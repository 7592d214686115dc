/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-list.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "orf-schema-bind.h"
#include "rpc/orf-list-cursor.h"

static void
set (gint64 *value, gboolean *known, gint64 from)
{
  *known = from >= 0;
  *value = MAX (from, 0);
}

static OrfWorkerInfo *
make_info (const OrfWorker *worker)
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

static gboolean
is_meant (const OrfWorkerListParams *params, const OrfWorker *worker, gint64 after_no)
{
  return worker->no > after_no &&
         (params->device == NULL || g_strcmp0 (worker->device, params->device) == 0);
}

void
orf_worker_list_answer (OrfCall *call, const OrfWorkerListParams *params, const GPtrArray *all)
{
  g_autoptr (OrfWorkerListResult) result = orf_worker_list_result_new ();
  const OrfWorker *last = NULL;
  gint64 registered_us, after_no = 0;
  GError *error = NULL;

  if (params->cursor != NULL &&
      !orf_list_cursor_parse (params->cursor, &registered_us, &after_no, &error)) {
    orf_call_fail (call, error);
    return;
  }
  result->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_worker_info_free);
  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *worker = all->pdata[i];

    if (!is_meant (params, worker, after_no))
      continue;
    if (last != NULL && result->workers->len >= params->limit) {
      result->next_cursor = orf_list_cursor_format (last->registered_us, last->no);
      break;
    }
    g_ptr_array_add (result->workers, make_info (worker));
    last = worker;
  }
  orf_call_return_worker_list (call, result);
}
