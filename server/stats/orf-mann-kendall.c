/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-mann-kendall.h"

#include <math.h>

#define MIN_VALUES 4

/* Σ t(t−1)(2t+5) over the groups of the same value, each counted at its first. */
static double
get_ties (const double *values, guint n)
{
  double ties = 0;

  for (guint i = 0; i < n; i++) {
    guint before = 0, same = 0;

    for (guint k = 0; k < n; k++) {
      same += values[k] == values[i];
      before += k < i && values[k] == values[i];
    }
    if (before == 0)
      ties += same * (same - 1.) * (2. * same + 5);
  }
  return ties;
}

double
orf_mann_kendall_get_variance (const double *values, guint n)
{
  return (n * (n - 1.) * (2. * n + 5) - get_ties (values, n)) / 18;
}

double
orf_mann_kendall (const double *values, guint n)
{
  double variance = orf_mann_kendall_get_variance (values, n);
  int sum = 0;

  if (n < MIN_VALUES || variance <= 0)
    return 0;
  for (guint i = 0; i < n; i++)
    for (guint k = i + 1; k < n; k++)
      sum += (values[k] > values[i]) - (values[k] < values[i]);
  /* one less, since the sum moves by steps of two */
  return (sum - (sum > 0) + (sum < 0)) / sqrt (variance);
}
