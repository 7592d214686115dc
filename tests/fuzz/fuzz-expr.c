/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as an expression: it is refused with its field, or what is printed of it is it again,
 * and what it comes to over some series is known or not, a set of labels once. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "metrics/orf-expr-eval.h"
#include "metrics/orf-expr-parse.h"
#include "orf-error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_printed (const OrfExpr *expr)
{
  g_autofree char *printed = orf_expr_print (expr);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) again = orf_expr_parse (printed, &error);
  g_autofree char *second = NULL;

  if (again == NULL) {
    /* units and numbers may be longer when written out */
    if (strlen (printed) <= ORF_EXPR_MAX_BYTES)
      g_error ("printed, but refused: %s", error->message);
    return;
  }
  second = orf_expr_print (again);
  if (!g_str_equal (printed, second))
    g_error ("printed otherwise: %s", printed);
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static const OrfPoint points[] = { { 1, 0 },          { 5000, -1.5 },     { 1000000, 1e308 },
                                   { 1000001, 7 },    { 2500000, 1e308 }, { 3000000, 7 },
                                   { 600000000, 42 }, { 600000001, 3 } };

static const struct {
  const char *name;
  const char *labels[5];
  guint first, n_points;
} series[] = {
  { "a", { "k", "x" }, 0, 8 },
  { "a", { "k", "y" }, 2, 3 },
  { "b", { "k", "x", "l", "1" }, 1, 6 },
  { "b", { "__name__", "b", "k", "x" }, 0, 1 },
  { "m", { NULL }, 3, 5 },
};

static GArray *
new_input (const OrfSelector *selector)
{
  GArray *input = g_array_new (FALSE, FALSE, sizeof (OrfExprSeries));

  for (guint i = 0; i < G_N_ELEMENTS (series); i++) {
    const OrfExprSeries one = { series[i].name, (char *const *) series[i].labels,
                                points + series[i].first, series[i].n_points };
    gboolean matches = FALSE;

    if (orf_selector_match (selector, one.name, one.labels, &matches, NULL) && matches)
      g_array_append_val (input, one);
  }
  return input;
}

static void
check_vector (const OrfExprVector *vector)
{
  for (guint i = 0; i < vector->lines->len; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];

    if (i > 0 && strcmp (((OrfExprLine *) vector->lines->pdata[i - 1])->key, line->key) >= 0)
      g_error ("lines out of order, or twice: %s", line->key);
    for (guint k = 0; k < vector->n_values; k++)
      if (isinf (line->values[k]))
        g_error ("not finite: %s", line->key);
  }
}

static void
check_evaluated (const OrfExpr *expr)
{
  const OrfExprSpec spec = { .grid = { 600000001, 299999999, 4 }, .max_values = 2000 };
  g_autoptr (GPtrArray) selectors = orf_expr_list_selectors (expr);
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExprVector) vector = NULL;

  for (guint i = 0; i < selectors->len; i++)
    g_ptr_array_add (inputs, new_input (((OrfExpr *) selectors->pdata[i])->selector));
  vector = orf_expr_eval (expr, &spec, (const GArray *const *) inputs->pdata, &error);
  if (vector != NULL)
    check_vector (vector);
  else if (error == NULL)
    g_error ("no vector, and no error");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) expr = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    return 0; /* the codec lets no other in */
  expr = orf_expr_parse (text, &error);
  if (expr != NULL) {
    check_printed (expr);
    check_evaluated (expr);
  } else if (g_strcmp0 (orf_error_get_field (error), "expr") != 0) {
    g_error ("an error that names no field: %s", error->message);
  }
  return 0;
}
