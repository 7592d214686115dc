/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "stats/orf-tail.h"

G_BEGIN_DECLS

/*
 * Whether the series of one entity move together as they do: what the main axes of their decayed
 * covariance do not explain of a row (J. E. Jackson, G. S. Mudholkar, "Control Procedures for
 * Residuals Associated With Principal Component Analysis", Technometrics 21, 1979).  Each series is
 * first brought to deviations from where it was, in two views: of late, which forgives what stays,
 * and for long, which does not.  One block of memory without pointers.
 */
#define ORF_DECAYED_PCA_MAX 64 /* series */

/* What one view's unexplained sizes are. */
typedef struct {
  float usual; /* the mean */
  OrfTail tail;
} OrfDecayedPcaRest;

#define ORF_DECAYED_PCA_VIEWS 2

typedef struct {
  guint32 m, n_axes;
  guint32 n;    /* rows */
  guint32 turn; /* at which of the rows between two fits it fits: owners of many spread them */
  OrfDecayedPcaRest rests[ORF_DECAYED_PCA_VIEWS];
  double data[]; /* means, variances, the row, of each view; covariance, of the first one; axes */
} OrfDecayedPca;

/* m: 2 to ORF_DECAYED_PCA_MAX. */
gsize orf_decayed_pca_get_bytes (guint m);
void orf_decayed_pca_init (OrfDecayedPca *pca, guint m, guint turn);
/* values: of m series; NAN: as expected.  -log10 of how rare it is; strongest: which series is
 * furthest from what the others tell of it. */
float orf_decayed_pca_push (OrfDecayedPca *pca, const double *values, guint *strongest);
gboolean orf_decayed_pca_is_valid (const OrfDecayedPca *pca, guint m);

G_END_DECLS
