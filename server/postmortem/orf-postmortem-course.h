/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-rollup.h"
#include "orf-desc.h"

G_BEGIN_DECLS

/* How one series went over a span, in steps of the same length.  Pure. */
typedef struct _OrfPostmortemCourse OrfPostmortemCourse;

/* rising: of a counter; its values are what it rose by in a second. */
OrfPostmortemCourse *
orf_postmortem_course_new (gint64 from_us, gint64 step_us, guint n_steps, gboolean rising);
void orf_postmortem_course_free (OrfPostmortemCourse *course);

/* In any order; what is beyond the span is left out, and NANs are.  A rollup belongs to the step in
 * which it begins. */
void orf_postmortem_course_add_point (OrfPostmortemCourse *course, const OrfPoint *point);
void orf_postmortem_course_add_rollup (OrfPostmortemCourse *course, const OrfRollup *rollup);

/* One value a step from `first` on: the mean, or what it rose by in a second since the step before
 * that has any; NAN: there is none.  A counter that falls began anew at 0. */
void orf_postmortem_course_get_values (const OrfPostmortemCourse *course,
                                       guint first,
                                       guint n,
                                       double *values);
/* The same as points at the beginnings of steps, without those that have none. */
GArray *orf_postmortem_course_get_points (const OrfPostmortemCourse *course, guint first, guint n);

typedef struct {
  double mean, min, max; /* NAN: of nothing */
  gint64 count;          /* samples */
} OrfPostmortemSum;

OrfPostmortemSum
orf_postmortem_course_sum (const OrfPostmortemCourse *course, guint first, guint n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfPostmortemCourse, orf_postmortem_course_free)

G_END_DECLS
