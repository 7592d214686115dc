/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-run.h"

#include <math.h>

#include "metrics/orf-expr-group.h"

/* Series that are fetched from memory together: what they need fits into the nearest cache. */
#define AT_ONCE 32

/* Memory is what it waits for: all that these need is asked for before the first of them is. */
static void
prefetch (const OrfLiveInput *inputs, guint n_inputs)
{
  for (guint i = 0; i < n_inputs; i++)
    orf_live_series_touch (inputs[i].series, inputs[i].window);
  for (guint i = 0; i < n_inputs; i++)
    orf_live_series_prefetch (inputs[i].series, inputs[i].window);
}

static void
run_series (OrfLiveTick *tick, OrfLiveStep *step)
{
  gboolean is_short;

  for (guint i = 0; i < step->n_inputs; i++) {
    double value;

    if (i % AT_ONCE == 0)
      prefetch (&step->inputs[i], MIN (AT_ONCE, step->n_inputs - i));
    value = orf_live_series_ask (step->inputs[i].series, step->inputs[i].window, tick->now_us,
                                 &is_short);
    tick->n_short += is_short;
    step->values[i] = isfinite (value) ? value : NAN;
  }
}

/* What may have been lost may have been there. */
static void
run_absent (OrfLiveTick *tick, OrfLiveStep *step)
{
  step->values[0] = 1;
  for (guint i = 0; i < step->n_inputs && step->values[0] != 0; i++) {
    gboolean is_short;
    double value = orf_live_series_ask (step->inputs[i].series, step->inputs[i].window,
                                        tick->now_us, &is_short);

    tick->n_short += is_short;
    if (!isnan (value))
      step->values[0] = 0;
    else if (is_short)
      step->values[0] = NAN;
  }
}

static void
run_across (OrfLiveStep *step)
{
  const double *from = step->left->values;

  for (guint i = 0; i < step->n; i++) {
    guint n_known = 0;

    for (guint k = step->starts[i]; k < step->starts[i + 1]; k++)
      if (!isnan (from[step->members[k]]))
        step->known[n_known++] = from[step->members[k]];
    step->values[i] = orf_expr_group_gather (step->expr->aggregate, step->known, n_known);
  }
}

static void
run_unary (OrfLiveStep *step)
{
  gboolean is_not = step->expr->kind == ORF_EXPR_NOT;

  for (guint i = 0; i < step->n; i++)
    if (!isnan (step->values[i]))
      step->values[i] = is_not ? step->values[i] == 0 : -step->values[i];
}

static void
run_scalar (OrfLiveStep *step, OrfExprOperation operation)
{
  gboolean is_left = step->left->is_scalar;
  double scalar = (is_left ? step->left : step->right)->values[0];
  const double *from = (is_left ? step->right : step->left)->values;

  for (guint i = 0; i < step->n; i++)
    step->values[i] = is_left ? operation (scalar, from[i]) : operation (from[i], scalar);
}

/* Where nothing is known of the lines, the scalar may be enough. */
static void
run_logical_scalar (OrfLiveStep *step, OrfExprOperation operation)
{
  const OrfLiveStep *input = step->left->is_scalar ? step->right : step->left;
  double scalar = (step->left->is_scalar ? step->left : step->right)->values[0];
  gboolean is_known = FALSE;

  step->values[step->bare] = NAN;
  for (guint i = 0; i < input->n; i++) {
    double value = input->values[i];

    is_known = is_known || !isnan (value);
    step->values[i] = isnan (value) ? NAN : operation (value, scalar);
  }
  if (!is_known)
    step->values[step->bare] = operation (NAN, scalar);
}

/* FALSE: two lines of one key are known. */
static gboolean
merge_lines (OrfLiveTick *tick, const OrfLiveStep *step, guint i)
{
  const OrfLiveSide *side = &step->sides[i];
  const double *from = (i == 0 ? step->left : step->right)->values;

  for (guint k = 0; k < side->n_keys; k++)
    side->values[k] = NAN;
  for (guint k = 0; k < side->n_lines; k++) {
    guint key = side->keys[k];

    if (isnan (from[k]))
      continue;
    if (!isnan (side->values[key])) {
      tick->error = orf_expr_new_twice_error (step->expr, i == 0 ? "left" : "right",
                                              side->texts[key]);
      return FALSE;
    }
    side->values[key] = from[k];
  }
  return TRUE;
}

static void
run_join (OrfLiveTick *tick, OrfLiveStep *step, OrfExprOperation operation)
{
  const double *values[2] = { step->left->values, step->right->values };

  for (guint i = 0; i < 2; i++) {
    if (step->sides[i].keys == NULL)
      continue;
    if (!merge_lines (tick, step, i))
      return;
    values[i] = step->sides[i].values;
  }
  for (guint i = 0; i < step->n; i++) {
    guint left = step->at[0][i], right = step->at[1][i];

    step->values[i] = operation (left != ORF_LIVE_NOWHERE ? values[0][left] : NAN,
                                 right != ORF_LIVE_NOWHERE ? values[1][right] : NAN);
  }
}

static void
run_binary (OrfLiveTick *tick, OrfLiveStep *step)
{
  OrfExprOperation operation = orf_expr_get_operation (step->expr->op);

  if (!step->left->is_scalar && !step->right->is_scalar)
    run_join (tick, step, operation);
  else if (!step->is_scalar && orf_expr_is_logical (step->expr->op))
    run_logical_scalar (step, operation);
  else
    run_scalar (step, operation);
}

void
orf_live_step_run (OrfLiveTick *tick, OrfLiveStep *step)
{
  switch (step->expr->kind) {
  case ORF_EXPR_NUMBER:
    step->values[0] = step->expr->number; /* which an operator may have worked on */
    break;
  case ORF_EXPR_LATEST:
  case ORF_EXPR_WINDOW:
    run_series (tick, step);
    break;
  case ORF_EXPR_ABSENT:
    run_absent (tick, step);
    break;
  case ORF_EXPR_ACROSS:
    run_across (step);
    break;
  case ORF_EXPR_NEGATE:
  case ORF_EXPR_NOT:
    run_unary (step);
    break;
  case ORF_EXPR_BINARY:
  default:
    run_binary (tick, step);
  }
}
