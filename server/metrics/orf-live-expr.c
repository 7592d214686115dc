/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-expr.h"

#include <math.h>

#include "metrics/orf-live-run.h"
#include "orf-error.h"

struct _OrfLiveExpr {
  OrfLivePool *pool;
  GPtrArray *steps; /* OrfLiveStep, inputs before what they go into; the last is the root */
  OrfExprVector vector;
  OrfExprLine *lines; /* the vector's, in the order of the root's values */
  guint n_lines;
  gboolean is_laid_out;
  gboolean is_mixed;     /* whether one line is known can change what another comes to */
  GError *layout_error;  /* why there are no lines */
  guint64 lines_version; /* the pool's, when that was so */
  GError *error;         /* of the latest time */
};

/* ---- layout ---------------------------------------------------------------------------------- */

static void
lines_clear (OrfLiveExpr *self)
{
  for (guint i = 0; i < self->n_lines; i++) {
    g_strfreev (self->lines[i].labels);
    g_free (self->lines[i].key);
  }
  g_clear_pointer (&self->lines, g_free);
  self->n_lines = 0;
  g_ptr_array_set_size (self->vector.lines, 0);
}

static OrfLiveStep *
get_root (const OrfLiveExpr *self)
{
  return self->steps->pdata[self->steps->len - 1];
}

/* Side by side in memory, as they are read at each tick. */
static void
take_root_lines (OrfLiveExpr *self, OrfExprVector *lines)
{
  self->n_lines = lines->lines->len;
  self->lines = g_new0 (OrfExprLine, self->n_lines);
  for (guint i = 0; i < self->n_lines; i++) {
    OrfExprLine *line = lines->lines->pdata[i];

    self->lines[i] = (OrfExprLine){ g_steal_pointer (&line->labels), g_steal_pointer (&line->key),
                                    &get_root (self)->values[i] };
    g_ptr_array_add (self->vector.lines, &self->lines[i]);
  }
  orf_expr_vector_sort (&self->vector);
}

static void
forget_vector (gpointer data)
{
  if (data != NULL)
    orf_expr_vector_free (data);
}

/* NULL: it has no such input. */
static OrfExprVector *
pop (GPtrArray *stack, const OrfLiveStep *input)
{
  return input != NULL ? g_ptr_array_steal_index (stack, stack->len - 1) : NULL;
}

/* What is laid out of each step waits on a stack for the step that it goes into. */
static gboolean
lay_out_steps (OrfLiveExpr *self, GError **error)
{
  g_autoptr (GPtrArray) stack = g_ptr_array_new_with_free_func (forget_vector);

  for (guint i = 0; i < self->steps->len; i++) {
    OrfLiveStep *step = self->steps->pdata[i];
    OrfExprVector *right = pop (stack, step->right);
    OrfExprVector *left = pop (stack, step->left);
    OrfExprVector *lines = orf_live_step_lay_out (step, self->pool, left, right, error);

    if (lines == NULL)
      return FALSE;
    g_ptr_array_add (stack, lines);
  }
  take_root_lines (self, stack->pdata[0]);
  return TRUE;
}

static void
lay_out (OrfLiveExpr *self)
{
  g_clear_error (&self->layout_error);
  lines_clear (self);
  self->is_laid_out = TRUE;
  self->vector.layout = orf_live_pool_next_version (self->pool);
  for (guint i = 0; i < self->steps->len; i++) {
    OrfLiveStep *step = self->steps->pdata[i];

    step->version = step->match != NULL ? orf_live_match_get_version (step->match) : 0;
  }
  if (lay_out_steps (self, &self->layout_error))
    return;
  for (guint i = 0; i < self->steps->len; i++)
    orf_live_step_clear (self->steps->pdata[i], self->pool);
  self->lines_version = orf_live_pool_get_lines_version (self->pool);
}

static gboolean
is_stale (const OrfLiveExpr *self)
{
  if (!self->is_laid_out)
    return TRUE;
  if (self->layout_error != NULL &&
      self->lines_version != orf_live_pool_get_lines_version (self->pool))
    return TRUE;
  for (guint i = 0; i < self->steps->len; i++) {
    const OrfLiveStep *step = self->steps->pdata[i];

    if (step->match != NULL && step->version != orf_live_match_get_version (step->match))
      return TRUE;
  }
  return FALSE;
}

/* ---- the expression -------------------------------------------------------------------------- */

/* Said of each value, so that nothing is taken for known that is made of a part. */
static void
check_matches (OrfLiveExpr *self)
{
  for (guint i = 0; i < self->steps->len; i++) {
    const OrfLiveStep *step = self->steps->pdata[i];

    if (step->match == NULL || orf_live_match_get_n_failed (step->match) == 0)
      continue;
    g_set_error (&self->error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "expr: a regular expression at position %u takes too long to match %u series",
                 step->expr->position, orf_live_match_get_n_failed (step->match));
    return;
  }
}

/* A sum of what is left would be a wrong one. */
static void
tell_short (OrfLiveExpr *self, guint n_short)
{
  g_set_error (&self->error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "there was no room for points that %u values of the expression need", n_short);
}

static void
run_steps (OrfLiveExpr *self, gint64 now_us)
{
  OrfLiveTick tick = { .now_us = now_us };

  check_matches (self);
  for (guint i = 0; i < self->steps->len && self->error == NULL; i++) {
    orf_live_step_run (&tick, self->steps->pdata[i]);
    self->error = g_steal_pointer (&tick.error);
  }
  if (self->error == NULL && tick.n_short > 0)
    tell_short (self, tick.n_short);
  if (self->error == NULL || (tick.n_short > 0 && !self->is_mixed))
    return;
  for (guint i = 0; i < self->n_lines; i++)
    self->lines[i].values[0] = NAN;
}

const OrfExprVector *
orf_live_expr_eval (OrfLiveExpr *self, gint64 now_us)
{
  g_clear_error (&self->error);
  now_us = orf_live_pool_advance (self->pool, now_us);
  if (is_stale (self))
    lay_out (self);
  if (self->layout_error == NULL)
    run_steps (self, now_us);
  return &self->vector;
}

const GError *
orf_live_expr_get_error (const OrfLiveExpr *self)
{
  return self->layout_error != NULL ? self->layout_error : self->error;
}

static gboolean
mixes_lines (const OrfExpr *expr)
{
  return expr->kind == ORF_EXPR_ACROSS ||
         (expr->kind == ORF_EXPR_BINARY && orf_expr_is_logical (expr->op)) ||
         (expr->selector != NULL && orf_selector_get_name (expr->selector) == NULL);
}

/* NULL: a selector is none. */
static OrfLiveStep *
add_step (OrfLiveExpr *self, const OrfExpr *expr, GError **error)
{
  OrfLiveStep *left = expr->left != NULL ? add_step (self, expr->left, error) : NULL;
  OrfLiveStep *right = left != NULL && expr->right != NULL ? add_step (self, expr->right, error)
                                                           : NULL;
  OrfLiveStep *step;

  if ((expr->left != NULL && left == NULL) || (expr->right != NULL && right == NULL))
    return NULL;
  step = g_new0 (OrfLiveStep, 1);
  step->expr = expr;
  self->is_mixed = self->is_mixed || mixes_lines (expr);
  step->left = left;
  step->right = right;
  step->is_scalar = expr->kind == ORF_EXPR_NUMBER || expr->kind == ORF_EXPR_ABSENT ||
                    (expr->kind == ORF_EXPR_ACROSS && expr->by[0] == NULL) ||
                    (expr->kind != ORF_EXPR_ACROSS && left != NULL && left->is_scalar &&
                     (right == NULL || right->is_scalar));
  g_ptr_array_add (self->steps, step);
  if (expr->selector == NULL)
    return step;
  step->match = orf_live_pool_take_match (self->pool, expr->select, orf_live_step_get_need (expr),
                                          error);
  return step->match != NULL ? step : NULL;
}

OrfLiveExpr *
orf_live_expr_new (OrfLivePool *pool, const OrfExpr *expr, GError **error)
{
  g_autoptr (OrfLiveExpr) self = g_new0 (OrfLiveExpr, 1);

  self->pool = pool;
  self->steps = g_ptr_array_new_with_free_func (g_free);
  self->vector = (OrfExprVector){ FALSE, 1, g_ptr_array_new (), 0 };
  return add_step (self, expr, error) != NULL ? g_steal_pointer (&self) : NULL;
}

void
orf_live_expr_free (OrfLiveExpr *self)
{
  if (self == NULL)
    return;
  lines_clear (self);
  for (guint i = 0; i < self->steps->len; i++) {
    OrfLiveStep *step = self->steps->pdata[i];

    orf_live_step_clear (step, self->pool);
    if (step->match != NULL)
      orf_live_pool_give_back_match (self->pool, step->match);
  }
  g_ptr_array_unref (self->steps);
  g_ptr_array_unref (self->vector.lines);
  g_clear_error (&self->layout_error);
  g_clear_error (&self->error);
  g_free (self);
}
