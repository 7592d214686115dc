/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-recorded.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "core/orf-sum.h"
#include "metrics/orf-newest.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* Devices whose last sample is older than the newest of all by more are gone. */
#define TOGETHER_US (10 * ORF_US_PER_S)

typedef struct {
  char *device; /* NULL: all */
  OrfGpuRecordedDone done;
  gpointer user_data;
} Look;

/* ---- one device ------------------------------------------------------------------------------ */

static void
set_bytes (gint64 *bytes, gboolean *known, double value)
{
  gint64 whole = orf_sum_from_number (value);

  *known = whole >= 0;
  *bytes = MAX (whole, 0);
}

/* The series counts from low, 0. */
static OrfPressureLevel
to_pressure (double value)
{
  return value >= 0 && value < ORF_PRESSURE_LEVEL_N - ORF_PRESSURE_LEVEL_LOW
           ? (OrfPressureLevel) (ORF_PRESSURE_LEVEL_LOW + (int) value)
           : ORF_PRESSURE_LEVEL_UNSET;
}

static void
set_value (OrfGpuDevice *device, const char *metric, double value)
{
  if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_MEMORY_TOTAL_BYTES].name))
    set_bytes (&device->total_bytes, &device->has_total_bytes, value);
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_MEMORY_USED_BYTES].name))
    set_bytes (&device->used_bytes, &device->has_used_bytes, value);
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_MEMORY_FREE_BYTES].name))
    set_bytes (&device->free_bytes, &device->has_free_bytes, value);
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_MEMORY_USED_PERCENT].name))
    device->memory_percent = value;
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_UTILIZATION_PERCENT].name))
    device->utilization_percent = value;
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_TEMPERATURE_C].name))
    device->temperature_c = value;
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_POWER_W].name))
    device->power_w = value;
  else if (g_str_equal (metric, orf_metrics[ORF_METRIC_GPU_PRESSURE].name))
    device->pressure_level = to_pressure (value);
}

OrfGpuDevice *
orf_gpu_recorded_find (const GPtrArray *devices, const char *id)
{
  for (guint i = 0; id != NULL && i < devices->len; i++)
    if (g_str_equal (((OrfGpuDevice *) devices->pdata[i])->device, id))
      return devices->pdata[i];
  return NULL;
}

static OrfGpuDevice *
ensure_device (GPtrArray *devices, const char *id)
{
  OrfGpuDevice *device = orf_gpu_recorded_find (devices, id);

  if (device != NULL)
    return device;
  device = orf_gpu_device_new ();
  device->device = g_strdup (id);
  device->backend = g_strdup ("file");
  device->processes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_process_free);
  g_ptr_array_add (devices, device);
  return device;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* By device, as series are sorted. */
static GPtrArray *
make_devices (const Look *look, const OrfNewest *newest, guint n_newest)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_device_free);

  for (guint i = 0; i < n_newest; i++) {
    const OrfNewest *one = &newest[i];
    const char *id = orf_series_name_get_label (one->selected->labels, "device");
    OrfGpuDevice *device;

    if (id == NULL || (look->device != NULL && !g_str_equal (look->device, id)))
      continue;
    device = ensure_device (devices, id);
    set_value (device, one->selected->name, one->point.value);
    device->has_sampled_us = TRUE;
    device->sampled_us = MAX (device->sampled_us, one->point.t_us);
  }
  return devices;
}

static void
newest_cb (gpointer user_data, const OrfNewest *newest, guint n_newest, const GError *failure)
{
  Look *look = user_data;
  GPtrArray *devices = failure == NULL ? make_devices (look, newest, n_newest) : NULL;
  g_autoptr (GError) error = NULL;

  if (devices != NULL && look->device != NULL && devices->len == 0) {
    error = orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL, "no device '%s'",
                                 look->device);
    g_clear_pointer (&devices, g_ptr_array_unref);
  }
  look->done (look->user_data, devices, failure != NULL ? failure : error);
  g_free (look->device);
  g_free (look);
}

void
orf_gpu_recorded_read (const OrfMetricsParts *parts,
                       const char *device,
                       OrfCancel *cancel,
                       OrfGpuRecordedDone done,
                       gpointer user_data)
{
  Look *look = g_new0 (Look, 1);

  look->device = g_strdup (device);
  look->done = done;
  look->user_data = user_data;
  orf_newest_read (parts, orf_selector_parse ("{__name__=~\"gpu\\..*\"}", NULL) /* it is one */,
                   TOGETHER_US, cancel, newest_cb, look);
}

/* ---- gpu.list, gpu.profile ------------------------------------------------------------------- */

static void
answer_cb (gpointer user_data, GPtrArray *devices, const GError *error)
{
  const OrfGpuProfileResult result = { .devices = devices };

  if (error != NULL)
    orf_call_fail (user_data, g_error_copy (error));
  else
    orf_call_return_gpu_profile (user_data, &result);
  g_clear_pointer (&devices, g_ptr_array_unref);
}

static void
list_cb (OrfCall *call, const OrfGpuListParams *params, gpointer user_data)
{
  orf_gpu_recorded_read (user_data, params->device, orf_call_get_cancel (call), answer_cb, call);
}

static void
profile_cb (OrfCall *call, const OrfGpuProfileParams *params, gpointer user_data)
{
  orf_gpu_recorded_read (user_data, params->device, orf_call_get_cancel (call), answer_cb, call);
}

void
orf_gpu_recorded_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_gpu_list (router, list_cb, (gpointer) parts);
  orf_bind_gpu_profile (router, profile_cb, (gpointer) parts);
}
