/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-span-gpu.h"

#include <jansson.h>

#include "orf-ctl-format.h"

static gint64
get_bytes (const json_t *state)
{
  const json_t *bytes = json_object_get (state, "used_bytes");

  return json_is_number (bytes) ? (gint64) json_number_value (bytes) : -1;
}

static const char *
get_pressure (const json_t *state)
{
  return json_string_value (json_object_get (state, "pressure_level"));
}

static gint64
get_change (const OrfCtlSpanGpu *gpu)
{
  return gpu->start_bytes >= 0 && gpu->end_bytes >= 0 ? ABS (gpu->end_bytes - gpu->start_bytes)
                                                      : -1;
}

static void
read_device (OrfCtlSpanGpu *gpu, const char *device, const json_t *pair)
{
  const json_t *start = json_object_get (pair, "start");
  const json_t *end = json_object_get (pair, "end");
  OrfCtlSpanGpu found = { .start_bytes = get_bytes (start) };
  const char *pressure;

  /* left out where it is as the start */
  if (end == NULL)
    end = start;
  found.end_bytes = get_bytes (end);
  if (gpu->device != NULL && get_change (&found) <= get_change (gpu))
    return;
  pressure = get_pressure (end) != NULL ? get_pressure (end) : get_pressure (start);
  found.device = g_strdup (device);
  found.pressure = g_strdup (pressure);
  orf_ctl_span_gpu_clear (gpu);
  *gpu = found;
}

gboolean
orf_ctl_span_gpu_read (OrfCtlSpanGpu *gpu, const char *json)
{
  json_t *whole = json != NULL ? json_loads (json, 0, NULL) : NULL, *pair;
  const char *device;

  *gpu = (OrfCtlSpanGpu){ 0 };
  json_object_foreach (json_object_get (whole, "devices"), device, pair)
    read_device (gpu, device, pair);
  json_decref (whole);
  return gpu->device != NULL;
}

void
orf_ctl_span_gpu_clear (OrfCtlSpanGpu *gpu)
{
  g_clear_pointer (&gpu->device, g_free);
  g_clear_pointer (&gpu->pressure, g_free);
}

static char *
format_bytes (gint64 bytes)
{
  return bytes >= 0 ? orf_ctl_format_bytes ((double) bytes) : g_strdup ("?");
}

char *
orf_ctl_span_gpu_format (const OrfCtlTerminal *terminal, const OrfCtlSpanGpu *gpu)
{
  const char *arrow = terminal->utf8 ? " → " : " to ";
  g_autofree char *start = format_bytes (gpu->start_bytes);
  g_autofree char *end = format_bytes (gpu->end_bytes);
  gboolean same = gpu->start_bytes == gpu->end_bytes;

  return g_strconcat (start, same ? "" : arrow, same ? "" : end, gpu->pressure != NULL ? " " : NULL,
                      gpu->pressure, NULL);
}
