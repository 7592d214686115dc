/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "metrics/orf-selector.h"
#include "orf-error.h"

static const char *const labels[] = { "a", "one", "b", "q\"\\\n", NULL };

static void
check (const char *text, gboolean expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSelector) selector = orf_selector_parse (text, &error);
  gboolean matches = FALSE;

  g_assert_no_error (error);
  g_assert_true (
    orf_selector_match (selector, "gpu.used", (char *const *) labels, &matches, &error));
  g_assert_no_error (error);
  if (matches != expected)
    g_error ("%s: %d, not %d", text, matches, expected);
}

static void
test_match (void)
{
  check ("gpu.used", TRUE);
  check ("gpu.use", FALSE);
  check ("  gpu.used  { } ", TRUE);
  check ("gpu.used{a=\"one\"}", TRUE);
  check ("gpu.used{a='one', b=\"q\\\"\\\\\\n\",}", TRUE);
  check ("gpu.used{a!=\"one\"}", FALSE);
  check ("gpu.used{a=~\"o.e\"}", TRUE);
  check ("gpu.used{a=~\"o\"}", FALSE); /* the whole value */
  check ("gpu.used{a=~\"x|one\"}", TRUE);
  check ("gpu.used{a!~\"o.*\"}", FALSE);
  check ("gpu.used{b=~\".*\\n\"}", TRUE); /* a dot is a newline too */
  check ("{a=\"one\"}", TRUE);
  check ("{}", TRUE);
  check ("{__name__=\"gpu.used\"}", TRUE);
  check ("{__name__=~\"gpu\\..*\"}", TRUE);
  check ("{__name__=~\"host\\..*\"}", FALSE);
  /* a label that is not there is empty */
  check ("gpu.used{z=\"\"}", TRUE);
  check ("gpu.used{z!=\"\"}", FALSE);
  check ("gpu.used{z=~\".+\"}", FALSE);
}

static void
test_refused (void)
{
  const char *const bad[] = { "",
                              "9",
                              "a b",
                              "a{",
                              "a{b}",
                              "a{b=}",
                              "a{b=\"c}",
                              "a{=\"c\"}",
                              "a{b=c}",
                              "a{b=\"c\" d=\"e\"}",
                              "a{b==\"c\"}",
                              "a{b=~\"(\"}",
                              "a{b=\"c\"}x",
                              "}",
                              "a{b=~\"(*LIMIT_MATCH=1)x\"}",
                              "a{b=\"c\\" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_selector_parse (bad[i], &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
    g_assert_cmpstr (orf_error_get_field (error), ==, "select");
  }
}

static void
test_endless_pattern (void)
{
  g_autofree char *value = g_strnfill (200, 'a');
  const char *const long_label[] = { "v", value, NULL };
  g_autoptr (OrfSelector) selector = orf_selector_parse ("m{v=~\"(a+)+[bc]\"}", NULL);
  g_autoptr (GError) error = NULL;
  gboolean matches;

  g_assert_nonnull (selector);
  g_assert_false (orf_selector_match (selector, "m", (char *const *) long_label, &matches, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
}

static void
test_bounds (void)
{
  g_autofree char *pattern = g_strnfill (1025, 'a');
  g_autofree char *text = g_strdup_printf ("m{a=~\"%s\"}", pattern);
  g_autoptr (GString) many = g_string_new ("m{");

  for (int i = 0; i < 70; i++)
    g_string_append (many, "a=\"b\",");
  g_string_append (many, "}");
  g_assert_null (orf_selector_parse (text, NULL));
  g_assert_null (orf_selector_parse (many->str, NULL));
}

static void
test_name (void)
{
  g_autoptr (OrfSelector) named = orf_selector_parse ("{__name__=\"m\"}", NULL);
  g_autoptr (OrfSelector) any = orf_selector_parse ("{__name__=~\"m\"}", NULL);

  g_assert_cmpstr (orf_selector_get_name (named), ==, "m");
  g_assert_null (orf_selector_get_name (any));
}

/* Canonical text's escapes; in a pattern another one is the pattern's own. */
static void
test_escapes (void)
{
  const char *const digit[] = { "k", "7", NULL };
  const char *const patterns[] = { "m{k=~\"\\d\"}", "m{k=~\"\\\\d\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (OrfSelector) selector = orf_selector_parse (patterns[i], NULL);
    gboolean matches = FALSE;

    g_assert_nonnull (selector);
    g_assert_true (orf_selector_match (selector, "m", (char *const *) digit, &matches, NULL));
    g_assert_true (matches);
  }
}

/* Each match is well below the steps that one may take: all together are not. */
static void
test_endless_look (void)
{
  const char *const long_one[] = { "k", "aaaaaaaaaaaa", NULL };
  g_autoptr (OrfSelector) slow = orf_selector_parse ("m{k=~\"([a-z]+)+[ !]\"}", NULL);
  g_autoptr (OrfSelector) plain = orf_selector_parse ("m{k=\"aaaaaaaaaaaa\"}", NULL);
  g_autoptr (GError) error = NULL;
  OrfSelectorLook look = { 0 }, other = { 0 };
  gboolean matches;
  guint n = 0;

  while (orf_selector_match_next (slow, &look, "m", (char *const *) long_one, &matches, &error))
    g_assert_cmpuint (++n, <, 100000);
  g_assert_cmpuint (n, >, 0);
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "so many series"));
  for (n = 0; n < 100000; n++)
    g_assert_true (
      orf_selector_match_next (plain, &other, "m", (char *const *) long_one, &matches, NULL));
}

static void
refused (const char *text, int position)
{
  g_autofree char *where = g_strdup_printf ("position %d", position);
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_selector_parse (text, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (orf_error_get_field (error), ==, "select");
  if (!g_str_has_suffix (error->message, where) && strstr (error->message, where) == NULL)
    g_error ("%s: %s, not at %d", text, error->message, position);
}

static void
test_positions (void)
{
  g_autofree char *many = g_strnfill (1025, 'a');
  g_autofree char *longer = g_strconcat ("m{k=~\"", many, "\"}", NULL);

  refused ("", 0);
  refused ("7", 0);
  refused ("m n", 2);
  refused ("m{", 2);
  refused ("m{,}", 2);
  refused ("m{k}", 3);
  refused ("m{k=}", 4);
  refused ("m{k=v}", 4);
  refused ("m{k=\"v}", 7);
  refused ("m{k=\"v\\", 6);
  refused ("m{k=\"\\x\"}", 5);
  refused ("m{k=\"v\" l=\"w\"}", 8);
  refused ("m{k=\"v\"}}", 8);
  refused ("m{k=~\"[a\"}", 5);
  refused ("m{k=~ \"a)|(?:b\"}", 6); /* one only inside of a group */
  refused ("m{k=~\"(*LIMIT_MATCH=4000000000)a\"}", 5);
  refused ("m{k=~\"(*ACCEPT)\"}", 5);
  refused ("m{k=~\"(?x)a#\"}", 5); /* would take the anchor for a comment */
  refused (longer, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/selector/match", test_match);
  g_test_add_func ("/selector/refused", test_refused);
  g_test_add_func ("/selector/endless-pattern", test_endless_pattern);
  g_test_add_func ("/selector/endless-look", test_endless_look);
  g_test_add_func ("/selector/bounds", test_bounds);
  g_test_add_func ("/selector/name", test_name);
  g_test_add_func ("/selector/escapes", test_escapes);
  g_test_add_func ("/selector/positions", test_positions);
  return g_test_run ();
}
