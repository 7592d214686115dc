/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-worth.h"

#include "core/orf-clock.h"

#define S ORF_US_PER_S

static const OrfCacheBytes key = { "k", 1 };

static OrfCacheCell *
make (gint64 cost_us)
{
  const OrfCacheItem item = { .key = key, .cost_us = cost_us };

  return orf_cache_cell_new (&item);
}

static void
test_saved (void)
{
  OrfCacheName name = { .hits = 0 };
  OrfCacheCell *known = make (700), *unknown = make (-1);

  orf_cache_worth_hit (&name, unknown);
  g_assert_cmpuint (name.saved_us, ==, 0); /* nothing was measured yet */
  g_assert_cmpint (orf_cache_worth_get_mean_cost_us (&name), ==, -1);
  orf_cache_worth_made (&name, 100);
  orf_cache_worth_made (&name, 300);
  orf_cache_worth_hit (&name, known);
  orf_cache_worth_hit (&name, unknown);
  g_assert_cmpuint (name.saved_us, ==, 700 + 200);
  orf_cache_cell_free (known);
  orf_cache_cell_free (unknown);
}

static void
test_verdict (void)
{
  OrfCacheName name = { .hits = 500, .misses = 500 };

  orf_cache_worth_timed (&name, 10);
  orf_cache_worth_timed (&name, 30);
  g_assert_cmpuint (orf_cache_worth_get_spent_us (&name), ==, 20000);
  name.saved_us = 20001;
  g_assert_cmpint (orf_cache_worth_judge (&name), ==, ORF_CACHE_VERDICT_UNSET);
  for (guint i = 0; i < 10; i++)
    orf_cache_worth_made (&name, 1);
  g_assert_cmpint (orf_cache_worth_judge (&name), ==, ORF_CACHE_VERDICT_SAVES);
  name.saved_us = 20000;
  g_assert_cmpint (orf_cache_worth_judge (&name), ==, ORF_CACHE_VERDICT_LOSES);
  name.misses = 499;
  g_assert_cmpint (orf_cache_worth_judge (&name), ==, ORF_CACHE_VERDICT_UNSET);
}

static void
test_misses (void)
{
  g_autoptr (OrfCacheMisses) misses = orf_cache_misses_new ();
  const OrfCacheBytes other = { "o", 1 };

  g_assert_cmpint (orf_cache_misses_take (misses, key, S), ==, -1);
  orf_cache_misses_add (misses, key, S);
  orf_cache_misses_add (misses, key, 2 * S); /* a second caller: the first began */
  orf_cache_misses_add (misses, other, 2 * S);
  g_assert_cmpint (orf_cache_misses_take (misses, key, 4 * S), ==, 3 * S);
  g_assert_cmpint (orf_cache_misses_take (misses, key, 4 * S), ==, -1);
  g_assert_cmpint (orf_cache_misses_take (misses, other, 4 * S), ==, 2 * S);
  orf_cache_misses_add (misses, key, S);
  g_assert_cmpint (orf_cache_misses_take (misses, key, 3600 * S), ==,
                   -1); /* it was for another reason */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-worth/saved", test_saved);
  g_test_add_func ("/cache-worth/verdict", test_verdict);
  g_test_add_func ("/cache-worth/misses", test_misses);
  return g_test_run ();
}
