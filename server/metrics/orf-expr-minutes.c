/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-minutes.h"

#include "orf-desc.h" /* OrfPoint */

/* ---- which figure ---------------------------------------------------------------------------- */

static OrfRollupPart
get_extreme (OrfExprTowards towards)
{
  switch (towards) {
  case ORF_EXPR_TOWARDS_HIGH:
    return ORF_ROLLUP_MAX;
  case ORF_EXPR_TOWARDS_LOW:
    return ORF_ROLLUP_MIN;
  default:
    return ORF_ROLLUP_LAST;
  }
}

/* FALSE: minutes do not tell. */
static gboolean
get_part (const OrfExpr *selector, OrfExprTowards towards, OrfRollupPart *part)
{
  *part = get_extreme (towards);
  if (selector->kind != ORF_EXPR_WINDOW)
    return TRUE;
  switch (selector->aggregate) {
  case ORF_METRICS_AGGREGATE_AVG:
    *part = ORF_ROLLUP_SUM;
    return TRUE;
  case ORF_METRICS_AGGREGATE_MIN:
    *part = ORF_ROLLUP_MIN;
    return TRUE;
  case ORF_METRICS_AGGREGATE_MAX:
    *part = ORF_ROLLUP_MAX;
    return TRUE;
  case ORF_METRICS_AGGREGATE_LAST:
    *part = ORF_ROLLUP_LAST;
    return TRUE;
  case ORF_METRICS_AGGREGATE_RATE:
  case ORF_METRICS_AGGREGATE_INCREASE:
  case ORF_METRICS_AGGREGATE_DELTA: /* two points of the window are needed */
    *part = ORF_ROLLUP_LAST;
    return selector->window_us >= 2 * ORF_MINUTE_US;
  case ORF_METRICS_AGGREGATE_P50:
  case ORF_METRICS_AGGREGATE_P95:
  case ORF_METRICS_AGGREGATE_P99:
    return TRUE;
  default: /* sum, count, stddev: of all points */
    return FALSE;
  }
}

static OrfExprTowards
turn (OrfExprTowards towards)
{
  return (OrfExprTowards) - (int) towards;
}

static gboolean add_parts (const OrfExpr *expr, OrfExprTowards towards, GArray *parts);

static gboolean
add_both (const OrfExpr *expr, OrfExprTowards left, OrfExprTowards right, GArray *parts)
{
  return add_parts (expr->left, left, parts) && add_parts (expr->right, right, parts);
}

/* Values are taken for positive where they are multiplied: most metrics are. */
static gboolean
add_binary (const OrfExpr *expr, OrfExprTowards towards, GArray *parts)
{
  switch (expr->op) {
  case ORF_EXPR_GREATER:
  case ORF_EXPR_GREATER_OR_EQUAL:
  case ORF_EXPR_SUBTRACT:
  case ORF_EXPR_DIVIDE:
    return add_both (expr, towards, turn (towards), parts);
  case ORF_EXPR_LESS:
  case ORF_EXPR_LESS_OR_EQUAL:
    return add_both (expr, turn (towards), towards, parts);
  case ORF_EXPR_EQUAL:
  case ORF_EXPR_NOT_EQUAL:
    return add_both (expr, ORF_EXPR_TOWARDS_LAST, ORF_EXPR_TOWARDS_LAST, parts);
  default:
    return add_both (expr, towards, towards, parts);
  }
}

/* In the order of orf_expr_list_selectors(). */
static gboolean
add_parts (const OrfExpr *expr, OrfExprTowards towards, GArray *parts)
{
  OrfRollupPart part;

  if (expr == NULL)
    return TRUE;
  if (expr->kind == ORF_EXPR_NEGATE || expr->kind == ORF_EXPR_NOT)
    return add_parts (expr->left, turn (towards), parts);
  if (expr->kind == ORF_EXPR_BINARY)
    return add_binary (expr, towards, parts);
  if (expr->selector == NULL)
    return add_both (expr, towards, towards, parts);
  if (!get_part (expr, towards, &part))
    return FALSE;
  g_array_append_val (parts, part);
  return TRUE;
}

GArray *
orf_expr_minutes_get_parts (const OrfExpr *expr, OrfExprTowards towards)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (OrfRollupPart));

  return add_parts (expr, towards, parts) ? g_steal_pointer (&parts) : NULL;
}

/* ---- points of minutes ----------------------------------------------------------------------- */

typedef struct {
  OrfRollupPart part;
  gint64 step_us;
  GArray *folded;
  gint64 begin_us; /* of the span that is not told yet, */
  guint n;         /* what it has, */
  double value;    /* and what that comes to */
} Fold;

static void
finish (Fold *fold)
{
  OrfPoint point = { fold->begin_us + fold->step_us - 1, fold->value };

  if (fold->n == 0)
    return;
  if (fold->part == ORF_ROLLUP_SUM)
    point.value /= fold->n;
  g_array_append_val (fold->folded, point);
  fold->n = 0;
}

static double
put_together (OrfRollupPart part, double before, double value)
{
  switch ((int) part) {
  case ORF_ROLLUP_SUM:
    return before + value;
  case ORF_ROLLUP_MIN:
    return MIN (before, value);
  case ORF_ROLLUP_MAX:
    return MAX (before, value);
  default:
    return value;
  }
}

static void
add (Fold *fold, gint64 t_us, double value)
{
  if (fold->n > 0 && t_us >= fold->begin_us + fold->step_us)
    finish (fold);
  if (fold->n == 0)
    fold->begin_us = orf_rollup_align (t_us, fold->step_us);
  fold->value = fold->n > 0 ? put_together (fold->part, fold->value, value) : value;
  fold->n++;
}

static double
get_figure (OrfRollupPart part, const OrfRollup *rollup)
{
  switch ((int) part) {
  case ORF_ROLLUP_SUM:
    return rollup->sum / (double) rollup->count;
  case ORF_ROLLUP_MIN:
    return rollup->min;
  case ORF_ROLLUP_MAX:
    return rollup->max;
  default:
    return rollup->last;
  }
}

GArray *
orf_expr_minutes_fold (OrfRollupPart part,
                       gint64 step_us,
                       const GArray *points,
                       const GArray *rollups)
{
  guint n_rollups = rollups != NULL ? rollups->len : 0;
  Fold fold = { .part = part, .step_us = step_us };
  guint i = 0;

  fold.folded = g_array_sized_new (FALSE, FALSE, sizeof (OrfPoint), n_rollups);
  for (guint r = 0; r <= n_rollups; r++) {
    const OrfRollup *rollup = r < n_rollups ? &g_array_index (rollups, OrfRollup, r) : NULL;

    for (; i < points->len; i++) {
      const OrfPoint *point = &g_array_index (points, OrfPoint, i);

      if (rollup != NULL && point->t_us >= rollup->t_us)
        break;
      add (&fold, point->t_us, point->value);
    }
    if (rollup != NULL)
      add (&fold, rollup->t_us, get_figure (part, rollup));
  }
  finish (&fold);
  return fold.folded;
}
