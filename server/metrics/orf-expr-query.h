/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr-eval.h"
#include "metrics/orf-expr-minutes.h"
#include "metrics/orf-metrics-parts.h"

G_BEGIN_DECLS

/* vector: borrowed during the call; NULL on error. */
typedef void (*OrfExprQueryDone) (gpointer user_data,
                                  const OrfExprVector *vector,
                                  const GError *error);

/* Evaluates expr over the series that there are, at the times of grid; expr and cancel are there
 * until done is called, at once where all is in memory.  At most [metrics] max_query_points points
 * are read, and as many values made. */
void orf_expr_query_run (const OrfMetricsParts *parts,
                         const OrfExpr *expr,
                         const OrfGrid *grid,
                         OrfCancel *cancel,
                         OrfExprQueryDone done,
                         gpointer user_data);

/* The same at times that are multiples of a minute, of which each minute's rollup stands for its
 * points; of expressions that minutes do not tell of, points are read. */
void orf_expr_query_run_by_minutes (const OrfMetricsParts *parts,
                                    const OrfExpr *expr,
                                    OrfExprTowards towards,
                                    const OrfGrid *grid,
                                    OrfCancel *cancel,
                                    OrfExprQueryDone done,
                                    gpointer user_data);

G_END_DECLS
