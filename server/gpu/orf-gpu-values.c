/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-gpu-values.h"

#include <math.h>

/* has 0: a double, which is NAN where it is not known; else where it is said that an integer is. */
typedef struct {
  OrfMetricId metric;
  double scale; /* to the unit of the series */
  gsize from, has_from;
  gsize to, has_to;
} Value;

#define NUMBER(metric, member, scale)                                                              \
  {                                                                                                \
    ORF_METRIC_GPU_##metric, scale, offsetof (OrfProbeDeviceSample, member), 0,                    \
      offsetof (OrfGpuDevice, member), 0                                                           \
  }
#define INTEGER(metric, member)                                                                    \
  {                                                                                                \
    ORF_METRIC_GPU_##metric, 1, offsetof (OrfProbeDeviceSample, member),                           \
      offsetof (OrfProbeDeviceSample, has_##member), offsetof (OrfGpuDevice, member),              \
      offsetof (OrfGpuDevice, has_##member)                                                        \
  }

static const Value values[] = {
  INTEGER (MEMORY_DRIVER_RESERVED_BYTES, driver_reserved_bytes),
  NUMBER (MEMORY_UTILIZATION_PERCENT, memory_utilization_percent, 1),
  NUMBER (ENCODER_PERCENT, encoder_percent, 1),
  NUMBER (DECODER_PERCENT, decoder_percent, 1),
  NUMBER (FAN_PERCENT, fan_percent, 1),
  NUMBER (TEMPERATURE_MEMORY_C, temperature_memory_c, 1),
  NUMBER (POWER_LIMIT_W, power_limit_w, 1),
  NUMBER (ENERGY_J, energy_j, 1),
  NUMBER (CLOCK_GRAPHICS_HZ, clock_graphics_mhz, 1e6),
  NUMBER (CLOCK_SM_HZ, clock_sm_mhz, 1e6),
  NUMBER (CLOCK_MEMORY_HZ, clock_memory_mhz, 1e6),
  NUMBER (CLOCK_VIDEO_HZ, clock_video_mhz, 1e6),
  NUMBER (PCIE_SENT_BYTES_PER_S, pcie_sent_bytes_per_s, 1),
  NUMBER (PCIE_RECEIVED_BYTES_PER_S, pcie_received_bytes_per_s, 1),
  INTEGER (PCIE_REPLAYS, pcie_replays),
  INTEGER (THROTTLED_POWER_US, throttled_power_us),
  INTEGER (THROTTLED_THERMAL_US, throttled_thermal_us),
  INTEGER (ECC_CORRECTED_ERRORS, ecc_corrected_errors),
  INTEGER (ECC_UNCORRECTED_ERRORS, ecc_uncorrected_errors),
  INTEGER (RETIRED_PAGES, retired_pages),
};

void
orf_gpu_values_copy (const OrfProbeDeviceSample *sample, OrfGpuDevice *device)
{
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    const Value *value = &values[i];

    if (value->has_from == 0) {
      G_STRUCT_MEMBER (double, device, value->to) = G_STRUCT_MEMBER (double, sample, value->from);
      continue;
    }
    G_STRUCT_MEMBER (gint64, device, value->to) = G_STRUCT_MEMBER (gint64, sample, value->from);
    G_STRUCT_MEMBER (gboolean, device, value->has_to) = G_STRUCT_MEMBER (gboolean, sample,
                                                                         value->has_from);
  }
}

static double
read_value (const OrfGpuDevice *device, const Value *value)
{
  if (value->has_to == 0)
    return G_STRUCT_MEMBER (double, device, value->to) * value->scale;

  return G_STRUCT_MEMBER (gboolean, device, value->has_to)
           ? (double) G_STRUCT_MEMBER (gint64, device, value->to) * value->scale
           : NAN;
}

void
orf_gpu_values_fill (OrfFrame *frame, const OrfGpuDevice *device)
{
  const char *const labels[] = { device->device, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_frame_add (frame, values[i].metric, labels, read_value (device, &values[i]));
}
