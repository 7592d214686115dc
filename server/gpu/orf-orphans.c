/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-orphans.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-sum.h"

/* Drivers keep page tables, scan-out and firmware for themselves, and most do not tell how much. */
#define MIN_BYTES (G_GINT64_CONSTANT (512) << 20)
/* A process that has just ended is still being cleaned up after. */
#define HOLD_US (5 * ORF_US_PER_S)
/* From as many on without a sample nothing is known, and a probe that is started anew has time. */
#define MISSED_SAMPLES 3
/* Names the pid namespace of the machine itself (PROC_PID_INIT_INO of the kernel). */
#define ROOT_NAMESPACE "pid:[4026531836]"

typedef struct {
  OrfDeviceOrphans told;
  GPtrArray *seen;  /* OrfOrphan, also those that are too young */
  gint64 looked_us; /* monotonic */
  gboolean fresh;   /* looked at since the last frame */
} Device;

struct _OrfOrphans {
  gboolean (*is_alive) (gint64 pid);
  gboolean is_root_namespace;
  const OrfConfig *config; /* NULL: not joined */
  GPtrArray *devices;      /* Device, which begin with what is told */
};

static void
orphan_free (gpointer data)
{
  OrfOrphan *orphan = data;

  g_free (orphan->name);
  g_free (orphan);
}

static void
device_free (gpointer data)
{
  Device *device = data;

  g_free (device->told.device);
  g_ptr_array_unref (device->told.orphans);
  g_ptr_array_unref (device->seen);
  g_free (device);
}

static gboolean
is_alive (gint64 pid)
{
  return pid <= 0 || pid > INT_MAX || kill ((pid_t) pid, 0) == 0 || errno != ESRCH;
}

static gboolean
is_in_root_namespace (void)
{
  char target[64] = { 0 };

  return readlink ("/proc/self/ns/pid", target, sizeof target - 1) > 0 &&
         g_str_equal (target, ROOT_NAMESPACE);
}

OrfOrphans *
orf_orphans_new (gboolean (*alive) (gint64 pid))
{
  OrfOrphans *orphans = g_new0 (OrfOrphans, 1);

  orphans->is_alive = alive ? alive : is_alive;
  orphans->is_root_namespace = alive || is_in_root_namespace ();
  orphans->devices = g_ptr_array_new_with_free_func (device_free);
  return orphans;
}

void
orf_orphans_free (OrfOrphans *orphans)
{
  if (!orphans)
    return;

  g_ptr_array_unref (orphans->devices);
  g_free (orphans);
}

/* ---- what is so now -------------------------------------------------------------------------- */

static Device *
get_device (OrfOrphans *orphans, const char *id)
{
  Device *device = NULL;

  for (guint i = 0; i < orphans->devices->len; i++) {
    device = g_ptr_array_index (orphans->devices, i);
    if (g_str_equal (device->told.device, id))
      return device;
  }

  device = g_new0 (Device, 1);
  device->told.device = g_strdup (id);
  device->told.orphans = g_ptr_array_new (); /* of those seen */
  device->seen = g_ptr_array_new_with_free_func (orphan_free);
  g_ptr_array_add (orphans->devices, device);
  return device;
}

static void
add (GPtrArray *found, gint64 pid, const char *name, gint64 bytes, gint64 now_us)
{
  OrfOrphan *orphan = g_new0 (OrfOrphan, 1);

  orphan->used_bytes = bytes;
  orphan->since_us = now_us;
  orphan->pid = pid;
  orphan->name = g_strdup (name);
  g_ptr_array_add (found, orphan);
}

/* Why memory that no process has cannot be told from what is only not seen; NULL: it can. */
static const char *
find_obstacle (const OrfProbeDeviceSample *sample)
{
  if (!sample)
    return "its probe does not tell of it";
  if (!sample->processes)
    return "its backend does not tell which processes use it";
  if (!sample->has_processes_complete || !sample->processes_complete)
    return "not all processes may be looked at";
  if (!sample->has_used_bytes)
    return "how much is in use is not known";
  for (guint i = 0; i < sample->processes->len; i++) {
    const OrfProbeProcess *process = g_ptr_array_index (sample->processes, i);

    if (!process->has_used_bytes)
      return "what some processes use is not told";
  }
  return NULL;
}

/* NVML tells the numbers that processes have on the machine. */
static gboolean
knows_pids (OrfOrphans *orphans, const char *backend)
{
  return orphans->is_root_namespace || !g_str_equal (backend, "nvml");
}

static GPtrArray *
find_orphans (OrfOrphans *orphans,
              const OrfProbeDeviceSample *sample,
              gboolean pids_known,
              gboolean rest_known,
              gint64 now_us)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (orphan_free);
  gint64 known = 0;

  if (!sample)
    return found;
  if (sample->has_driver_reserved_bytes)
    known = sample->driver_reserved_bytes;
  for (guint i = 0; sample->processes && i < sample->processes->len; i++) {
    const OrfProbeProcess *process = g_ptr_array_index (sample->processes, i);

    known = orf_sum_add (known, process->has_used_bytes ? process->used_bytes : 0);
    if (pids_known && process->has_used_bytes && process->used_bytes > 0 &&
        !orphans->is_alive (process->pid))
      add (found, process->pid, process->name, process->used_bytes, now_us);
  }
  if (rest_known && sample->used_bytes - known >= MIN_BYTES)
    add (found, -1, NULL, sample->used_bytes - known, now_us);
  return found;
}

/* ---- and for how long ------------------------------------------------------------------------ */

static void
take_over_times (GPtrArray *found, GPtrArray *before, gint64 now_us)
{
  for (guint i = 0; i < found->len; i++) {
    OrfOrphan *orphan = g_ptr_array_index (found, i);

    for (guint k = 0; k < before->len; k++) {
      const OrfOrphan *same = g_ptr_array_index (before, k);

      if (same->pid == orphan->pid)
        orphan->since_us = MIN (same->since_us, now_us);
    }
  }
}

void
orf_orphans_look (OrfOrphans *orphans,
                  const char *device_id,
                  const char *backend,
                  const OrfProbeDeviceSample *sample,
                  gint64 now_us)
{
  Device *device = get_device (orphans, device_id);
  const char *obstacle = find_obstacle (sample);
  GPtrArray *found = find_orphans (orphans, sample, knows_pids (orphans, backend), !obstacle,
                                   now_us);

  take_over_times (found, device->seen, now_us);
  g_ptr_array_set_size (device->told.orphans, 0);
  g_ptr_array_unref (device->seen);
  device->seen = found;
  device->told.unknown = obstacle;
  device->looked_us = orf_clock_monotonic_us ();
  device->fresh = TRUE;
  for (guint i = 0; i < found->len; i++) {
    OrfOrphan *orphan = g_ptr_array_index (found, i);

    if (now_us - orphan->since_us >= HOLD_US)
      g_ptr_array_add (device->told.orphans, orphan);
  }
}

/* What a probe told says nothing of now once it has missed some samples; of a process that ended
 * the time goes on, if it is still so when the probe is back. */
static void
forget_stale (OrfOrphans *orphans)
{
  gint64 stale_us = HOLD_US;

  if (orphans->config != NULL)
    stale_us += MISSED_SAMPLES * orphans->config->gpu.sample_us;
  for (guint i = 0; i < orphans->devices->len; i++) {
    Device *device = g_ptr_array_index (orphans->devices, i);

    if (orf_clock_monotonic_us () - device->looked_us < stale_us)
      continue;
    g_ptr_array_set_size (device->told.orphans, 0);
    device->told.unknown = "its probe tells nothing at present";
  }
}

GPtrArray *
orf_orphans_get_devices (OrfOrphans *orphans)
{
  forget_stale (orphans);
  return orphans->devices;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* NAN: unknown. */
static double
sum_bytes (const OrfDeviceOrphans *device)
{
  double sum = 0;

  if (device->unknown && device->orphans->len == 0)
    return NAN;
  for (guint i = 0; i < device->orphans->len; i++)
    sum += (double) ((OrfOrphan *) g_ptr_array_index (device->orphans, i))->used_bytes;
  return sum;
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfOrphans *orphans = self;

  for (guint i = 0; i < orphans->devices->len; i++) {
    Device *device = g_ptr_array_index (orphans->devices, i);
    const char *const labels[] = { device->told.device, NULL };

    /* a value told twice would be a sample that was never taken */
    if (device->fresh)
      orf_frame_add (frame, ORF_METRIC_GPU_MEMORY_ORPHANED_BYTES, labels,
                     sum_bytes (&device->told));
    device->fresh = FALSE;
  }
}

static gint64
get_period_us_cb (gpointer self)
{
  return ((OrfOrphans *) self)->config->gpu.sample_us;
}

static const OrfSamplerSource source_ops = {
  .fill = fill_cb,
  .get_period_us = get_period_us_cb,
};

void
orf_orphans_join (OrfOrphans *orphans, OrfSampler *sampler, const OrfConfig *config)
{
  orphans->config = config;
  orf_sampler_add_source (sampler, &source_ops, orphans);
}
