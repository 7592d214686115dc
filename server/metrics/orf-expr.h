/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-selector.h"
#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * An expression over series as a tree (doc/expressions.md).  Values that belong together: made by
 * orf_expr_parse(), then only read.
 */
typedef enum {
  ORF_EXPR_NUMBER, /* number */
  ORF_EXPR_LATEST, /* select alone: each series' latest value */
  ORF_EXPR_WINDOW, /* aggregate (select, window): each series over time */
  ORF_EXPR_ABSENT, /* absent (select, window) */
  ORF_EXPR_ACROSS, /* aggregate by (labels) (left): over series */
  ORF_EXPR_NEGATE, /* - left */
  ORF_EXPR_NOT,    /* not left */
  ORF_EXPR_BINARY, /* left operator right */
} OrfExprKind;

typedef enum {
  ORF_EXPR_OR,
  ORF_EXPR_AND,
  ORF_EXPR_GREATER_OR_EQUAL,
  ORF_EXPR_LESS_OR_EQUAL,
  ORF_EXPR_EQUAL,
  ORF_EXPR_NOT_EQUAL,
  ORF_EXPR_GREATER,
  ORF_EXPR_LESS,
  ORF_EXPR_ADD,
  ORF_EXPR_SUBTRACT,
  ORF_EXPR_MULTIPLY,
  ORF_EXPR_DIVIDE,
  ORF_EXPR_N_OPERATORS,
} OrfExprOperator;

typedef struct _OrfExpr OrfExpr;
struct _OrfExpr {
  OrfExprKind kind;
  guint position; /* in the text that it came from, bytes */
  double number;  /* units applied: bytes, microseconds, percent as 0 to 100 */
  OrfSelector *selector;
  char *select; /* the selector's text */
  gint64 window_us;
  OrfMetricsAggregate aggregate;
  char **by; /* of ACROSS, not NULL there */
  OrfExprOperator op;
  OrfExpr *left, *right;
};

void orf_expr_free (OrfExpr *expr);
/* Text that parses to an equal tree: blanks and parentheses only where needed, units applied. */
char *orf_expr_print (const OrfExpr *expr);
/* Of the operator's or the aggregate's text. */
const char *orf_expr_get_operator_text (OrfExprOperator op);
const char *orf_expr_get_aggregate_text (OrfMetricsAggregate aggregate);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfExpr, orf_expr_free)

G_END_DECLS
