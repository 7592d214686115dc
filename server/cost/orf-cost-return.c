/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-return.h"

#include <math.h>

/* So many make the mean of durations about normal, and twice its error a 95 % interval. */
#define MIN_BATCHES 20
#define ERRORS      2.0

/* From *at on: those of the size of the first, until one is of another. */
static void
read_run (const GPtrArray *batches, const char *operation, guint *at, OrfCostRun *run)
{
  double mean = 0, squares = 0;

  *run = (OrfCostRun){ 0 };
  for (; *at < batches->len; (*at)++) {
    const OrfWorkerBatchRow *batch = batches->pdata[*at];
    double off;

    if (batch->duration_us < 0 || batch->size < 1 || g_strcmp0 (batch->operation, operation) != 0)
      continue;
    if (run->n == 0)
      *run = (OrfCostRun){ .size = batch->size, .to_us = batch->t_us };
    if (batch->size != run->size)
      break;
    run->n++;
    run->from_us = batch->t_us;
    /* Welford's sums: no difference of large numbers */
    off = (double) batch->duration_us - mean;
    mean += off / run->n;
    squares += off * ((double) batch->duration_us - mean);
  }
  if (run->n > 1 && mean > 0) {
    run->item_us = mean / (double) run->size;
    run->error = sqrt (squares / (run->n - 1) / run->n) / mean;
  }
}

static double
to_saved_percent (double log_ratio)
{
  return 100 * (1 - exp (log_ratio));
}

gboolean
orf_cost_return_find (const GPtrArray *batches, const char *operation, OrfCostReturn *change)
{
  OrfCostReturn found = { 0 };
  guint at = 0;
  double ratio, error;

  read_run (batches, operation, &at, &found.after);
  read_run (batches, operation, &at, &found.before);
  if (found.after.n < MIN_BATCHES || found.before.n < MIN_BATCHES || found.after.item_us <= 0 ||
      found.before.item_us <= 0)
    return FALSE;
  /* The logarithm of a ratio of two means: its error is that of both shares of them (delta method).
   */
  ratio = log (found.after.item_us / found.before.item_us);
  error = ERRORS * hypot (found.after.error, found.before.error);
  found.saved_percent = to_saved_percent (ratio);
  found.lower_percent = to_saved_percent (ratio + error);
  found.upper_percent = to_saved_percent (ratio - error);
  *change = found;
  return TRUE;
}
