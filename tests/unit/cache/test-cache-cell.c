/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-cell.h"

#include <string.h>

#include "cache/orf-cache-names.h"

static OrfCacheBytes
bytes (const char *text)
{
  return (OrfCacheBytes){ text, strlen (text) };
}

static void
test_round_trip (void)
{
  const char *const tags[] = { "a", "models", NULL };
  const OrfCacheItem item = {
    .key = { "k\0y", 3 },
    .value = { "v\0\0", 3 },
    .tags = tags,
    .flags = ORF_CACHE_BINARY,
    .expires_us = 5000000,
    .stale_us = 2000000,
    .cost_us = 17,
    .node = 3,
    .epoch = 9,
  };
  OrfCacheCell *cell = orf_cache_cell_new (&item);
  g_auto (GStrv) copy = orf_cache_cell_dup_tags (cell);
  OrfCacheBytes key = orf_cache_cell_get_key (cell), value = orf_cache_cell_get_value (cell);

  g_assert_cmpmem (key.data, key.length, "k\0y", 3);
  g_assert_cmpmem (value.data, value.length, "v\0\0", 3);
  g_assert_true (g_strv_equal ((const char *const *) copy, tags));
  g_assert_true (orf_cache_cell_has_tag (cell, "models"));
  g_assert_false (orf_cache_cell_has_tag (cell, "model"));
  g_assert_false (orf_cache_cell_has_tag (cell, "modelss"));
  g_assert_cmpuint (cell->cost_us, ==, 17);
  g_assert_cmpuint (cell->node, ==, 3);
  g_assert_cmpuint (cell->epoch, ==, 9);
  g_assert_cmpuint (cell->held_bytes, <=, orf_cache_item_measure (&item));
  g_assert_false (orf_cache_cell_is_over (cell, 6999999));
  g_assert_true (orf_cache_cell_is_over (cell, 7000000));
  orf_cache_cell_free (cell);
}

/* What a cell costs beside its key and value is promised in the config's words. */
static void
test_is_small (void)
{
  const OrfCacheItem item = { .key = bytes ("model:7"),
                              .value = bytes ("0123456789"),
                              .cost_us = -1 };
  OrfCacheCell *cell = orf_cache_cell_new (&item);

  g_assert_null (orf_cache_cell_dup_tags (cell));
  g_assert_cmpuint (cell->cost_us, ==, G_MAXUINT32);
  g_assert_cmpuint (cell->held_bytes, <=, 17 + 120);
  orf_cache_cell_free (cell);
}

static void
test_match (void)
{
  static const struct {
    const char *pattern, *text;
    gboolean matches;
  } rows[] = {
    { "", "", TRUE },
    { "", "a", FALSE },
    { "*", "", TRUE },
    { "*", "abc", TRUE },
    { "a*", "abc", TRUE },
    { "a*", "ba", FALSE },
    { "*c", "abc", TRUE },
    { "*c", "abcd", FALSE },
    { "a?c", "abc", TRUE },
    { "a?c", "ac", FALSE },
    { "?", "", FALSE },
    { "a*b*c", "aXbYbZc", TRUE },
    { "a*b*c", "aXcYb", FALSE },
    { "*ab*", "aab", TRUE },
    { "a**b", "ab", TRUE },
    { "[a]", "a", FALSE },
    { "[a]", "[a]", TRUE },
    { "model:*", "model:7", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (orf_cache_match (rows[i].pattern, bytes (rows[i].text)) != rows[i].matches)
      g_error ("\"%s\" and \"%s\"", rows[i].pattern, rows[i].text);
  g_assert_true (orf_cache_match ("a?b", (OrfCacheBytes){ "a\0b", 3 }));
}

/* A matcher that tries each * anew takes 2^32 steps here. */
static void
test_match_is_not_exponential (void)
{
  g_autofree char *text = g_strnfill (1024, 'a');
  g_autoptr (GString) pattern = g_string_new (NULL);

  for (guint i = 0; i < 32; i++)
    g_string_append (pattern, "a*");
  g_string_append_c (pattern, 'b');
  g_assert_false (orf_cache_match (pattern->str, bytes (text)));
}

static const char *
name_of (OrfCacheNames *names, const char *key)
{
  return orf_cache_names_get (names, orf_cache_names_find (names, bytes (key)))->name;
}

static void
test_names (void)
{
  g_autoptr (OrfCacheNames) names = orf_cache_names_new (3);
  g_autofree char *long_name = g_strnfill (ORF_CACHE_NAME_BYTES, 'x');
  g_autofree char *long_key = g_strconcat (long_name, ":k", NULL);
  g_autofree char *longer_key = g_strconcat (long_name, "x:k", NULL);

  g_assert_cmpstr (name_of (names, "model:7"), ==, "model");
  g_assert_cmpstr (name_of (names, "model:7:8"), ==, "model");
  g_assert_cmpstr (name_of (names, "plain"), ==, "");
  g_assert_cmpstr (name_of (names, longer_key), ==, "");
  g_assert_cmpstr (name_of (names, "*:1"), ==, ORF_CACHE_OTHER_NAMES);
  g_assert_cmpstr (name_of (names, "\xff:1"), ==, ORF_CACHE_OTHER_NAMES);
  g_assert_cmpstr (name_of (names, long_key), ==, long_name);
  g_assert_cmpstr (name_of (names, "fourth:1"), ==, ORF_CACHE_OTHER_NAMES);
  g_assert_cmpstr (name_of (names, "model:8"), ==, "model");
  g_assert_cmpuint (orf_cache_names_get_n (names), ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-cell/round-trip", test_round_trip);
  g_test_add_func ("/cache-cell/is-small", test_is_small);
  g_test_add_func ("/cache-cell/match", test_match);
  g_test_add_func ("/cache-cell/match-is-not-exponential", test_match_is_not_exponential);
  g_test_add_func ("/cache-cell/names", test_names);
  return g_test_run ();
}
