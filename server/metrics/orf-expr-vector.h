/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr.h"

G_BEGIN_DECLS

/*
 * What a part of an expression comes to: values over times, one line of them for each set of
 * labels.  A scalar is one line without labels that goes with each line of another.  NAN: unknown.
 */
typedef struct {
  char **labels; /* key, value, …, NULL, sorted by key */
  char *key;     /* their canonical text; "" for none */
  double *values;
} OrfExprLine;

typedef struct {
  gboolean scalar;
  guint n_values;   /* of each line */
  GPtrArray *lines; /* OrfExprLine, one a key */
  guint64 layout;   /* of one vector: while it is the same, the lines are; 0: nothing is known */
} OrfExprVector;

OrfExprVector *orf_expr_vector_new (gboolean scalar, guint n_values);
void orf_expr_vector_free (OrfExprVector *vector);
/* All values unknown.  Takes labels. */
OrfExprLine *orf_expr_vector_add (OrfExprVector *vector, char **labels);
/* Drops the lines of which nothing is known. */
void orf_expr_vector_prune (OrfExprVector *vector);
/* By key. */
void orf_expr_vector_sort (OrfExprVector *vector);

void orf_expr_vector_negate (OrfExprVector *vector);
void orf_expr_vector_not (OrfExprVector *vector);
/* Takes both.  INVALID_ARGUMENT, field expr, where two lines of a side have equal labels but for
 * their name. */
OrfExprVector *orf_expr_vector_join (OrfExprVector *left,
                                     const OrfExpr *operation,
                                     OrfExprVector *right,
                                     GError **error);

/* ---- for who joins lines by itself -------------------------------------------------------------
 */

typedef double (*OrfExprOperation) (double left, double right);
/* NAN: unknown. */
OrfExprOperation orf_expr_get_operation (OrfExprOperator op);
/* and, or: of one side may be enough known. */
gboolean orf_expr_is_logical (OrfExprOperator op);
/* A name is no label when lines are joined. */
void orf_expr_line_drop_name (OrfExprLine *line);
/* side: left, right.  key: of the labels that two have. */
GError *orf_expr_new_twice_error (const OrfExpr *operation, const char *side, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExprVector, orf_expr_vector_free)

G_END_DECLS
