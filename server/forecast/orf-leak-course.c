/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-leak-course.h"

#include "stats/orf-median.h"
#include "stats/orf-theil-sen.h"

#include <math.h>

/* A line through less is a guess. */
#define MIN_ROWS   48
#define MIN_POINTS 4
/* A slope is asked of these many rows at most, and a level of what lies before them. */
#define MAX_ROWS 400
/* Normal score of 80 %. */
#define Z_80 1.2816
/* Moves from row to row are one drift where their distance from it is at most this share of it. */
#define MAX_DRIFT_SPREAD .2
#define MIN_DRIFTS       5
/* The drift and the slope of the line are the same thing when neither is less than this share of
 * the other; else jumps undo the drift (a saw-tooth), or are all there is. */
#define MIN_AGREEMENT .7
/* Drifts are kept in 8 bits of mantissa. */
#define DRIFT_PRECISION .004

/* ---- by distances ---------------------------------------------------------------------------- */

static guint
get_line_points (const OrfLeakPoint *points, guint begin, guint n, double *x, double *y)
{
  for (guint i = begin; i < n; i++) {
    x[i - begin] = -points[i].center;
    y[i - begin] = points[i].middle;
  }
  return n - begin;
}

/* The distances that a level before and a line from begin on leave, each by its rows. */
static double
get_cost (const OrfLeakPoint *points, guint begin, guint n, double slope, double level)
{
  double middles[ORF_LEAK_POINTS], before, cost = 0;
  guint first = 0, count = 0;

  while (points[first].from >= MAX_ROWS && first < begin)
    first++;
  for (guint i = first; i < begin; i++)
    middles[count++] = points[i].middle;
  before = count > 0 ? orf_median_of (middles, count) : 0;
  for (guint i = first; i < begin; i++)
    cost += fabs (points[i].middle - before) * points[i].width;
  for (guint i = begin; i < n; i++)
    cost += fabs (points[i].middle - (level - slope * points[i].center)) * points[i].width;
  return cost;
}

static gboolean
find_line (const OrfLeakPoint *points, guint n, OrfLeakCourse *course)
{
  double x[ORF_LEAK_POINTS], y[ORF_LEAK_POINTS], least = INFINITY;
  OrfTheilSen line;
  guint best = n;

  for (guint begin = n; begin-- > 0 && points[begin].from <= MAX_ROWS;) {
    double slope, level, cost;
    guint count;

    if (points[begin].from < MIN_ROWS || n - begin < MIN_POINTS)
      continue;
    count = get_line_points (points, begin, n, x, y);
    if (!orf_theil_sen_get_line (x, y, count, &slope, &level))
      continue;
    cost = get_cost (points, begin, n, slope, level);
    if (cost < least) {
      least = cost;
      best = begin;
    }
  }
  if (best == n)
    return FALSE;
  orf_theil_sen_fit (x, y, get_line_points (points, best, n, x, y), Z_80, &line);
  *course = (OrfLeakCourse){ .begin = best,
                             .age = points[best].from,
                             .level = line.level,
                             .slope = line.slope,
                             .lower = line.lower,
                             .upper = line.upper };
  return TRUE;
}

/* ---- by moves from row to row ---------------------------------------------------------------- */

/* The median drift by rows, and the distances from it. */
static double
get_drift (const OrfLeakPoint *points, guint n, double *cost)
{
  double drifts[ORF_LEAK_POINTS], widths[ORF_LEAK_POINTS], rows = 0, sum = 0, median = 0;
  guint count = 0;

  for (guint i = 0; i < n; i++) {
    guint at = count;

    if (isnan (points[i].drift))
      continue;
    for (; at > 0 && drifts[at - 1] > points[i].drift; at--) {
      drifts[at] = drifts[at - 1];
      widths[at] = widths[at - 1];
    }
    drifts[at] = points[i].drift;
    widths[at] = points[i].width;
    rows += points[i].width;
    count++;
  }
  for (guint i = 0; i < count && sum < rows / 2; i++) {
    median = drifts[i];
    sum += widths[i];
  }
  *cost = 0;
  for (guint i = 0; i < count; i++)
    *cost += widths[i] * fabs (drifts[i] - median);
  return median;
}

/* Where the drift changed. */
static guint
find_change (const OrfLeakPoint *points, guint n, double *drift)
{
  double least = INFINITY;
  guint oldest = 0, best = n;

  while (oldest < n && isnan (points[oldest].drift))
    oldest++;
  for (guint begin = n; begin-- > oldest;) {
    double before, after, median;

    if (points[begin].from < MIN_ROWS)
      continue;
    median = get_drift (points + begin, n - begin, &after);
    get_drift (points + oldest, begin - oldest, &before);
    if (before + after < least) {
      least = before + after;
      best = begin;
      *drift = median;
    }
  }
  return best;
}

/* The median distance of drifts from one, and how many there are. */
static double
get_drift_spread (const OrfLeakPoint *points, guint n, double drift, guint *count)
{
  double distances[ORF_LEAK_POINTS];

  *count = 0;
  for (guint i = 0; i < n; i++)
    if (!isnan (points[i].drift))
      distances[(*count)++] = fabs (points[i].drift - drift);
  return orf_median_of (distances, *count);
}

static gboolean
agree (double drift, const OrfTheilSen *line)
{
  double low = MIN (MIN_AGREEMENT * line->slope, line->slope / MIN_AGREEMENT);
  double high = MAX (MIN_AGREEMENT * line->slope, line->slope / MIN_AGREEMENT);

  return drift >= MIN (low, line->lower) && drift <= MAX (high, line->upper);
}

static gboolean
find_drift (const OrfLeakPoint *points, guint n, OrfLeakCourse *course)
{
  double x[ORF_LEAK_POINTS], y[ORF_LEAK_POINTS], drift = 0, spread, error;
  guint begin = find_change (points, n, &drift), count, n_drifts;
  OrfTheilSen line;

  if (begin == n || drift == 0)
    return FALSE;
  spread = get_drift_spread (points + begin, n - begin, drift, &n_drifts);
  if (n_drifts < MIN_DRIFTS || spread >= MAX_DRIFT_SPREAD * fabs (drift))
    return FALSE;
  count = get_line_points (points, begin, n, x, y);
  if (!orf_theil_sen_fit (x, y, count, Z_80, &line) || !agree (drift, &line))
    return FALSE;
  for (guint i = 0; i < count; i++)
    y[i] -= drift * x[i];
  error = spread * ORF_MAD_TO_DEVIATION * Z_80 / sqrt (count) + fabs (drift) * DRIFT_PRECISION;
  *course = (OrfLeakCourse){ .begin = begin,
                             .age = points[begin].from,
                             .level = orf_median_of (y, count),
                             .slope = drift,
                             .lower = drift - error,
                             .upper = drift + error };
  return TRUE;
}

gboolean
orf_leak_course_find (const OrfLeakPoint *points, guint n, OrfLeakCourse *course)
{
  return find_drift (points, n, course) || find_line (points, n, course);
}
