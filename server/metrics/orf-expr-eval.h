/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-cancel.h"
#include "metrics/orf-expr-vector.h"
#include "metrics/orf-grid.h"

G_BEGIN_DECLS

/*
 * What an expression comes to at each time of a grid (doc/expressions.md).  Pure: whoever asks has
 * the series that each selector means, with their points.  What is true now is a grid of one step,
 * whose cost is that of reading the windows' points once.
 */

/* The latest value of a series counts for so long. */
#define ORF_EXPR_LATEST_US (300 * G_GINT64_CONSTANT (1000000))

/* One series that a selector means; all borrowed. */
typedef struct {
  const char *name;
  char *const *labels;    /* key, value, …, NULL, sorted by key */
  const OrfPoint *points; /* by time */
  guint n_points;
} OrfExprSeries;

typedef struct {
  OrfGrid grid;
  /* Of all lines that are made, selectors', numbers' and groups'; and points that all parts go
   * over. More is RESOURCE_EXHAUSTED. */
  guint64 max_values;
  OrfCancel *cancel; /* may be NULL */
} OrfExprSpec;

/* The parts with a selector, in the order of the text; borrowed. */
GPtrArray *orf_expr_list_selectors (const OrfExpr *expr);
/* How far before a time T its points matter, T included. */
gint64 orf_expr_get_reach_us (const OrfExpr *selector);

/* inputs: for each of orf_expr_list_selectors(), a GArray of OrfExprSeries.  The lines are by key;
 * those of which nothing is known are left out. INVALID_ARGUMENT (two series have the same labels),
 * RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED. */
OrfExprVector *orf_expr_eval (const OrfExpr *expr,
                              const OrfExprSpec *spec,
                              const GArray *const *inputs,
                              GError **error);

G_END_DECLS
