/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How much a series moved from one span to the next.  Pure.
 *
 * Low, middle and high values (quantiles .05, .5, .95) of the two are compared, so that what lasted
 * a twentieth of the span is seen, and a single odd value is not.  The one that moved most tells,
 * in robust standard deviations of the span before: the larger of what the median absolute
 * deviation and what the distance of the outer quantiles say of a normal distribution, and at least
 * a hundredth of the value itself.  A straight ramp through both spans is 3.7 of them.
 */

/* Less is not told: no ramp that only goes on. */
#define ORF_POSTMORTEM_SHIFT_MOVED 4.0
#define ORF_POSTMORTEM_SHIFT_MAX   1000.0

typedef struct {
  double effect;         /* negative: it fell; NAN: too few values */
  double change_percent; /* of the quantile that moved most; NAN: it was 0, or too few values */
  gint first;            /* index in `during` where it left what was before; -1: it did not */
  double median_before, median_during; /* NAN: of nothing */
} OrfPostmortemShift;

/* NANs are left out. */
void orf_postmortem_shift_judge (const double *before,
                                 const double *during,
                                 guint n,
                                 OrfPostmortemShift *shift);

G_END_DECLS
