/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Medians of small arrays.  Values must not be NAN.  Pure.
 *
 * Selection: C. A. R. Hoare, "Algorithm 65: FIND", CACM 4 (1961).  The median absolute deviation
 * and its factor for a normal distribution: F. R. Hampel, "The Influence Curve and its Role in
 * Robust Estimation", JASA 69 (1974).
 */

/* MAD times this is the standard deviation of a normal distribution: 1 / quantile (3/4). */
#define ORF_MAD_TO_DEVIATION 1.4826022185056018

/* The value of rank (0: least) of n > rank; reorders the array. */
double orf_median_select (double *values, guint n, guint rank);
/* Mean of the two middle values where n is even; NAN of none; reorders the array. */
double orf_median_of (double *values, guint n);
/* Between the ranks, share 0..1; NAN of none; reorders the array. */
double orf_median_quantile (double *values, guint n, double share);
/* The median distance from the median; reorders and changes the array.  center: optional. */
double orf_median_deviation (double *values, guint n, double *center);

G_END_DECLS
