/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-pressure.h"

#include <math.h>

/* An allocator that takes and returns one buffer around a threshold would otherwise change the
 * level, and with it the sampling rate, at each sample. */
#define HYSTERESIS_PERCENT 2.0

OrfPressureLevel
orf_pressure_decide (const OrfPressureThresholds *thresholds,
                     double used_percent,
                     OrfPressureLevel previous)
{
  const struct {
    OrfPressureLevel level;
    double percent;
  } steps[] = {
    { ORF_PRESSURE_LEVEL_MEDIUM, thresholds->medium_percent },
    { ORF_PRESSURE_LEVEL_HIGH, thresholds->high_percent },
    { ORF_PRESSURE_LEVEL_CRITICAL, thresholds->critical_percent },
  };
  OrfPressureLevel level = ORF_PRESSURE_LEVEL_LOW;

  if (isnan (used_percent))
    return ORF_PRESSURE_LEVEL_UNSET;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    double held = previous >= steps[i].level ? HYSTERESIS_PERCENT : 0;

    if (used_percent >= steps[i].percent - held)
      level = steps[i].level;
  }

  return level;
}

gboolean
orf_pressure_wants_burst (OrfPressureLevel level)
{
  return level >= ORF_PRESSURE_LEVEL_HIGH;
}

double
orf_pressure_used_percent (gint64 used_bytes, gint64 total_bytes)
{
  if (total_bytes <= 0)
    return NAN;

  return CLAMP (100.0 * (double) used_bytes / (double) total_bytes, 0.0, 100.0);
}
