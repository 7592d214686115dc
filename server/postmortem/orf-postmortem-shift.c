/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-shift.h"

#include <math.h>

#include "stats/orf-median.h"

/* With fewer there is no saying what is usual, and what is not. */
#define MIN_BEFORE 5
#define MIN_DURING 3
/* The least deviation that counts, as a share of the value; of what was always 0, as a share of
 * what came, so that a first error is no thousand deviations. */
#define FLOOR_SHARE      0.01
#define ZERO_FLOOR_SHARE 0.05
/* Beyond the outer quantiles by so many deviations a step is out of what was before: two in a row
 * are so by chance once in ten thousand windows. */
#define FAR 2.0
/* From the lower to the upper of the quantiles below, in deviations of a normal distribution. */
#define OUTER_TO_DEVIATION (1 / 3.2897072539029444)

enum { LOW, MIDDLE, HIGH, N_QUANTILES };

static const double shares[N_QUANTILES] = { 0.05, 0.5, 0.95 };

typedef struct {
  guint n;
  double quantiles[N_QUANTILES];
  double largest; /* without its sign */
} Spread;

/* room: of n values; holds the values that are some afterwards. */
static void
measure (const double *values, guint n, double *room, Spread *spread)
{
  spread->n = 0;
  spread->largest = 0;
  for (guint i = 0; i < n; i++) {
    if (!isfinite (values[i]))
      continue;
    room[spread->n++] = values[i];
    spread->largest = fmax (spread->largest, fabs (values[i]));
  }
  for (guint q = 0; q < N_QUANTILES; q++)
    spread->quantiles[q] = orf_median_quantile (room, spread->n, shares[q]);
}

static double
get_deviation (const Spread *before, const Spread *during, double *room)
{
  double deviation = ORF_MAD_TO_DEVIATION * orf_median_deviation (room, before->n, NULL);
  double outer = OUTER_TO_DEVIATION * (before->quantiles[HIGH] - before->quantiles[LOW]);
  double level = fmax (fabs (before->quantiles[MIDDLE]), fabs (before->quantiles[HIGH]));
  double floor = before->largest > 0 ? FLOOR_SHARE * level : ZERO_FLOOR_SHARE * during->largest;

  return fmax (fmax (deviation, outer), floor);
}

static gboolean
is_out (double value, const Spread *before, double deviation, double sign)
{
  return sign > 0 ? value > before->quantiles[HIGH] + FAR * deviation
                  : value < before->quantiles[LOW] - FAR * deviation;
}

/* The first of two in a row that are out. */
static gint
find_first (const double *during, guint n, const Spread *before, double deviation, double sign)
{
  gint first = -1;

  for (guint i = 0; i < n; i++) {
    if (isnan (during[i]))
      continue;
    if (!is_out (during[i], before, deviation, sign))
      first = -1;
    else if (first >= 0)
      return first;
    else
      first = (gint) i;
  }
  return -1;
}

void
orf_postmortem_shift_judge (const double *before,
                            const double *during,
                            guint n,
                            OrfPostmortemShift *shift)
{
  g_autofree double *room = g_new (double, MAX (n, 1));
  Spread was, is;
  double deviation, moved = 0;
  guint most = MIDDLE;

  measure (during, n, room, &is);
  measure (before, n, room, &was);
  *shift = (OrfPostmortemShift){
    NAN, NAN, -1, was.quantiles[MIDDLE], is.quantiles[MIDDLE],
  };
  if (was.n < MIN_BEFORE || is.n < MIN_DURING)
    return;
  deviation = get_deviation (&was, &is, room);
  for (guint q = 0; q < N_QUANTILES; q++)
    if (fabs (is.quantiles[q] - was.quantiles[q]) > fabs (moved)) {
      moved = is.quantiles[q] - was.quantiles[q];
      most = q;
    }
  shift->effect = deviation > 0
                    ? CLAMP (moved / deviation, -ORF_POSTMORTEM_SHIFT_MAX, ORF_POSTMORTEM_SHIFT_MAX)
                    : 0;
  if (was.quantiles[most] != 0)
    shift->change_percent = 100 * moved / fabs (was.quantiles[most]);
  if (fabs (shift->effect) >= ORF_POSTMORTEM_SHIFT_MOVED)
    shift->first = find_first (during, n, &was, deviation, moved);
}
