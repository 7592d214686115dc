/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-gathered.h"

#include <math.h>

void
orf_gathered_add (OrfGathered *all, const OrfPoint *point)
{
  double from_mean = point->value - all->mean;

  if (all->count == 0 || point->value < all->minimum)
    all->minimum = point->value;
  if (all->count == 0 || point->value > all->maximum)
    all->maximum = point->value;
  if (all->count == 0 || point->t_us >= all->last.t_us)
    all->last = *point;
  all->count++;
  all->sum += point->value;
  all->mean += from_mean / (double) all->count;
  all->m2 += from_mean * (point->value - all->mean);
}

/* Means and squares by Chan's rule, which subtracts no large sums. */
void
orf_gathered_merge (OrfGathered *all, const OrfGathered *more)
{
  guint64 count = all->count + more->count;
  double apart = more->mean - all->mean;

  if (more->count == 0)
    return;
  if (all->count == 0) {
    *all = *more;
    return;
  }
  all->m2 += more->m2 +
             apart * apart * ((double) all->count * ((double) more->count / (double) count));
  all->mean += apart * ((double) more->count / (double) count);
  all->minimum = MIN (all->minimum, more->minimum);
  all->maximum = MAX (all->maximum, more->maximum);
  all->sum += more->sum;
  all->count = count;
  if (more->last.t_us >= all->last.t_us)
    all->last = more->last;
}

double
orf_gathered_conclude (const OrfGathered *all, OrfMetricsAggregate aggregate)
{
  if (all->count == 0)
    return NAN;
  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_MIN:
    return all->minimum;
  case ORF_METRICS_AGGREGATE_MAX:
    return all->maximum;
  case ORF_METRICS_AGGREGATE_SUM:
    return all->sum;
  case ORF_METRICS_AGGREGATE_COUNT:
    return (double) all->count;
  case ORF_METRICS_AGGREGATE_LAST:
    return all->last.value;
  case ORF_METRICS_AGGREGATE_STDDEV:
    return sqrt (all->m2 / (double) all->count);
  default:
    /* exact where the sum is, and no infinity where it overflows */
    return isfinite (all->sum) ? all->sum / (double) all->count : all->mean;
  }
}
