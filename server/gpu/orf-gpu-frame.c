/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-frame.h"

#include <math.h>

#include "gpu/orf-gpu-values.h"

struct _OrfGpuFrame {
  OrfGpuMonitor *monitor;
  OrfSampler *sampler;
  OrfStore *store;
  const OrfConfig *config;
};

static double
from_bytes (gint64 bytes, gboolean known)
{
  return known ? (double) bytes : NAN;
}

static void
fill_device (OrfFrame *frame, const OrfGpuDevice *device)
{
  const char *const labels[] = { device->device, NULL };
  const struct {
    OrfMetricId metric;
    double value;
  } values[] = {
    { ORF_METRIC_GPU_MEMORY_TOTAL_BYTES,
      from_bytes (device->total_bytes, device->has_total_bytes) },
    { ORF_METRIC_GPU_MEMORY_USED_BYTES, from_bytes (device->used_bytes, device->has_used_bytes) },
    { ORF_METRIC_GPU_MEMORY_FREE_BYTES, from_bytes (device->free_bytes, device->has_free_bytes) },
    { ORF_METRIC_GPU_MEMORY_USED_PERCENT, device->memory_percent },
    { ORF_METRIC_GPU_MEMORY_ALLOCATED_BYTES,
      from_bytes (device->allocated_bytes, device->has_allocated_bytes) },
    { ORF_METRIC_GPU_MEMORY_RESERVED_BYTES,
      from_bytes (device->reserved_bytes, device->has_reserved_bytes) },
    { ORF_METRIC_GPU_MEMORY_LARGEST_FREE_BYTES,
      from_bytes (device->largest_free_bytes, device->has_largest_free_bytes) },
    { ORF_METRIC_GPU_MEMORY_FRAGMENTATION_PERCENT, device->fragmentation_percent },
    { ORF_METRIC_GPU_UTILIZATION_PERCENT, device->utilization_percent },
    { ORF_METRIC_GPU_TEMPERATURE_C, device->temperature_c },
    { ORF_METRIC_GPU_POWER_W, device->power_w },
    { ORF_METRIC_GPU_PRESSURE, device->pressure_level == ORF_PRESSURE_LEVEL_UNSET
                                 ? NAN
                                 : (double) device->pressure_level - ORF_PRESSURE_LEVEL_LOW },
  };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_frame_add (frame, values[i].metric, labels, values[i].value);
  orf_gpu_values_fill (frame, device);
}

static void
fill_probes (OrfGpuMonitor *monitor, OrfFrame *frame)
{
  for (guint i = 0; i < orf_gpu_monitor_get_n_sources (monitor); i++) {
    OrfGpuSource probe = orf_gpu_monitor_get_source (monitor, i);
    const char *const labels[] = { probe.backend, NULL };

    orf_frame_add (frame, ORF_METRIC_ORFEAS_PROBE_MEMORY_RSS_BYTES, labels,
                   from_bytes (probe.rss_bytes, probe.rss_bytes >= 0));
    orf_frame_add (frame, ORF_METRIC_ORFEAS_PROBE_RESTARTS, labels, probe.restarts);
  }
}

static void
add_processes (GArray *rows, const OrfGpuDevice *device)
{
  for (guint i = 0; device->processes != NULL && i < device->processes->len; i++) {
    const OrfGpuProcess *process = device->processes->pdata[i];
    OrfGpuProcessRow row = {
      .device = device->device,
      .pid = process->pid,
      .name = process->name,
      .used_bytes = process->has_used_bytes ? process->used_bytes : -1,
    };

    g_array_append_val (rows, row);
  }
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfGpuFrame *source = self;
  GPtrArray *devices = orf_gpu_monitor_get_devices (source->monitor);
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (OrfGpuProcessRow));

  for (guint i = 0; i < devices->len; i++) {
    OrfGpuSnapshot *snapshot = devices->pdata[i];

    /* A value told twice would be a sample that was never taken. */
    if (snapshot->fresh)
      fill_device (frame, snapshot->device);
    if (snapshot->processes_changed)
      add_processes (rows, snapshot->device);
    snapshot->fresh = snapshot->processes_changed = FALSE;
  }
  fill_probes (source->monitor, frame);
  if (rows->len > 0)
    orf_store_write_gpu_processes (source->store, frame->t_us,
                                   (const OrfGpuProcessRow *) rows->data, rows->len);
}

static gboolean
begin_cb (gpointer self)
{
  return orf_gpu_monitor_ask (((OrfGpuFrame *) self)->monitor) > 0;
}

static gint64
get_period_us_cb (gpointer self)
{
  OrfGpuFrame *source = self;
  const OrfConfig *config = source->config;

  return orf_gpu_monitor_wants_burst (source->monitor)
           ? MIN (config->gpu.burst_us, config->gpu.sample_us)
           : config->gpu.sample_us;
}

static void
settled_cb (gpointer user_data)
{
  OrfGpuFrame *source = user_data;

  orf_sampler_settle (source->sampler, source);
}

static const OrfSamplerSource ops = {
  .begin = begin_cb,
  .fill = fill_cb,
  .get_period_us = get_period_us_cb,
};

OrfGpuFrame *
orf_gpu_frame_new (OrfGpuMonitor *monitor,
                   OrfSampler *sampler,
                   OrfStore *store,
                   const OrfConfig *config)
{
  OrfGpuFrame *source = g_new0 (OrfGpuFrame, 1);

  source->monitor = monitor;
  source->sampler = sampler;
  source->store = store;
  source->config = config;
  orf_gpu_monitor_set_settled (monitor, settled_cb, source);
  orf_sampler_add_source (sampler, &ops, source);
  return source;
}

void
orf_gpu_frame_free (OrfGpuFrame *source)
{
  orf_gpu_monitor_set_settled (source->monitor, NULL, NULL);
  g_free (source);
}
