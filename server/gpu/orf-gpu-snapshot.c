/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-snapshot.h"

#include <math.h>

#include "core/orf-clock.h"
#include "core/orf-percent.h"
#include "gpu/orf-gpu-values.h"

/* A driver's error is news for as long; what stays is in gpu.events. */
#define XID_US (5 * 60 * ORF_US_PER_S)

/* A device of the same name and size about which nothing else is known. */
static OrfGpuDevice *
copy_facts (const OrfGpuDevice *from)
{
  OrfGpuDevice *device = orf_gpu_device_new ();

  device->uuid = g_strdup (from->uuid);
  device->has_index = from->has_index;
  device->index = from->index;
  device->parent = g_strdup (from->parent);
  device->has_instance = from->has_instance;
  device->instance = from->instance;
  device->device = g_strdup (from->device);
  device->name = g_strdup (from->name);
  device->vendor = g_strdup (from->vendor);
  device->backend = g_strdup (from->backend);
  device->has_total_bytes = from->has_total_bytes;
  device->total_bytes = from->total_bytes;
  device->has_sampled_us = from->has_sampled_us;
  device->sampled_us = from->sampled_us;
  device->processes = g_ptr_array_new ();
  return device;
}

OrfGpuSnapshot *
orf_gpu_snapshot_new (const char *backend,
                      const OrfProbeDevice *facts,
                      const OrfGpuSnapshot *before)
{
  OrfGpuSnapshot *snapshot = g_new0 (OrfGpuSnapshot, 1);
  OrfGpuDevice *device = orf_gpu_device_new ();

  device->device = g_strdup (facts->device);
  device->name = g_strdup (facts->name);
  device->vendor = g_strdup (facts->vendor);
  device->backend = g_strdup (backend);
  device->has_total_bytes = facts->has_total_bytes;
  device->total_bytes = facts->total_bytes;
  device->uuid = g_strdup (facts->uuid);
  device->has_index = facts->has_index;
  device->index = facts->index;
  device->parent = g_strdup (facts->parent);
  device->has_instance = facts->has_instance;
  device->instance = facts->instance;
  device->processes = g_ptr_array_new ();
  if (before) {
    snapshot->xid = before->xid;
    snapshot->xid_us = before->xid_us;
    device->has_sampled_us = before->device->has_sampled_us;
    device->sampled_us = before->device->sampled_us;
  }
  snapshot->device = device;
  snapshot->unified = facts->unified;
  snapshot->gone = TRUE;
  return snapshot;
}

void
orf_gpu_snapshot_free (OrfGpuSnapshot *snapshot)
{
  if (!snapshot)
    return;

  orf_gpu_device_free (snapshot->device);
  g_free (snapshot);
}

OrfGpuSnapshot *
orf_gpu_snapshot_find (const GPtrArray *snapshots, const char *id)
{
  for (guint i = 0; i < snapshots->len; i++) {
    OrfGpuSnapshot *snapshot = g_ptr_array_index (snapshots, i);

    if (g_str_equal (snapshot->device->device, id))
      return snapshot;
  }

  return NULL;
}

static gint
compare_processes (gconstpointer a, gconstpointer b)
{
  const OrfGpuProcess *left = *(const OrfGpuProcess *const *) a;
  const OrfGpuProcess *right = *(const OrfGpuProcess *const *) b;
  gint64 left_bytes = left->has_used_bytes ? left->used_bytes : -1;
  gint64 right_bytes = right->has_used_bytes ? right->used_bytes : -1;

  if (left_bytes != right_bytes)
    return left_bytes > right_bytes ? -1 : 1;

  return (left->pid > right->pid) - (left->pid < right->pid);
}

static void
copy_processes (const OrfProbeDeviceSample *sample, GPtrArray *processes)
{
  for (guint i = 0; sample->processes && i < sample->processes->len; i++) {
    const OrfProbeProcess *from = g_ptr_array_index (sample->processes, i);
    OrfGpuProcess *process = orf_gpu_process_new ();

    process->pid = from->pid;
    process->name = g_strdup (from->name);
    process->has_used_bytes = from->has_used_bytes;
    process->used_bytes = from->used_bytes;
    g_ptr_array_add (processes, process);
  }
  g_ptr_array_sort (processes, compare_processes);
}

static gboolean
are_equal (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;

  for (guint i = 0; i < a->len; i++) {
    const OrfGpuProcess *left = g_ptr_array_index (a, i);
    const OrfGpuProcess *right = g_ptr_array_index (b, i);

    if (left->pid != right->pid || left->has_used_bytes != right->has_used_bytes ||
        left->used_bytes != right->used_bytes || g_strcmp0 (left->name, right->name) != 0)
      return FALSE;
  }

  return TRUE;
}

static void
copy_bytes (const OrfProbeDeviceSample *sample, OrfGpuDevice *device)
{
  if (sample->has_total_bytes) {
    device->has_total_bytes = TRUE;
    device->total_bytes = sample->total_bytes;
  }
  device->has_used_bytes = sample->has_used_bytes;
  device->used_bytes = sample->used_bytes;
  device->has_free_bytes = sample->has_free_bytes;
  device->free_bytes = sample->free_bytes;
  device->has_allocated_bytes = sample->has_allocated_bytes;
  device->allocated_bytes = sample->allocated_bytes;
  device->has_reserved_bytes = sample->has_reserved_bytes;
  device->reserved_bytes = sample->reserved_bytes;
  device->has_largest_free_bytes = sample->has_largest_free_bytes;
  device->largest_free_bytes = sample->largest_free_bytes;
}

/* Idle reserved memory that is not in the largest free block, of all that is reserved. */
static double
get_fragmentation_percent (const OrfGpuDevice *device)
{
  gint64 scattered_bytes = device->reserved_bytes - device->allocated_bytes -
                           device->largest_free_bytes;

  if (!device->has_reserved_bytes || !device->has_allocated_bytes ||
      !device->has_largest_free_bytes || device->reserved_bytes <= 0)
    return NAN;

  return CLAMP (100.0 * (double) scattered_bytes / (double) device->reserved_bytes, 0.0, 100.0);
}

static void
note_xid (OrfGpuSnapshot *snapshot,
          const OrfProbeDeviceSample *sample,
          gint64 now_us,
          OrfGpuDevice *device)
{
  if (!sample->xids)
    return;

  if (sample->xids->len > 0) {
    snapshot->xid = g_array_index (sample->xids, gint64, sample->xids->len - 1);
    snapshot->xid_us = now_us;
  }
  device->has_xid = TRUE;
  device->xid = now_us - snapshot->xid_us < XID_US ? snapshot->xid : 0;
}

void
orf_gpu_snapshot_update (OrfGpuSnapshot *snapshot,
                         const OrfProbeDeviceSample *sample,
                         const OrfPressureThresholds *thresholds,
                         gint64 now_us)
{
  OrfGpuDevice *device = copy_facts (snapshot->device);
  OrfPressureLevel previous = snapshot->device->pressure_level;

  copy_bytes (sample, device);
  copy_processes (sample, device->processes);
  orf_gpu_values_copy (sample, device);
  note_xid (snapshot, sample, now_us, device);
  device->has_retirement_pending = sample->has_retirement_pending;
  device->retirement_pending = sample->retirement_pending;
  device->has_retirement_failed = sample->has_retirement_failed;
  device->retirement_failed = sample->retirement_failed;
  device->throttle_reasons = g_strdupv (sample->throttle_reasons);
  device->utilization_percent = orf_percent_round (sample->utilization_percent);
  device->temperature_c = sample->temperature_c;
  device->power_w = sample->power_w;
  device->fragmentation_percent = orf_percent_round (get_fragmentation_percent (device));
  if (device->has_used_bytes && device->has_total_bytes)
    device->memory_percent = orf_pressure_used_percent (device->used_bytes, device->total_bytes);
  device->pressure_level = orf_pressure_decide (thresholds, device->memory_percent, previous);
  device->memory_percent = orf_percent_round (device->memory_percent);
  device->has_sampled_us = TRUE;
  device->sampled_us = now_us;

  snapshot->processes_changed |= !are_equal (snapshot->device->processes, device->processes);
  orf_gpu_device_free (snapshot->device);
  snapshot->device = device;
  snapshot->gone = FALSE;
  snapshot->fresh = TRUE;
}

void
orf_gpu_snapshot_hold (OrfGpuSnapshot *snapshot, const OrfGpuHeld *held)
{
  OrfGpuDevice *device = snapshot->device;

  if (snapshot->gone ||
      (held->allocated_bytes < 0 && held->reserved_bytes < 0 && held->largest_free_bytes < 0))
    return;
  device->has_allocated_bytes = held->allocated_bytes >= 0;
  device->allocated_bytes = MAX (held->allocated_bytes, 0);
  device->has_reserved_bytes = held->reserved_bytes >= 0;
  device->reserved_bytes = MAX (held->reserved_bytes, 0);
  device->has_largest_free_bytes = held->largest_free_bytes >= 0;
  device->largest_free_bytes = MAX (held->largest_free_bytes, 0);
  device->fragmentation_percent = orf_percent_round (held->fragmentation_percent);
}

void
orf_gpu_snapshot_set_gone (OrfGpuSnapshot *snapshot)
{
  OrfGpuDevice *device = copy_facts (snapshot->device);

  orf_gpu_device_free (snapshot->device);
  snapshot->device = device;
  snapshot->gone = TRUE;
  snapshot->fresh = FALSE;
}
