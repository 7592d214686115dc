/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * After how many values a series repeats itself: a hill of the autocorrelation (M. Vlachos, P. Yu
 * and V. Castelli, "On Periodicity Detection and Structural Periodic Similarity", SDM 2005), which
 * is as high again after two periods.  A line is taken away first, and values far off the others
 * count no more than those at three deviations (P. J. Huber's winsorizing).  Pure; O(n * max_lag)
 * time.
 */
typedef struct {
  double lag;      /* in values, between two of them by a parabola through the hill */
  double strength; /* the autocorrelation there, 0..1 */
} OrfPeriod;

/* The shortest period from min_lag to max_lag, of which two and a half must have been seen; NAN: no
 * value there.  Reorders nothing, but changes the values.  FALSE, and period is untouched: there is
 * none that is significant. */
gboolean orf_period_find (double *values, guint n, guint min_lag, guint max_lag, OrfPeriod *period);

G_END_DECLS
