/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-amdgpu-metrics.h"

#include <string.h>

/* Offsets of struct gpu_metrics_vF_C, whose fields are naturally aligned.  Tables 1.* are of
 * discrete devices, 2.* and 3.* of APUs; 3.0 tells how long each reason lasted, not whether it
 * does. */
static const struct {
  guint8 format, content;
  gsize device_offset;  /* guint32, bits as this kind of device has them; 0: none */
  gsize generic_offset; /* guint64, the same bits of all devices; 0: none */
} layouts[] = {
  { 1, 0, 68, 0 },    { 1, 1, 68, 0 },    { 1, 2, 68, 0 },    { 1, 3, 68, 112 },
  { 1, 4, 40, 0 },    { 1, 5, 104, 0 },   { 2, 0, 112, 0 },   { 2, 1, 108, 0 },
  { 2, 2, 108, 120 }, { 2, 3, 108, 120 }, { 2, 4, 108, 120 }, { 3, 0, 0, 0 },
};

/* Ranges of SMU_THROTTLER_* (amdgpu_smu.h), and what we call them. */
static const struct {
  guint first, last;
  const char *reason;
} reasons_of_bits[] = {
  { 0, 7, "power_cap" },    /* PPT, SPL, FPPT, SPPT */
  { 16, 23, "power_cap" },  /* TDC, EDC, APCC: limits of current */
  { 32, 43, "thermal" },    /* TEMP_* */
  { 44, 47, "hw_thermal" }, /* VRHOT, PROCHOT: a pin of the chip */
};

static guint64
read_le (const guint8 *data, gsize n_bytes)
{
  guint64 value = 0;

  for (gsize i = n_bytes; i > 0; i--)
    value = value << 8 | data[i - 1];
  return value;
}

static void
take_throttle (
  const guint8 *data, gsize size, gsize device_offset, gsize generic_offset, OrfAmdgpuMetrics *into)
{
  if (generic_offset > 0 && generic_offset + 8 <= size) {
    into->throttle = read_le (data + generic_offset, 8);
    into->throttle_is_generic = TRUE;
    into->has_throttle = into->throttle != G_MAXUINT64;
  }
  if (!into->has_throttle && device_offset > 0 && device_offset + 4 <= size) {
    into->throttle = read_le (data + device_offset, 4);
    into->throttle_is_generic = FALSE;
    into->has_throttle = into->throttle != G_MAXUINT32;
  }
}

gboolean
orf_amdgpu_metrics_parse (const guint8 *data, gsize size, OrfAmdgpuMetrics *metrics)
{
  OrfAmdgpuMetrics parsed = { 0 };
  gsize told;

  if (size < 4)
    return FALSE;
  told = (gsize) read_le (data, 2);
  if (told < 4 || told > size)
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++) {
    if (layouts[i].format != data[2] || layouts[i].content != data[3])
      continue;

    parsed.is_apu = data[2] >= 2;
    take_throttle (data, told, layouts[i].device_offset, layouts[i].generic_offset, &parsed);
    *metrics = parsed;
    return TRUE;
  }

  return FALSE;
}

static void
add_once (GPtrArray *reasons, const char *reason)
{
  if (!g_ptr_array_find_with_equal_func (reasons, reason, g_str_equal, NULL))
    g_ptr_array_add (reasons, g_strdup (reason));
}

void
orf_amdgpu_metrics_add_reasons (const OrfAmdgpuMetrics *metrics, GPtrArray *reasons)
{
  guint64 rest = metrics->throttle;

  for (guint i = 0; metrics->throttle_is_generic && i < G_N_ELEMENTS (reasons_of_bits); i++) {
    for (guint bit = reasons_of_bits[i].first; bit <= reasons_of_bits[i].last; bit++) {
      if (rest & G_GUINT64_CONSTANT (1) << bit)
        add_once (reasons, reasons_of_bits[i].reason);
      rest &= ~(G_GUINT64_CONSTANT (1) << bit);
    }
  }
  if (rest != 0)
    g_ptr_array_add (reasons, g_strdup_printf ("unknown-%" G_GINT64_MODIFIER "x", rest));
}
