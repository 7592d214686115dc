/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-theil-sen.h"
#include "stats/orf-mann-kendall.h"
#include "stats/orf-median.h"

#include <math.h>

#define MAX_SLOPES (ORF_THEIL_SEN_MAX * (ORF_THEIL_SEN_MAX - 1) / 2)

/* n: within the limit. */
static guint
get_slopes (const double *x, const double *y, guint n, double *slopes)
{
  guint n_slopes = 0;

  for (guint i = 0; i < n; i++)
    for (guint j = i + 1; j < n; j++)
      if (x[j] != x[i])
        slopes[n_slopes++] = (y[j] - y[i]) / (x[j] - x[i]);
  return n_slopes;
}

/* What the slope leaves of y, in the middle. */
static double
get_level (const double *x, const double *y, guint n, double slope)
{
  double rest[ORF_THEIL_SEN_MAX];

  for (guint i = 0; i < n; i++)
    rest[i] = y[i] - slope * x[i];
  return orf_median_of (rest, n);
}

gboolean
orf_theil_sen_get_line (const double *x, const double *y, guint n, double *slope, double *level)
{
  double slopes[MAX_SLOPES];
  guint n_slopes = n <= ORF_THEIL_SEN_MAX ? get_slopes (x, y, n, slopes) : 0;

  if (n_slopes == 0)
    return FALSE;
  *slope = orf_median_of (slopes, n_slopes);
  *level = get_level (x, y, n, *slope);
  return TRUE;
}

gboolean
orf_theil_sen_fit (const double *x, const double *y, guint n, double z, OrfTheilSen *line)
{
  double slopes[MAX_SLOPES], half, last;
  guint n_slopes = n <= ORF_THEIL_SEN_MAX ? get_slopes (x, y, n, slopes) : 0;

  if (n_slopes == 0)
    return FALSE;
  /* The (N' - C) / 2 th slope from either end, with C = z sqrt (variance of S): Sen, section 6. */
  half = z * sqrt (orf_mann_kendall_get_variance (y, n));
  last = n_slopes - 1;
  line->slope = orf_median_of (slopes, n_slopes);
  line->lower = orf_median_select (slopes, n_slopes,
                                   (guint) CLAMP (floor ((n_slopes - half) / 2) - 1, 0, last));
  line->upper = orf_median_select (slopes, n_slopes,
                                   (guint) CLAMP (ceil ((n_slopes + half) / 2), 0, last));
  line->level = get_level (x, y, n, line->slope);
  return TRUE;
}
