/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-anomaly-step.h"

#include <math.h>

#define SECOND_US G_GINT64_CONSTANT (1000000)
/* What comes more often is judged ten times a second. */
#define LEAST_US (SECOND_US / 10)
/* What is so near is it. */
#define NEAR_SHARE .1

static const gint64 usual_us[] = {
  SECOND_US / 10,    SECOND_US / 5,     SECOND_US / 4,    SECOND_US / 2,    SECOND_US,
  2 * SECOND_US,     5 * SECOND_US,     10 * SECOND_US,   15 * SECOND_US,   20 * SECOND_US,
  30 * SECOND_US,    60 * SECOND_US,    120 * SECOND_US,  300 * SECOND_US,  600 * SECOND_US,
  900 * SECOND_US,   1800 * SECOND_US,  3600 * SECOND_US, 7200 * SECOND_US, 21600 * SECOND_US,
  43200 * SECOND_US, 86400 * SECOND_US,
};

static gint64
round_two_digits (gint64 step_us)
{
  gint64 unit = 1;

  while (step_us / unit >= 100)
    unit *= 10;
  return (step_us + unit / 2) / unit * unit;
}

gint64
orf_anomaly_step_tell (const gint64 first[ORF_STEP_ROWS + 1])
{
  gint64 step_us = MAX (orf_step_measure_us (first), LEAST_US);

  for (guint i = 0; i < G_N_ELEMENTS (usual_us); i++)
    if (fabs ((double) (step_us - usual_us[i])) <= NEAR_SHARE * (double) usual_us[i])
      return usual_us[i];
  return round_two_digits (step_us);
}
