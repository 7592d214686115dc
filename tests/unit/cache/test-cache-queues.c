/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-queues.h"

#include <string.h>

#include "cache/orf-cache-ghosts.h"

#define MANY 1000

static OrfCacheCell *
make (guint32 number)
{
  const OrfCacheItem item = { .key = { (const char *) &number, sizeof number } };
  OrfCacheCell *cell = orf_cache_cell_new (&item);

  cell->hash = number * 2654435761u;
  return cell;
}

static guint32
get_number (const OrfCacheCell *cell)
{
  guint32 number;

  memcpy (&number, orf_cache_cell_get_key (cell).data, sizeof number); /* keys are not aligned */
  return number;
}

static guint32
evict (OrfCacheQueues *queues)
{
  OrfCacheCell *cell = orf_cache_queues_evict (queues);
  guint32 number = get_number (cell);

  orf_cache_cell_free (cell);
  return number;
}

static void
drain (OrfCacheQueues *queues)
{
  OrfCacheCell *cell;

  while ((cell = orf_cache_queues_evict (queues)) != NULL)
    orf_cache_cell_free (cell);
}

/* A scan of keys that are asked for once does not drive out the others. */
static void
test_a_scan_passes_through (void)
{
  g_autoptr (OrfCacheQueues) queues = orf_cache_queues_new (MANY * 1000, MANY);
  guint lost = 0;

  for (guint32 i = 0; i < MANY; i++) {
    OrfCacheCell *cell = make (i);

    orf_cache_queues_add (queues, cell);
    if (i % 2 == 0)
      orf_cache_queues_visit (cell);
  }
  for (guint32 i = MANY; i < 5 * MANY; i++) {
    guint32 gone = evict (queues);

    lost += gone < MANY && gone % 2 == 0;
    orf_cache_queues_add (queues, make (i));
  }
  g_assert_cmpuint (lost, ==, 0);
  drain (queues);
}

/* What was driven out and is there again is known: it outlives what is new. */
static void
test_what_comes_back_stays (void)
{
  g_autoptr (OrfCacheQueues) queues = orf_cache_queues_new (MANY * 1000, MANY);
  guint32 back;

  for (guint32 i = 0; i < MANY; i++)
    orf_cache_queues_add (queues, make (i));
  back = evict (queues);
  g_assert_cmpuint (back, ==, 0);
  orf_cache_queues_add (queues, make (back));
  for (guint32 i = 0; i < MANY - MANY / 10; i++)
    g_assert_cmpuint (evict (queues), !=, back);
  drain (queues);
}

/* All that have been visited as often as counts: somebody goes all the same, after few moves. */
static void
test_all_are_wanted (void)
{
  g_autoptr (OrfCacheQueues) queues = orf_cache_queues_new (MANY * 1000, MANY);

  for (guint32 i = 0; i < MANY; i++) {
    OrfCacheCell *cell = make (i);

    orf_cache_queues_add (queues, cell);
    for (guint visit = 0; visit < 9; visit++)
      orf_cache_queues_visit (cell);
  }
  for (guint32 i = 0; i < MANY; i++)
    evict (queues);
  g_assert_null (orf_cache_queues_evict (queues));
}

static void
test_ghosts (void)
{
  g_autoptr (OrfCacheGhosts) ghosts = orf_cache_ghosts_new (MANY);
  guint found = 0;

  for (guint32 i = 1; i <= 3 * MANY; i++)
    orf_cache_ghosts_add (ghosts, i * 2654435761u);
  for (guint32 i = 1; i <= 2 * MANY; i++)
    g_assert_false (orf_cache_ghosts_take (ghosts, i * 2654435761u, MANY));
  for (guint32 i = 2 * MANY + 1; i <= 3 * MANY; i++)
    found += orf_cache_ghosts_take (ghosts, i * 2654435761u, MANY);
  g_assert_cmpuint (found, >, MANY * 97 / 100); /* a bucket may have had more than it holds */
  g_assert_false (orf_cache_ghosts_take (ghosts, 3 * MANY * 2654435761u, MANY)); /* once */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-queues/a-scan-passes-through", test_a_scan_passes_through);
  g_test_add_func ("/cache-queues/what-comes-back-stays", test_what_comes_back_stays);
  g_test_add_func ("/cache-queues/all-are-wanted", test_all_are_wanted);
  g_test_add_func ("/cache-queues/ghosts", test_ghosts);
  return g_test_run ();
}
