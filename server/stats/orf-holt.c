/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-holt.h"

#include <math.h>

/* One configuration for every series: a level of some rows, a trend of some dozens, which over an
 * hour of minutes keeps a third of its way. */
#define LEVEL_SHARE   .5
#define TREND_SHARE   .05
#define DAMPING       .98
#define USUAL_SHARE   .05
#define MAX_SURPRISES 3
/* What floats hold with ease; series that jump further are not followed that far. */
#define MAX_SURPRISE 1e37

void
orf_holt_init (OrfHolt *holt)
{
  *holt = (OrfHolt){ NAN, 0, -1 };
}

void
orf_holt_push (OrfHolt *holt, double value)
{
  double foreseen = holt->level + DAMPING * (double) holt->trend;
  double surprise = CLAMP (value - foreseen, -MAX_SURPRISE, MAX_SURPRISE);
  double bound;

  if (isnan (holt->level)) {
    holt->level = value;
    return;
  }
  if (holt->usual < 0)
    holt->usual = (float) fabs (surprise);
  bound = MAX_SURPRISES * (double) holt->usual;
  holt->usual += (float) (USUAL_SHARE * (fabs (surprise) - (double) holt->usual));
  /* the trend is what must not follow a jump; the level may */
  holt->trend = (float) (DAMPING * (double) holt->trend +
                         TREND_SHARE * CLAMP (surprise, -bound, bound));
  holt->level = foreseen + LEVEL_SHARE * surprise;
}

double
orf_holt_forecast (const OrfHolt *holt, guint rows)
{
  return holt->level + (double) holt->trend * DAMPING * (1 - pow (DAMPING, rows)) / (1 - DAMPING);
}

gboolean
orf_holt_is_valid (const OrfHolt *holt)
{
  return !isinf (holt->level) && isfinite (holt->trend) && isfinite (holt->usual);
}
