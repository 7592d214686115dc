/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-layout.h"

#include "core/orf-names.h"
#include "metrics/orf-expr-eval.h"
#include "metrics/orf-expr-group.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"

static void
inputs_free (OrfLiveInput *inputs, guint n_inputs)
{
  for (guint i = 0; i < n_inputs; i++) {
    orf_live_series_give_back (inputs[i].series, inputs[i].window);
    orf_live_series_unref (inputs[i].series);
  }
  g_free (inputs);
}

static void
side_clear (OrfLiveSide *side)
{
  g_free (side->keys);
  g_free (side->values);
  g_strfreev (side->texts);
  *side = (OrfLiveSide){ 0 };
}

static void
clear_places (OrfLiveStep *step, OrfLivePool *pool)
{
  orf_live_pool_give_back_lines (pool, step->n_lines);
  step->n_lines = 0;
  step->n = 0;
  step->values = NULL;
  g_clear_pointer (&step->owned, g_free);
  g_clear_pointer (&step->starts, g_free);
  g_clear_pointer (&step->members, g_free);
  g_clear_pointer (&step->known, g_free);
  for (guint i = 0; i < 2; i++) {
    side_clear (&step->sides[i]);
    g_clear_pointer (&step->at[i], g_free);
  }
}

void
orf_live_step_clear (OrfLiveStep *step, OrfLivePool *pool)
{
  clear_places (step, pool);
  inputs_free (g_steal_pointer (&step->inputs), step->n_inputs);
  step->n_inputs = 0;
}

/* ---- room ------------------------------------------------------------------------------------ */

static gboolean
take_lines (OrfLiveStep *step, OrfLivePool *pool, guint n_lines, GError **error)
{
  if (orf_live_pool_take_lines (pool, n_lines)) {
    step->n_lines += n_lines;
    return TRUE;
  }
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "all rules together mean more series than there is room for: the part of the "
               "expression at position %u means %u",
               step->expr->position, n_lines);
  return FALSE;
}

static void
own_values (OrfLiveStep *step, guint n)
{
  step->n = n;
  step->owned = step->values = g_new (double, n);
}

/* The input's values are worked on where they are. */
static OrfExprVector *
take_over (OrfLiveStep *step, OrfLiveStep *input, OrfExprVector *lines)
{
  step->n = input->n;
  step->values = input->values;
  return lines;
}

static OrfExprVector *
lay_out_scalar (OrfLiveStep *step)
{
  OrfExprVector *lines = orf_expr_vector_new (TRUE, 0);

  own_values (step, 1);
  step->values[0] = step->expr->number;
  orf_expr_vector_add (lines, g_new0 (char *, 1));
  return lines;
}

/* ---- series ---------------------------------------------------------------------------------- */

/* Of what is absent the newest point tells. */
static OrfMetricsAggregate
get_aggregate (const OrfExpr *expr)
{
  return expr->kind == ORF_EXPR_WINDOW ? expr->aggregate : ORF_METRICS_AGGREGATE_LAST;
}

static gint64
get_window_us (const OrfExpr *expr)
{
  return expr->kind == ORF_EXPR_LATEST ? ORF_EXPR_LATEST_US : expr->window_us;
}

OrfLiveNeed
orf_live_step_get_need (const OrfExpr *expr)
{
  if (get_aggregate (expr) == ORF_METRICS_AGGREGATE_LAST)
    return (OrfLiveNeed){ .newest_us = get_window_us (expr) };
  return (OrfLiveNeed){ .reach_us = orf_expr_get_reach_us (expr) };
}

static OrfLiveInput
take_input (const OrfExpr *expr, OrfLiveSeries *series)
{
  return (
    OrfLiveInput){ orf_live_series_ref (series),
                   orf_live_series_take (series, get_aggregate (expr), get_window_us (expr)) };
}

/* Windows that are there already are taken again before they are given back, and stay. */
static gboolean
take_inputs (OrfLiveStep *step, OrfLivePool *pool, GError **error)
{
  g_autoptr (GPtrArray) series = orf_live_match_list (step->match);
  OrfLiveInput *old = step->inputs;
  guint n_old = step->n_inputs;

  if (!take_lines (step, pool, series->len, error))
    return FALSE;
  step->n_inputs = series->len;
  step->inputs = g_new (OrfLiveInput, series->len);
  for (guint i = 0; i < series->len; i++)
    step->inputs[i] = take_input (step->expr, series->pdata[i]);
  inputs_free (old, n_old);
  return TRUE;
}

static OrfExprVector *
lay_out_series (OrfLiveStep *step)
{
  gboolean is_named = orf_selector_get_name (step->expr->selector) != NULL;
  OrfExprVector *lines = orf_expr_vector_new (FALSE, 0);

  own_values (step, step->n_inputs);
  for (guint i = 0; i < step->n_inputs; i++) {
    const OrfLiveSeries *series = step->inputs[i].series;
    char *const *labels = orf_live_series_get_labels (series);

    orf_expr_vector_add (lines,
                         is_named
                           ? g_strdupv ((char **) labels)
                           : orf_series_name_add_name (orf_live_series_get_name (series), labels));
  }
  return lines;
}

/* ---- across series --------------------------------------------------------------------------- */

static void
place_groups (OrfLiveStep *step, const GPtrArray *groups, guint n_members)
{
  guint at = 0;

  own_values (step, step->is_scalar ? 1 : groups->len);
  step->starts = g_new0 (guint, step->n + 1);
  step->members = g_new (guint, n_members);
  step->known = g_new (double, n_members);
  for (guint i = 0; i < groups->len; i++) {
    const OrfExprGroup *group = groups->pdata[i];

    for (guint k = 0; k < group->lines->len; k++)
      step->members[at++] = g_array_index (group->lines, guint, k);
    step->starts[i + 1] = at;
  }
}

static OrfExprVector *
lay_out_across (OrfLiveStep *step, OrfLivePool *pool, OrfExprVector *of, GError **error)
{
  g_autoptr (OrfExprVector) taken = of;
  g_autoptr (GPtrArray) groups = NULL;
  OrfExprVector *lines;

  if (!take_lines (step, pool, taken->lines->len, error))
    return NULL;
  groups = orf_expr_group_lines (taken, (const char *const *) step->expr->by);
  place_groups (step, groups, taken->lines->len);
  lines = orf_expr_vector_new (step->is_scalar, 0);
  for (guint i = 0; i < groups->len; i++)
    orf_expr_vector_add (lines, g_steal_pointer (&((OrfExprGroup *) groups->pdata[i])->labels));
  if (step->is_scalar && groups->len == 0)
    orf_expr_vector_add (lines, g_new0 (char *, 1));
  return lines;
}

/* ---- and, or with a scalar ------------------------------------------------------------------- */

static OrfExprVector *
lay_out_logical_scalar (OrfLiveStep *step, OrfExprVector *lines)
{
  guint bare = 0;

  while (bare < lines->lines->len &&
         *((const OrfExprLine *) lines->lines->pdata[bare])->key != '\0')
    bare++;
  if (bare == lines->lines->len)
    orf_expr_vector_add (lines, g_new0 (char *, 1));
  step->bare = bare;
  own_values (step, lines->lines->len);
  return lines;
}

/* ---- joins ----------------------------------------------------------------------------------- */

/* Key to its place, plus one. */
static GHashTable *
place_keys (OrfLiveSide *side, const OrfExprVector *lines)
{
  GHashTable *places = orf_names_table_new (NULL, NULL);
  guint *keys = g_new (guint, lines->lines->len);
  GPtrArray *texts = g_ptr_array_new ();

  side->n_lines = lines->lines->len;
  for (guint i = 0; i < side->n_lines; i++) {
    OrfExprLine *line = lines->lines->pdata[i];
    guint place;

    orf_expr_line_drop_name (line);
    place = GPOINTER_TO_UINT (g_hash_table_lookup (places, line->key));
    if (place == 0) {
      g_ptr_array_add (texts, g_strdup (line->key));
      place = texts->len;
      g_hash_table_insert (places, line->key, GUINT_TO_POINTER (place));
    }
    keys[i] = place - 1;
  }
  side->n_keys = texts->len;
  g_ptr_array_add (texts, NULL);
  side->keys = keys;
  side->texts = (char **) g_ptr_array_free (texts, FALSE);
  side->values = g_new (double, side->n_keys);
  if (side->n_keys == side->n_lines) {
    g_clear_pointer (&side->keys, g_free);
    g_clear_pointer (&side->values, g_free);
    g_clear_pointer (&side->texts, g_strfreev);
  }
  return places;
}

/* A line for each key of this side that the result has; of the right one those that the left one
 * does not have. */
static void
add_keys (OrfLiveStep *step,
          guint side,
          const OrfExprVector *from,
          GHashTable *own,
          GHashTable *other,
          OrfExprVector *to)
{
  gboolean is_logical = orf_expr_is_logical (step->expr->op);
  guint n_seen = 0;

  for (guint i = 0; i < from->lines->len; i++) {
    const OrfExprLine *line = from->lines->pdata[i];
    guint place = GPOINTER_TO_UINT (g_hash_table_lookup (own, line->key)) - 1;
    guint there = GPOINTER_TO_UINT (g_hash_table_lookup (other, line->key));

    /* places are given in the order of the lines */
    if (place < n_seen)
      continue;
    n_seen = place + 1;
    if (there == 0 ? !is_logical : side == 1)
      continue;
    step->at[side][to->lines->len] = place;
    step->at[1 - side][to->lines->len] = there == 0 ? ORF_LIVE_NOWHERE : there - 1;
    orf_expr_vector_add (to, g_strdupv (line->labels));
  }
}

static OrfExprVector *
lay_out_join (
  OrfLiveStep *step, OrfLivePool *pool, OrfExprVector *left, OrfExprVector *right, GError **error)
{
  g_autoptr (OrfExprVector) taken_left = left;
  g_autoptr (OrfExprVector) taken_right = right;
  g_autoptr (GHashTable) left_places = NULL;
  g_autoptr (GHashTable) right_places = NULL;
  guint n_most = taken_left->lines->len + taken_right->lines->len;
  OrfExprVector *lines;

  if (!take_lines (step, pool, n_most, error))
    return NULL;
  left_places = place_keys (&step->sides[0], left);
  right_places = place_keys (&step->sides[1], right);
  lines = orf_expr_vector_new (FALSE, 0);
  for (guint i = 0; i < 2; i++)
    step->at[i] = g_new (guint, n_most);
  add_keys (step, 0, left, left_places, right_places, lines);
  add_keys (step, 1, right, right_places, left_places, lines);
  own_values (step, lines->lines->len);
  return lines;
}

/* Takes both. */
static OrfExprVector *
lay_out_binary (
  OrfLiveStep *step, OrfLivePool *pool, OrfExprVector *left, OrfExprVector *right, GError **error)
{
  OrfLiveStep *input = step->left->is_scalar ? step->right : step->left;
  OrfExprVector *lines = step->left->is_scalar ? right : left;

  if (!step->left->is_scalar && !step->right->is_scalar)
    return lay_out_join (step, pool, left, right, error);
  orf_expr_vector_free (step->left->is_scalar ? left : right);
  if (step->is_scalar || !orf_expr_is_logical (step->expr->op))
    return take_over (step, input, lines);
  return lay_out_logical_scalar (step, lines);
}

OrfExprVector *
orf_live_step_lay_out (
  OrfLiveStep *step, OrfLivePool *pool, OrfExprVector *left, OrfExprVector *right, GError **error)
{
  clear_places (step, pool);
  if (step->match != NULL && !take_inputs (step, pool, error))
    return NULL;
  switch (step->expr->kind) {
  case ORF_EXPR_NUMBER:
  case ORF_EXPR_ABSENT:
    return lay_out_scalar (step);
  case ORF_EXPR_LATEST:
  case ORF_EXPR_WINDOW:
    return lay_out_series (step);
  case ORF_EXPR_ACROSS:
    return lay_out_across (step, pool, left, error);
  case ORF_EXPR_NEGATE:
  case ORF_EXPR_NOT:
    return take_over (step, step->left, left);
  case ORF_EXPR_BINARY:
  default:
    return lay_out_binary (step, pool, left, right, error);
  }
}
