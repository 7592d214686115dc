/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-expr-minutes.h"
#include "metrics/orf-expr-parse.h"
#include "orf-desc.h"

#define M ORF_MINUTE_US

/* m: the largest, n: the smallest, l: the last, s: the mean. */
static void
check_parts (const char *text, OrfExprTowards towards, const char *expected)
{
  static const char letters[ORF_N_ROLLUP_PARTS] = {
    [ORF_ROLLUP_MAX] = 'm', [ORF_ROLLUP_MIN] = 'n', [ORF_ROLLUP_LAST] = 'l', [ORF_ROLLUP_SUM] = 's'
  };
  g_autoptr (OrfExpr) expr = orf_expr_parse (text, NULL);
  g_autoptr (GArray) parts = orf_expr_minutes_get_parts (expr, towards);
  g_autoptr (GString) found = g_string_new (NULL);

  if (expected == NULL) {
    g_assert_null (parts);
    return;
  }
  g_assert_nonnull (parts);
  for (guint i = 0; i < parts->len; i++)
    g_string_append_c (found, letters[g_array_index (parts, OrfRollupPart, i)]);
  g_assert_cmpstr (found->str, ==, expected);
}

static void
test_parts (void)
{
  check_parts ("a", ORF_EXPR_TOWARDS_HIGH, "m");
  check_parts ("a", ORF_EXPR_TOWARDS_LOW, "n");
  check_parts ("a", ORF_EXPR_TOWARDS_LAST, "l");
  check_parts ("a - b / c", ORF_EXPR_TOWARDS_HIGH, "mnm");
  check_parts ("-a + 2 * b", ORF_EXPR_TOWARDS_LOW, "mn");
  check_parts ("a > b and not (c < d) or e == f", ORF_EXPR_TOWARDS_HIGH, "mnmnll");
  check_parts ("max by (k) (a)", ORF_EXPR_TOWARDS_LOW, "n");
  check_parts ("avg(a, 5m) - min(b, 1m) + max(c, 1m) + last(d, 1m)", ORF_EXPR_TOWARDS_HIGH, "snml");
  check_parts ("p95(a, 5m) + rate(b, 5m)", ORF_EXPR_TOWARDS_HIGH, "ml");
  check_parts ("rate(b, 1m)", ORF_EXPR_TOWARDS_HIGH, NULL);
  check_parts ("a > 1 and count(a, 5m) > 3", ORF_EXPR_TOWARDS_HIGH, NULL);
  check_parts ("1 + 1", ORF_EXPR_TOWARDS_HIGH, "");
}

static void
add_point (GArray *points, gint64 t_us, double value)
{
  const OrfPoint point = { t_us, value };

  g_array_append_val (points, point);
}

static void
check_fold (OrfRollupPart part,
            gint64 step_us,
            const GArray *points,
            const GArray *rollups,
            guint n,
            const OrfPoint *expected)
{
  g_autoptr (GArray) folded = orf_expr_minutes_fold (part, step_us, points, rollups);

  g_assert_cmpuint (folded->len, ==, n);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpint (g_array_index (folded, OrfPoint, i).t_us, ==, expected[i].t_us);
    g_assert_cmpfloat (g_array_index (folded, OrfPoint, i).value, ==, expected[i].value);
  }
}

static void
test_fold (void)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_autoptr (GArray) rollups = orf_rollup_array_new ();
  const OrfRollup one = { .t_us = 2 * M, .count = 4, .min = 1, .max = 9, .sum = 20, .last = 3 };

  check_fold (ORF_ROLLUP_MAX, M, points, NULL, 0, NULL);
  add_point (points, 0, 4);
  add_point (points, M - 1, 6);
  add_point (points, 3 * M, 2);
  add_point (points, 3 * M + 1, 8);
  add_point (points, 3 * M + 2, 5);
  g_array_append_val (rollups, one);
  check_fold (ORF_ROLLUP_MAX, M, points, rollups, 3,
              (OrfPoint[]){ { M - 1, 6 }, { 3 * M - 1, 9 }, { 4 * M - 1, 8 } });
  check_fold (ORF_ROLLUP_MIN, M, points, rollups, 3,
              (OrfPoint[]){ { M - 1, 4 }, { 3 * M - 1, 1 }, { 4 * M - 1, 2 } });
  check_fold (ORF_ROLLUP_LAST, M, points, rollups, 3,
              (OrfPoint[]){ { M - 1, 6 }, { 3 * M - 1, 3 }, { 4 * M - 1, 5 } });
  check_fold (ORF_ROLLUP_SUM, M, points, rollups, 3,
              (OrfPoint[]){ { M - 1, 5 }, { 3 * M - 1, 5 }, { 4 * M - 1, 5 } });
  check_fold (ORF_ROLLUP_MAX, 2 * M, points, rollups, 2,
              (OrfPoint[]){ { 2 * M - 1, 6 }, { 4 * M - 1, 9 } });
  check_fold (ORF_ROLLUP_MAX, 4 * M, points, NULL, 1, (OrfPoint[]){ { 4 * M - 1, 8 } });
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expr-minutes/parts", test_parts);
  g_test_add_func ("/expr-minutes/fold", test_fold);
  return g_test_run ();
}
