/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "metrics/orf-series-name.h"
#include "orf-error.h"
#include "scrape/orf-scrape-labels.h"
#include "scrape/orf-scrape-page.h"

/* Takes cache, which comes back in the page. */
static OrfScrapePage *
read_page (const char *text, OrfExpositionFormat format, gint64 t_us, OrfScrapeCache *cache)
{
  OrfScrapeBody *body = orf_scrape_body_new (NULL);
  OrfScrapePage *page;

  orf_scrape_body_append (body, text, strlen (text));
  page = orf_scrape_page_new ("t", body, format, t_us, cache);
  orf_scrape_page_read (page);
  g_assert_null (page->body);
  g_assert_cmpint (page->body_bytes, ==, strlen (text));
  return page;
}

/* "name{labels} kind unit help;…" of the new ones */
static char *
list_fresh (const OrfScrapePage *page)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < page->fresh->len; i++) {
    const OrfScrapeFresh *fresh = page->fresh->pdata[i];
    g_autofree char *series = orf_series_name_to_text (fresh->name, fresh->labels);

    g_string_append_printf (text, "%s %s", series, orf_series_kind_to_string (fresh->kind));
    if (fresh->unit != NULL)
      g_string_append_printf (text, " [%s]", fresh->unit);
    if (fresh->help != NULL)
      g_string_append_printf (text, " (%s)", fresh->help);
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}

static void
test_kinds (void)
{
  g_autoptr (OrfScrapePage) page = read_page (
    "# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds All.\n"
    "c_seconds_total 1\nc_seconds_created 1\n"
    "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\nh_sum 1\nh_created 1\n"
    "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 1\ns_sum 1\n"
    "# TYPE g gaugehistogram\ng_gcount 1\n# TYPE i info\ni_info 1\nloose_total 1\n# EOF\n",
    ORF_EXPOSITION_OPENMETRICS, 1, orf_scrape_cache_new (100));
  g_autofree char *fresh = list_fresh (page);

  g_assert_no_error (page->error);
  g_assert_cmpstr (fresh, ==,
                   "c_seconds_total{target=\"t\"} counter [seconds] (All.)\n"
                   "c_seconds_created{target=\"t\"} gauge [seconds] (All.)\n"
                   "h_bucket{le=\"1\",target=\"t\"} counter\n"
                   "h_count{target=\"t\"} counter\n"
                   "h_sum{target=\"t\"} counter\n"
                   "h_created{target=\"t\"} gauge\n"
                   "s{quantile=\"0.5\",target=\"t\"} gauge\n"
                   "s_count{target=\"t\"} counter\n"
                   "s_sum{target=\"t\"} counter\n"
                   "g_gcount{target=\"t\"} gauge\n"
                   "i_info{target=\"t\"} gauge\n"
                   "loose_total{target=\"t\"} gauge\n");
}

static void
test_again (void)
{
  g_autoptr (OrfScrapePage)
    first = read_page ("a{x=\"1\"} 1\nb 2\n", ORF_EXPOSITION_TEXT, 1, orf_scrape_cache_new (100));
  g_autoptr (OrfScrapePage) second = read_page ("b 3\na{x=\"1\"} 4\nc 5\n", ORF_EXPOSITION_TEXT, 2,
                                                g_steal_pointer (&first->cache));
  g_autofree char *fresh = list_fresh (second);

  g_assert_cmpuint (first->fresh->len, ==, 2);
  g_assert_cmpstr (fresh, ==, "c{target=\"t\"} gauge\n");
  g_assert_cmpuint (second->samples->len, ==, 3);
  g_assert_cmpuint (g_array_index (second->samples, OrfScrapeSample, 0).id, ==, 1);
  g_assert_cmpfloat (g_array_index (second->samples, OrfScrapeSample, 1).value, ==, 4);
}

static void
test_broken (void)
{
  g_autoptr (OrfScrapePage)
    broken = read_page ("a 1\nb 2\nc", ORF_EXPOSITION_TEXT, 1, orf_scrape_cache_new (2));
  g_autoptr (OrfScrapePage) whole = NULL;

  g_assert_error (broken->error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (broken->fresh->len + broken->samples->len, ==, 0);
  g_assert_cmpuint (orf_scrape_cache_get_length (broken->cache), ==, 0);
  whole = read_page ("c 1\nd 2\n", ORF_EXPOSITION_TEXT, 2, g_steal_pointer (&broken->cache));
  g_assert_cmpuint (whole->fresh->len, ==, 2);
}

static void
test_left_out (void)
{
  g_autoptr (OrfScrapePage) page = read_page ("a 1\na 2\nb NaN\nc +Inf\nd 1\ne 1\na 3 7\n",
                                              ORF_EXPOSITION_TEXT, 1, orf_scrape_cache_new (2));

  g_assert_cmpuint (page->n_told, ==, 7);
  g_assert_cmpuint (page->n_left_out, ==, 2);
  g_assert_cmpstr (page->left_out_why, ==, "a: it is told twice");
  /* a, d, and a at a time of its own; what was never known took no place */
  g_assert_cmpuint (page->samples->len, ==, 3);
  g_assert_cmpint (g_array_index (page->samples, OrfScrapeSample, 2).t_us, ==, 7000);
}

static void
test_help_is_bounded (void)
{
  g_autofree char *long_help = g_strnfill (1023, 'x');
  g_autofree char *text = g_strdup_printf ("# HELP a %s\u00e9\u00e9\na 1\n", long_help);
  g_autoptr (OrfScrapePage)
    page = read_page (text, ORF_EXPOSITION_TEXT, 1, orf_scrape_cache_new (2));

  g_assert_cmpstr (((OrfScrapeFresh *) page->fresh->pdata[0])->help, ==, long_help);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static char *
make_labels (const char *text, GError **error)
{
  g_auto (GStrv)
    labels = orf_scrape_labels_new ((OrfExpositionSlice){ text, strlen (text) }, "t", error);

  return labels != NULL ? orf_series_name_to_text ("", labels) : NULL;
}

static void
test_labels (void)
{
  static const struct {
    const char *text, *labels;
  } cases[] = {
    { "", "{target=\"t\"}" },
    { "z=\"1\",a=\"2\",", "{a=\"2\",target=\"t\",z=\"1\"}" },
    { "e=\"\",target=\"\"", "{target=\"t\"}" },
    { "target=\"x\"", "{exported_target=\"x\",target=\"t\"}" },
    { "exported_target=\"y\",target=\"x\"",
      "{exported_exported_target=\"y\",exported_target=\"x\",target=\"t\"}" },
    { "exported_target=\"y\"", "{exported_target=\"y\",target=\"t\"}" },
    { "a=\"\\\"\\n\\\\\"", "{a=\"\\\"\\n\\\\\",target=\"t\"}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *labels = make_labels (cases[i].text, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (labels, ==, cases[i].labels);
  }
}

static void
test_labels_refused (void)
{
  g_autoptr (GString) many = g_string_new (NULL), deep = g_string_new ("target=\"x\"");
  g_autofree char *long_value = g_strnfill (257, 'x');
  g_autofree char *too_long = g_strdup_printf ("a=\"%s\"", long_value);
  g_autoptr (GString) prefix = g_string_new ("target");

  for (guint i = 0; i < ORF_SCRAPE_MAX_LABELS; i++)
    g_string_append_printf (many, "l%u=\"1\",", i);
  for (guint i = 0; i < 20; i++) {
    g_string_prepend (prefix, "exported_");
    g_string_append_printf (deep, ",%s=\"x\"", prefix->str);
  }
  {
    const char *const cases[] = { "a=\"1\",a=\"2\"", too_long, many->str, deep->str };

    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
      g_autoptr (GError) error = NULL;

      g_assert_null (make_labels (cases[i], &error));
      g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scrape-page/kinds", test_kinds);
  g_test_add_func ("/scrape-page/again", test_again);
  g_test_add_func ("/scrape-page/broken", test_broken);
  g_test_add_func ("/scrape-page/left-out", test_left_out);
  g_test_add_func ("/scrape-page/help-is-bounded", test_help_is_bounded);
  g_test_add_func ("/scrape-page/labels", test_labels);
  g_test_add_func ("/scrape-page/labels-refused", test_labels_refused);
  return g_test_run ();
}
