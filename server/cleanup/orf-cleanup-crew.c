/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-crew.h"

/* ---- whose device ---------------------------------------------------------------------------- */

static gboolean
has_process (const OrfGpuDevice *device, gint64 pid)
{
  for (guint i = 0; i < device->processes->len; i++) {
    if (((const OrfGpuProcess *) device->processes->pdata[i])->pid == pid)
      return TRUE;
  }
  return FALSE;
}

const char *
orf_cleanup_crew_find_device (OrfGpuMonitor *gpu, const OrfWorker *worker)
{
  GPtrArray *devices = orf_gpu_monitor_get_devices (gpu);

  if (worker->device != NULL)
    return worker->device;
  for (guint i = 0; worker->pid >= 0 && i < devices->len; i++) {
    const OrfGpuDevice *device = ((const OrfGpuSnapshot *) devices->pdata[i])->device;

    if (has_process (device, worker->pid))
      return device->device;
  }
  return devices->len == 1 ? ((const OrfGpuSnapshot *) devices->pdata[0])->device->device : NULL;
}

/* ---- who and why ----------------------------------------------------------------------------- */

static OrfCleanupCandidate
make_candidate (OrfWorkers *workers, OrfCleanupHistory *history, const OrfWorker *worker)
{
  return (OrfCleanupCandidate){
    .no = worker->no,
    .is_there = orf_workers_can_ask (workers, worker),
    .abilities = orf_cleanup_parse_abilities ((const char *const *) worker->capabilities),
    .allocated_bytes = worker->allocator.allocated_bytes,
    .reserved_bytes = worker->allocator.reserved_bytes,
    .inactive_split_bytes = worker->allocator.inactive_split_bytes,
    .honesty = orf_cleanup_history_get (history, worker->name),
  };
}

static void
member_free (gpointer data)
{
  OrfCleanupMember *member = data;

  g_free (member->id);
  g_free (member->name);
  g_free (member->reason);
  g_free (member);
}

GPtrArray *
orf_cleanup_crew_new_empty (void)
{
  return g_ptr_array_new_with_free_func (member_free);
}

static gint64
get_unused_bytes (const OrfAllocator *allocator)
{
  if (allocator->reserved_bytes < 0 || allocator->allocated_bytes < 0)
    return -1;
  return MAX (allocator->reserved_bytes - allocator->allocated_bytes, 0);
}

static OrfCleanupMember *
make_member (const OrfWorker *worker, OrfCleanupStep *step)
{
  OrfCleanupMember *member = g_new0 (OrfCleanupMember, 1);

  member->no = worker->no;
  member->id = g_strdup (worker->id);
  member->name = g_strdup (worker->name);
  member->pid = worker->pid;
  member->unused_bytes = get_unused_bytes (&worker->allocator);
  member->idle_bytes = step->idle_bytes;
  member->expected_bytes = step->expected_bytes;
  member->asked = step->asked;
  member->reason = g_steal_pointer (&step->reason);
  return member;
}

/* A name may be in use by another when this one is gone: only who is there counts, unless it was
 * asked for by name. */
static gboolean
belongs (OrfGpuMonitor *gpu, const OrfWorker *worker, const char *device, const OrfWorker *only)
{
  if (only != NULL)
    return worker == only;
  return orf_worker_is_live (worker) &&
         g_strcmp0 (orf_cleanup_crew_find_device (gpu, worker), device) == 0;
}

GPtrArray *
orf_cleanup_crew_new (OrfWorkers *workers,
                      OrfGpuMonitor *gpu,
                      OrfCleanupHistory *history,
                      const char *device,
                      const OrfWorker *only,
                      OrfCleanupLevel level)
{
  GPtrArray *all = orf_workers_get_all (workers);
  GPtrArray *members = orf_cleanup_crew_new_empty ();
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (OrfCleanupCandidate));
  g_autoptr (GPtrArray) steps = NULL;

  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *worker = all->pdata[i];

    if (belongs (gpu, worker, device, only)) {
      OrfCleanupCandidate candidate = make_candidate (workers, history, worker);

      g_array_append_val (candidates, candidate);
      g_ptr_array_add (chosen, (gpointer) worker);
    }
  }
  steps = orf_cleanup_plan ((const OrfCleanupCandidate *) candidates->data, candidates->len, level);
  for (guint i = 0; i < steps->len; i++) {
    OrfCleanupStep *step = steps->pdata[i];

    g_ptr_array_add (members, make_member (chosen->pdata[step->candidate], step));
  }
  return members;
}
