/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random expressions over random series, against a reference that asks for one time after the other
 * and looks at every point each time. */
#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "expr-fixture.h"
#include "metrics/orf-expr-parse.h"
#include "metrics/orf-series-name.h"
#include "metrics/orf-window.h"

#define S        ORF_US_PER_S
#define N_SERIES 7

static ExprSeries series[N_SERIES] = {
  { .name = "a", .labels = { "k", "x" } },           { .name = "a", .labels = { "k", "y" } },
  { .name = "a", .labels = { "k", "y", "l", "1" } }, { .name = "b", .labels = { "k", "x" } },
  { .name = "b", .labels = { "k", "z" } },           { .name = "c", .labels = { NULL } },
  { .name = "c", .labels = { "l", "1" } },
};

/* ---- the reference --------------------------------------------------------------------------- */

/* Label texts to double; a scalar has "" alone. */
typedef struct {
  gboolean scalar;
  GHashTable *values;
} Now;

static void
now_clear (Now *now)
{
  g_hash_table_unref (now->values);
}

static Now
now_new (gboolean scalar)
{
  return (Now){ scalar, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
}

/* What is not known is not there. */
static void
put (Now *now, const char *key, double value)
{
  if (!isnan (value))
    g_hash_table_replace (now->values, g_strdup (key), g_memdup2 (&value, sizeof value));
}

static double
get (const Now *now, const char *key)
{
  const double *value = g_hash_table_lookup (now->values, now->scalar ? "" : key);

  return value != NULL ? *value : NAN;
}

static double
get_window (const ExprSeries *one, OrfMetricsAggregate aggregate, gint64 window_us, gint64 t_us)
{
  OrfWindowSpec spec = { t_us - window_us + 1, t_us + 1, 0, aggregate };
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  gint64 back_us = orf_window_looks_back (aggregate) ? MIN (window_us, 300 * S) : 0;

  for (guint i = 0; i < one->n_points; i++)
    if (one->points[i].t_us > t_us - window_us - back_us)
      g_array_append_val (kept, one->points[i]);
  orf_window_aggregate (&spec, &(OrfWindowInput){ (OrfPoint *) kept->data, kept->len }, 1, out);
  return g_array_index (out, OrfPoint, 0).value;
}

static Now ask (const OrfExpr *expr, gint64 t_us);

static Now
ask_series (const OrfExpr *expr, gint64 t_us)
{
  Now now = now_new (expr->kind == ORF_EXPR_ABSENT);
  gboolean absent = TRUE;

  for (guint i = 0; i < N_SERIES; i++) {
    g_autofree char *key = orf_series_name_to_text ("", (char *const *) series[i].labels);
    gboolean matches;
    double value;

    orf_selector_match (expr->selector, series[i].name, (char *const *) series[i].labels, &matches,
                        NULL);
    if (!matches)
      continue;
    if (expr->kind == ORF_EXPR_ABSENT)
      value = get_window (&series[i], ORF_METRICS_AGGREGATE_COUNT, expr->window_us, t_us);
    else if (expr->kind == ORF_EXPR_LATEST)
      value = get_window (&series[i], ORF_METRICS_AGGREGATE_LAST, 300 * S, t_us);
    else
      value = get_window (&series[i], expr->aggregate, expr->window_us, t_us);
    absent = absent && isnan (value);
    if (!now.scalar)
      put (&now, key, value);
  }
  if (now.scalar)
    put (&now, "", absent);
  return now;
}

static double
calculate (OrfExprOperator op, double a, double b)
{
  gboolean unknown = isnan (a) || isnan (b);

  if (op == ORF_EXPR_OR && ((!isnan (a) && a != 0) || (!isnan (b) && b != 0)))
    return 1;
  if (op == ORF_EXPR_AND && (a == 0 || b == 0))
    return 0;
  if (unknown)
    return NAN;
  switch (op) {
  case ORF_EXPR_OR:
    return 0;
  case ORF_EXPR_AND:
    return 1;
  case ORF_EXPR_GREATER_OR_EQUAL:
    return a >= b;
  case ORF_EXPR_LESS_OR_EQUAL:
    return a <= b;
  case ORF_EXPR_EQUAL:
    return a == b;
  case ORF_EXPR_NOT_EQUAL:
    return a != b;
  case ORF_EXPR_GREATER:
    return a > b;
  case ORF_EXPR_LESS:
    return a < b;
  case ORF_EXPR_ADD:
    return a + b;
  case ORF_EXPR_SUBTRACT:
    return a - b;
  case ORF_EXPR_MULTIPLY:
    return a * b;
  default:
    return b != 0 ? a / b : NAN;
  }
}

/* Over all sets of labels that either has; a scalar alone has none. */
static Now
ask_binary (const OrfExpr *expr, gint64 t_us)
{
  Now left = ask (expr->left, t_us), right = ask (expr->right, t_us);
  Now now = now_new (left.scalar && right.scalar);
  const Now *sides[] = { &left, &right };

  for (guint i = 0; i < 2; i++) {
    GHashTableIter iter;
    gpointer key;

    if (sides[i]->scalar && !now.scalar)
      continue;
    g_hash_table_iter_init (&iter, sides[i]->values);
    while (g_hash_table_iter_next (&iter, &key, NULL))
      put (&now, key, calculate (expr->op, get (&left, key), get (&right, key)));
  }
  if (g_hash_table_size (now.values) == 0 &&
      (left.scalar ? g_hash_table_size (right.values) == 0
                   : right.scalar && g_hash_table_size (left.values) == 0))
    put (&now, "", calculate (expr->op, get (&left, ""), get (&right, "")));
  now_clear (&left);
  now_clear (&right);
  return now;
}

/* The value of a label in canonical text; "" where it has none. */
static char *
find_label (const char *key, const char *label)
{
  g_autofree char *mark = g_strdup_printf ("%s=\"", label);
  const char *at = strstr (key, mark);

  return at != NULL ? g_strndup (at + strlen (mark), 1) : g_strdup ("");
}

static double
aggregate (OrfMetricsAggregate aggregate, const GArray *values)
{
  OrfWindowSpec spec = { 0, 1, 0, aggregate };
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (guint i = 0; i < values->len; i++)
    if (!isnan (g_array_index (values, double, i)))
      g_array_append_vals (points, &(OrfPoint){ 0, g_array_index (values, double, i) }, 1);
  orf_window_aggregate (&spec, &(OrfWindowInput){ (OrfPoint *) points->data, points->len }, 1, out);
  return g_array_index (out, OrfPoint, 0).value;
}

static Now
ask_across (const OrfExpr *expr, gint64 t_us)
{
  Now of = ask (expr->left, t_us);
  Now now = now_new (expr->by[0] == NULL);
  GHashTableIter outer, inner;
  gpointer key, other, value;

  g_hash_table_iter_init (&outer, of.values);
  while (g_hash_table_iter_next (&outer, &key, NULL)) {
    g_autofree char *label = now.scalar ? g_strdup ("") : find_label (key, expr->by[0]);
    g_autofree char *group = *label != '\0' ? g_strdup_printf ("{%s=\"%s\"}", expr->by[0], label)
                                            : g_strdup ("");
    g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));

    g_hash_table_iter_init (&inner, of.values);
    while (g_hash_table_iter_next (&inner, &other, &value)) {
      g_autofree char *its = now.scalar ? g_strdup ("") : find_label (other, expr->by[0]);

      if (g_str_equal (its, label))
        g_array_append_vals (values, value, 1);
    }
    put (&now, group, aggregate (expr->aggregate, values));
  }
  now_clear (&of);
  return now;
}

static Now
ask_unary (const OrfExpr *expr, gint64 t_us)
{
  Now now = ask (expr->left, t_us);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, now.values);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    double *of = value;

    if (!isnan (*of))
      *of = expr->kind == ORF_EXPR_NEGATE ? -*of : *of == 0;
  }
  return now;
}

static Now
ask (const OrfExpr *expr, gint64 t_us)
{
  Now now;

  switch (expr->kind) {
  case ORF_EXPR_NUMBER:
    now = now_new (TRUE);
    put (&now, "", expr->number);
    return now;
  case ORF_EXPR_ACROSS:
    return ask_across (expr, t_us);
  case ORF_EXPR_NEGATE:
  case ORF_EXPR_NOT:
    return ask_unary (expr, t_us);
  case ORF_EXPR_BINARY:
    return ask_binary (expr, t_us);
  default:
    return ask_series (expr, t_us);
  }
}

/* ---- random expressions ---------------------------------------------------------------------- */

static const ExprWords words = {
  .leaves = (const char *const[]){ "a", "b", "c", "a{k='y'}", "b{k!='x'}", "3", "0.5", "0", NULL },
  .selects = (const char *const[]){ "a", "b", "c", NULL },
  .windows = (const char *const[]){ "avg", "min", "max", "sum", "count", "last", "rate", "p50",
                                    "p95", "p99", "delta", "stddev", "increase", NULL },
  .groups = (const char *const[]){ "avg", "min", "max", "sum", "count", "p50", "stddev", NULL },
  .by = (const char *const[]){ "", "k", "l", NULL },
  .unary = (const char *const[]){ "not", "-", NULL },
  .binary = (const char *const[]){ "or", "and", ">", ">=", "<", "<=", "==", "!=", "+", "-", "*",
                                   "/", NULL },
};

static GArray *
make_points (void)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  OrfPoint at = { g_test_rand_int_range (0, 100) * S, 0 };
  guint n = (guint) g_test_rand_int_range (1, 60);

  for (guint i = 0; i < n; i++) {
    at.t_us += g_test_rand_int_range (1, 12) * S / 2;
    at.value = g_test_rand_int_range (-3, 20);
    g_array_append_val (points, at);
  }
  return points;
}

static void
check (const char *text, const OrfGrid *grid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) expr = orf_expr_parse (text, NULL);
  g_autoptr (OrfExprVector) vector = expr_eval (text, series, N_SERIES, *grid, &error);

  g_assert_no_error (error);
  for (guint k = 0; k < grid->n_steps; k++) {
    Now now = ask (expr, orf_grid_get_time_us (grid, k));
    guint n_known = 0;

    for (guint i = 0; i < vector->lines->len; i++) {
      const OrfExprLine *line = vector->lines->pdata[i];
      const double *expected = g_hash_table_lookup (now.values, line->key);
      double value = line->values[k];

      n_known += !isnan (value);
      if (expected == NULL ? !isnan (value)
                           : !(fabs (*expected - value) <= 1e-6 * MAX (1, fabs (*expected))))
        g_error ("%s at %u: %s is %g", text, k, line->key, value);
    }
    if (n_known != g_hash_table_size (now.values))
      g_error ("%s at %u: %u are known, not %u", text, k, n_known, g_hash_table_size (now.values));
    now_clear (&now);
  }
}

static void
test_random (void)
{
  for (guint round = 0; round < 1500; round++) {
    g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
    g_autoptr (GString) text = g_string_new (NULL);
    const OrfGrid grid = { g_test_rand_int_range (50, 400) * S, g_test_rand_int_range (1, 40) * S,
                           (guint) g_test_rand_int_range (1, 8) };

    for (guint i = 0; i < N_SERIES; i++) {
      GArray *own = make_points ();

      g_ptr_array_add (points, own);
      series[i].points = (const OrfPoint *) own->data;
      series[i].n_points = own->len;
    }
    expr_write_random (text, &words, 3);
    check (text->str, &grid);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expr-random/random", test_random);
  return g_test_run ();
}
