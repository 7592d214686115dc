/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-isolation-tree.h"

G_BEGIN_DECLS

/*
 * How easily a row is set apart from the rows that a forest was grown from, by several features
 * together (F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008).  Each tree is grown
 * from rows drawn without putting back; the same seed and rows make the same forest.  A value that
 * is not finite is missing, and counts as the feature's median among the rows of the first tree: it
 * sets nothing apart.  Pure; of 230 KB, and read only once it is grown, by any thread.
 */
#define ORF_ISOLATION_FOREST_TREES                                                                 \
  100 /* more tell the same: their means have settled (Liu, 4.2)                                   \
       */
/* So that a fit's memory is bounded where rows come from outside. */
#define ORF_ISOLATION_FOREST_MAX_ROWS (1 << 20)

typedef struct _OrfIsolationForest OrfIsolationForest;

/* rows: of n_features values each, one after the other.  NULL: there are no or too many rows, or
 * features (INVALID_ARGUMENT). */
OrfIsolationForest *orf_isolation_forest_new (
  const double *rows, guint n_rows, guint n_features, guint64 seed, GError **error);
void orf_isolation_forest_free (OrfIsolationForest *forest);

/* scores: of each row, 0 to 1, neither reached: .5 and less is usual, near 1 is far from all.  With
 * one row, or rows that are all the same, everything is .5. */
void orf_isolation_forest_score (const OrfIsolationForest *forest,
                                 const double *rows,
                                 guint n_rows,
                                 float *scores);

gsize orf_isolation_forest_get_bytes (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfIsolationForest, orf_isolation_forest_free)

G_END_DECLS
