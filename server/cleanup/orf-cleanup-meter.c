/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-meter.h"

#include <errno.h>
#include <signal.h>

#include "core/orf-clock.h"
#include "core/orf-sum.h"
#include "gpu/orf-gpu-snapshot.h"

/* Once the processes are told, the device is only beside: it is waited for as long. */
#define BESIDE_MS 100

struct _OrfCleanupMeter {
  OrfGpuMonitor *gpu;
  OrfProcessMemory *processes;
  char *device;
  gboolean unified;
  gboolean late;    /* the probe did not answer the last look in time */
  GHashTable *seen; /* pids that the probe named once: that it names them no more says something */

  GArray *pids;  /* of the look under way, gint64 */
  GArray *bytes; /* the same, gint64 */
  OrfCleanupLook look;
  guint gpu_id, process_id; /* 0: not under way */
  guint patience_id;        /* 0: no look is under way */

  OrfCleanupLooked looked;
  gpointer user_data;
};

/* ---- sums ------------------------------------------------------------------------------------ */

gboolean
orf_cleanup_look_counts (const OrfCleanupLook *look, guint process)
{
  for (guint i = 0; look->pids[process] >= 0 && i < process; i++) {
    if (look->pids[i] == look->pids[process])
      return FALSE;
  }
  return TRUE;
}

gint64
orf_cleanup_look_sum_processes (const OrfCleanupLook *look)
{
  gint64 sum_bytes = 0;

  for (guint i = 0; i < look->n_processes; i++) {
    if (look->process_bytes[i] < 0)
      return -1;
    if (orf_cleanup_look_counts (look, i))
      sum_bytes = orf_sum_add (sum_bytes, look->process_bytes[i]);
  }
  return sum_bytes;
}

/* ---- the end of a look ----------------------------------------------------------------------- */

/* Once both are there, or there was time enough. */
static void
end_look (OrfCleanupMeter *meter)
{
  g_clear_handle_id (&meter->patience_id, g_source_remove);
  meter->look.process_bytes = (const gint64 *) meter->bytes->data;
  meter->look.pids = (const gint64 *) meter->pids->data;
  meter->look.n_processes = meter->bytes->len;
  meter->looked (meter->user_data, &meter->look);
}

static void
end_if_whole (OrfCleanupMeter *meter)
{
  if (meter->gpu_id == 0 && meter->process_id == 0)
    end_look (meter);
}

static gboolean
patience_cb (gpointer user_data)
{
  OrfCleanupMeter *meter = user_data;

  meter->patience_id = 0;
  meter->late = meter->gpu_id != 0;
  if (meter->gpu_id != 0)
    orf_gpu_monitor_cancel_look (meter->gpu, meter->gpu_id);
  if (meter->process_id != 0)
    orf_process_memory_cancel (meter->processes, meter->process_id);
  meter->gpu_id = meter->process_id = 0;
  end_look (meter);
  return G_SOURCE_REMOVE;
}

/* ---- processes as the probe tells them ------------------------------------------------------- */

static const OrfGpuProcess *
find_process (const GPtrArray *processes, gint64 pid)
{
  for (guint i = 0; i < processes->len; i++) {
    const OrfGpuProcess *process = processes->pdata[i];

    if (process->pid == pid)
      return process;
  }
  return NULL;
}

static gboolean
is_alive (gint64 pid)
{
  return kill ((pid_t) pid, 0) == 0 || errno == EPERM;
}

/* One that is there and not named may have given back all, or the driver named nobody this time. */
static gint64
tell_process (OrfCleanupMeter *meter, const GPtrArray *processes, gint64 pid)
{
  const OrfGpuProcess *process = find_process (processes, pid);

  if (process != NULL) {
    g_hash_table_add (meter->seen, GINT_TO_POINTER ((gint) pid));
    return process->has_used_bytes ? process->used_bytes : -1;
  }
  if (pid < 0 || !g_hash_table_contains (meter->seen, GINT_TO_POINTER ((gint) pid)))
    return -1;
  return processes->len > 0 || !is_alive (pid) ? 0 : -1;
}

static void
sampled_cb (gpointer user_data, const OrfGpuSnapshot *snapshot)
{
  OrfCleanupMeter *meter = user_data;

  meter->gpu_id = 0;
  meter->late = FALSE;
  if (snapshot != NULL) {
    const OrfGpuDevice *device = snapshot->device;

    meter->look.device_bytes = device->has_used_bytes ? device->used_bytes : -1;
    meter->look.total_bytes = device->has_total_bytes ? device->total_bytes : -1;
    for (guint i = 0; !meter->unified && i < meter->pids->len; i++)
      g_array_index (meter->bytes, gint64, i) =
        tell_process (meter, device->processes, g_array_index (meter->pids, gint64, i));
  }
  end_if_whole (meter);
}

/* ---- processes as the kernel tells them ------------------------------------------------------ */

static void
told_cb (gpointer user_data, const gint64 *bytes, guint n_pids)
{
  OrfCleanupMeter *meter = user_data;

  meter->process_id = 0;
  for (guint i = 0; i < n_pids; i++) {
    if (g_array_index (meter->pids, gint64, i) >= 0)
      g_array_index (meter->bytes, gint64, i) = bytes[i];
  }
  if (meter->gpu_id != 0) {
    g_source_remove (meter->patience_id);
    meter->patience_id = g_timeout_add (BESIDE_MS, patience_cb, meter);
  }
  end_if_whole (meter);
}

/* ---- looks ----------------------------------------------------------------------------------- */

static void
set_pids (OrfCleanupMeter *meter, const gint64 *pids, guint n_pids)
{
  const gint64 unknown = -1;

  g_array_set_size (meter->pids, 0);
  g_array_set_size (meter->bytes, 0);
  for (guint i = 0; i < n_pids; i++) {
    g_array_append_val (meter->pids, pids[i]);
    g_array_append_val (meter->bytes, unknown);
  }
}

static void
begin_look (OrfCleanupMeter *meter, const gint64 *pids, guint n_pids, gint64 patience_us)
{
  gboolean in_haste = meter->late && !meter->unified;

  set_pids (meter, pids, n_pids);
  meter->look = (OrfCleanupLook){
    .t_us = orf_clock_monotonic_us (),
    .device_bytes = -1,
    .total_bytes = -1,
  };
  patience_us = in_haste ? ORF_CLEANUP_PATIENCE_US : MAX (patience_us, ORF_CLEANUP_PATIENCE_US);
  meter->patience_id = g_timeout_add ((guint) (patience_us / ORF_US_PER_MS), patience_cb, meter);
  if (meter->unified && n_pids > 0)
    meter->process_id = orf_process_memory_ask (meter->processes, pids, n_pids, told_cb, meter);
}

void
orf_cleanup_meter_look (OrfCleanupMeter *meter,
                        const gint64 *pids,
                        guint n_pids,
                        gint64 patience_us)
{
  begin_look (meter, pids, n_pids, patience_us);
  meter->gpu_id = orf_gpu_monitor_look (meter->gpu, meter->device, sampled_cb, meter);
}

gboolean
orf_cleanup_meter_glance (OrfCleanupMeter *meter,
                          const gint64 *pids,
                          guint n_pids,
                          gint64 patience_us)
{
  gboolean known = meter->unified && n_pids > 0;

  for (guint i = 0; i < n_pids; i++)
    known &= pids[i] >= 0;
  if (known)
    begin_look (meter, pids, n_pids, patience_us);
  return known;
}

gboolean
orf_cleanup_meter_is_looking (const OrfCleanupMeter *meter)
{
  return meter->patience_id != 0;
}

gboolean
orf_cleanup_meter_is_unified (const OrfCleanupMeter *meter)
{
  return meter->unified;
}

static gboolean
find_unified (OrfGpuMonitor *gpu, const char *device)
{
  const OrfGpuSnapshot *snapshot = orf_gpu_snapshot_find (orf_gpu_monitor_get_devices (gpu),
                                                          device);

  return snapshot != NULL && snapshot->unified;
}

OrfCleanupMeter *
orf_cleanup_meter_new (OrfGpuMonitor *gpu,
                       OrfProcessMemory *processes,
                       const char *device,
                       OrfCleanupLooked looked,
                       gpointer user_data)
{
  OrfCleanupMeter *meter = g_new0 (OrfCleanupMeter, 1);

  meter->gpu = gpu;
  meter->processes = processes;
  meter->device = g_strdup (device);
  meter->unified = find_unified (gpu, device);
  meter->seen = g_hash_table_new (NULL, NULL);
  meter->pids = g_array_new (FALSE, FALSE, sizeof (gint64));
  meter->bytes = g_array_new (FALSE, FALSE, sizeof (gint64));
  meter->looked = looked;
  meter->user_data = user_data;
  return meter;
}

void
orf_cleanup_meter_free (OrfCleanupMeter *meter)
{
  if (meter == NULL)
    return;
  g_clear_handle_id (&meter->patience_id, g_source_remove);
  if (meter->gpu_id != 0)
    orf_gpu_monitor_cancel_look (meter->gpu, meter->gpu_id);
  if (meter->process_id != 0)
    orf_process_memory_cancel (meter->processes, meter->process_id);
  g_hash_table_unref (meter->seen);
  g_array_unref (meter->pids);
  g_array_unref (meter->bytes);
  g_free (meter->device);
  g_free (meter);
}
