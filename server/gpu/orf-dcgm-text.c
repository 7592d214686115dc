/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-dcgm-text.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "gpu/orf-gpu-snapshot.h"
#include "metrics/orf-exposition-labels.h"
#include "orf-number.h"

/* Older values are not told, as of all gauges on the page. */
#define STALE_US (5 * 60 * ORF_US_PER_S)
#define MIB      1048576.0

/*
 * What that exporter calls counters is "untyped" here where its names are not those of counters:
 * both formats, and Prometheus' linter, want another ending.  Queries are the same for both.
 */
typedef struct {
  const char *family, *help;
  gboolean is_gauge;
  double (*get) (const OrfGpuDevice *device);
} Row;

/* ---- values ---------------------------------------------------------------------------------- */

static double
from_integer (gint64 value, gboolean known)
{
  return known ? (double) value : NAN;
}

static double
get_sm_clock (const OrfGpuDevice *device)
{
  return device->clock_sm_mhz;
}

static double
get_memory_clock (const OrfGpuDevice *device)
{
  return device->clock_memory_mhz;
}

static double
get_memory_temperature (const OrfGpuDevice *device)
{
  return device->temperature_memory_c;
}

static double
get_temperature (const OrfGpuDevice *device)
{
  return device->temperature_c;
}

static double
get_power (const OrfGpuDevice *device)
{
  return device->power_w;
}

static double
get_energy (const OrfGpuDevice *device)
{
  return rint (device->energy_j * 1000);
}

static double
get_utilization (const OrfGpuDevice *device)
{
  return device->utilization_percent;
}

static double
get_memory_utilization (const OrfGpuDevice *device)
{
  return device->memory_utilization_percent;
}

static double
get_encoder (const OrfGpuDevice *device)
{
  return device->encoder_percent;
}

static double
get_decoder (const OrfGpuDevice *device)
{
  return device->decoder_percent;
}

static double
get_xid (const OrfGpuDevice *device)
{
  return from_integer (device->xid, device->has_xid);
}

static double
get_free (const OrfGpuDevice *device)
{
  return floor (from_integer (device->free_bytes, device->has_free_bytes) / MIB);
}

/* Without what the driver keeps, which is told apart. */
static double
get_used (const OrfGpuDevice *device)
{
  gint64 reserved_bytes = device->has_driver_reserved_bytes ? device->driver_reserved_bytes : 0;

  return floor (from_integer (device->used_bytes - reserved_bytes, device->has_used_bytes) / MIB);
}

static double
get_reserved (const OrfGpuDevice *device)
{
  return floor (from_integer (device->driver_reserved_bytes, device->has_driver_reserved_bytes) /
                MIB);
}

static double
get_corrected (const OrfGpuDevice *device)
{
  return from_integer (device->ecc_corrected_errors, device->has_ecc_corrected_errors);
}

static double
get_uncorrected (const OrfGpuDevice *device)
{
  return from_integer (device->ecc_uncorrected_errors, device->has_ecc_uncorrected_errors);
}

static double
get_remap_failure (const OrfGpuDevice *device)
{
  return from_integer (device->retirement_failed, device->has_retirement_failed);
}

/* Their names, units and kinds are that exporter's; the help is ours. */
static const Row rows[] = {
  { "DCGM_FI_DEV_SM_CLOCK", "Clock of the multiprocessors, in MHz.", TRUE, get_sm_clock },
  { "DCGM_FI_DEV_MEM_CLOCK", "Clock of device memory, in MHz.", TRUE, get_memory_clock },
  { "DCGM_FI_DEV_MEMORY_TEMP", "Temperature of device memory, in degrees Celsius.", TRUE,
    get_memory_temperature },
  { "DCGM_FI_DEV_GPU_TEMP", "Temperature of the device, in degrees Celsius.", TRUE,
    get_temperature },
  { "DCGM_FI_DEV_POWER_USAGE", "Power drawn, in watts.", TRUE, get_power },
  { "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Energy drawn since the driver was loaded, in mJ.",
    FALSE, get_energy },
  { "DCGM_FI_DEV_GPU_UTIL", "Share of time the device computed, in percent.", TRUE,
    get_utilization },
  { "DCGM_FI_DEV_MEM_COPY_UTIL", "Share of time device memory was read or written, in percent.",
    TRUE, get_memory_utilization },
  { "DCGM_FI_DEV_ENC_UTIL", "Share of time the video encoder was busy, in percent.", TRUE,
    get_encoder },
  { "DCGM_FI_DEV_DEC_UTIL", "Share of time the video decoder was busy, in percent.", TRUE,
    get_decoder },
  { "DCGM_FI_DEV_XID_ERRORS", "The driver's last error (XID) within five minutes, or 0.", TRUE,
    get_xid },
  { "DCGM_FI_DEV_FB_FREE", "Device memory that is free, in MiB.", TRUE, get_free },
  { "DCGM_FI_DEV_FB_USED", "Device memory in use, in MiB.", TRUE, get_used },
  { "DCGM_FI_DEV_FB_RESERVED", "Device memory that driver and firmware keep, in MiB.", TRUE,
    get_reserved },
  { "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL",
    "Errors of device memory that were corrected, since the driver was loaded.", FALSE,
    get_corrected },
  { "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
    "Errors of device memory that could not be corrected, since the driver was loaded.", FALSE,
    get_uncorrected },
  { "DCGM_FI_DEV_ROW_REMAP_FAILURE", "Whether a row of device memory could not be replaced.", TRUE,
    get_remap_failure },
};

/* ---- labels ---------------------------------------------------------------------------------- */

/* "pci-0000:a0:00.0" → "00000000:A0:00.0" */
static char *
dup_bus_id (const char *id)
{
  const char *address = id + strlen ("pci-");
  const char *colon = strchr (id, ':');
  g_autofree char *upper = NULL;

  if (!g_str_has_prefix (id, "pci-") || !colon)
    return NULL;

  upper = g_ascii_strup (address, -1);
  return g_strdup_printf ("%.*s%s", MAX (8 - (int) (colon - address), 0), "00000000", upper);
}

static void
add (GPtrArray *labels, const char *key, char *value)
{
  if (!value)
    return;

  g_ptr_array_add (labels, g_strdup (key));
  g_ptr_array_add (labels, value);
}

/* Of a part the whole is named, and the part beside it.  Without that exporter's `modelName`, which
 * Prometheus' linter refuses, and which it has no query for on its own board. */
static char *
dup_labels (const OrfGpuDevice *device, const OrfGpuDevice *whole, const char *hostname)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  const char *profile = device == whole || !device->name ? NULL : strstr (device->name, "MIG ");

  add (labels, "gpu", g_strdup_printf ("%" G_GINT64_FORMAT, whole->index));
  add (labels, "UUID", g_strdup (whole->uuid));
  add (labels, "pci_bus_id", dup_bus_id (whole->device));
  add (labels, "device", g_strdup_printf ("nvidia%" G_GINT64_FORMAT, whole->index));
  add (labels, "Hostname", g_strdup (hostname));
  if (device != whole) {
    add (labels, "GPU_I_PROFILE", profile ? g_strdup (profile + strlen ("MIG ")) : NULL);
    add (labels, "GPU_I_ID", g_strdup_printf ("%" G_GINT64_FORMAT, device->instance));
  }
  g_ptr_array_add (labels, NULL);
  return orf_exposition_labels_write ((char **) labels->pdata);
}

/* ---- the text -------------------------------------------------------------------------------- */

static const OrfGpuDevice *
find_whole (const GPtrArray *devices, const OrfGpuDevice *device)
{
  const OrfGpuSnapshot *whole = NULL;

  if (!device->parent)
    return device;

  whole = orf_gpu_snapshot_find (devices, device->parent);
  return whole ? whole->device : NULL;
}

static gboolean
is_divided (const GPtrArray *devices, const OrfGpuDevice *whole)
{
  for (guint i = 0; i < devices->len; i++) {
    const OrfGpuSnapshot *snapshot = g_ptr_array_index (devices, i);

    if (g_strcmp0 (snapshot->device->parent, whole->device) == 0)
      return TRUE;
  }

  return FALSE;
}

/* Memory of a divided device is told of its parts alone: sums over all lines stay true. */
static gboolean
is_told_of_parts (const Row *row)
{
  return row->get == get_free || row->get == get_used || row->get == get_reserved;
}

typedef struct {
  const OrfGpuDevice *device;
  char *labels;
  gboolean divided;
} Line;

static void
line_clear (gpointer line)
{
  g_free (((Line *) line)->labels);
}

static GArray *
make_lines (const GPtrArray *devices, const char *hostname)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (Line));
  gint64 now_us = orf_clock_now_us ();

  g_array_set_clear_func (lines, line_clear);
  for (guint i = 0; i < devices->len; i++) {
    const OrfGpuSnapshot *snapshot = g_ptr_array_index (devices, i);
    const OrfGpuDevice *device = snapshot->device;
    const OrfGpuDevice *whole = find_whole (devices, device);
    Line line = { device, NULL, FALSE };

    if (!g_str_equal (device->backend, "nvml") || !whole || snapshot->gone ||
        device->sampled_us < now_us - STALE_US)
      continue;
    line.labels = dup_labels (device, whole, hostname);
    line.divided = is_divided (devices, device);
    g_array_append_val (lines, line);
  }

  return lines;
}

static void
append_row (const Row *row, const GArray *lines, OrfExpositionFormat format, GString *out)
{
  const char *untyped = format == ORF_EXPOSITION_OPENMETRICS ? "unknown" : "untyped";
  gboolean begun = FALSE;

  for (guint i = 0; i < lines->len; i++) {
    const Line *line = &g_array_index (lines, Line, i);
    double value = row->get (line->device);
    char number[ORF_NUMBER_MAX + 1] = { 0 };

    if (!isfinite (value) || (line->divided && is_told_of_parts (row)))
      continue;
    if (!begun)
      g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", row->family, row->help,
                              row->family, row->is_gauge ? "gauge" : untyped);
    begun = TRUE;
    number[orf_number_format_double (number, value)] = '\0';
    g_string_append_printf (out, "%s%s %s\n", row->family, line->labels, number);
  }
}

void
orf_dcgm_text_append (const GPtrArray *devices,
                      const char *hostname,
                      OrfExpositionFormat format,
                      GString *out)
{
  g_autoptr (GArray) lines = make_lines (devices, hostname);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    append_row (&rows[i], lines, format, out);
}
