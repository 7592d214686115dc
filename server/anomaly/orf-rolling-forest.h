/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "anomaly/orf-isolation-tree.h"
#include "stats/orf-tail.h"

G_BEGIN_DECLS

/*
 * How easily a row of one entity is set apart from its rows so far: what the axes are blind to, as
 * where series have several states that are usual, and are between them.  An isolation forest
 * (orf-isolation-forest.h) of whose trees one is grown anew every few rows, from a sample of the
 * past in which old rows fade, so that no row pays for a whole fit.  The same rows and number make
 * the same forest.  One block of memory without pointers.
 */
#define ORF_ROLLING_FOREST_TREES 100
#define ORF_ROLLING_FOREST_KEPT  1024 /* rows, that trees are grown from */

typedef struct {
  guint32 m;
  guint32 n; /* rows */
  guint32
    turn; /* at which of the rows between two trees it grows one: owners of many spread them */
  guint32 n_kept;
  guint32 n_trees; /* grown so far; the next one's place is this modulo their number */
  OrfRandom random;
  OrfTail tail;
  double firsts[ORF_ISOLATION_TREE_FEATURES]; /* values are told as distances from here */
  float row[ORF_ISOLATION_TREE_FEATURES];     /* the newest; of what had no value, the one before */
  OrfIsolationTree trees[ORF_ROLLING_FOREST_TREES];
  float kept[]; /* rows of m */
} OrfRollingForest;

/* m: series, 1 to ORF_ISOLATION_TREE_FEATURES. */
gsize orf_rolling_forest_get_bytes (guint m);
/* number: of it among others, the seed too. */
void orf_rolling_forest_init (OrfRollingForest *forest, guint m, guint number);
/* values: of m series; not finite: as before.  -log10 of how rare the row is among those before. */
float orf_rolling_forest_push (OrfRollingForest *forest, const double *values);
/* Which series sets the newest row apart: without it, the row would be most usual. */
guint orf_rolling_forest_find_strongest (const OrfRollingForest *forest);
gboolean orf_rolling_forest_is_valid (const OrfRollingForest *forest, guint m);

G_END_DECLS
