/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-expr-eval.h"

/* Series as they are written down: a name, labels and points. */
typedef struct {
  const char *name;
  const char *labels[7]; /* key, value, …, NULL */
  const OrfPoint *points;
  guint n_points;
} ExprSeries;

/* Those that each selector means, as orf_expr_eval() takes them. */
GPtrArray *expr_inputs_new (const OrfExpr *expr, const ExprSeries *series, guint n_series);
/* NULL: refused.  expr that does not parse is a failed test. */
OrfExprVector *expr_eval (
  const char *text, const ExprSeries *series, guint n_series, OrfGrid grid, GError **error);

/* What random expressions are made of; each list ends with NULL. */
typedef struct {
  const char *const *leaves;  /* selectors and numbers */
  const char *const *selects; /* of windows */
  const char *const *windows; /* aggregates over time */
  const char *const *groups;  /* aggregates over series */
  const char *const *by;
  const char *const *unary;
  const char *const *binary;
} ExprWords;

void expr_write_random (GString *text, const ExprWords *words, guint depth);
