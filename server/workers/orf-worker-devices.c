/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-devices.h"

#include "core/orf-names.h"

struct _OrfWorkerDevices {
  OrfWorkers *workers;
  OrfGpuMonitor *gpu;
  GHashTable *told; /* devices that the monitor was told of */
  guint sum_id;     /* 0: nothing changed since the sums were told */
};

static void
tell (OrfWorkerDevices *devices, const char *device)
{
  OrfAllocator sum;
  OrfGpuHeld held;

  orf_workers_sum (devices->workers, device, &sum);
  held = (OrfGpuHeld){
    .allocated_bytes = sum.allocated_bytes,
    .reserved_bytes = sum.reserved_bytes,
    .largest_free_bytes = sum.largest_free_bytes,
    .fragmentation_percent = orf_workers_get_fragmentation_percent (devices->workers, device),
  };
  orf_gpu_monitor_set_held (devices->gpu, device, &held);
}

/* Once for all that changed in a turn: with many workers, many report at once. */
static gboolean
sum_cb (gpointer user_data)
{
  OrfWorkerDevices *devices = user_data;
  const GPtrArray *all = orf_workers_get_all (devices->workers);
  GHashTableIter iter;
  gpointer device;

  devices->sum_id = 0;
  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *worker = all->pdata[i];

    if (worker->device != NULL && !g_hash_table_contains (devices->told, worker->device))
      g_hash_table_add (devices->told, g_strdup (worker->device));
  }
  g_hash_table_iter_init (&iter, devices->told);
  while (g_hash_table_iter_next (&iter, &device, NULL))
    tell (devices, device);
  return G_SOURCE_REMOVE;
}

static void
changed_cb (gpointer user_data, const OrfWorker *worker)
{
  OrfWorkerDevices *devices = user_data;

  if (devices->sum_id == 0)
    devices->sum_id = g_idle_add_full (G_PRIORITY_DEFAULT, sum_cb, devices, NULL);
}

OrfWorkerDevices *
orf_worker_devices_new (OrfWorkers *workers, OrfGpuMonitor *gpu)
{
  static const OrfWorkersEvents events = { .changed = changed_cb };
  OrfWorkerDevices *devices = g_new0 (OrfWorkerDevices, 1);

  devices->workers = workers;
  devices->gpu = gpu;
  devices->told = orf_names_table_new (g_free, NULL);
  orf_workers_listen (workers, &events, devices);
  changed_cb (devices, NULL); /* those of the file */
  return devices;
}

void
orf_worker_devices_free (OrfWorkerDevices *devices)
{
  g_clear_handle_id (&devices->sum_id, g_source_remove);
  g_hash_table_unref (devices->told);
  g_free (devices);
}
