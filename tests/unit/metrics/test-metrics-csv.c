/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "metrics/orf-metrics-csv.h"
#include "metrics/orf-series-name.h"

static void
add_series (GPtrArray *series, const char *text, const OrfPoint *points, guint n_points)
{
  OrfMetricsSeriesPoints *one = orf_metrics_series_points_new ();

  one->series = g_strdup (text);
  one->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  if (n_points > 0)
    g_array_append_vals (one->points, points, n_points);
  g_ptr_array_add (series, one);
}

static GPtrArray *
new_series (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_metrics_series_points_free);
}

static const OrfPoint points_a[] = { { 10, 0.1 }, { 20, -2 }, { 30, NAN } };
static const OrfPoint points_b[] = { { 15, 1e21 }, { 20, 9007199254740991.0 } };

static GPtrArray *
new_pair (void)
{
  GPtrArray *series = new_series ();

  add_series (series, "a", points_a, G_N_ELEMENTS (points_a));
  add_series (series, "b{k=\"v,w\"}", points_b, G_N_ELEMENTS (points_b));
  return series;
}

static void
test_table (void)
{
  g_autoptr (GPtrArray) series = new_pair ();
  g_autoptr (GString) out = g_string_new (NULL);
  gint64 n_rows = -1;

  g_assert_true (orf_metrics_csv_append (out, series, 100, &n_rows));
  g_assert_cmpstr (out->str, ==,
                   "t_us,a,\"b{k=\"\"v,w\"\"}\"\r\n"
                   "10,0.1,\r\n"
                   "15,,1e+21\r\n"
                   "20,-2,9007199254740991\r\n"
                   "30,,\r\n");
  g_assert_cmpint (n_rows, ==, 4);
}

static void
test_nothing (void)
{
  g_autoptr (GPtrArray) none = new_series ();
  g_autoptr (GPtrArray) empty = new_series ();
  g_autoptr (GString) out = g_string_new (NULL);
  gint64 n_rows = -1;

  g_assert_true (orf_metrics_csv_append (out, none, 1, &n_rows));
  g_assert_cmpstr (out->str, ==, "t_us\r\n");
  g_assert_cmpint (n_rows, ==, 0);

  add_series (empty, "a", NULL, 0);
  g_string_truncate (out, 0);
  g_assert_true (orf_metrics_csv_append (out, empty, 1, &n_rows));
  g_assert_cmpstr (out->str, ==, "t_us,a\r\n");
  g_assert_cmpint (n_rows, ==, 0);
}

/* Four lines of two series. */
static void
test_bound (void)
{
  g_autoptr (GPtrArray) series = new_pair ();
  g_autoptr (GString) out = g_string_new (NULL);
  gint64 n_rows = -1;

  g_assert_false (orf_metrics_csv_append (out, series, 7, &n_rows));
  g_assert_cmpint (n_rows, ==, -1);
  g_string_truncate (out, 0);
  g_assert_true (orf_metrics_csv_append (out, series, 8, &n_rows));
  g_assert_cmpint (n_rows, ==, 4);
}

static void
test_texts (void)
{
  static const struct {
    const char *text;
    const char *cell;
  } cases[] = {
    { "a.b:c/d-e", "a.b:c/d-e" },
    { "a{k=\"x\"}", "\"a{k=\"\"x\"\"}\"" },
    { "a{k=\"\\\"\"}", "\"a{k=\"\"\\\"\"\"\"}\"" },
    { "a{k=\"\r\"}", "\"a{k=\"\"\r\"\"}\"" },
    { "a{k=\"h\303\251\"}", "\"a{k=\"\"h\303\251\"\"}\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) series = new_series ();
    g_autoptr (GString) out = g_string_new (NULL);
    g_autofree char *expected = g_strdup_printf ("t_us,%s\r\n", cases[i].cell);
    gint64 n_rows;

    add_series (series, cases[i].text, NULL, 0);
    g_assert_true (orf_metrics_csv_append (out, series, 1, &n_rows));
    g_assert_cmpstr (out->str, ==, expected);
  }
}

/* Texts are told unchanged because none can begin as a spreadsheet's formula does. */
static void
test_no_formula (void)
{
  static const char marks[] = "=+-@\t\r\n|%'\"";

  for (guint i = 0; i < strlen (marks); i++) {
    const char name[] = { marks[i], 'a', '\0' };

    g_assert_false (orf_series_name_check (name, "name", NULL));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/csv/table", test_table);
  g_test_add_func ("/metrics/csv/nothing", test_nothing);
  g_test_add_func ("/metrics/csv/bound", test_bound);
  g_test_add_func ("/metrics/csv/texts", test_texts);
  g_test_add_func ("/metrics/csv/no-formula", test_no_formula);
  return g_test_run ();
}
