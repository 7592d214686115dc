/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-load-verdict.h"

#include <math.h>

#define RECOVERY_SLICES        3
#define RECOVERY_ERROR_PERCENT 1
#define RECOVERY_FACTOR        2
#define RECOVERY_MARGIN_US     10000
#define LEVEL_BASELINE         0
#define LEVEL_SPIKE            1
#define LEVEL_RECOVERY         2

double
orf_load_get_planned_rate (const OrfLoadResult *result)
{
  double planned = 0;

  for (guint i = 0; i < result->levels->len; i++)
    planned += orf_load_plan_get_level (result->plan, i)->rate *
               (double) orf_load_result_get_level_us (result, i);
  return result->is_closed || result->sent_for_us == 0 ? NAN
                                                       : planned / (double) result->sent_for_us;
}

int
orf_load_find_breaking_level (const OrfLoadResult *result, const OrfLoadRequirements *limit)
{
  for (guint i = 0; i < result->levels->len; i++) {
    const OrfLoadLevel *level = orf_load_plan_get_level (result->plan, i);
    gint64 sent_for_us = orf_load_result_get_level_us (result, i);

    if (orf_load_tally_get_ended (result->levels->pdata[i]) >= level->n_requests &&
        !orf_load_requirements_are_met (limit, result->levels->pdata[i], sent_for_us, level->rate))
      return (int) i;
  }
  return -1;
}

/* ---- a spike --------------------------------------------------------------------------------- */

static gboolean
is_calm (const OrfLoadTally *slice, double limit_us)
{
  return orf_load_tally_get_error_percent (slice) <= RECOVERY_ERROR_PERCENT &&
         orf_load_tally_get_quantile (slice, .95) <= limit_us;
}

double
orf_load_get_recovery_us (const OrfLoadResult *result)
{
  double before_us;
  gint64 end_us;
  guint first;

  if (orf_load_plan_get_kind (result->plan) != ORF_LOAD_KIND_SPIKE ||
      result->levels->len <= LEVEL_RECOVERY)
    return NAN;
  before_us = orf_load_tally_get_quantile (result->levels->pdata[LEVEL_BASELINE], .95);
  end_us = orf_load_plan_get_level (result->plan, LEVEL_SPIKE)->until_us;
  /* whole slices after the spike: in one of both it goes on */
  first = (guint) ((end_us + result->slice_us - 1) / result->slice_us);
  for (guint i = first; i + RECOVERY_SLICES <= result->slices->len; i++) {
    guint n_calm = 0;

    while (n_calm < RECOVERY_SLICES &&
           is_calm (result->slices->pdata[i + n_calm],
                    fmax (RECOVERY_FACTOR * before_us, before_us + RECOVERY_MARGIN_US)))
      n_calm++;
    if (n_calm == RECOVERY_SLICES)
      return (double) MAX ((gint64) i * result->slice_us - end_us, 0);
  }
  return NAN;
}
