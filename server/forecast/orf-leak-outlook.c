/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-first-passage.h"
#include "forecast/orf-leak-course.h"
#include "forecast/orf-leak-points.h"
#include "forecast/orf-leak-test.h"
#include "forecast/orf-leak-watch.h"

#include "stats/orf-median.h"

#include <math.h>

/* Fewer rows tell nothing of how a series moves. */
#define MIN_ROWS 16
/* Of the largest value: spreads within a few rows that are small, in nearly all and in most blocks.
 */
#define SMALL_SPREAD      .05
#define SHARE_OF_QUIET    .75
#define SHARE_OF_STEPWISE .5
/* Excursions are looked for in so many rows: what spiked yesterday may again. */
#define EXCURSION_ROWS 600
/* The course knows better where a leak began, where the two mean the same. */
#define MAX_DISAGREEMENT .5
/* With this chance it has passed: the value is in the middle.  The first of the interval is earlier
 * than a tenth: what a series has not done yet is not in its excursions.  Measured, see
 * doc/leaks.md. */
#define CHANCE_VALUE .5
#define CHANCE_LOWER .04
#define CHANCE_UPPER .9

typedef struct {
  const OrfLeakWatch *watch;
  OrfLeakPoint points[ORF_LEAK_POINTS];
  guint n;
  double step_us;   /* as rows came */
  double threshold; /* above the origin, what is scarce rising; NAN: none */
  double largest;   /* of what was seen, as it is pushed */
} View;

static gdouble
get_newest (const OrfLeakWatch *watch)
{
  return watch->n_pending > 0 ? watch->pending[watch->n_pending - 1] : watch->before;
}

static void
look (View *view, const OrfLeakWatch *watch, double threshold)
{
  double sign = watch->falling ? -1 : 1;

  view->watch = watch;
  view->n = orf_leak_points_get (watch, view->points);
  view->step_us = watch->step_us;
  if (watch->n_rows > 1)
    view->step_us = (double) (watch->last_us - watch->first_us) / (watch->n_rows - 1.0);
  view->threshold = sign * (threshold - watch->origin);
  view->largest = 0;
  for (guint i = 0; i < view->n; i++) {
    view->largest = MAX (view->largest, fabs (watch->origin + sign * view->points[i].low));
    view->largest = MAX (view->largest, fabs (watch->origin + sign * view->points[i].most));
  }
}

/* Of a row, at most as old as the first. */
static gint64
get_time (const View *view, double age)
{
  const OrfLeakWatch *watch = view->watch;
  double ago_us = age * view->step_us;

  return ago_us < (double) (watch->last_us - watch->first_us) ? watch->last_us - (gint64) ago_us
                                                              : watch->first_us;
}

/* ---- how it moves ---------------------------------------------------------------------------- */

static OrfRegime
get_regime (const View *view)
{
  guint n_blocks = 0, n_small = 0;

  if (view->n == 0 || view->points[0].from < MIN_ROWS)
    return ORF_REGIME_UNKNOWN;
  for (guint i = 0; i < view->n; i++) {
    const OrfLeakPoint *point = &view->points[i];

    if (isnan (point->drift))
      continue;
    n_blocks++;
    n_small += point->most - point->low <= SMALL_SPREAD * view->largest;
  }
  if (n_small >= SHARE_OF_QUIET * n_blocks)
    return ORF_REGIME_QUIET;
  return n_small >= SHARE_OF_STEPWISE * n_blocks ? ORF_REGIME_STEPWISE : ORF_REGIME_SPIKY;
}

/* ---- when it gets there ---------------------------------------------------------------------- */

static int
compare_falling (gconstpointer a, gconstpointer b)
{
  double left = *(const double *) a, right = *(const double *) b;

  return (left < right) - (left > right);
}

/* How far above its course, or its middle before, each block came. */
static guint
get_excursions (const View *view, const OrfLeakCourse *course, double *excursions, double *rows)
{
  guint count = 0;

  *rows = 0;
  for (guint i = 0; i < view->n; i++) {
    const OrfLeakPoint *point = &view->points[i];
    double usual = point->middle;

    if (i < course->begin && point->from > EXCURSION_ROWS)
      continue;
    if (i >= course->begin)
      usual = course->level - course->slope * (point->center - point->width / 2);
    excursions[count++] = MAX (0, point->most - usual);
    *rows += point->width;
  }
  qsort (excursions, count, sizeof *excursions, compare_falling);
  return count;
}

/* A line of this slope, which turns about the middle of the course. */
static double
get_rows_to (const OrfFirstPassage *passage,
             const OrfLeakCourse *course,
             double slope,
             double chance)
{
  OrfFirstPassage turned = *passage;

  turned.slope = slope;
  turned.gap -= (slope - course->slope) * course->age / 2;
  return orf_first_passage_get_rows (&turned, chance);
}

/* Whether the course is above what was before it: what only comes back has not set out. */
static gboolean
is_on_new_ground (const View *view, const OrfLeakCourse *course)
{
  for (guint i = 0; i < course->begin; i++)
    if (view->points[i].top > course->level)
      return FALSE;
  return TRUE;
}

static void
set_times (const View *view, const OrfLeakCourse *course, OrfOutlook *outlook)
{
  double excursions[ORF_LEAK_POINTS], value;
  OrfFirstPassage passage = { .gap = view->threshold - course->level,
                              .slope = course->slope,
                              .excursions = excursions };

  passage.n_excursions = get_excursions (view, course, excursions, &passage.rows);
  value = orf_first_passage_get_rows (&passage, CHANCE_VALUE);
  outlook->tte_lower_us = get_rows_to (&passage, course, course->upper, CHANCE_LOWER);
  outlook->tte_upper_us = get_rows_to (&passage, course, course->lower, CHANCE_UPPER);
  /* It is passed at a row, and the line between two. */
  outlook->tte_lower_us = MIN (outlook->tte_lower_us, value) * view->step_us;
  outlook->tte_upper_us = (MAX (outlook->tte_upper_us, value) + 1) * view->step_us;
  outlook->tte_us = (value + .5) * view->step_us;
}

static void
look_ahead (const View *view, double leak_age, OrfOutlook *outlook)
{
  double per_s = G_USEC_PER_SEC / view->step_us * (view->watch->falling ? -1 : 1);
  gboolean passed = get_newest (view->watch) >= view->threshold;
  OrfLeakCourse course;

  if (passed)
    outlook->tte_us = outlook->tte_lower_us = outlook->tte_upper_us = 0;
  if (!orf_leak_course_find (view->points, view->n, &course))
    return;
  outlook->slope_per_s = course.slope * per_s;
  outlook->slope_lower_per_s = MIN (course.lower * per_s, course.upper * per_s);
  outlook->slope_upper_per_s = MAX (course.lower * per_s, course.upper * per_s);
  if (outlook->leak && fabs (course.age / leak_age - 1) <= MAX_DISAGREEMENT)
    outlook->leak_since_us = get_time (view, course.age);
  if (passed || isnan (view->threshold) || !(course.lower > 0))
    return;
  if (outlook->leak || is_on_new_ground (view, &course))
    set_times (view, &course, outlook);
}

void
orf_leak_watch_get_outlook (const OrfLeakWatch *watch, double threshold, OrfOutlook *outlook)
{
  OrfLeakFinding finding;
  View view;

  look (&view, watch, threshold);
  orf_leak_test (view.points, view.n, view.largest, view.threshold, &finding);
  *outlook = (OrfOutlook){
    .regime = get_regime (&view),
    .slope_per_s = NAN,
    .slope_lower_per_s = NAN,
    .slope_upper_per_s = NAN,
    .leak = finding.leak,
    .leak_confidence = finding.confidence,
    .leak_since_us = finding.leak ? get_time (&view, finding.age) : 0,
    .tte_us = NAN,
    .tte_lower_us = NAN,
    .tte_upper_us = NAN,
  };
  look_ahead (&view, finding.age, outlook);
}
