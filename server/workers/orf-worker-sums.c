/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the live workers of a device hold together, by their own reports. */
#include <math.h>

#include "core/orf-sum.h"
#include "workers/orf-workers.h"

static gboolean
is_live_on (const OrfWorker *worker, const char *device)
{
  return worker->device != NULL && g_str_equal (worker->device, device) &&
         orf_worker_is_live (worker);
}

static void
add (gint64 *sum, gint64 value)
{
  if (value >= 0)
    *sum = orf_sum_add (MAX (*sum, 0), value);
}

void
orf_workers_sum (OrfWorkers *workers, const char *device, OrfAllocator *sum)
{
  const GPtrArray *all = orf_workers_get_all (workers);

  *sum = ORF_ALLOCATOR_UNKNOWN;
  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *worker = all->pdata[i];
    const OrfAllocator *one = &worker->allocator;

    if (!is_live_on (worker, device))
      continue;
    add (&sum->allocated_bytes, one->allocated_bytes);
    add (&sum->reserved_bytes, one->reserved_bytes);
    add (&sum->active_bytes, one->active_bytes);
    add (&sum->inactive_split_bytes, one->inactive_split_bytes);
    sum->largest_free_bytes = MAX (sum->largest_free_bytes, one->largest_free_bytes);
    add (&sum->ooms, one->ooms);
    add (&sum->retries, one->retries);
  }
}

double
orf_workers_get_fragmentation_percent (OrfWorkers *workers, const char *device)
{
  const GPtrArray *all = orf_workers_get_all (workers);
  double reserved_bytes = 0;
  double scattered_bytes = 0;

  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *worker = all->pdata[i];
    const OrfAllocator *one = &worker->allocator;

    if (!is_live_on (worker, device) || one->reserved_bytes < 0 || one->allocated_bytes < 0 ||
        one->largest_free_bytes < 0)
      continue;
    reserved_bytes += (double) one->reserved_bytes;
    scattered_bytes +=
      (double) MAX (one->reserved_bytes - one->allocated_bytes - one->largest_free_bytes, 0);
  }
  return reserved_bytes > 0 ? 100.0 * scattered_bytes / reserved_bytes : NAN;
}
