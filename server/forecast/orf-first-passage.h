/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * When a line with excursions above it first passes a height.  Each excursion that was seen in a
 * number of rows comes again at that rate, independently; once the way that is left is less than
 * it, it passes.  So the chance not to have passed falls by exp (-rate) a row, at a rate that grows
 * as the line rises: D. R. Cox and P. A. W. Lewis, "The Statistical Analysis of Series of Events"
 * (1966), the inhomogeneous Poisson process.  Pure.
 */
typedef struct {
  double gap;               /* from the line to the height, now */
  double slope;             /* a row */
  const double *excursions; /* >= 0, the largest first */
  guint n_excursions;
  double rows; /* in which they were seen, > 0 */
} OrfFirstPassage;

/* The rows until it has passed with that chance, 0 < chance < 1; INFINITY: it need never do so. */
double orf_first_passage_get_rows (const OrfFirstPassage *passage, double chance);

G_END_DECLS
