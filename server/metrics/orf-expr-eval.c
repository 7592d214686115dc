/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-eval.h"

#include <math.h>
#include <string.h>

#include "core/orf-names.h"
#include "metrics/orf-gathered.h"
#include "metrics/orf-quantile.h"
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

static void
add_label (GPtrArray *labels, const char *key, const char *value)
{
  g_ptr_array_add (labels, g_strdup (key));
  g_ptr_array_add (labels, g_strdup (value));
}

/* With the name as a label, so that series of several names can be told apart. */
static char **
dup_labels_with_name (const OrfExprSeries *series)
{
  GPtrArray *labels = g_ptr_array_new ();
  char *const *at = series->labels;

  for (; *at != NULL && strcmp (*at, "__name__") < 0; at += 2)
    add_label (labels, at[0], at[1]);
  add_label (labels, "__name__", series->name);
  if (*at != NULL && g_str_equal (*at, "__name__"))
    at += 2;
  for (; *at != NULL; at += 2)
    add_label (labels, at[0], at[1]);
  g_ptr_array_add (labels, NULL);
  return (char **) g_ptr_array_free (labels, FALSE);
}

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
                     named ? g_strdupv ((char **) one->labels) : dup_labels_with_name (one), error);
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

typedef struct {
  char **labels;    /* the result's */
  GPtrArray *lines; /* OrfExprLine, borrowed */
} Group;

static void
group_free (gpointer data)
{
  Group *group = data;

  g_strfreev (group->labels);
  g_ptr_array_unref (group->lines);
  g_free (group);
}

/* Of the lines' order. */
static GPtrArray *
group_lines (const OrfExprVector *vector, const char *const *by)
{
  g_autoptr (GHashTable) by_key = orf_names_table_new (g_free, NULL);
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);

  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];
    g_auto (GStrv) labels = orf_series_name_keep_labels (line->labels, by);
    g_autofree char *key = orf_series_name_to_text ("", labels);
    Group *group = g_hash_table_lookup (by_key, key);

    if (group == NULL) {
      group = g_new0 (Group, 1);
      group->labels = g_steal_pointer (&labels);
      group->lines = g_ptr_array_new ();
      g_ptr_array_add (groups, group);
      g_hash_table_insert (by_key, g_steal_pointer (&key), group);
    }
    g_ptr_array_add (group->lines, line);
  }
  return groups;
}

/* sorted has room for a value of each line. */
static double
gather_quantile (const Group *group, guint k, double share, double *sorted)
{
  guint n = 0;

  for (guint i = 0; i < group->lines->len; i++) {
    double value = ((OrfExprLine *) group->lines->pdata[i])->values[k];

    if (!isnan (value))
      sorted[n++] = value;
  }
  orf_quantile_sort (sorted, n);
  return orf_quantile_get (sorted, n, share);
}

static double
gather (const Group *group, guint k, OrfMetricsAggregate aggregate)
{
  OrfGathered all = { 0 };

  for (guint i = 0; i < group->lines->len; i++) {
    OrfPoint point = { 0, ((OrfExprLine *) group->lines->pdata[i])->values[k] };

    if (!isnan (point.value))
      orf_gathered_add (&all, &point);
  }
  return orf_gathered_conclude (&all, aggregate);
}

static void
fill_group (const Group *group, OrfMetricsAggregate aggregate, double *values, guint n_values)
{
  g_autofree double *sorted = NULL;
  double share;

  if (orf_quantile_find_share (aggregate, &share))
    sorted = g_new (double, group->lines->len);
  for (guint k = 0; k < n_values; k++) {
    values[k] = sorted != NULL ? gather_quantile (group, k, share, sorted)
                               : gather (group, k, aggregate);
    if (!isfinite (values[k]))
      values[k] = NAN;
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
  groups = group_lines (of, (const char *const *) expr->by);
  for (guint i = 0; i < groups->len; i++) {
    Group *group = groups->pdata[i];
    OrfExprLine *line = add_line (evaluation, vector, g_steal_pointer (&group->labels), error);

    if (line == NULL)
      return NULL;
    fill_group (group, expr->aggregate, line->values, vector->n_values);
  }
  if (vector->scalar && groups->len == 0 && add_scalar (evaluation, vector, error) == NULL)
    return NULL;
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
