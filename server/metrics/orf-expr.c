/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr.h"

#include "core/orf-clock.h"

/* How tightly what is told binds, the loosest first. */
enum {
  BIND_OR = 1,
  BIND_AND,
  BIND_NOT,
  BIND_COMPARE,
  BIND_SUM,
  BIND_PRODUCT,
  BIND_NEGATE,
  BIND_ALL
};

static const struct {
  const char *text;
  int binding;
} operators[ORF_EXPR_N_OPERATORS] = {
  [ORF_EXPR_OR] = { "or", BIND_OR },
  [ORF_EXPR_AND] = { "and", BIND_AND },
  [ORF_EXPR_GREATER_OR_EQUAL] = { ">=", BIND_COMPARE },
  [ORF_EXPR_LESS_OR_EQUAL] = { "<=", BIND_COMPARE },
  [ORF_EXPR_EQUAL] = { "==", BIND_COMPARE },
  [ORF_EXPR_NOT_EQUAL] = { "!=", BIND_COMPARE },
  [ORF_EXPR_GREATER] = { ">", BIND_COMPARE },
  [ORF_EXPR_LESS] = { "<", BIND_COMPARE },
  [ORF_EXPR_ADD] = { "+", BIND_SUM },
  [ORF_EXPR_SUBTRACT] = { "-", BIND_SUM },
  [ORF_EXPR_MULTIPLY] = { "*", BIND_PRODUCT },
  [ORF_EXPR_DIVIDE] = { "/", BIND_PRODUCT },
};

static const char *const aggregates[] = {
  [ORF_METRICS_AGGREGATE_AVG] = "avg",       [ORF_METRICS_AGGREGATE_MIN] = "min",
  [ORF_METRICS_AGGREGATE_MAX] = "max",       [ORF_METRICS_AGGREGATE_SUM] = "sum",
  [ORF_METRICS_AGGREGATE_COUNT] = "count",   [ORF_METRICS_AGGREGATE_LAST] = "last",
  [ORF_METRICS_AGGREGATE_RATE] = "rate",     [ORF_METRICS_AGGREGATE_INCREASE] = "increase",
  [ORF_METRICS_AGGREGATE_DELTA] = "delta",   [ORF_METRICS_AGGREGATE_P50] = "p50",
  [ORF_METRICS_AGGREGATE_P95] = "p95",       [ORF_METRICS_AGGREGATE_P99] = "p99",
  [ORF_METRICS_AGGREGATE_STDDEV] = "stddev",
};

void
orf_expr_free (OrfExpr *expr)
{
  if (expr == NULL)
    return;
  g_clear_pointer (&expr->selector, orf_selector_free);
  g_free (expr->select);
  g_strfreev (expr->by);
  orf_expr_free (expr->left);
  orf_expr_free (expr->right);
  g_free (expr);
}

const char *
orf_expr_get_operator_text (OrfExprOperator op)
{
  return operators[op].text;
}

const char *
orf_expr_get_aggregate_text (OrfMetricsAggregate aggregate)
{
  return (gsize) aggregate < G_N_ELEMENTS (aggregates) ? aggregates[aggregate] : NULL;
}

/* ---- printing -------------------------------------------------------------------------------- */

static int
get_binding (const OrfExpr *expr)
{
  switch (expr->kind) {
  case ORF_EXPR_NOT:
    return BIND_NOT;
  case ORF_EXPR_NEGATE:
    return BIND_NEGATE;
  case ORF_EXPR_BINARY:
    return operators[expr->op].binding;
  default:
    return BIND_ALL;
  }
}

/* In the largest unit that it is a multiple of. */
static void
print_window (GString *text, gint64 window_us)
{
  static const struct {
    gint64 us;
    const char *name;
  } units[] = { { 86400 * ORF_US_PER_S, "d" }, { 3600 * ORF_US_PER_S, "h" },
                { 60 * ORF_US_PER_S, "m" },    { ORF_US_PER_S, "s" },
                { ORF_US_PER_S / 1000, "ms" }, { 1, "us" } };
  guint i = 0;

  while (window_us % units[i].us != 0)
    i++;
  g_string_append_printf (text, "%" G_GINT64_FORMAT "%s", window_us / units[i].us, units[i].name);
}

static void
print_call (GString *text, const char *function, const OrfExpr *expr)
{
  g_string_append_printf (text, "%s(%s, ", function, expr->select);
  print_window (text, expr->window_us);
  g_string_append_c (text, ')');
}

static void
print_number (GString *text, double number)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_dtostr (buffer, sizeof buffer, number));
}

static void print (GString *text, const OrfExpr *expr, int binding);

static void
print_across (GString *text, const OrfExpr *expr)
{
  g_autofree char *by = g_strjoinv (", ", expr->by);

  g_string_append_printf (text, "%s by (%s) (", orf_expr_get_aggregate_text (expr->aggregate), by);
  print (text, expr->left, BIND_OR);
  g_string_append_c (text, ')');
}

/* Comparisons do not chain; the others bind to the left. */
static void
print_binary (GString *text, const OrfExpr *expr)
{
  int binding = operators[expr->op].binding;

  print (text, expr->left, binding == BIND_COMPARE ? binding + 1 : binding);
  g_string_append_printf (text, " %s ", operators[expr->op].text);
  print (text, expr->right, binding + 1);
}

static void
print_bare (GString *text, const OrfExpr *expr)
{
  switch (expr->kind) {
  case ORF_EXPR_NUMBER:
    print_number (text, expr->number);
    break;
  case ORF_EXPR_LATEST:
    g_string_append (text, expr->select);
    break;
  case ORF_EXPR_WINDOW:
    print_call (text, orf_expr_get_aggregate_text (expr->aggregate), expr);
    break;
  case ORF_EXPR_ABSENT:
    print_call (text, "absent", expr);
    break;
  case ORF_EXPR_ACROSS:
    print_across (text, expr);
    break;
  case ORF_EXPR_NEGATE:
    g_string_append_c (text, '-');
    print (text, expr->left, BIND_NEGATE);
    break;
  case ORF_EXPR_NOT:
    g_string_append (text, "not ");
    print (text, expr->left, BIND_NOT);
    break;
  case ORF_EXPR_BINARY:
    print_binary (text, expr);
    break;
  }
}

/* In parentheses where it binds more loosely than what is around it. */
static void
print (GString *text, const OrfExpr *expr, int binding)
{
  gboolean loose = get_binding (expr) < binding;

  if (loose)
    g_string_append_c (text, '(');
  print_bare (text, expr);
  if (loose)
    g_string_append_c (text, ')');
}

char *
orf_expr_print (const OrfExpr *expr)
{
  GString *text = g_string_new (NULL);

  print (text, expr, BIND_OR);
  return g_string_free (text, FALSE);
}
