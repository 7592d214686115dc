/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "load/orf-load-slices.h"

#define SECOND_US G_GINT64_CONSTANT (1000000)

static const OrfLoadSlice *
get (const GPtrArray *slices, guint i)
{
  g_assert_cmpuint (i, <, slices->len);
  return slices->pdata[i];
}

static void
test_report (void)
{
  g_autoptr (GPtrArray) slices = orf_load_slices_parse (
    "{\"orfeas\":{\"levels\":[{\"from_us\":0,\"planned_per_s\":10.0},"
    "{\"from_us\":2000000,\"planned_per_s\":20}],\"slices\":["
    "{\"from_us\":0,\"rate_per_s\":9.5,\"failed\":1,\"p50_us\":100,\"p95_us\":200,\"p99_us\":300},"
    "{\"from_us\":1000000,\"rate_per_s\":0.0,\"failed\":10,\"p50_us\":null},"
    "{\"from_us\":2000000,\"rate_per_s\":\"many\",\"failed\":-1}]}}");

  g_assert_cmpuint (slices->len, ==, 3);
  g_assert_cmpfloat (get (slices, 0)->rate_per_s, ==, 9.5);
  g_assert_cmpfloat (get (slices, 0)->planned_per_s, ==, 10);
  g_assert_cmpint (get (slices, 0)->p99_us, ==, 300);
  g_assert_cmpint (get (slices, 1)->failed, ==, 10);
  g_assert_cmpfloat (get (slices, 1)->planned_per_s, ==, 10);
  g_assert_false (get (slices, 1)->has_p50_us);
  g_assert_cmpfloat (get (slices, 2)->planned_per_s, ==, 20);
  g_assert_true (isnan (get (slices, 2)->rate_per_s));
  g_assert_false (get (slices, 2)->has_failed);
  g_assert_cmpint (orf_load_slices_get_step (slices, 3 * SECOND_US), ==, SECOND_US);
}

/* A report is anybody's: what is no slice ends the list. */
static void
test_others (void)
{
  static const char *const reports[] = {
    NULL,
    "",
    "[1]",
    "{\"orfeas\":1}",
    "{\"orfeas\":{\"slices\":{}}}",
    "{\"orfeas\":{\"slices\":[1,{\"from_us\":0}]}}",
    "{\"orfeas\":{\"slices\":[{\"from_us\":-1}]}}",
    "{\"orfeas\":{\"slices\":[{\"from_us\":1.5}]}}",
  };
  g_autoptr (GPtrArray) twice = orf_load_slices_parse (
    "{\"orfeas\":{\"slices\":[{\"from_us\":5},{\"from_us\":5},{\"from_us\":6}]}}");

  for (guint i = 0; i < G_N_ELEMENTS (reports); i++) {
    g_autoptr (GPtrArray) slices = orf_load_slices_parse (reports[i]);

    g_assert_cmpuint (slices->len, ==, 0);
  }
  g_assert_cmpuint (twice->len, ==, 1);
}

static void
test_too_many (void)
{
  g_autoptr (GString) report = g_string_new ("{\"orfeas\":{\"slices\":[{\"from_us\":0}");
  g_autoptr (GPtrArray) slices = NULL;

  for (guint i = 1; i < 2 * ORF_LOAD_MAX_SLICES; i++)
    g_string_append_printf (report, ",{\"from_us\":%u}", i);
  g_string_append (report, "]}}");
  slices = orf_load_slices_parse (report->str);
  g_assert_cmpuint (slices->len, ==, ORF_LOAD_MAX_SLICES);
}

/* 100,000 levels, and n slices a microsecond apart; the last level begins with the second slice. */
static GPtrArray *
parse_levels (guint n, gint64 *took_us)
{
  g_autoptr (GString) report = g_string_new ("{\"orfeas\":{\"levels\":[{\"from_us\":0}");
  gint64 begun_us;
  GPtrArray *slices;

  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (report, ",{\"from_us\":%u,\"planned_per_s\":%u}", i / 99999, i);
  g_string_append (report, "],\"slices\":[{\"from_us\":0}");
  for (guint i = 1; i < n; i++)
    g_string_append_printf (report, ",{\"from_us\":%u}", i);
  g_string_append (report, "]}}");
  begun_us = g_get_monotonic_time ();
  slices = orf_load_slices_parse (report->str);
  *took_us = g_get_monotonic_time () - begun_us;
  return slices;
}

/* Many levels are not looked through for each slice: a report of 16 MiB held the main loop for a
 * minute.  Against itself, and more than once, as this machine may be busy. */
static void
test_many_levels (void)
{
  gboolean is_quick = FALSE;

  for (guint i = 0; i < 5 && !is_quick; i++) {
    gint64 one_us, all_us;
    g_autoptr (GPtrArray) one = parse_levels (1, &one_us);
    g_autoptr (GPtrArray) all = parse_levels (ORF_LOAD_MAX_SLICES, &all_us);

    g_assert_cmpuint (one->len, ==, 1);
    g_assert_cmpuint (all->len, ==, ORF_LOAD_MAX_SLICES);
    g_assert_cmpfloat (get (all, 0)->planned_per_s, ==, 99998);
    g_assert_cmpfloat (get (all, 1)->planned_per_s, ==, 99999);
    g_assert_cmpfloat (get (all, ORF_LOAD_MAX_SLICES - 1)->planned_per_s, ==, 99999);
    is_quick = all_us < 5 * one_us;
  }
  g_assert_true (is_quick);
}

static void
test_step (void)
{
  g_autoptr (GPtrArray) none = orf_load_slices_parse (NULL);
  g_autoptr (GPtrArray) narrow = orf_load_slices_parse (
    "{\"orfeas\":{\"slices\":[{\"from_us\":0},{\"from_us\":1000}]}}");
  g_autoptr (GPtrArray) wide = orf_load_slices_parse (
    "{\"orfeas\":{\"slices\":[{\"from_us\":0},{\"from_us\":6000000}]}}");

  g_assert_cmpint (orf_load_slices_get_step (none, 1), ==, SECOND_US);
  g_assert_cmpint (orf_load_slices_get_step (none, 3600 * SECOND_US), ==, 7 * SECOND_US);
  g_assert_cmpint (orf_load_slices_get_step (narrow, 60 * SECOND_US), ==, SECOND_US);
  /* 600 of them are 3600 s; that the last answer came 5 s later changes nothing */
  g_assert_cmpint (orf_load_slices_get_step (wide, 3605 * SECOND_US), ==, 6 * SECOND_US);
  /* of a day they would be too many */
  g_assert_cmpint (orf_load_slices_get_step (wide, 86400 * SECOND_US), ==, 145 * SECOND_US);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-slices/report", test_report);
  g_test_add_func ("/load-slices/others", test_others);
  g_test_add_func ("/load-slices/too-many", test_too_many);
  g_test_add_func ("/load-slices/many-levels", test_many_levels);
  g_test_add_func ("/load-slices/step", test_step);
  return g_test_run ();
}
