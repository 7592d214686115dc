/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "metrics/orf-series-name.h"
#include "orf-error.h"

static void
test_names (void)
{
  g_autofree char *longest = g_strnfill (200, 'a');
  g_autofree char *longer = g_strnfill (201, 'a');
  const char *const good[] = { "a", "_", "gpu.memory:used/b-c", "A9", longest };
  const char *const bad[] = { "", "9a", ".a", "a b", "a{", "\xc3\xa4", longer, "a\n" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (orf_series_name_check (good[i], "name", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (orf_series_name_check (bad[i], "samples[3].name", &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr (orf_error_get_field (error), ==, "samples[3].name");
  }
}

static void
check_labels (const char *const *labels, guint max, const char *bad_field)
{
  g_autoptr (GError) error = NULL;
  gboolean good = orf_series_name_check_labels ((char *const *) labels, max, "labels", &error);

  g_assert_cmpint (good, ==, bad_field == NULL);
  if (bad_field != NULL)
    g_assert_cmpstr (orf_error_get_field (error), ==, bad_field);
}

static void
test_labels (void)
{
  g_autofree char *longest = g_strnfill (256, 'v');
  g_autofree char *longer = g_strnfill (257, 'v');

  check_labels (NULL, 0, NULL);
  check_labels ((const char *[]){ "a", longest, "b", "", NULL }, 2, NULL);
  check_labels ((const char *[]){ "a", "1", "b", "2", NULL }, 1, "labels");
  check_labels ((const char *[]){ "a", longer, NULL }, 2, "labels.a");
  check_labels ((const char *[]){ "a", "\xff", NULL }, 2, "labels.a");
  check_labels ((const char *[]){ "a.b", "1", NULL }, 2, "labels.a.b");
  check_labels ((const char *[]){ "", "1", NULL }, 2, "labels.");
  check_labels ((const char *[]){ "a", "1", "a", "2", NULL }, 2, "labels.a");
}

static void
test_text (void)
{
  const char *const labels[] = { "k", "a\"b\\c\nd", "l", "\xc3\xa4", NULL };
  g_autofree char *text = orf_series_name_to_text ("m", (char *const *) labels);
  g_autofree char *bare = orf_series_name_to_text ("m", NULL);
  g_autofree char *empty = orf_series_name_to_text ("m", (char *const[]){ NULL });

  g_assert_cmpstr (text, ==, "m{k=\"a\\\"b\\\\c\\nd\",l=\"\xc3\xa4\"}");
  g_assert_cmpstr (bare, ==, "m");
  g_assert_cmpstr (empty, ==, "m");
  g_assert_cmpstr (orf_series_name_get_label ((char *const *) labels, "l"), ==, "\xc3\xa4");
  g_assert_null (orf_series_name_get_label ((char *const *) labels, "z"));
  g_assert_null (orf_series_name_get_label (NULL, "k"));
}

static void
test_json (void)
{
  const char *const labels[] = { "a", "q\"\\\n\x01", "b", "", NULL };
  g_autofree char *json = orf_series_name_labels_to_json ((char *const *) labels);
  g_auto (GStrv) back = orf_series_name_labels_from_json (json);
  g_auto (GStrv) sorted = orf_series_name_labels_from_json ("{\"z\":\"1\",\"a\":\"2\"}");
  g_autofree char *none = orf_series_name_labels_to_json (NULL);
  const char *const bad[] = { "", "[]", "{\"a\":1}", "{\"a\":\"1\",\"a\":\"2\"}", "{\"a\"" };

  g_assert_true (g_strv_equal ((const char *const *) back, labels));
  g_assert_cmpstr (sorted[0], ==, "a");
  g_assert_cmpstr (sorted[3], ==, "1");
  g_assert_cmpstr (none, ==, "{}");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (orf_series_name_labels_from_json (bad[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/series-name/names", test_names);
  g_test_add_func ("/series-name/labels", test_labels);
  g_test_add_func ("/series-name/text", test_text);
  g_test_add_func ("/series-name/json", test_json);
  return g_test_run ();
}
