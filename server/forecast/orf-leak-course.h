/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "forecast/orf-leak-points.h"

G_BEGIN_DECLS

/*
 * The line that a series follows now, and since when: of all blocks at which it may have left the
 * level it was at, the one that leaves the least distances to a level before and a line after, by
 * the median of slopes (stats/orf-theil-sen).  Where rows usually move by about the same amount,
 * with jumps between that come to nothing, that move is the slope: it is known far better.  Pure.
 */
typedef struct {
  guint begin;                /* the first point of it */
  double age;                 /* in rows, of its older end */
  double level;               /* now */
  double slope, lower, upper; /* a row; about 80 % */
} OrfLeakCourse;

/* FALSE: too few rows. */
gboolean orf_leak_course_find (const OrfLeakPoint *points, guint n, OrfLeakCourse *course);

G_END_DECLS
