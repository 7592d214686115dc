/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "expr-fixture.h"

#include "metrics/orf-expr-parse.h"

static GArray *
select_series (const OrfSelector *selector, const ExprSeries *series, guint n_series)
{
  GArray *selected = g_array_new (FALSE, FALSE, sizeof (OrfExprSeries));

  for (guint i = 0; i < n_series; i++) {
    const ExprSeries *from = &series[i];
    const OrfExprSeries one = { from->name, (char *const *) from->labels, from->points,
                                from->n_points };
    gboolean matches;

    g_assert_true (orf_selector_match (selector, one.name, one.labels, &matches, NULL));
    if (matches)
      g_array_append_val (selected, one);
  }
  return selected;
}

GPtrArray *
expr_inputs_new (const OrfExpr *expr, const ExprSeries *series, guint n_series)
{
  GPtrArray *inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_autoptr (GPtrArray) selectors = orf_expr_list_selectors (expr);

  for (guint i = 0; i < selectors->len; i++)
    g_ptr_array_add (inputs,
                     select_series (((OrfExpr *) selectors->pdata[i])->selector, series, n_series));
  return inputs;
}

OrfExprVector *
expr_eval (const char *text, const ExprSeries *series, guint n_series, OrfGrid grid, GError **error)
{
  const OrfExprSpec spec = { .grid = grid, .max_values = 100000 };
  g_autoptr (GError) refused = NULL;
  g_autoptr (OrfExpr) expr = orf_expr_parse (text, &refused);
  g_autoptr (GPtrArray) inputs = NULL;

  g_assert_no_error (refused);
  inputs = expr_inputs_new (expr, series, n_series);
  return orf_expr_eval (expr, &spec, (const GArray *const *) inputs->pdata, error);
}

/* ---- random expressions ---------------------------------------------------------------------- */

static const char *
choose (const char *const *of)
{
  return of[g_test_rand_int_range (0, (int) g_strv_length ((char **) of))];
}

void
expr_write_random (GString *text, const ExprWords *words, guint depth)
{
  switch (depth == 0 ? g_test_rand_int_range (0, 3) : g_test_rand_int_range (0, 9)) {
  case 0:
    g_string_append (text, choose (words->leaves));
    break;
  case 1:
    g_string_append_printf (text, "%s(%s, %ds)", choose (words->windows), choose (words->selects),
                            g_test_rand_int_range (1, 200));
    break;
  case 2:
    g_string_append_printf (text, "absent(%s, %ds)", choose (words->selects),
                            g_test_rand_int_range (1, 60));
    break;
  case 3:
    g_string_append_printf (text, "%s by (%s) (", choose (words->groups), choose (words->by));
    expr_write_random (text, words, depth - 1);
    g_string_append (text, ")");
    break;
  case 4:
    g_string_append_printf (text, "(%s (", choose (words->unary));
    expr_write_random (text, words, depth - 1);
    g_string_append (text, "))");
    break;
  default:
    g_string_append (text, "(");
    expr_write_random (text, words, depth - 1);
    g_string_append_printf (text, " %s ", choose (words->binary));
    expr_write_random (text, words, depth - 1);
    g_string_append (text, ")");
  }
}
