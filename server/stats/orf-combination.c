/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-combination.h"

#include <float.h>
#include <math.h>

void
orf_combination_push (float *errors, const float *misses, guint n, float rate)
{
  for (guint i = 0; i < n; i++)
    if (isnan (misses[i]))
      return;
  for (guint i = 0; i < n; i++)
    errors[i] = fminf (errors[i] + rate * (misses[i] - errors[i]), FLT_MAX);
}

void
orf_combination_weigh (const float *errors, guint n, float *weights)
{
  float least = FLT_MAX, sum = 0;

  for (guint i = 0; i < n; i++)
    if (errors[i] > 0)
      least = fminf (least, errors[i]);
  for (guint i = 0; i < n; i++) {
    /* one that never missed counts like the best that did */
    float share = errors[i] > 0 ? least / errors[i] : 1;

    weights[i] = share * share * share * share;
    sum += weights[i];
  }
  for (guint i = 0; i < n; i++)
    weights[i] /= sum;
}

void
orf_combination_raise (float *weights, guint n, guint index, float least)
{
  float shrink = (1 - least) / (1 - weights[index]);

  if (!(weights[index] < least))
    return;
  for (guint i = 0; i < n; i++)
    weights[i] *= shrink;
  weights[index] = least;
}
