/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-period.h"
#include "stats/orf-median.h"
#include "stats/orf-theil-sen.h"

#include <math.h>

/* Of these many points the line is made: medians of as many stretches. */
#define LINE_POINTS    32
#define FAR_DEVIATIONS 3
/* Lower hills are noise, or no matter. */
#define MIN_STRENGTH .3
/* Of white noise, autocorrelations of n values are within so many of 1 / sqrt (n). */
#define NOISE_BAND 4
/* Seen, of each period. */
#define MIN_PERIODS 2.5
/* After two periods it is at least this share as high. */
#define AGAIN .5

/* Copies what is there; at most max. */
static guint
gather (const double *values, guint n, double *into, guint max)
{
  guint count = 0;
  double stride = MAX (1, n / (double) max);

  for (double at = 0; at < n && count < max; at += stride)
    if (!isnan (values[(guint) at]))
      into[count++] = values[(guint) at];
  return count;
}

static void
take_line (double *values, guint n)
{
  double x[LINE_POINTS], y[LINE_POINTS], slope, level, part[64];
  guint count = 0;

  for (guint i = 0; i < LINE_POINTS; i++) {
    guint from = (guint) ((guint64) n * i / LINE_POINTS);
    guint to = (guint) ((guint64) n * (i + 1) / LINE_POINTS);
    guint present = gather (values + from, to - from, part, G_N_ELEMENTS (part));

    if (present == 0)
      continue;
    x[count] = (from + to) / 2.;
    y[count++] = orf_median_of (part, present);
  }
  if (!orf_theil_sen_get_line (x, y, count, &slope, &level))
    return;
  for (guint i = 0; i < n; i++)
    values[i] -= level + slope * i;
}

/* FALSE: all are the same. */
static gboolean
bring_near (double *values, guint n)
{
  double sample[512], center = 0, reach, most = 0;
  guint count = gather (values, n, sample, G_N_ELEMENTS (sample));

  reach = orf_median_deviation (sample, count, &center) * ORF_MAD_TO_DEVIATION * FAR_DEVIATIONS;
  for (guint i = 0; i < n; i++) {
    values[i] -= center;
    /* More than half of them are the same: what is left is what there is. */
    if (reach > 0 && !isnan (values[i]))
      values[i] = CLAMP (values[i], -reach, reach);
    most = fmax (most, fabs (values[i]));
  }
  return most > 0;
}

static double
correlate (const double *values, guint n, guint lag)
{
  double sum = 0, before = 0, after = 0;

  for (guint i = lag; i < n; i++) {
    double a = values[i - lag], b = values[i];

    if (isnan (a) || isnan (b))
      continue;
    sum += a * b;
    before += a * a;
    after += b * b;
  }
  return before > 0 && after > 0 ? sum / sqrt (before * after) : 0;
}

/* The top of a parabola through three values, the middle one the highest. */
static double
get_top (double before, double at, double after)
{
  double bend = before - 2 * at + after;

  return bend < 0 ? (before - after) / (2 * bend) : 0;
}

static gboolean
is_period (const double *values, guint n, guint lag, double at, double needed)
{
  if (at < needed)
    return FALSE;
  return 2 * lag + 2 >= n || correlate (values, n, 2 * lag) >= AGAIN * at;
}

gboolean
orf_period_find (double *values, guint n, guint min_lag, guint max_lag, OrfPeriod *period)
{
  double needed = MAX (MIN_STRENGTH, NOISE_BAND / sqrt (MAX (n, 1))), before, at, after;
  double best = 0, best_lag = 0;
  gboolean below = FALSE;

  max_lag = MIN (max_lag, (guint) (n / MIN_PERIODS));
  min_lag = MAX (min_lag, 2);
  if (max_lag < min_lag)
    return FALSE;
  take_line (values, n);
  if (!bring_near (values, n))
    return FALSE;
  before = correlate (values, n, 1);
  at = correlate (values, n, 2);
  for (guint lag = 2; lag <= max_lag; lag++) {
    after = correlate (values, n, lag + 1);
    /* Near to itself every slow series is like itself: a hill comes after a valley. */
    below = below || at < needed / 2 || before < needed / 2;
    if (below && lag >= min_lag && at >= before && at > after &&
        is_period (values, n, lag, at, MAX (needed, best * 1.1))) {
      best = at;
      best_lag = lag + get_top (before, at, after);
    }
    before = at;
    at = after;
  }
  if (best == 0)
    return FALSE;
  *period = (OrfPeriod){ .lag = best_lag, .strength = MIN (1, best) };
  return TRUE;
}
