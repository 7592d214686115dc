/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-course.h"

#include <math.h>

#include "core/orf-clock.h"

typedef struct {
  double sum, min, max, last;
  gint64 count, last_us;
} Step;

struct _OrfPostmortemCourse {
  gint64 from_us, step_us;
  guint n_steps;
  gboolean rising;
  Step steps[];
};

OrfPostmortemCourse *
orf_postmortem_course_new (gint64 from_us, gint64 step_us, guint n_steps, gboolean rising)
{
  OrfPostmortemCourse *course = g_malloc0 (sizeof *course + n_steps * sizeof (Step));

  course->from_us = from_us;
  course->step_us = step_us;
  course->n_steps = n_steps;
  course->rising = rising;
  return course;
}

void
orf_postmortem_course_free (OrfPostmortemCourse *course)
{
  g_free (course);
}

static void
add (OrfPostmortemCourse *course, const OrfRollup *rollup)
{
  gint64 i = (rollup->t_us - course->from_us) / course->step_us;
  Step *step;

  if (rollup->t_us < course->from_us || i >= course->n_steps || isnan (rollup->sum))
    return;
  step = &course->steps[i];
  step->min = step->count > 0 ? MIN (step->min, rollup->min) : rollup->min;
  step->max = step->count > 0 ? MAX (step->max, rollup->max) : rollup->max;
  step->sum += rollup->sum;
  step->count += rollup->count;
  if (rollup->t_us < step->last_us)
    return;
  step->last = rollup->last;
  step->last_us = rollup->t_us;
}

void
orf_postmortem_course_add_point (OrfPostmortemCourse *course, const OrfPoint *point)
{
  const OrfRollup rollup = { .t_us = point->t_us,
                             .count = 1,
                             .min = point->value,
                             .max = point->value,
                             .sum = point->value,
                             .last = point->value };

  add (course, &rollup);
}

void
orf_postmortem_course_add_rollup (OrfPostmortemCourse *course, const OrfRollup *rollup)
{
  add (course, rollup);
}

/* Since the step before that has any. */
static double
get_rise (const OrfPostmortemCourse *course, guint i)
{
  const Step *step = &course->steps[i];
  guint before = i;

  while (before > 0 && course->steps[--before].count == 0)
    ;
  if (before == i || course->steps[before].count == 0)
    return NAN;
  return (step->last >= course->steps[before].last ? step->last - course->steps[before].last
                                                   : step->last) *
         (double) ORF_US_PER_S / (double) ((i - before) * course->step_us);
}

static double
get_value (const OrfPostmortemCourse *course, guint i)
{
  const Step *step = &course->steps[i];

  if (step->count == 0)
    return NAN;
  return course->rising ? get_rise (course, i) : step->sum / (double) step->count;
}

void
orf_postmortem_course_get_values (const OrfPostmortemCourse *course,
                                  guint first,
                                  guint n,
                                  double *values)
{
  for (guint i = 0; i < n; i++)
    values[i] = get_value (course, first + i);
}

GArray *
orf_postmortem_course_get_points (const OrfPostmortemCourse *course, guint first, guint n)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (guint i = first; i < first + n; i++) {
    const OrfPoint point = { course->from_us + i * course->step_us, get_value (course, i) };

    if (!isnan (point.value))
      g_array_append_val (points, point);
  }
  return points;
}

OrfPostmortemSum
orf_postmortem_course_sum (const OrfPostmortemCourse *course, guint first, guint n)
{
  OrfPostmortemSum sum = { NAN, NAN, NAN, 0 };
  double total = 0;
  gint64 weight = 0;

  for (guint i = first; i < first + n; i++) {
    const Step *step = &course->steps[i];
    double value = get_value (course, i);

    sum.count += step->count;
    if (isnan (value))
      continue;
    total += course->rising ? value : step->sum;
    weight += course->rising ? 1 : step->count;
    sum.min = fmin (sum.min, course->rising ? value : step->min);
    sum.max = fmax (sum.max, course->rising ? value : step->max);
  }
  if (weight > 0)
    sum.mean = total / (double) weight;
  return sum;
}
