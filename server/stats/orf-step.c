/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-step.h"

#include <stdlib.h>

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

gint64
orf_step_measure_us (const gint64 first[ORF_STEP_ROWS + 1])
{
  gint64 distances_us[ORF_STEP_ROWS];

  for (guint i = 0; i < ORF_STEP_ROWS; i++)
    distances_us[i] = first[i + 1] - first[i];
  qsort (distances_us, ORF_STEP_ROWS, sizeof *distances_us, compare);
  return distances_us[ORF_STEP_ROWS / 2];
}
