/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "scrape/orf-scrape-cache.h"

static guint
add (OrfScrapeCache *cache, const char *text)
{
  return orf_scrape_cache_add (cache, text, strlen (text));
}

static guint
find (OrfScrapeCache *cache, const char *text)
{
  return orf_scrape_cache_find (cache, text, strlen (text));
}

static void
removed_cb (gpointer user_data, guint id)
{
  g_array_append_val ((GArray *) user_data, id);
}

static void
test_bounded (void)
{
  g_autoptr (OrfScrapeCache) cache = orf_scrape_cache_new (2);

  g_assert_cmpuint (find (cache, "a"), ==, ORF_SCRAPE_NONE);
  g_assert_cmpuint (add (cache, "a"), ==, 0);
  g_assert_cmpuint (add (cache, "b{x=\"1\"}"), ==, 1);
  g_assert_cmpuint (add (cache, "c"), ==, ORF_SCRAPE_NONE);
  g_assert_cmpuint (find (cache, "b{x=\"1\"}"), ==, 1);
  g_assert_cmpuint (find (cache, "b{x=\"2\"}"), ==, ORF_SCRAPE_NONE);
  orf_scrape_cache_remove (cache, 0);
  g_assert_cmpuint (find (cache, "a"), ==, ORF_SCRAPE_NONE);
  g_assert_cmpuint (add (cache, "c"), ==, 0);
  g_assert_cmpuint (orf_scrape_cache_get_length (cache), ==, 2);
}

static void
test_seen (void)
{
  g_autoptr (OrfScrapeCache) cache = orf_scrape_cache_new (10);
  g_autoptr (GArray) removed = g_array_new (FALSE, FALSE, sizeof (guint));

  add (cache, "old");
  add (cache, "new");
  add (cache, "never");
  g_assert_true (orf_scrape_cache_see (cache, 0, 100));
  g_assert_false (orf_scrape_cache_see (cache, 0, 100)); /* in one page twice */
  g_assert_true (orf_scrape_cache_see (cache, 1, 200));
  orf_scrape_cache_sweep (cache, 200, removed_cb, removed);
  g_assert_cmpuint (removed->len, ==, 2);
  g_assert_cmpuint (g_array_index (removed, guint, 0), ==, 0);
  g_assert_cmpuint (g_array_index (removed, guint, 1), ==, 2);
  g_assert_cmpuint (find (cache, "new"), ==, 1);
  g_assert_cmpuint (orf_scrape_cache_get_length (cache), ==, 1);
}

static void
test_many (void)
{
  g_autoptr (OrfScrapeCache) cache = orf_scrape_cache_new (100000);
  char text[32];

  for (guint i = 0; i < 100000; i++) {
    g_snprintf (text, sizeof text, "series_%u", i);
    g_assert_cmpuint (add (cache, text), ==, i);
  }
  for (guint i = 0; i < 100000; i++) {
    g_snprintf (text, sizeof text, "series_%u", i);
    g_assert_cmpuint (find (cache, text), ==, i);
  }
  /* what a series costs here, beside its kilobyte in the registry */
  g_assert_cmpuint (orf_scrape_cache_get_size_bytes (cache) / 100000, <, 128);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scrape-cache/bounded", test_bounded);
  g_test_add_func ("/scrape-cache/seen", test_seen);
  g_test_add_func ("/scrape-cache/many", test_many);
  return g_test_run ();
}
