/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Whether the mean of a stream has moved, where no target is known: distances from the mean so far,
 * less a tolerance, are summed up, and the sum is held against its least (D. V. Hinkley, "Inference
 * about the change-point from cumulative sum tests", Biometrika 58, 1971, after Page).  Both
 * directions.  Tolerance and limit are in the values' unit.  Give it medians of blocks
 * (orf-block-median).  Pure.
 */
typedef struct {
  double tolerance, limit;
  double mean;
  guint64 n;
  double up, least_up, down, least_down;
} OrfPageHinkley;

void orf_page_hinkley_init (OrfPageHinkley *test, double tolerance, double limit);
/* 1: the mean has risen, -1: fallen, and it begins anew; 0: neither.  NAN is no value. */
int orf_page_hinkley_push (OrfPageHinkley *test, double value);

G_END_DECLS
