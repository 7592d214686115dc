/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "stats/orf-random.h"

G_BEGIN_DECLS

/*
 * One tree of an isolation forest: cuts at random of a random feature, until a row is alone or the
 * tree is deep enough; rows that lie apart are alone soon.  Whole to its full depth, so that the
 * way down is the same few steps for every row, without a branch: below where rows are alone
 * already, the cuts mean nothing and all ends are alike.  A value.
 */
#define ORF_ISOLATION_TREE_ROWS     256 /* that a tree is grown from, at most */
#define ORF_ISOLATION_TREE_DEPTH    8   /* log2 of these: about where half of the rows are alone */
#define ORF_ISOLATION_TREE_FEATURES 64

typedef struct {
  float
    cuts[1 << ORF_ISOLATION_TREE_DEPTH]; /* of node i; 1 is the root, 2 i and 2 i + 1 follow i */
  float lengths[1 << ORF_ISOLATION_TREE_DEPTH]; /* of the way to each end */
  guint8 features[1 << ORF_ISOLATION_TREE_DEPTH];
} OrfIsolationTree;

/* columns: of each feature its values, ORF_ISOLATION_TREE_ROWS from one to the next, of which the
 * first n_rows are there.  Finite, and less than FLT_MAX / 2 away from 0. */
void orf_isolation_tree_grow (
  OrfIsolationTree *tree, const float *columns, guint n_rows, guint n_features, OrfRandom *random);

/* How long the way of a random row is in a tree of n rows: of an unsuccessful search in a binary
 * tree (B. R. Preiss, "Data Structures and Algorithms", 1999). */
float orf_isolation_tree_get_usual_length (guint n);

/* Adds to each row's length the way to its end. */
void orf_isolation_tree_measure (
  const OrfIsolationTree *tree, const float *rows, guint n_rows, guint n_features, float *lengths);

G_END_DECLS
