/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * How close a device is to having no memory left.  Pure: numbers in, a level out.
 */
typedef struct {
  double medium_percent;
  double high_percent;
  double critical_percent;
} OrfPressureThresholds;

/* used_percent: 0-100, NAN for unknown, which has no level (ORF_PRESSURE_LEVEL_UNSET).  previous is
 * what the last sample got: a level once reached is left only 2 points below its threshold. */
OrfPressureLevel orf_pressure_decide (const OrfPressureThresholds *thresholds,
                                      double used_percent,
                                      OrfPressureLevel previous);

/* Whether a device at this level is worth watching at the burst period. */
gboolean orf_pressure_wants_burst (OrfPressureLevel level);

/* The share in use, 0-100; NAN where the device says that it has no memory. */
double orf_pressure_used_percent (gint64 used_bytes, gint64 total_bytes);

G_END_DECLS
