/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr-vector.h"

G_BEGIN_DECLS

/*
 * Aggregates across lines: which lines go together, and what their values come to.  Pure.
 */
typedef struct {
  char **labels; /* of what they come to */
  GArray *lines; /* guint: which of the vector's */
} OrfExprGroup;

/* OrfExprGroup with their free function, in the order of the vector's lines. */
GPtrArray *orf_expr_group_lines (const OrfExprVector *vector, const char *const *by);
/* known: without NAN; they are sorted where it needs that.  NAN of nothing, and of what no double
 * holds. */
double orf_expr_group_gather (OrfMetricsAggregate aggregate, double *known, guint n_known);

G_END_DECLS
