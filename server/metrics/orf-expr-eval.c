/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-eval.h"

#include <math.h>

#include "metrics/orf-expr-group.h"
#include "metrics/orf-series-name.h"
#include "metrics/orf-sliding.h"
#include "orf-error.h"

typedef struct {
  const OrfExprSpec *spec;
  const GArray *const *inputs; /* the next selector's */
  guint64 n_values;            /* made so far */
  guint64 n_points;            /* gone over so far */
} Evaluation;

static OrfExprVector *eval (Evaluation *evaluation, const OrfExpr *expr, GError **error);

/* ---- what is asked --------------------------------------------------------------------------- */

static void
list_selectors (const OrfExpr *expr, GPtrArray *selectors)
{
  if (expr == NULL)
    return;
  if (expr->selector != NULL)
    g_ptr_array_add (selectors, (gpointer) expr);
  list_selectors (expr->left, selectors);
  list_selectors (expr->right, selectors);
}

GPtrArray *
orf_expr_list_selectors (const OrfExpr *expr)
{
  GPtrArray *selectors = g_ptr_array_new ();

  list_selectors (expr, selectors);
  return selectors;
}

gint64
orf_expr_get_reach_us (const OrfExpr *selector)
{
  switch (selector->kind) {
  case ORF_EXPR_LATEST:
    return ORF_EXPR_LATEST_US;
  case ORF_EXPR_WINDOW:
    return orf_sliding_get_reach_us (selector->aggregate, selector->window_us);
  default:
    return selector->window_us;
  }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static gboolean
refuse_size (const Evaluation *evaluation, const char *what, const char *remedy, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "the parts of the expression have more %s together than [metrics] max_query_points "
               "(%" G_GUINT64_FORMAT "): ask for fewer series, or %s",
               what, evaluation->spec->max_values, remedy);
  return FALSE;
}

/* Before the points of a series are gone over: that is the work, so the deadline is looked at. */
static gboolean
admit_points (Evaluation *evaluation, const OrfExprSeries *series, GError **error)
{
  const OrfExprSpec *spec = evaluation->spec;

  if (orf_cancel_is_set (spec->cancel)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED,
                         "the deadline passed before the expression was evaluated");
    return FALSE;
  }
  if (evaluation->n_points + series->n_points > spec->max_values)
    return refuse_size (evaluation, "points", "a shorter span", error);
  evaluation->n_points += series->n_points;
  return TRUE;
}

/* Before a line of values is made. */
static gboolean
admit_line (Evaluation *evaluation, GError **error)
{
  const OrfExprSpec *spec = evaluation->spec;

  if (evaluation->n_values + spec->grid.n_steps > spec->max_values)
    return refuse_size (evaluation, "values", "a shorter span or a larger step_us", error);
  evaluation->n_values += spec->grid.n_steps;
  return TRUE;
}

/* Takes labels. */
static OrfExprLine *
add_line (Evaluation *evaluation, OrfExprVector *vector, char **labels, GError **error)
{
  if (admit_line (evaluation, error))
    return orf_expr_vector_add (vector, labels);
  g_strfreev (labels);
  return NULL;
}

static OrfExprLine *
add_scalar (Evaluation *evaluation, OrfExprVector *vector, GError **error)
{
  return add_line (evaluation, vector, g_new0 (char *, 1), error);
}

static OrfExprVector *
new_vector (const Evaluation *evaluation, gboolean scalar)
{
  return orf_expr_vector_new (scalar, evaluation->spec->grid.n_steps);
}

/* ---- series ---------------------------------------------------------------------------------- */

static OrfExprVector *
eval_series (Evaluation *evaluation, const OrfExpr *expr, GError **error)
{
  const GArray *series = *evaluation->inputs++;
  g_autoptr (OrfExprVector) vector = new_vector (evaluation, FALSE);
  gboolean latest = expr->kind == ORF_EXPR_LATEST;
  gboolean named = orf_selector_get_name (expr->selector) != NULL;

  for (guint i = 0; i < series->len; i++) {
    const OrfExprSeries *one = &g_array_index (series, OrfExprSeries, i);
    OrfExprLine *line;

    if (one->n_points == 0)
      continue;
    if (!admit_points (evaluation, one, error))
      return NULL;
    line = add_line (evaluation, vector,
                     named ? g_strdupv ((char **) one->labels)
                           : orf_series_name_add_name (one->name, one->labels),
                     error);
    if (line == NULL)
      return NULL;
    orf_sliding_fill (&evaluation->spec->grid,
                      latest ? ORF_METRICS_AGGREGATE_LAST : expr->aggregate,
                      latest ? ORF_EXPR_LATEST_US : expr->window_us, one->points, one->n_points,
                      line->values);
    for (guint k = 0; k < vector->n_values; k++)
      if (!isfinite (line->values[k]))
        line->values[k] = NAN;
  }
  orf_expr_vector_prune (vector);
  return g_steal_pointer (&vector);
}

static OrfExprVector *
eval_absent (Evaluation *evaluation, const OrfExpr *expr, GError **error)
{
  const GArray *series = *evaluation->inputs++;
  g_autoptr (OrfExprVector) vector = new_vector (evaluation, TRUE);
  OrfExprLine *line = add_scalar (evaluation, vector, error);
  g_autofree double *counts = NULL;

  if (line == NULL)
    return NULL;
  counts = g_new (double, vector->n_values);
  for (guint k = 0; k < vector->n_values; k++)
    line->values[k] = 1;
  for (guint i = 0; i < series->len; i++) {
    const OrfExprSeries *one = &g_array_index (series, OrfExprSeries, i);

    if (!admit_points (evaluation, one, error))
      return NULL;
    orf_sliding_fill (&evaluation->spec->grid, ORF_METRICS_AGGREGATE_COUNT, expr->window_us,
                      one->points, one->n_points, counts);
    for (guint k = 0; k < vector->n_values; k++)
      if (!isnan (counts[k]))
        line->values[k] = 0;
  }
  return g_steal_pointer (&vector);
}

/* ---- across series --------------------------------------------------------------------------- */

static void
fill_group (const OrfExprVector *of,
            const OrfExprGroup *group,
            OrfMetricsAggregate aggregate,
            double *values)
{
  g_autofree double *known = g_new (double, group->lines->len);

  for (guint k = 0; k < of->n_values; k++) {
    guint n_known = 0;

    for (guint i = 0; i < group->lines->len; i++) {
      const OrfExprLine *line = of->lines->pdata[g_array_index (group->lines, guint, i)];

      if (!isnan (line->values[k]))
        known[n_known++] = line->values[k];
    }
    values[k] = orf_expr_group_gather (aggregate, known, n_known);
  }
}

/* by (): one line in any case. */
static OrfExprVector *
eval_across (Evaluation *evaluation, const OrfExpr *expr, GError **error)
{
  g_autoptr (OrfExprVector) of = eval (evaluation, expr->left, error);
  g_autoptr (OrfExprVector) vector = new_vector (evaluation, expr->by[0] == NULL);
  g_autoptr (GPtrArray) groups = NULL;

  if (of == NULL)
    return NULL;
  groups = orf_expr_group_lines (of, (const char *const *) expr->by);
  for (guint i = 0; i < groups->len; i++) {
    OrfExprGroup *group = groups->pdata[i];
    OrfExprLine *line = add_line (evaluation, vector, g_steal_pointer (&group->labels), error);

    if (line == NULL)
      return NULL;
    fill_group (of, group, expr->aggregate, line->values);
  }
  if (vector->scalar && groups->len == 0 && add_scalar (evaluation, vector, error) == NULL)
    return NULL;
  if (!vector->scalar)
    orf_expr_vector_prune (vector);
  return g_steal_pointer (&vector);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static OrfExprVector *
eval_number (Evaluation *evaluation, const OrfExpr *expr, GError **error)
{
  g_autoptr (OrfExprVector) vector = new_vector (evaluation, TRUE);
  OrfExprLine *line = add_scalar (evaluation, vector, error);

  if (line == NULL)
    return NULL;
  for (guint k = 0; k < vector->n_values; k++)
    line->values[k] = expr->number;
  return g_steal_pointer (&vector);
}

static OrfExprVector *
eval_unary (Evaluation *evaluation,
            const OrfExpr *expr,
            void (*apply) (OrfExprVector *),
            GError **error)
{
  OrfExprVector *vector = eval (evaluation, expr->left, error);

  if (vector != NULL)
    apply (vector);
  return vector;
}

static OrfExprVector *
eval_binary (Evaluation *evaluation, const OrfExpr *expr, GError **error)
{
  g_autoptr (OrfExprVector) left = eval (evaluation, expr->left, error);
  OrfExprVector *right = left != NULL ? eval (evaluation, expr->right, error) : NULL;

  if (right == NULL)
    return NULL;
  return orf_expr_vector_join (g_steal_pointer (&left), expr, right, error);
}

static OrfExprVector *
eval (Evaluation *evaluation, const OrfExpr *expr, GError **error)
{
  switch (expr->kind) {
  case ORF_EXPR_NUMBER:
    return eval_number (evaluation, expr, error);
  case ORF_EXPR_LATEST:
  case ORF_EXPR_WINDOW:
    return eval_series (evaluation, expr, error);
  case ORF_EXPR_ABSENT:
    return eval_absent (evaluation, expr, error);
  case ORF_EXPR_ACROSS:
    return eval_across (evaluation, expr, error);
  case ORF_EXPR_NEGATE:
    return eval_unary (evaluation, expr, orf_expr_vector_negate, error);
  case ORF_EXPR_NOT:
    return eval_unary (evaluation, expr, orf_expr_vector_not, error);
  case ORF_EXPR_BINARY:
  default:
    return eval_binary (evaluation, expr, error);
  }
}

OrfExprVector *
orf_expr_eval (const OrfExpr *expr,
               const OrfExprSpec *spec,
               const GArray *const *inputs,
               GError **error)
{
  Evaluation evaluation = { spec, inputs, 0 };
  OrfExprVector *vector = eval (&evaluation, expr, error);

  if (vector == NULL)
    return NULL;
  orf_expr_vector_prune (vector);
  orf_expr_vector_sort (vector);
  return vector;
}
