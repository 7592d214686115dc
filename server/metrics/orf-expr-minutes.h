/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "history/orf-tier-reader.h"
#include "metrics/orf-expr.h"

G_BEGIN_DECLS

/*
 * An expression over a long past, of which a minute's rollup stands for the minute's points: which
 * of its figures, and the points that come of them.  Pure.
 */

/* What is asked of the expression's values: where a minute has several, which of them decides. */
typedef enum {
  ORF_EXPR_TOWARDS_LOW = -1, /* whether they were ever so low */
  ORF_EXPR_TOWARDS_LAST = 0,
  ORF_EXPR_TOWARDS_HIGH = 1,
} OrfExprTowards;

/* For each of orf_expr_list_selectors() the figure (OrfRollupPart) that stands for a minute: what a
 * window's aggregate is made of; else the largest or the smallest, whichever moves the expression
 * towards what is asked; else the last.  NULL: of one of them minutes do not tell enough. */
GArray *orf_expr_minutes_get_parts (const OrfExpr *expr, OrfExprTowards towards);

/* One OrfPoint for each span of step_us, a multiple of a minute, that has any rollup or point, at
 * its last moment: what part tells of them, of a sum the mean.  rollups may be NULL; both by time,
 * and no minute has both. */
GArray *orf_expr_minutes_fold (OrfRollupPart part,
                               gint64 step_us,
                               const GArray *points,
                               const GArray *rollups);

G_END_DECLS
