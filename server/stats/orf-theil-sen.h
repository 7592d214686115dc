/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * A line through points of which a share up to 29 % may lie anywhere: the median of the slopes
 * between all pairs, and the interval that inverts Kendall's test (orf-mann-kendall).  Pure.
 *
 * H. Theil, "A rank-invariant method of linear and polynomial regression analysis", Nederl. Akad.
 * Wetensch. Proc. 53 (1950).  P. K. Sen, "Estimates of the Regression Coefficient Based on
 * Kendall's Tau", JASA 63 (1968).
 */

/* A pair each is 2016 slopes: 16 KiB of stack. */
#define ORF_THEIL_SEN_MAX 64

typedef struct {
  double slope, lower, upper; /* per unit of x */
  double level;               /* of y where x is 0: the median of what the slope leaves */
} OrfTheilSen;

/* z: of the interval, 1.645 for 90 %.  Points with the same x make no pair.  FALSE, and line is
 * untouched: fewer than two x, or n above the limit. */
gboolean orf_theil_sen_fit (const double *x, const double *y, guint n, double z, OrfTheilSen *line);

/* Slope and level alone. */
gboolean
orf_theil_sen_get_line (const double *x, const double *y, guint n, double *slope, double *level);

G_END_DECLS
