/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-store.h"

#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"

#define MIB (1024 * 1024)
#define S   ORF_US_PER_S

static OrfCacheBytes
bytes (const char *text)
{
  return (OrfCacheBytes){ text, strlen (text) };
}

static OrfCacheStore *
make_store (gsize max_bytes, gsize max_entries, OrfMemory *memory)
{
  const OrfCacheLimits limits = { max_bytes, max_entries, 8 };

  return orf_cache_store_new (&limits, memory);
}

static void
put (OrfCacheStore *store, const char *key, const char *value, const char *tag, gint64 expires_us)
{
  const char *const tags[] = { tag, NULL };
  const OrfCacheItem item = {
    .key = bytes (key), .value = bytes (value), .tags = tags, .expires_us = expires_us
  };

  g_assert_nonnull (orf_cache_store_put (store, &item));
}

static gboolean
holds (OrfCacheStore *store, const char *key, const char *value, gint64 now_us)
{
  const OrfCacheCell *cell = orf_cache_store_find (store, bytes (key), now_us);

  if (cell == NULL || value == NULL)
    return cell == NULL && value == NULL;
  return strlen (value) == cell->value_length &&
         memcmp (orf_cache_cell_get_value (cell).data, value, cell->value_length) == 0;
}

static void
test_put_find_remove (void)
{
  g_autoptr (OrfCacheStore) store = make_store (MIB, 100, NULL);

  put (store, "a", "1", NULL, 10 * S);
  put (store, "b", "2", NULL, 10 * S);
  put (store, "a", "3", NULL, 10 * S);
  g_assert_true (holds (store, "a", "3", S));
  g_assert_true (holds (store, "b", "2", S));
  g_assert_true (holds (store, "c", NULL, S));
  g_assert_cmpuint (orf_cache_store_get_counts (store).entries, ==, 2);
  g_assert_true (orf_cache_store_remove (store, bytes ("a")));
  g_assert_false (orf_cache_store_remove (store, bytes ("a")));
  g_assert_true (holds (store, "a", NULL, S));
}

static void
test_expiry (void)
{
  g_autoptr (OrfCacheStore) store = make_store (MIB, 100, NULL);
  const OrfCacheItem stale = {
    .key = bytes ("s"), .value = bytes ("1"), .expires_us = 10 * S, .stale_us = 5 * S
  };

  put (store, "a", "1", NULL, 10 * S);
  put (store, "b", "1", NULL, 10 * S);
  g_assert_nonnull (orf_cache_store_put (store, &stale));
  g_assert_true (holds (store, "a", "1", 10 * S - 1));
  g_assert_true (holds (store, "a", NULL, 10 * S)); /* when it is asked for */
  g_assert_true (holds (store, "s", "1", 10 * S));
  g_assert_cmpuint (orf_cache_store_get_counts (store).entries, ==, 2);
  orf_cache_store_sweep (store, 10 * S, orf_cache_store_get_n_buckets (store)); /* nobody asked */
  g_assert_cmpuint (orf_cache_store_get_counts (store).entries, ==, 1);
  g_assert_true (holds (store, "s", NULL, 15 * S));
  g_assert_cmpuint (orf_cache_store_get_counts (store).expirations, ==, 3);
}

static void
test_an_item_may_be_too_large (void)
{
  g_autoptr (OrfCacheStore) store = make_store (MIB, 100, NULL);
  g_autofree char *large = g_strnfill (MIB / 2, 'x');
  const OrfCacheItem item = { .key = bytes ("a"), .value = bytes (large), .expires_us = S };

  put (store, "a", "old", NULL, S);
  put (store, "b", "1", NULL, S);
  g_assert_null (orf_cache_store_put (store, &item));
  g_assert_true (holds (store, "a", NULL, 0)); /* the old value is not the value any more */
  g_assert_true (holds (store, "b", "1", 0));
}

static void
test_walk (void)
{
  g_autoptr (OrfCacheStore) store = make_store (16 * MIB, 10000, NULL);
  OrfCacheWalk walk;
  guint steps = 0;

  for (guint i = 0; i < 2000; i++) {
    g_autofree char *key = g_strdup_printf ("%s:%u", i % 2 ? "model" : "user", i);

    put (store, key, "1", i % 4 == 0 ? "quarter" : "rest", S);
  }
  orf_cache_walk_init (&walk, store, "model:*", NULL);
  put (store, "model:1", "newer", NULL, S); /* not what was meant */
  while (orf_cache_walk_step (&walk, store, 1000))
    steps++;
  g_assert_cmpuint (steps, >, 10);
  g_assert_cmpuint (walk.removed, ==, 999);
  g_assert_cmpfloat (orf_cache_walk_get_percent (&walk, store), ==, 100);
  g_assert_true (holds (store, "model:1", "newer", 0));
  g_assert_true (holds (store, "model:3", NULL, 0));
  orf_cache_walk_clear (&walk);

  orf_cache_walk_init (&walk, store, "user:1*", "quarter");
  g_assert_false (orf_cache_walk_step (&walk, store, G_MAXSIZE));
  g_assert_true (holds (store, "user:12", NULL, 0));
  g_assert_true (holds (store, "user:14", "1", 0));
  g_assert_true (holds (store, "user:24", "1", 0));
  orf_cache_walk_clear (&walk);

  orf_cache_walk_init (&walk, store, NULL, NULL);
  g_assert_false (orf_cache_walk_step (&walk, store, G_MAXSIZE));
  g_assert_cmpuint (orf_cache_store_get_counts (store).entries, ==, 0);
  orf_cache_walk_clear (&walk);
}

static void
test_memory_is_counted (void)
{
  g_autoptr (OrfConfig) config = orf_config_new_defaults ();
  g_autoptr (OrfMemory) memory = orf_memory_new (config);
  OrfCacheStore *store = make_store (4 * MIB, 1000, memory);
  OrfMemoryUse use = orf_memory_get_use (memory, ORF_MEMORY_CACHE);

  g_assert_cmpint (use.budget_bytes, ==, config->cache.l1_bytes);
  g_assert_cmpint (use.used_bytes, ==, (gint64) orf_cache_store_get_counts (store).bytes);
  put (store, "a", "1", NULL, S);
  g_assert_cmpint (orf_memory_get_use (memory, ORF_MEMORY_CACHE).used_bytes, >, use.used_bytes);
  orf_cache_store_free (store);
  g_assert_cmpint (orf_memory_get_use (memory, ORF_MEMORY_CACHE).used_bytes, ==, 0);
}

/* ---- against a plain model ------------------------------------------------------------------- */

typedef struct {
  char *value;
  gint64 expires_us, stale_us;
  gboolean tagged;
} Plain;

static void
plain_free (gpointer data)
{
  g_free (((Plain *) data)->value);
  g_free (data);
}

typedef struct {
  OrfCacheStore *store;
  GHashTable *model;
  GRand *rand;
  gint64 now_us;
  gboolean roomy; /* nothing has to go for want of room: both are the same then */
} World;

static char *
choose_key (World *world)
{
  return g_strdup_printf ("%c:%d", 'a' + g_rand_int_range (world->rand, 0, 12),
                          g_rand_int_range (world->rand, 0, 60));
}

static void
do_put (World *world)
{
  g_autofree char *key = choose_key (world);
  gsize length = (gsize) g_rand_int_range (world->rand, 0,
                                           1 << g_rand_int_range (world->rand, 1, 12));
  const char *const tags[] = { "t", NULL };
  Plain *plain = g_new0 (Plain, 1);
  OrfCacheItem item;

  plain->value = g_strnfill (length, (char) g_rand_int_range (world->rand, 'a', 'z'));
  plain->expires_us = world->now_us + g_rand_int_range (world->rand, 1, 50) * S;
  plain->stale_us = g_rand_boolean (world->rand) ? 3 * S : 0;
  plain->tagged = g_rand_boolean (world->rand);
  item = (OrfCacheItem){ .key = bytes (key),
                         .value = bytes (plain->value),
                         .tags = plain->tagged ? tags : NULL,
                         .expires_us = plain->expires_us,
                         .stale_us = plain->stale_us };
  g_assert_nonnull (orf_cache_store_put (world->store, &item));
  g_hash_table_replace (world->model, g_steal_pointer (&key), plain);
}

static void
do_find (World *world)
{
  g_autofree char *key = choose_key (world);
  const OrfCacheCell *cell = orf_cache_store_find (world->store, bytes (key), world->now_us);
  const Plain *plain = g_hash_table_lookup (world->model, key);

  if (plain != NULL && world->now_us >= plain->expires_us + plain->stale_us)
    plain = NULL;
  if (world->roomy)
    g_assert_cmpint (cell != NULL, ==, plain != NULL);
  if (cell != NULL) {
    OrfCacheBytes value = orf_cache_cell_get_value (cell);

    g_assert_nonnull (plain);
    g_assert_cmpmem (value.data, value.length, plain->value, strlen (plain->value));
    g_assert_cmpint (orf_cache_cell_has_tag (cell, "t"), ==, plain->tagged);
  }
}

static void
do_remove (World *world)
{
  g_autofree char *key = choose_key (world);

  if (orf_cache_store_remove (world->store, bytes (key)))
    g_assert_true (g_hash_table_contains (world->model, key));
  g_hash_table_remove (world->model, key);
}

static gboolean
is_meant (gpointer key, gpointer value, gpointer data)
{
  const OrfCacheWalk *walk = data;

  return (walk->tag == NULL || ((Plain *) value)->tagged) &&
         g_pattern_match_simple (walk->pattern, key);
}

static void
do_walk (World *world)
{
  OrfCacheWalk walk;
  g_autofree char *pattern = g_strdup_printf ("%c:*%d", 'a' + g_rand_int_range (world->rand, 0, 12),
                                              g_rand_int_range (world->rand, 0, 10));

  orf_cache_walk_init (&walk, world->store, pattern, g_rand_boolean (world->rand) ? "t" : NULL);
  while (orf_cache_walk_step (&walk, world->store, 64))
    ;
  g_hash_table_foreach_remove (world->model, is_meant, &walk);
  orf_cache_walk_clear (&walk);
}

static void
check_sums (World *world, gsize max_bytes, gsize max_entries)
{
  OrfCacheCounts counts = orf_cache_store_get_counts (world->store);
  OrfCacheNames *names = orf_cache_store_get_names (world->store);
  guint64 entries = 0, held_bytes = 0;

  for (guint i = 0; i < orf_cache_names_get_n (names); i++) {
    entries += orf_cache_names_get (names, (guint16) i)->entries;
    held_bytes += orf_cache_names_get (names, (guint16) i)->bytes;
  }
  g_assert_cmpuint (entries, ==, counts.entries);
  g_assert_cmpuint (held_bytes, <, counts.bytes);
  g_assert_cmpuint (counts.bytes, <=, max_bytes);
  g_assert_cmpuint (counts.entries, <=, max_entries);
  if (world->roomy)
    g_assert_cmpuint (counts.evictions, ==, 0);
}

static void
run_random (guint32 seed, gsize max_bytes, gsize max_entries, gboolean roomy)
{
  World world = { .rand = g_rand_new_with_seed (seed), .roomy = roomy };

  world.store = make_store (max_bytes, max_entries, NULL);
  world.model = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, plain_free);
  for (guint i = 0; i < 20000; i++) {
    int choice = g_rand_int_range (world.rand, 0, 1000);

    world.now_us += g_rand_int_range (world.rand, 0, S / 10);
    if (choice < 400)
      do_put (&world);
    else if (choice < 900)
      do_find (&world);
    else if (choice < 980)
      do_remove (&world);
    else if (choice < 990)
      do_walk (&world);
    else
      orf_cache_store_sweep (world.store, world.now_us, 100);
    check_sums (&world, max_bytes, max_entries);
  }
  orf_cache_store_free (world.store);
  g_hash_table_unref (world.model);
  g_rand_free (world.rand);
}

static void
test_random (void)
{
  for (guint32 seed = 1; seed <= 5; seed++) {
    run_random (seed, 64 * MIB, 10000, TRUE);
    run_random (seed, 64 * 1024, 10000, FALSE); /* few bytes */
    run_random (seed, 64 * MIB, 50, FALSE);     /* few entries */
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-store/put-find-remove", test_put_find_remove);
  g_test_add_func ("/cache-store/expiry", test_expiry);
  g_test_add_func ("/cache-store/an-item-may-be-too-large", test_an_item_may_be_too_large);
  g_test_add_func ("/cache-store/walk", test_walk);
  g_test_add_func ("/cache-store/memory-is-counted", test_memory_is_counted);
  g_test_add_func ("/cache-store/random", test_random);
  return g_test_run ();
}
