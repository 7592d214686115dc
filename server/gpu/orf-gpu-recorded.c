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

/* The newest sample of a series. */
typedef struct {
  const OrfSelected *selected;
  OrfPoint point;
} Newest;

typedef struct {
  const OrfMetricsParts *parts;
  char *device; /* NULL: all */
  OrfCancel *cancel;
  OrfGpuRecordedDone done;
  gpointer user_data;
  OrfSelector *selector;
  GPtrArray *selected; /* OrfSelected */
  GArray *newest;      /* Newest */
} Look;

static void
look_free (Look *look)
{
  if (look->selected != NULL)
    orf_series_set_free (look->parts, look->selected);
  orf_selector_free (look->selector);
  orf_cancel_unref (look->cancel);
  g_array_unref (look->newest);
  g_free (look->device);
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
find_newest_us (const Look *look)
{
  gint64 newest_us = 0;

  for (guint i = 0; i < look->newest->len; i++)
    newest_us = MAX (newest_us, g_array_index (look->newest, Newest, i).point.t_us);
  return newest_us;
}

/* By device, as series are sorted. */
static GPtrArray *
make_devices (const Look *look)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_gpu_device_free);
  gint64 newest_us = find_newest_us (look);

  for (guint i = 0; i < look->newest->len; i++) {
    const Newest *one = &g_array_index (look->newest, Newest, i);
    const char *id = orf_series_name_get_label (one->selected->labels, "device");
    OrfGpuDevice *device;

    if (id == NULL || one->point.t_us < newest_us - TOGETHER_US ||
        (look->device != NULL && !g_str_equal (look->device, id)))
      continue;
    device = ensure_device (devices, id);
    set_value (device, one->selected->name, one->point.value);
    device->has_sampled_us = TRUE;
    device->sampled_us = MAX (device->sampled_us, one->point.t_us);
  }
  return devices;
}

static void
finish (Look *look, const GError *failure)
{
  GPtrArray *devices = failure == NULL ? make_devices (look) : NULL;
  g_autoptr (GError) error = NULL;

  if (devices != NULL && look->device != NULL && devices->len == 0) {
    error = orf_error_new_field (ORF_ERROR_NOT_FOUND, "device", NULL, "no device '%s'",
                                 look->device);
    g_clear_pointer (&devices, g_ptr_array_unref);
  }
  look->done (look->user_data, devices, failure != NULL ? failure : error);
  look_free (look);
}

static void
read_cb (gpointer user_data, GPtrArray *series, const GError *error)
{
  Look *look = user_data;

  for (guint i = 0; error == NULL && i < series->len; i++) {
    const OrfSeriesPoints *one = series->pdata[i];
    const Newest newest = {
      find_selected (look, one->series_id),
      g_array_index (one->points, OrfPoint, one->points->len - 1),
    };

    if (newest.selected != NULL)
      g_array_append_val (look->newest, newest);
  }
  finish (look, error);
}

/* What has samples of this run is known; of the others the file is asked. */
static void
selected_cb (gpointer user_data, GPtrArray *selected, const GError *error)
{
  Look *look = user_data;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 newest_us = 0;

  if (error != NULL) {
    finish (look, error);
    return;
  }
  look->selected = selected;
  for (guint i = 0; i < selected->len; i++) {
    const OrfSelected *one = selected->pdata[i];

    newest_us = MAX (newest_us, one->last_us);
    if (one->active != NULL && one->active->newest_number > 0 && !isnan (one->active->newest)) {
      const Newest newest = { one, { one->active->last_us, one->active->newest } };

      g_array_append_val (look->newest, newest);
    } else if (one->id > 0) {
      g_array_append_val (ids, one->id);
    }
  }
  if (ids->len == 0)
    finish (look, NULL);
  else /* last_us in the file may be minutes behind its samples */
    orf_store_read_samples (look->parts->store, (const gint64 *) ids->data, ids->len,
                            newest_us - TOGETHER_US, G_MAXINT64,
                            (guint) look->parts->config->metrics.max_query_points, look->cancel,
                            read_cb, look);
}

void
orf_gpu_recorded_read (const OrfMetricsParts *parts,
                       const char *device,
                       OrfCancel *cancel,
                       OrfGpuRecordedDone done,
                       gpointer user_data)
{
  Look *look = g_new0 (Look, 1);

  look->parts = parts;
  look->device = g_strdup (device);
  look->cancel = orf_cancel_ref (cancel);
  look->done = done;
  look->user_data = user_data;
  look->newest = g_array_new (FALSE, FALSE, sizeof (Newest));
  look->selector = orf_selector_parse ("{__name__=~\"gpu\\..*\"}", NULL); /* it is one */
  orf_series_set_select (parts, look->selector, 0, cancel, selected_cb, look);
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
