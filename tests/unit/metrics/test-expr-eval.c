/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "expr-fixture.h"
#include "metrics/orf-expr-parse.h"
#include "orf-error.h"

#define S ORF_US_PER_S

/* At 10, 20, 30 s: a{k="x"} is 1, 2, 3; a{k="y"} 10, 20 and then nothing for long; b{k="x"} is 2
 * throughout, b{k="z"} 5; one name without labels; a counter that began anew between 20 and 30. */
static const OrfPoint rising[] = { { 10 * S, 1 }, { 20 * S, 2 }, { 30 * S, 3 } };
static const OrfPoint ending[] = { { 10 * S, 10 }, { 20 * S, 20 } };
static const OrfPoint two[] = { { 10 * S, 2 }, { 20 * S, 2 }, { 30 * S, 2 } };
static const OrfPoint five[] = { { 10 * S, 5 }, { 20 * S, 5 }, { 30 * S, 5 } };
static const OrfPoint counter[] = {
  { 10 * S, 100 }, { 20 * S, 130 }, { 25 * S, 4 }, { 30 * S, 10 }
};
static const OrfPoint huge[] = { { 10 * S, 1e308 }, { 20 * S, 1e308 }, { 30 * S, 1e308 } };

static const ExprSeries series[] = {
  { "a", { "k", "x" }, rising, 3 }, { "a", { "k", "y" }, ending, 2 },
  { "b", { "k", "x" }, two, 3 },    { "b", { "k", "z" }, five, 3 },
  { "solo", { NULL }, rising, 3 },  { "count", { "k", "x", "l", "1" }, counter, 4 },
  { "huge", { NULL }, huge, 3 },    { "silent", { NULL }, NULL, 0 },
};

/* 10, 20, 30 s. */
static const OrfGrid grid = { 30 * S, 10 * S, 3 };

/* {k="x"} 1 2 -; … with - for what is not known. */
static char *
tell (const OrfExprVector *vector)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < vector->lines->len; i++) {
    const OrfExprLine *line = vector->lines->pdata[i];

    g_string_append (text, i > 0 ? "; " : "");
    g_string_append (text, line->key);
    for (guint k = 0; k < vector->n_values; k++) {
      if (isnan (line->values[k]))
        g_string_append (text, " -");
      else
        g_string_append_printf (text, " %.9g", line->values[k]);
    }
  }
  return g_string_free (text, FALSE);
}

static void
check (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExprVector) vector = expr_eval (text, series, G_N_ELEMENTS (series), grid, &error);
  g_autofree char *told = NULL;

  g_assert_no_error (error);
  told = tell (vector);
  g_test_message ("%s: %s", text, told);
  g_assert_cmpstr (told, ==, expected);
}

static void
test_series (void)
{
  check ("a", "{k=\"x\"} 1 2 3; {k=\"y\"} 10 20 20");
  check ("a{k='x'}", "{k=\"x\"} 1 2 3");
  check ("solo", " 1 2 3");
  check ("nothing", "");
  check ("silent", "");
  check ("7", " 7 7 7");
  /* several names: each its label */
  check ("{__name__=~'a|solo',k=~'x|'}",
         "{__name__=\"a\",k=\"x\"} 1 2 3; {__name__=\"solo\"} 1 2 3");
  check ("max(a, 10s)", "{k=\"x\"} 1 2 3; {k=\"y\"} 10 20 -");
  check ("avg(a{k='x'}, 20s)", "{k=\"x\"} 1 1.5 2.5");
  check ("count(a, 1ms)", "{k=\"x\"} 1 1 1; {k=\"y\"} 1 1 -");
  /* at 20: 30 since 10; at 30: 4 and 6 more */
  check ("increase(count, 10s)", "{k=\"x\",l=\"1\"} - 30 10");
  check ("rate(count, 10s)", "{k=\"x\",l=\"1\"} - 3 1");
  check ("delta(count, 20s)", "{k=\"x\",l=\"1\"} - 30 -120");
  check ("sum(huge, 30s)", " 1e+308 - -"); /* beyond a double */
  check ("avg(huge, 30s)", " 1e+308 1e+308 1e+308");
}

static void
test_numbers (void)
{
  check ("1 + 2 * 3", " 7 7 7");
  check ("-(2 - 5)", " 3 3 3");
  check ("1 / 0", "");
  check ("0 / 0", "");
  check ("1e308 * 10", "");
  check ("a{k='x'} / (a{k='x'} - 2)", "{k=\"x\"} -1 - 3");
  check ("100 * a{k='x'}", "{k=\"x\"} 100 200 300");
  check ("10 - a{k='x'}", "{k=\"x\"} 9 8 7");
  check ("not 0", " 1 1 1");
  check ("not 3", " 0 0 0");
}

static void
test_joins (void)
{
  check ("a / b", "{k=\"x\"} 0.5 1 1.5");
  check ("a > b", "{k=\"x\"} 0 0 1");
  check ("a == b", "{k=\"x\"} 0 1 0");
  check ("a != b", "{k=\"x\"} 1 0 1");
  check ("a >= b", "{k=\"x\"} 0 1 1");
  check ("a <= b", "{k=\"x\"} 1 1 0");
  check ("a < b", "{k=\"x\"} 1 0 0");
  check ("a > 1.5", "{k=\"x\"} 0 1 1; {k=\"y\"} 1 1 1");
  check ("a / nothing", "");
  check ("a + solo", ""); /* other labels */
  check ("a / sum by () (a)", "{k=\"x\"} 0.0909090909 0.0909090909 0.130434783; "
                              "{k=\"y\"} 0.909090909 0.909090909 0.869565217");
  check ("{__name__='a',k='x'} + {__name__=~'b',k='x'}", "{k=\"x\"} 3 4 5"); /* the name goes */
}

static void
test_logic (void)
{
  /* unknown is a third truth: only one that is true is enough, or one that is false */
  check ("max(a, 10s) > 15 or b > 4", "{k=\"x\"} 0 0 0; {k=\"y\"} - 1 -; {k=\"z\"} 1 1 1");
  check ("max(a, 10s) > 15 and b > 4", "{k=\"x\"} 0 0 0; {k=\"y\"} 0 - -");
  check ("not max(a, 10s) > 15", "{k=\"x\"} 1 1 1; {k=\"y\"} 1 0 -");
  check ("a and 1", "{k=\"x\"} 1 1 1; {k=\"y\"} 1 1 1");
  check ("solo - 2 or 0", " 1 0 1");
  check ("0 and nothing", " 0 0 0");
  check ("1 and nothing", "");
  check ("nothing > 5 or 1", " 1 1 1");
  check ("nothing > 5 or nothing < 3", "");
  check ("nothing > 5 or b > 4", "{k=\"z\"} 1 1 1");
  check ("nothing > 5 and b > 4", "{k=\"x\"} 0 0 0");
}

static void
test_absent (void)
{
  check ("absent(nothing, 1m)", " 1 1 1");
  check ("absent(silent, 1m)", " 1 1 1");
  check ("absent(a{k='y'}, 10s)", " 0 0 1");
  check ("absent(a, 10s)", " 0 0 0");
  check ("absent(nothing, 1m) or not (nothing > 1)", " 1 1 1");
  check ("absent(a{k='y'}, 10s) or a{k='x'} > 1", "{k=\"x\"} 0 1 1");
}

static void
test_across (void)
{
  check ("sum by () (a)", " 11 22 23");
  check ("sum by (k) (a)", "{k=\"x\"} 1 2 3; {k=\"y\"} 10 20 20");
  check ("sum by (nosuch) (b)", " 7 7 7");
  check ("count by () (max(a, 10s))", " 2 2 1");
  check ("sum by () (a > 1)", " 1 2 2");
  check ("avg by () (b)", " 3.5 3.5 3.5");
  check ("p50 by () (b)", " 3.5 3.5 3.5");
  check ("stddev by () (b)", " 1.5 1.5 1.5");
  check ("max by () (nothing)", "");
  check ("max by () (nothing) or 1", " 1 1 1");
  check ("a > max by () (nothing)", "");
  check ("sum by (__name__) ({__name__=~'a|b'})",
         "{__name__=\"a\"} 11 22 23; {__name__=\"b\"} 7 7 7");
  check ("sum by (k) (a) + sum by (k) (count)", "{k=\"x\"} 101 132 13");
  check ("sum by () (huge + 0) + sum by () (huge)", ""); /* beyond a double */
  check ("sum by () (4) / 2", " 2 2 2");
}

/* The lines of doc/expressions.md: cells between the back quotes of a line, at 1 and 3. */
static void
test_page (void)
{
  static const char mark[] = "<!-- evaluated -->\n";
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "doc", "expressions.md", NULL);
  g_autofree char *page = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (path, &page, NULL, NULL));
  g_assert_nonnull (strstr (page, mark));
  lines = g_strsplit (strstr (page, mark) + strlen (mark), "\n", -1);
  for (char **line = lines; **line == '|'; line++)
    if (g_str_has_prefix (*line, "| `")) {
      g_auto (GStrv) cells = g_strsplit (*line, "`", -1);

      g_assert_cmpuint (g_strv_length (cells), ==, 5);
      check (cells[1], cells[3]);
      n++;
    }
  g_assert_cmpuint (n, ==, 10);
}

/* A latest value is one for five minutes, this one included and that one not. */
static void
test_latest (void)
{
  const OrfGrid around = { 30 * S + ORF_EXPR_LATEST_US, 1, 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExprVector)
    vector = expr_eval ("a{k='x'}", series, G_N_ELEMENTS (series), around, &error);
  g_autofree char *told = tell (vector);

  g_assert_cmpstr (told, ==, "{k=\"x\"} 3 -");
}

static void
test_refused (void)
{
  static const struct {
    const char *text, *answer;
  } cases[] = {
    { "{__name__=~'a|b'} + a",
      "expr: the operator at position 18 joins series by their labels, and "
      "on its left two names have {k=\"x\"}: select one name, or merge "
      "them by sum by (…)" },
    { "a or {__name__=~'solo|huge'}", "expr: the operator at position 2 joins series by their "
                                      "labels, and on its right two names have no labels: select "
                                      "one name, or merge them by sum by (…)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (expr_eval (cases[i].text, series, G_N_ELEMENTS (series), grid, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr (error->message, ==, cases[i].answer);
    g_assert_cmpstr (orf_error_get_field (error), ==, "expr");
  }
}

static void
check_bound (const char *text, guint64 max_values, OrfCancel *cancel, int code)
{
  const OrfExprSpec spec = { .grid = grid, .max_values = max_values, .cancel = cancel };
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExpr) expr = orf_expr_parse (text, NULL);
  g_autoptr (GPtrArray) inputs = expr_inputs_new (expr, series, G_N_ELEMENTS (series));
  OrfExprVector *vector = orf_expr_eval (expr, &spec, (const GArray *const *) inputs->pdata,
                                         &error);

  if (code < 0) {
    g_assert_no_error (error);
    orf_expr_vector_free (vector);
  } else {
    g_assert_null (vector);
    g_assert_error (error, ORF_ERROR, code);
  }
}

static void
test_bounds (void)
{
  g_autoptr (OrfCancel) cancel = orf_cancel_new (0);

  /* two lines of a, one of 1, one of the sum: three values each */
  check_bound ("sum by () (a) + 1", 12, NULL, -1);
  check_bound ("sum by () (a) + 1", 11, NULL, ORF_ERROR_RESOURCE_EXHAUSTED);
  check_bound ("absent(a, 1m)", 5, cancel, -1);
  /* five points of a, gone over twice */
  check_bound ("absent(a, 1m) + absent(a, 2m)", 10, NULL, -1);
  check_bound ("absent(a, 1m) + absent(a, 2m)", 9, NULL, ORF_ERROR_RESOURCE_EXHAUSTED);
  orf_cancel_trigger (cancel);
  check_bound ("absent(a, 1m)", 5, cancel, ORF_ERROR_DEADLINE_EXCEEDED);
  check_bound ("a", 100, cancel, ORF_ERROR_DEADLINE_EXCEEDED);
}

static void
test_selectors (void)
{
  g_autoptr (OrfExpr)
    expr = orf_expr_parse ("sum by () (rate(a, 1m)) / (b + absent(c, 2s)) + 1", NULL);
  g_autoptr (GPtrArray) selectors = orf_expr_list_selectors (expr);
  static const gint64 reaches_us[] = { 120 * S, ORF_EXPR_LATEST_US, 2 * S };

  g_assert_cmpuint (selectors->len, ==, 3);
  for (guint i = 0; i < selectors->len; i++) {
    const OrfExpr *one = selectors->pdata[i];
    const char select[] = { (char) ('a' + i), '\0' };

    g_assert_cmpstr (one->select, ==, select);
    g_assert_cmpint (orf_expr_get_reach_us (one), ==, reaches_us[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expr-eval/series", test_series);
  g_test_add_func ("/expr-eval/numbers", test_numbers);
  g_test_add_func ("/expr-eval/joins", test_joins);
  g_test_add_func ("/expr-eval/logic", test_logic);
  g_test_add_func ("/expr-eval/absent", test_absent);
  g_test_add_func ("/expr-eval/across", test_across);
  g_test_add_func ("/expr-eval/page", test_page);
  g_test_add_func ("/expr-eval/latest", test_latest);
  g_test_add_func ("/expr-eval/refused", test_refused);
  g_test_add_func ("/expr-eval/bounds", test_bounds);
  g_test_add_func ("/expr-eval/selectors", test_selectors);
  return g_test_run ();
}
