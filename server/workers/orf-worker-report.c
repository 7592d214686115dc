/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-clock.h"
#include "workers/orf-workers-private.h"

static void
take_over (OrfAllocator *allocator, const OrfAllocator *told)
{
  gint64 *const to[] = { &allocator->allocated_bytes,
                         &allocator->reserved_bytes,
                         &allocator->active_bytes,
                         &allocator->inactive_split_bytes,
                         &allocator->largest_free_bytes,
                         &allocator->ooms,
                         &allocator->retries,
                         &allocator->returned_bytes };
  const gint64 from[] = {
    told->allocated_bytes,    told->reserved_bytes, told->active_bytes, told->inactive_split_bytes,
    told->largest_free_bytes, told->ooms,           told->retries,      told->returned_bytes
  };

  for (guint i = 0; i < G_N_ELEMENTS (to); i++)
    if (from[i] >= 0)
      *to[i] = from[i];
}

void
orf_worker_take_report (OrfWorker *worker, const OrfAllocator *allocator)
{
  worker->reported_us = orf_clock_now_us ();
  if (allocator != NULL)
    take_over (&worker->allocator, allocator);
}
