/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-vector.h"

#include <math.h>
#include <string.h>

#include "core/orf-names.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"

/* NULL: it went elsewhere. */
static void
line_free (gpointer data)
{
  OrfExprLine *line = data;

  if (line == NULL)
    return;
  g_strfreev (line->labels);
  g_free (line->key);
  g_free (line->values);
  g_free (line);
}

OrfExprVector *
orf_expr_vector_new (gboolean scalar, guint n_values)
{
  OrfExprVector *vector = g_new0 (OrfExprVector, 1);

  vector->scalar = scalar;
  vector->n_values = n_values;
  vector->lines = g_ptr_array_new_with_free_func (line_free);
  return vector;
}

void
orf_expr_vector_free (OrfExprVector *vector)
{
  g_ptr_array_unref (vector->lines);
  g_free (vector);
}

OrfExprLine *
orf_expr_vector_add (OrfExprVector *vector, char **labels)
{
  OrfExprLine *line = g_new0 (OrfExprLine, 1);

  line->labels = labels;
  line->key = orf_series_name_to_text ("", labels);
  line->values = g_new (double, vector->n_values);
  for (guint i = 0; i < vector->n_values; i++)
    line->values[i] = NAN;
  g_ptr_array_add (vector->lines, line);
  return line;
}

static gboolean
is_known (const OrfExprVector *vector, const OrfExprLine *line)
{
  for (guint i = 0; i < vector->n_values; i++)
    if (!isnan (line->values[i]))
      return TRUE;
  return FALSE;
}

void
orf_expr_vector_prune (OrfExprVector *vector)
{
  GPtrArray *known = g_ptr_array_new_with_free_func (line_free);

  for (guint i = 0; i < vector->lines->len; i++)
    if (is_known (vector, vector->lines->pdata[i]))
      g_ptr_array_add (known, g_steal_pointer (&vector->lines->pdata[i]));
  g_ptr_array_unref (vector->lines);
  vector->lines = known;
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfExprLine *const *) a)->key, (*(OrfExprLine *const *) b)->key);
}

void
orf_expr_vector_sort (OrfExprVector *vector)
{
  g_ptr_array_sort (vector->lines, compare_keys);
}

/* ---- values ---------------------------------------------------------------------------------- */

static gboolean
is_true (double value)
{
  return !isnan (value) && value != 0;
}

static double
unless_unknown (double a, double b, gboolean truth)
{
  return isnan (a) || isnan (b) ? NAN : truth;
}

/* What no double holds is not known either. */
static double
keep_finite (double value)
{
  return isfinite (value) ? value : NAN;
}

static double
do_or (double a, double b)
{
  return is_true (a) || is_true (b) ? 1 : unless_unknown (a, b, FALSE);
}

static double
do_and (double a, double b)
{
  return a == 0 || b == 0 ? 0 : unless_unknown (a, b, TRUE);
}

static double
do_greater_or_equal (double a, double b)
{
  return unless_unknown (a, b, a >= b);
}

static double
do_less_or_equal (double a, double b)
{
  return unless_unknown (a, b, a <= b);
}

static double
do_equal (double a, double b)
{
  return unless_unknown (a, b, a == b);
}

static double
do_not_equal (double a, double b)
{
  return unless_unknown (a, b, a != b);
}

static double
do_greater (double a, double b)
{
  return unless_unknown (a, b, a > b);
}

static double
do_less (double a, double b)
{
  return unless_unknown (a, b, a < b);
}

static double
do_add (double a, double b)
{
  return keep_finite (a + b);
}

static double
do_subtract (double a, double b)
{
  return keep_finite (a - b);
}

static double
do_multiply (double a, double b)
{
  return keep_finite (a * b);
}

static double
do_divide (double a, double b)
{
  return keep_finite (a / b);
}

static const OrfExprOperation operations[ORF_EXPR_N_OPERATORS] = {
  [ORF_EXPR_OR] = do_or,
  [ORF_EXPR_AND] = do_and,
  [ORF_EXPR_GREATER_OR_EQUAL] = do_greater_or_equal,
  [ORF_EXPR_LESS_OR_EQUAL] = do_less_or_equal,
  [ORF_EXPR_EQUAL] = do_equal,
  [ORF_EXPR_NOT_EQUAL] = do_not_equal,
  [ORF_EXPR_GREATER] = do_greater,
  [ORF_EXPR_LESS] = do_less,
  [ORF_EXPR_ADD] = do_add,
  [ORF_EXPR_SUBTRACT] = do_subtract,
  [ORF_EXPR_MULTIPLY] = do_multiply,
  [ORF_EXPR_DIVIDE] = do_divide,
};

void
orf_expr_vector_negate (OrfExprVector *vector)
{
  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];

    for (guint k = 0; k < vector->n_values; k++)
      line->values[k] = -line->values[k];
  }
}

void
orf_expr_vector_not (OrfExprVector *vector)
{
  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];

    for (guint k = 0; k < vector->n_values; k++)
      if (!isnan (line->values[k]))
        line->values[k] = line->values[k] == 0;
  }
}

/* ---- a scalar with all ----------------------------------------------------------------------- */

/* One side may be enough: whether a series is absent, or above some value. */
gboolean
orf_expr_is_logical (OrfExprOperator op)
{
  return op == ORF_EXPR_AND || op == ORF_EXPR_OR;
}

OrfExprOperation
orf_expr_get_operation (OrfExprOperator op)
{
  return operations[op];
}

static void
apply_scalar (OrfExprVector *vector,
              OrfExprOperation operation,
              const double *scalar,
              gboolean on_left)
{
  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];

    for (guint k = 0; k < vector->n_values; k++)
      line->values[k] = on_left ? operation (scalar[k], line->values[k])
                                : operation (line->values[k], scalar[k]);
  }
}

static OrfExprLine *
ensure_bare_line (OrfExprVector *vector)
{
  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];

    if (*line->key == '\0')
      return line;
  }
  return orf_expr_vector_add (vector, g_new0 (char *, 1));
}

/* With what is known at a time; where nothing is, the scalar may be enough by itself, and its
 * result has no labels.  So what is true at a time does not depend on which series other times
 * have. */
static void
apply_logical_scalar (OrfExprVector *vector, OrfExprOperation operation, const double *scalar)
{
  g_autofree gboolean *known = g_new0 (gboolean, vector->n_values);
  OrfExprLine *bare;

  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];

    for (guint k = 0; k < vector->n_values; k++)
      if (!isnan (line->values[k])) {
        known[k] = TRUE;
        line->values[k] = operation (line->values[k], scalar[k]);
      }
  }
  bare = ensure_bare_line (vector);
  for (guint k = 0; k < vector->n_values; k++)
    if (!known[k])
      bare->values[k] = operation (NAN, scalar[k]);
}

/* Takes both; one is a scalar.  The result is in the place of the other. */
static OrfExprVector *
join_scalar (OrfExprVector *left, OrfExprOperator op, OrfExprVector *right)
{
  OrfExprVector *result = left->scalar ? right : left;
  OrfExprVector *scalar = left->scalar ? left : right;
  const double *values = ((OrfExprLine *) scalar->lines->pdata[0])->values;

  if (orf_expr_is_logical (op) && !result->scalar)
    apply_logical_scalar (result, operations[op], values);
  else
    apply_scalar (result, operations[op], values, left->scalar);
  orf_expr_vector_free (scalar);
  return result;
}

/* ---- lines with equal labels ----------------------------------------------------------------- */

GError *
orf_expr_new_twice_error (const OrfExpr *operation, const char *side, const char *key)
{
  return orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "expr", "one series a set of labels",
                              "expr: the operator at position %u joins series by their labels, and "
                              "on its %s two names have %s: select one name, or merge them by sum "
                              "by (…)",
                              operation->position, side, *key != '\0' ? key : "no labels");
}

void
orf_expr_line_drop_name (OrfExprLine *line)
{
  guint kept = 0;

  if (orf_series_name_get_label (line->labels, "__name__") == NULL)
    return;
  for (guint i = 0; line->labels[i] != NULL; i += 2) {
    if (g_str_equal (line->labels[i], "__name__")) {
      g_free (line->labels[i]);
      g_free (line->labels[i + 1]);
    } else {
      line->labels[kept++] = line->labels[i];
      line->labels[kept++] = line->labels[i + 1];
    }
  }
  line->labels[kept] = NULL;
  g_free (line->key);
  line->key = orf_series_name_to_text ("", line->labels);
}

/* OrfExprLine by key; NULL: two have the same. */
static GHashTable *
index_lines (const OrfExprVector *vector,
             const OrfExpr *operation,
             const char *side,
             GError **error)
{
  g_autoptr (GHashTable) lines = orf_names_table_new (NULL, NULL);

  for (guint i = 0; i < vector->lines->len; i++) {
    OrfExprLine *line = vector->lines->pdata[i];

    orf_expr_line_drop_name (line);
    if (!g_hash_table_insert (lines, line->key, line)) {
      g_propagate_error (error, orf_expr_new_twice_error (operation, side, line->key));
      return NULL;
    }
  }
  return g_steal_pointer (&lines);
}

/* To line, the other being on its right; NULL: nothing is known there. */
static void
apply (OrfExprLine *line, OrfExprOperation operation, const OrfExprLine *right, guint n_values)
{
  for (guint k = 0; k < n_values; k++)
    line->values[k] = operation (line->values[k], right != NULL ? right->values[k] : NAN);
}

/* Those of the right side that the left does not have; and, or are the same both ways. */
static void
take_others (OrfExprVector *left,
             GHashTable *left_lines,
             OrfExprOperation operation,
             OrfExprVector *right)
{
  for (guint i = 0; i < right->lines->len; i++) {
    OrfExprLine *line = right->lines->pdata[i];

    if (g_hash_table_contains (left_lines, line->key))
      continue;
    apply (line, operation, NULL, right->n_values);
    g_ptr_array_add (left->lines, g_steal_pointer (&right->lines->pdata[i]));
  }
}

/* Takes both. */
static OrfExprVector *
join_lines (OrfExprVector *left, const OrfExpr *operation, OrfExprVector *right, GError **error)
{
  g_autoptr (OrfExprVector) taken = left;
  g_autoptr (OrfExprVector) other = right;
  g_autoptr (GHashTable) left_lines = index_lines (left, operation, "left", error);
  g_autoptr (GHashTable)
    right_lines = left_lines != NULL ? index_lines (other, operation, "right", error) : NULL;
  guint n_left = left->lines->len;

  if (right_lines == NULL)
    return NULL;
  for (guint i = 0; i < n_left; i++) {
    OrfExprLine *line = left->lines->pdata[i];

    apply (line, operations[operation->op], g_hash_table_lookup (right_lines, line->key),
           left->n_values);
  }
  if (orf_expr_is_logical (operation->op))
    take_others (left, left_lines, operations[operation->op], other);
  return g_steal_pointer (&taken);
}

OrfExprVector *
orf_expr_vector_join (OrfExprVector *left,
                      const OrfExpr *operation,
                      OrfExprVector *right,
                      GError **error)
{
  OrfExprVector *joined;

  if (left->scalar || right->scalar)
    joined = join_scalar (left, operation->op, right);
  else
    joined = join_lines (left, operation, right, error);
  if (joined != NULL && !joined->scalar)
    orf_expr_vector_prune (joined);
  return joined;
}
