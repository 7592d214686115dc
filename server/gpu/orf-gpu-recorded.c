/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-recorded.h"

#include <math.h>
#include <string.h>

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-clock.h"
#include "metrics/orf-series-set.h"
#include "orf-error.h"
#include "orf-schema-bind.h"

/* Devices whose last sample is older than the newest of all by more are gone. */
#define TOGETHER_US (10 * ORF_US_PER_S)

typedef struct {
  const OrfMetricsParts *parts;
  OrfCall *call;
  const char *device; /* the call's parameter; NULL: all */
  OrfSelector *selector;
  GPtrArray *selected; /* OrfSelected */
} Look;

static void
look_free (Look *look)
{
  if (look->selected != NULL)
    orf_series_set_free (look->parts, look->selected);
  orf_selector_free (look->selector);
  g_free (look);
}

/* ---- one device ------------------------------------------------------------------------------ */

static void
set_bytes (gint64 *bytes, gboolean *known, double value)
{
  *bytes = (gint64) value;
  *known = TRUE;
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
    device->pressure_level = (OrfPressureLevel) (ORF_PRESSURE_LEVEL_LOW + (int) value);
}

static OrfGpuDevice *
ensure_device (GPtrArray *devices, const char *id)
{
  OrfGpuDevice *device;

  for (guint i = 0; i < devices->len; i++)
    if (g_str_equal (((OrfGpuDevice *) devices->pdata[i])->device, id))
      return devices->pdata[i];
  device = orf_gpu_device_new ();
  device->device = g_strdup (id);
  device->backend = g_strdup ("file");
  device->processes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_process_free);
  g_ptr_array_add (devices, device);
  return device;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const OrfSelected *
find_selected (const Look *look, gint64 id)
{
  for (guint i = 0; i < look->selected->len; i++)
    if (((OrfSelected *) look->selected->pdata[i])->id == id)
      return look->selected->pdata[i];
  return NULL;
}

static gint64
find_newest (GPtrArray *series)
{
  gint64 newest_us = 0;

  for (guint i = 0; i < series->len; i++) {
    const GArray *points = ((OrfSeriesPoints *) series->pdata[i])->points;

    newest_us = MAX (newest_us, g_array_index (points, OrfPoint, points->len - 1).t_us);
  }
  return newest_us;
}

/* By device, as series are sorted. */
static GPtrArray *
make_devices (const Look *look, GPtrArray *series)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_device_free);
  gint64 newest_us = find_newest (series);

  for (guint i = 0; i < series->len; i++) {
    const OrfSeriesPoints *one = series->pdata[i];
    const OrfSelected *selected = find_selected (look, one->series_id);
    const OrfPoint *last = &g_array_index (one->points, OrfPoint, one->points->len - 1);
    const char *id = selected != NULL ? orf_series_name_get_label (selected->labels, "device")
                                      : NULL;
    OrfGpuDevice *device;

    if (id == NULL || last->t_us < newest_us - TOGETHER_US ||
        (look->device != NULL && !g_str_equal (look->device, id)))
      continue;
    device = ensure_device (devices, id);
    set_value (device, selected->name, last->value);
    device->has_sampled_us = TRUE;
    device->sampled_us = MAX (device->sampled_us, last->t_us);
  }
  return devices;
}

static void
read_cb (gpointer user_data, GPtrArray *series, const GError *error)
{
  Look *look = user_data;
  g_autoptr (GPtrArray) devices = error == NULL ? make_devices (look, series) : NULL;
  const OrfGpuProfileResult result = { .devices = devices };

  if (error != NULL)
    orf_call_fail (look->call, g_error_copy (error));
  else if (look->device != NULL && devices->len == 0)
    orf_call_fail (look->call, orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL,
                                                    "no device '%s'", look->device));
  else
    orf_call_return_gpu_profile (look->call, &result);
  look_free (look);
}

static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *error)
{
  Look *look = user_data;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  gint64 newest_us = 0;

  if (error != NULL) {
    read_cb (look, NULL, error);
    return;
  }
  look->selected = selected;
  for (guint i = 0; i < selected->len; i++) {
    const OrfSelected *one = selected->pdata[i];

    g_array_append_val (ids, one->id);
    newest_us = MAX (newest_us, one->last_us);
  }
  if (ids->len == 0)
    read_cb (look, none, NULL);
  else /* last_us in the file may be minutes behind its samples */
    orf_store_read_samples (look->parts->store, (const gint64 *) ids->data, ids->len,
                            newest_us - TOGETHER_US, G_MAXINT64,
                            (guint) look->parts->config->metrics.max_query_points,
                            orf_call_get_cancel (look->call), read_cb, look);
}

static void
look_at (OrfCall *call, const char *device, gpointer user_data)
{
  Look *look = g_new0 (Look, 1);

  look->parts = user_data;
  look->call = call;
  look->device = device;
  look->selector = orf_selector_parse ("{__name__=~\"gpu\\..*\"}", NULL); /* it is one */
  orf_series_set_select (look->parts, look->selector, 0, orf_call_get_cancel (call), selected_cb,
                         look);
}

static void
list_cb (OrfCall *call, const OrfGpuListParams *params, gpointer user_data)
{
  look_at (call, params->device, user_data);
}

static void
profile_cb (OrfCall *call, const OrfGpuProfileParams *params, gpointer user_data)
{
  look_at (call, params->device, user_data);
}

void
orf_gpu_recorded_bind (OrfRouter *router, const OrfMetricsParts *parts)
{
  orf_bind_gpu_list (router, list_cb, (gpointer) parts);
  orf_bind_gpu_profile (router, profile_cb, (gpointer) parts);
}
