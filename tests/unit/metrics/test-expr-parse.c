/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "metrics/orf-expr-parse.h"
#include "orf-error.h"

static OrfExpr *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  OrfExpr *expr = orf_expr_parse (text, &error);

  if (expr == NULL)
    g_error ("%s: %s", text, error->message);
  return expr;
}

/* What is printed tells how the tree is, and is printed so again. */
static void
test_printed (void)
{
  static const char *const table[][2] = {
    { " m ", "m" },
    { "{}", "{}" },
    { "m { a = 'b' }", "m { a = 'b' }" },
    { "avg(gpu.memory.used_percent{device=\"x\"}, 5m) > 85",
      "avg(gpu.memory.used_percent{device=\"x\"}, 5m) > 85" },
    { "rate ( orfeas.rpc.calls , 60s )", "rate(orfeas.rpc.calls, 1m)" },
    { "absent({__name__=~'gpu.*'},90s)", "absent({__name__=~'gpu.*'}, 90s)" },
    { "last(m,1.5ms)", "last(m, 1500us)" },
    { "max(m,24h)", "max(m, 1d)" },
    { "sum  by(a,b)(m)", "sum by (a, b) (m)" },
    { "p99 by () (rate(m,1m))", "p99 by () (rate(m, 1m))" },
    { "85%", "85" },
    { "4GiB", "4294967296" },
    { "5ms", "5000" },
    { "2m", "120000000" },
    { "1.5kB", "1500" },
    { ".5", "0.5" },
    { "5.", "5" },
    { "1e3", "1000" },
    { "1E-1s", "100000" },
    { "1 - 2 - 3", "1 - 2 - 3" },
    { "1 - (2 - 3)", "1 - (2 - 3)" },
    { "((1 - 2)) - 3", "1 - 2 - 3" },
    { "1 + 2 * 3", "1 + 2 * 3" },
    { "(1 + 2) * 3", "(1 + 2) * 3" },
    { "1 / 2 * 3", "1 / 2 * 3" },
    { "1 / (2 * 3)", "1 / (2 * 3)" },
    { "-1 * -(2 + 3)", "-1 * -(2 + 3)" },
    { "- - 1", "--1" },
    { "5-3", "5 - 3" },
    { "m>=1", "m >= 1" },
    { "m > 1 and m < 3 or not n == 2", "m > 1 and m < 3 or not n == 2" },
    { "m and (n or o)", "m and (n or o)" },
    { "(m and n) or o", "m and n or o" },
    { "not (m and n)", "not (m and n)" },
    { "(not m) > 1", "(not m) > 1" },
    { "(m > 1) == (n > 1)", "(m > 1) == (n > 1)" },
    /* words are functions or operators only where these may stand; a name has - and / inside */
    { "avg", "avg" },
    { "avg > order", "avg > order" },
    { "a-b/c:d - e", "a-b/c:d - e" },
    { "a- b", "a - b" },
    { "by + absent{x='1'}", "by + absent{x='1'}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (OrfExpr) expr = parse (table[i][0]);
    g_autofree char *text = orf_expr_print (expr);
    g_autoptr (OrfExpr) again = parse (text);
    g_autofree char *second = orf_expr_print (again);

    g_assert_cmpstr (text, ==, table[i][1]);
    g_assert_cmpstr (second, ==, text);
  }
}

static void
test_tree (void)
{
  g_autoptr (OrfExpr) expr = parse ("max by (a, b) (rate(m{k=\"v\"}, 5m)) >= 4MiB");
  const char *const labels[] = { "k", "v", NULL };
  const OrfExpr *window;
  gboolean matches = FALSE;

  g_assert_cmpint (expr->kind, ==, ORF_EXPR_BINARY);
  g_assert_cmpint (expr->op, ==, ORF_EXPR_GREATER_OR_EQUAL);
  g_assert_cmpuint (expr->position, ==, 35);
  g_assert_cmpfloat (expr->right->number, ==, 4194304);
  g_assert_cmpint (expr->left->kind, ==, ORF_EXPR_ACROSS);
  g_assert_cmpint (expr->left->aggregate, ==, ORF_METRICS_AGGREGATE_MAX);
  g_assert_cmpstr (expr->left->by[1], ==, "b");
  g_assert_null (expr->left->by[2]);
  window = expr->left->left;
  g_assert_cmpint (window->kind, ==, ORF_EXPR_WINDOW);
  g_assert_cmpint (window->aggregate, ==, ORF_METRICS_AGGREGATE_RATE);
  g_assert_cmpint (window->window_us, ==, 300000000);
  g_assert_cmpstr (window->select, ==, "m{k=\"v\"}");
  g_assert_true (
    orf_selector_match (window->selector, "m", (char *const *) labels, &matches, NULL));
  g_assert_true (matches);
}

static void
check_refused (const char *text, guint position, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) expr = orf_expr_parse (text, &error);
  g_autofree char *where = g_strdup_printf ("at position %u", position);

  g_assert_null (expr);
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (orf_error_get_field (error), ==, "expr");
  if (!g_str_has_prefix (error->message, "expr: ") || strstr (error->message, where) == NULL ||
      strstr (error->message, expected) == NULL)
    g_error ("%s: %s, not %s %s", text, error->message, expected, where);
}

static void
test_positions (void)
{
  check_refused ("", 0, "a number, a selector");
  check_refused ("m >", 3, "a number, a selector");
  check_refused ("m + * n", 4, "a number, a selector");
  check_refused ("m n", 2, "an operator or the end");
  check_refused ("m == 1 )", 7, "an operator or the end");
  check_refused ("(m", 2, "an operator or )");
  check_refused ("1 < m < 3", 6, "a second comparison");
  check_refused ("avg(m)", 5, "a comma and a window");
  check_refused ("avg(m, )", 7, "a window");
  check_refused ("avg(m, 5)", 7, "a window");
  check_refused ("avg(m, 5%)", 7, "a window");
  check_refused ("avg(m, 1us)", 7, "a window");
  check_refused ("avg(m, 366d)", 7, "a window");
  check_refused ("avg(m, 5m", 9, ")");
  check_refused ("avg(m + n, 5m)", 6, "a comma");
  check_refused ("avg(1, 5m)", 4, "a name or {");
  check_refused ("1 + median(m, 5m)", 4, "avg, min");
  check_refused ("rate by (a) (m)", 0, "before by");
  check_refused ("sum by a (m)", 7, "( and labels");
  check_refused ("sum by (a b) (m)", 10, "a comma or )");
  check_refused ("sum by (1) (m)", 8, "a label");
  check_refused ("sum by (a) m", 11, "( and an expression");
  check_refused ("m > 5 + 3xyz", 9, "a unit");
  check_refused ("m > 0x10", 5, "a unit");
  check_refused ("m > 1e999", 4, "a number below");
  check_refused ("m > 1e308TiB", 4, "a number below");
  /* the selector's own errors, told where they are in the expression */
  check_refused ("avg(m{a}, 5m)", 7, "=, !=");
  check_refused ("1 + m{a=b}", 8, "a value in quotes");
  check_refused ("1 + m{a=~'('}", 9, "the regular expression");
}

/* ---- doc/expressions.md ---------------------------------------------------------------------- */

/* cells: between the back quotes of a line, at 1 and 3. */
static void
check_line (const char *line, gboolean refused)
{
  g_auto (GStrv) cells = g_strsplit (line, "`", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) expr = NULL;
  g_autofree char *printed = NULL;

  g_assert_cmpuint (g_strv_length (cells), ==, 5);
  expr = orf_expr_parse (cells[1], &error);
  if (expr != NULL)
    printed = orf_expr_print (expr);
  g_assert_cmpint (expr == NULL, ==, refused);
  g_assert_cmpstr (refused ? error->message : printed, ==, cells[3]);
}

static guint
check_table (const char *page, const char *mark, gboolean refused)
{
  const char *table = strstr (page, mark);
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_nonnull (table);
  lines = g_strsplit (table + strlen (mark), "\n", -1);
  for (char **line = lines + 1; **line == '|'; line++)
    if (g_str_has_prefix (*line, "| `")) {
      check_line (*line, refused);
      n++;
    }
  return n;
}

static void
test_page (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "doc", "expressions.md", NULL);
  g_autofree char *page = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &page, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (check_table (page, "<!-- printed -->", FALSE), ==, 6);
  g_assert_cmpuint (check_table (page, "<!-- refused -->", TRUE), ==, 3);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* n copies of piece, and the end. */
static char *
repeat (const char *piece, guint n, const char *end)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (text, piece);
  g_string_append (text, end);
  return g_string_free (text, FALSE);
}

/* piece n times is taken, and once more is not. */
static void
check_bound (const char *piece, guint n, const char *end, const char *expected)
{
  g_autofree char *most = repeat (piece, n, end);
  g_autofree char *more = repeat (piece, n + 1, end);
  g_autoptr (OrfExpr) expr = parse (most);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (expr);
  g_assert_null (orf_expr_parse (more, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, expected));
}

static void
test_bounds (void)
{
  g_autofree char *open = repeat ("(", ORF_EXPR_MAX_BYTES, "");
  g_autofree char *labels = repeat ("a,", ORF_EXPR_MAX_LABELS, "a) (m)");
  g_autofree char *across = g_strconcat ("sum by (", labels, NULL);

  check_bound ("-", ORF_EXPR_MAX_DEPTH - 1, "1", "levels");
  check_bound ("not ", ORF_EXPR_MAX_DEPTH - 1, "1", "levels");
  check_bound ("1+", (ORF_EXPR_MAX_NODES - 1) / 2, "1", "parts");
  check_bound ("m + ", ORF_EXPR_MAX_SELECTORS - 1, "m", "selectors");
  check_bound (" ", ORF_EXPR_MAX_BYTES - 1, "m", "the end");
  check_refused (open, ORF_EXPR_MAX_DEPTH, "levels");
  check_refused (across, 8 + 2 * ORF_EXPR_MAX_LABELS, "labels");
}

/* ---- random trees ---------------------------------------------------------------------------- */

static void write_random (GString *text, guint depth);

static void
write_leaf (GString *text)
{
  static const char *const leaves[] = { "m",     "n{a='b'}",       "7",     "85%",
                                        "4GiB",  "2.5e-3",         "250ms", "rate(m, 1m)",
                                        "0.1d",  "p95(n{}, 30s)",  "1e300", "absent(m, 1h)",
                                        "x-y/z", "{k!~'a|b\"\\n'}" };

  g_string_append (text, leaves[g_test_rand_int_range (0, G_N_ELEMENTS (leaves))]);
}

static void
write_binary (GString *text, guint depth)
{
  g_string_append_c (text, '(');
  write_random (text, depth - 1);
  g_string_append_printf (text, ") %s (",
                          orf_expr_get_operator_text (
                            (OrfExprOperator) g_test_rand_int_range (0, ORF_EXPR_N_OPERATORS)));
  write_random (text, depth - 1);
  g_string_append_c (text, ')');
}

/* All in parentheses, so that what is printed without them must mean the same. */
static void
write_random (GString *text, guint depth)
{
  static const char *const before[] = { "not (", "-(", "(", "sum by (a) (" };
  int choice = depth > 0 ? g_test_rand_int_range (0, 9) : 8;

  if (choice == 8) {
    write_leaf (text);
  } else if (choice >= (int) G_N_ELEMENTS (before)) {
    write_binary (text, depth);
  } else {
    g_string_append (text, before[choice]);
    write_random (text, depth - 1);
    g_string_append_c (text, ')');
  }
}

static gboolean
equal (const OrfExpr *a, const OrfExpr *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return a->kind == b->kind && a->number == b->number && a->window_us == b->window_us &&
         a->aggregate == b->aggregate && a->op == b->op && g_strcmp0 (a->select, b->select) == 0 &&
         (a->by == NULL
            ? b->by == NULL
            : g_strv_equal ((const char *const *) a->by, (const char *const *) b->by)) &&
         equal (a->left, b->left) && equal (a->right, b->right);
}

static void
test_random (void)
{
  guint taken = 0;

  for (int i = 0; i < 5000; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (OrfExpr) expr = NULL;
    g_autoptr (OrfExpr) again = NULL;
    g_autofree char *printed = NULL;

    write_random (text, 5);
    expr = orf_expr_parse (text->str, NULL);
    if (expr == NULL)
      continue; /* more selectors than it may have */
    taken++;
    printed = orf_expr_print (expr);
    again = parse (printed);
    if (!equal (expr, again))
      g_error ("%s is printed as %s", text->str, printed);
  }
  g_assert_cmpuint (taken, >, 3000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expr-parse/printed", test_printed);
  g_test_add_func ("/expr-parse/tree", test_tree);
  g_test_add_func ("/expr-parse/positions", test_positions);
  g_test_add_func ("/expr-parse/page", test_page);
  g_test_add_func ("/expr-parse/bounds", test_bounds);
  g_test_add_func ("/expr-parse/random", test_random);
  return g_test_run ();
}
