/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-quantile.h"

#include <math.h>
#include <stdlib.h>

static int
compare_values (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

void
orf_quantile_sort (double *values, gsize n_values)
{
  if (n_values > 1)
    qsort (values, n_values, sizeof *values, compare_values);
}

double
orf_quantile_get (const double *sorted, gsize n_values, double share)
{
  double rank, below;
  gsize index;

  if (n_values == 0)
    return NAN;
  rank = share * (double) (n_values - 1);
  index = (gsize) rank;
  below = sorted[index];
  if (index + 1 >= n_values)
    return below;
  return below + (rank - (double) index) * (sorted[index + 1] - below);
}

gboolean
orf_quantile_find_share (OrfMetricsAggregate aggregate, double *share)
{
  switch (aggregate) {
  case ORF_METRICS_AGGREGATE_P50:
    *share = 0.5;
    return TRUE;
  case ORF_METRICS_AGGREGATE_P95:
    *share = 0.95;
    return TRUE;
  case ORF_METRICS_AGGREGATE_P99:
    *share = 0.99;
    return TRUE;
  default:
    return FALSE;
  }
}
