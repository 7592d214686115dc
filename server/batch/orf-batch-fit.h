/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-law.h"

G_BEGIN_DECLS

/*
 * One law put through what was seen, by iterated weighted least squares under Student's t with four
 * degrees of freedom: a batch that is far off the others has a bounded say.  Pure.
 */

/* Borrowed, by size. */
typedef struct {
  const double *sizes;
  const double *values; /* 1 is about the largest */
  guint n;
  double scale; /* the largest size */
} OrfBatchPoints;

typedef struct {
  OrfBatchLaw law;
  double coefficients[ORF_BATCH_MAX_COEFFICIENTS];
  double covariance[ORF_BATCH_MAX_COEFFICIENTS][ORF_BATCH_MAX_COEFFICIENTS];
  double scale;  /* of sizes, as the points had it */
  double floor;  /* spread is that of a value at least this large */
  double spread; /* of one batch, over value^noise */
  double lack;   /* of the law itself at a size, over value^noise: what repeats do not explain */
  double dispersion;     /* how much more sizes differ than their repeats do; 1: no more */
  double log_likelihood; /* best at these coefficients */
  guint freedom;         /* points less coefficients */
} OrfBatchFit;

/* FALSE: the points do not tell its coefficients. */
gboolean orf_batch_fit (const OrfBatchPoints *points, const OrfBatchLaw *law, OrfBatchFit *fit);

double orf_batch_fit_get_mean (const OrfBatchFit *fit, double size);
/* How many of its errors the growth between two sizes is. */
double orf_batch_fit_get_growth (const OrfBatchFit *fit, double from, double to);

/* How likely the law at this size is not above a bound. */
double orf_batch_fit_get_probability (const OrfBatchFit *fit, double size, double bound);

G_END_DECLS
