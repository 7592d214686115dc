/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-median.h"

#include <math.h>

/* Below this, sorting by insertion is quicker than parting. */
#define SHORT 12

static void
sort_short (double *values, gssize n)
{
  for (gssize i = 1; i < n; i++) {
    double value = values[i];
    gssize at = i;

    for (; at > 0 && values[at - 1] > value; at--)
      values[at] = values[at - 1];
    values[at] = value;
  }
}

static double
middle_of_three (double a, double b, double c)
{
  return MAX (MIN (a, b), MIN (MAX (a, b), c));
}

double
orf_median_select (double *values, guint n, guint rank)
{
  gssize low = 0, high = (gssize) n - 1, wanted = rank;

  while (high - low >= SHORT) {
    double pivot = middle_of_three (values[low], values[(low + high) / 2], values[high]);
    gssize i = low, j = high;

    while (i <= j) {
      while (values[i] < pivot)
        i++;
      while (values[j] > pivot)
        j--;
      if (i <= j) {
        double swap = values[i];

        values[i++] = values[j];
        values[j--] = swap;
      }
    }
    /* What lies between j and i equals the pivot. */
    if (wanted <= j)
      high = j;
    else if (wanted >= i)
      low = i;
    else
      return values[wanted];
  }
  sort_short (values + low, high - low + 1);
  return values[wanted];
}

double
orf_median_of (double *values, guint n)
{
  double upper, lower;

  if (n == 0)
    return NAN;
  upper = orf_median_select (values, n, n / 2);
  if (n % 2 == 1)
    return upper;
  /* After selection all that is not above lies before. */
  lower = values[0];
  for (guint i = 1; i < n / 2; i++)
    lower = MAX (lower, values[i]);
  return lower + (upper - lower) / 2;
}

double
orf_median_quantile (double *values, guint n, double share)
{
  double place, lower, upper;
  guint rank;

  if (n == 0)
    return NAN;
  place = CLAMP (share, 0, 1) * (n - 1);
  rank = (guint) place;
  lower = orf_median_select (values, n, rank);
  if (rank + 1 >= n || place <= rank)
    return lower;
  upper = values[rank + 1];
  for (guint i = rank + 2; i < n; i++)
    upper = MIN (upper, values[i]);
  return lower + (place - rank) * (upper - lower);
}

double
orf_median_deviation (double *values, guint n, double *center)
{
  double middle = orf_median_of (values, n);

  for (guint i = 0; i < n; i++)
    values[i] = fabs (values[i] - middle);
  if (center)
    *center = middle;
  return orf_median_of (values, n);
}
