/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By recursive descent, one function for each line of the grammar, the loosest first. */
#include "metrics/orf-expr-parse.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "metrics/orf-expr-number.h"
#include "metrics/orf-scanner.h"

#define ALLOWED "an expression, such as avg(gpu.memory.used_percent, 5m) > 85"
/* As metrics.query bounds step_us. */
#define MIN_WINDOW_US (ORF_US_PER_S / 1000)
#define MAX_WINDOW_US (365 * 86400 * ORF_US_PER_S)

typedef struct {
  OrfScanner scan;
  guint depth, n_nodes, n_selectors;
} Parser;

static OrfExpr *parse_or (Parser *parser);

static guint
get_position (const Parser *parser)
{
  return orf_scanner_get_position (&parser->scan);
}

/* NULL, for the caller to return. */
static gpointer
fail (const Parser *parser, const char *expected)
{
  orf_scanner_fail (&parser->scan, expected);
  return NULL;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void
skip_blanks (Parser *parser)
{
  orf_scanner_skip_blanks (&parser->scan);
}

static gboolean
take (Parser *parser, const char *token)
{
  return orf_scanner_take (&parser->scan, token);
}

static gboolean
expect (Parser *parser, const char *token, const char *expected)
{
  if (take (parser, token))
    return TRUE;
  fail (parser, expected);
  return FALSE;
}

/* The whole next word; "order" is not "or". */
static gboolean
take_keyword (Parser *parser, const char *word)
{
  gsize length;

  skip_blanks (parser);
  length = orf_selector_measure_name (parser->scan.at);
  if (length != strlen (word) || strncmp (parser->scan.at, word, length) != 0)
    return FALSE;
  parser->scan.at += length;
  return TRUE;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* NULL: too many.  Takes left and right in any case. */
static OrfExpr *
new_node (Parser *parser, OrfExprKind kind, guint position, OrfExpr *left, OrfExpr *right)
{
  OrfExpr *expr;

  if (++parser->n_nodes > ORF_EXPR_MAX_NODES) {
    orf_expr_free (left);
    orf_expr_free (right);
    return fail (parser, "at most " G_STRINGIFY (ORF_EXPR_MAX_NODES) " parts before this");
  }
  expr = g_new0 (OrfExpr, 1);
  expr->kind = kind;
  expr->position = position;
  expr->left = left;
  expr->right = right;
  return expr;
}

static OrfExpr *
new_binary (Parser *parser, OrfExprOperator op, guint position, OrfExpr *left, OrfExpr *right)
{
  OrfExpr *expr = new_node (parser, ORF_EXPR_BINARY, position, left, right);

  if (expr != NULL)
    expr->op = op;
  return expr;
}

static gboolean
descend (Parser *parser)
{
  if (parser->depth == ORF_EXPR_MAX_DEPTH) {
    fail (parser, "at most " G_STRINGIFY (ORF_EXPR_MAX_DEPTH) " levels");
    return FALSE;
  }
  parser->depth++;
  return TRUE;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static gboolean
at_number (const Parser *parser)
{
  return orf_expr_number_begins (parser->scan.at);
}

static gboolean
take_number (Parser *parser, double *number, gboolean *of_time)
{
  switch (orf_expr_number_read (parser->scan.at, &parser->scan.at, number, of_time)) {
  case ORF_EXPR_NUMBER_NO_UNIT:
    fail (parser, ORF_EXPR_NUMBER_UNITS);
    return FALSE;
  case ORF_EXPR_NUMBER_TOO_LARGE:
    fail (parser, "a number below 1.8e308");
    return FALSE;
  case ORF_EXPR_NUMBER_GOOD:
  default:
    return TRUE;
  }
}

static OrfExpr *
parse_number (Parser *parser)
{
  guint position = get_position (parser);
  gboolean of_time;
  double number;
  OrfExpr *expr;

  if (!take_number (parser, &number, &of_time))
    return NULL;
  expr = new_node (parser, ORF_EXPR_NUMBER, position, NULL, NULL);
  if (expr != NULL)
    expr->number = number;
  return expr;
}

/* A number of whole microseconds with a unit of time. */
static gboolean
take_window (Parser *parser, gint64 *window_us)
{
  const char *expected = "a window between 1ms and 365d, such as 30s, 5m, 1h or 1d";
  const char *start;
  gboolean of_time;
  double number;

  skip_blanks (parser);
  start = parser->scan.at;
  if (!at_number (parser)) {
    fail (parser, expected);
    return FALSE;
  }
  if (!take_number (parser, &number, &of_time))
    return FALSE;
  number = round (number);
  if (!of_time || number < (double) MIN_WINDOW_US || number > (double) MAX_WINDOW_US) {
    parser->scan.at = start;
    fail (parser, expected);
    return FALSE;
  }
  *window_us = (gint64) number;
  return TRUE;
}

/* ---- series ---------------------------------------------------------------------------------- */

static gboolean
take_selector (Parser *parser, OrfExpr *expr)
{
  guint start, end;

  skip_blanks (parser);
  start = end = get_position (parser);
  if (parser->n_selectors == ORF_EXPR_MAX_SELECTORS) {
    fail (parser, "at most " G_STRINGIFY (ORF_EXPR_MAX_SELECTORS) " selectors");
    return FALSE;
  }
  expr->selector = orf_selector_parse_within (parser->scan.text, &end, parser->scan.error);
  if (expr->selector == NULL)
    return FALSE;
  parser->n_selectors++;
  expr->select = g_strchomp (g_strndup (parser->scan.text + start, end - start));
  parser->scan.at = parser->scan.text + end;
  return TRUE;
}

static OrfExpr *
parse_latest (Parser *parser)
{
  g_autoptr (OrfExpr) expr = new_node (parser, ORF_EXPR_LATEST, get_position (parser), NULL, NULL);

  if (expr == NULL || !take_selector (parser, expr))
    return NULL;
  return g_steal_pointer (&expr);
}

/* After "(": selector, window and ")". */
static OrfExpr *
parse_window (Parser *parser, OrfExprKind kind, OrfMetricsAggregate aggregate, guint position)
{
  g_autoptr (OrfExpr) expr = new_node (parser, kind, position, NULL, NULL);

  if (expr == NULL || !take_selector (parser, expr) ||
      !expect (parser, ",", "a comma and a window") || !take_window (parser, &expr->window_us) ||
      !expect (parser, ")", ")"))
    return NULL;
  expr->aggregate = aggregate;
  return g_steal_pointer (&expr);
}

/* A label has letters, digits and _ alone. */
static char *
take_label (Parser *parser)
{
  char *label = orf_scanner_take_word (&parser->scan, "");

  return label != NULL ? label : fail (parser, "a label");
}

static char **
parse_labels (Parser *parser)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);

  if (!expect (parser, "(", "( and labels"))
    return NULL;
  if (!take (parser, ")")) {
    do {
      char *label = labels->len < ORF_EXPR_MAX_LABELS
                      ? take_label (parser)
                      : fail (parser, "at most " G_STRINGIFY (ORF_EXPR_MAX_LABELS) " labels");

      if (label == NULL)
        return NULL;
      g_ptr_array_add (labels, label);
    } while (take (parser, ","));
    if (!expect (parser, ")", "a comma or )"))
      return NULL;
  }
  g_ptr_array_add (labels, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&labels), FALSE);
}

/* What counts points in the order of time says nothing over series. */
static gboolean
goes_across (OrfMetricsAggregate aggregate)
{
  return aggregate != ORF_METRICS_AGGREGATE_LAST && aggregate != ORF_METRICS_AGGREGATE_RATE &&
         aggregate != ORF_METRICS_AGGREGATE_INCREASE && aggregate != ORF_METRICS_AGGREGATE_DELTA;
}

/* After "by". */
static OrfExpr *
parse_across (Parser *parser, OrfMetricsAggregate aggregate, guint position)
{
  g_auto (GStrv) by = parse_labels (parser);
  g_autoptr (OrfExpr) of = NULL;
  OrfExpr *expr;

  if (by == NULL || !expect (parser, "(", "( and an expression"))
    return NULL;
  of = parse_or (parser);
  if (of == NULL || !expect (parser, ")", "an operator or )"))
    return NULL;
  expr = new_node (parser, ORF_EXPR_ACROSS, position, g_steal_pointer (&of), NULL);
  if (expr == NULL)
    return NULL;
  expr->aggregate = aggregate;
  expr->by = g_steal_pointer (&by);
  return expr;
}

/* UNSET: the word of so many bytes is none. */
static OrfMetricsAggregate
find_aggregate (const char *word, gsize length)
{
  for (int i = ORF_METRICS_AGGREGATE_AVG; i <= ORF_METRICS_AGGREGATE_STDDEV; i++) {
    const char *text = orf_expr_get_aggregate_text ((OrfMetricsAggregate) i);

    if (strlen (text) == length && strncmp (text, word, length) == 0)
      return (OrfMetricsAggregate) i;
  }
  return ORF_METRICS_AGGREGATE_UNSET;
}

/* A word before "(" or "by" is a function; any other begins a selector. */
static OrfExpr *
parse_word (Parser *parser)
{
  const char *start = parser->scan.at;
  gsize length = orf_selector_measure_name (start);
  guint position = get_position (parser);
  OrfMetricsAggregate aggregate = find_aggregate (start, length);

  parser->scan.at += length;
  if (aggregate != ORF_METRICS_AGGREGATE_UNSET && take_keyword (parser, "by")) {
    if (goes_across (aggregate))
      return parse_across (parser, aggregate, position);
    parser->scan.at = start;
    return fail (parser, "avg, min, max, sum, count, p50, p95, p99 or stddev before by");
  }
  if (take (parser, "(")) {
    if (aggregate != ORF_METRICS_AGGREGATE_UNSET)
      return parse_window (parser, ORF_EXPR_WINDOW, aggregate, position);
    if (length == strlen ("absent") && strncmp (start, "absent", length) == 0)
      return parse_window (parser, ORF_EXPR_ABSENT, ORF_METRICS_AGGREGATE_UNSET, position);
    parser->scan.at = start;
    return fail (parser, "avg, min, max, sum, count, last, rate, increase, delta, p50, p95, p99, "
                         "stddev or absent before (");
  }
  parser->scan.at = start;
  return parse_latest (parser);
}

/* ---- operators ------------------------------------------------------------------------------- */

static OrfExpr *
parse_primary (Parser *parser)
{
  g_autoptr (OrfExpr) inner = NULL;

  if (at_number (parser))
    return parse_number (parser);
  if (orf_selector_measure_name (parser->scan.at) > 0)
    return parse_word (parser);
  if (*parser->scan.at == '{')
    return parse_latest (parser);
  if (!take (parser, "("))
    return fail (parser, "a number, a selector, a function or (");
  inner = parse_or (parser);
  if (inner == NULL || !expect (parser, ")", "an operator or )"))
    return NULL;
  return g_steal_pointer (&inner);
}

static OrfExpr *
parse_negate (Parser *parser)
{
  OrfExpr *of;
  guint position;

  skip_blanks (parser);
  position = get_position (parser);
  if (!take (parser, "-"))
    return parse_primary (parser);
  if (!descend (parser))
    return NULL;
  of = parse_negate (parser);
  parser->depth--;
  if (of == NULL)
    return NULL;
  if (of->kind == ORF_EXPR_NUMBER) /* a number is one part, negative or not */
    parser->n_nodes--;
  return new_node (parser, ORF_EXPR_NEGATE, position, of, NULL);
}

/* Takes one of the operators [first, last], longer ones before what they begin with. */
static gboolean
take_operator (
  Parser *parser, OrfExprOperator first, OrfExprOperator last, OrfExprOperator *op, guint *position)
{
  skip_blanks (parser);
  *position = get_position (parser);
  for (OrfExprOperator i = first; i <= last; i++) {
    const char *text = orf_expr_get_operator_text (i);

    if (g_ascii_isalpha (*text) ? take_keyword (parser, text) : take (parser, text)) {
      *op = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* operand { operator operand }, to the left. */
static OrfExpr *
parse_chain (Parser *parser,
             OrfExprOperator first,
             OrfExprOperator last,
             OrfExpr *(*parse_operand) (Parser *) )
{
  OrfExpr *left = parse_operand (parser);
  OrfExprOperator op;
  guint position;

  while (left != NULL && take_operator (parser, first, last, &op, &position)) {
    OrfExpr *right = parse_operand (parser);

    if (right == NULL) {
      orf_expr_free (left);
      return NULL;
    }
    left = new_binary (parser, op, position, left, right);
  }
  return left;
}

static OrfExpr *
parse_product (Parser *parser)
{
  return parse_chain (parser, ORF_EXPR_MULTIPLY, ORF_EXPR_DIVIDE, parse_negate);
}

static OrfExpr *
parse_sum (Parser *parser)
{
  return parse_chain (parser, ORF_EXPR_ADD, ORF_EXPR_SUBTRACT, parse_product);
}

/* One comparison: what "1 < x < 3" would mean is better said with "and". */
static OrfExpr *
parse_comparison (Parser *parser)
{
  g_autoptr (OrfExpr) left = parse_sum (parser);
  OrfExprOperator op, next;
  guint position, end;
  OrfExpr *right;

  if (left == NULL ||
      !take_operator (parser, ORF_EXPR_GREATER_OR_EQUAL, ORF_EXPR_LESS, &op, &position))
    return g_steal_pointer (&left);
  right = parse_sum (parser);
  if (right == NULL)
    return NULL;
  if (take_operator (parser, ORF_EXPR_GREATER_OR_EQUAL, ORF_EXPR_LESS, &next, &end)) {
    orf_expr_free (right);
    parser->scan.at = parser->scan.text + end;
    return fail (parser, "and, or or the end, not a second comparison,");
  }
  return new_binary (parser, op, position, g_steal_pointer (&left), right);
}

static OrfExpr *
parse_not (Parser *parser)
{
  OrfExpr *of;
  guint position;

  skip_blanks (parser);
  position = get_position (parser);
  if (!take_keyword (parser, "not"))
    return parse_comparison (parser);
  if (!descend (parser))
    return NULL;
  of = parse_not (parser);
  parser->depth--;
  return of != NULL ? new_node (parser, ORF_EXPR_NOT, position, of, NULL) : NULL;
}

static OrfExpr *
parse_and (Parser *parser)
{
  return parse_chain (parser, ORF_EXPR_AND, ORF_EXPR_AND, parse_not);
}

static OrfExpr *
parse_or (Parser *parser)
{
  OrfExpr *expr;

  if (!descend (parser))
    return NULL;
  expr = parse_chain (parser, ORF_EXPR_OR, ORF_EXPR_OR, parse_and);
  parser->depth--;
  return expr;
}

OrfExpr *
orf_expr_parse (const char *text, GError **error)
{
  Parser parser = { .scan = { text, text, "expr", ALLOWED, error } };
  g_autoptr (OrfExpr) expr = NULL;

  if (strlen (text) > ORF_EXPR_MAX_BYTES) {
    parser.scan.at += ORF_EXPR_MAX_BYTES;
    return fail (&parser, "the end");
  }
  expr = parse_or (&parser);
  if (expr == NULL)
    return NULL;
  skip_blanks (&parser);
  if (*parser.scan.at != '\0')
    return fail (&parser, "an operator or the end");
  return g_steal_pointer (&expr);
}
