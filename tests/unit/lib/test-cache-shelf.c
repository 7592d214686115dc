/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-cache-shelf.h"

#include <glib.h>
#include <string.h>

#include "orf-base64.h"
#include "orf-siphash.h"

static const uint64_t seed[2] = { 1, 2 };

static uint64_t
hash (const char *key)
{
  return orf_siphash (seed, key, strlen (key));
}

static void
begin (OrfCacheShelf *shelf, OrfCacheTicket *ticket, const char *key)
{
  orf_cache_shelf_begin (shelf, ticket, key, strlen (key), hash (key));
}

static void
put (OrfCacheShelf *shelf, OrfCacheTicket *ticket, const char *text, uint64_t version)
{
  OrfCacheValue *value = orf_cache_value_new (text, strlen (text), false, false);

  orf_cache_shelf_put (shelf, ticket, value, version, 1000);
  orf_cache_shelf_end (shelf, ticket);
  orf_cache_value_release (value);
}

static void
add (OrfCacheShelf *shelf, const char *key, const char *text, uint64_t version)
{
  OrfCacheTicket ticket;

  begin (shelf, &ticket, key);
  put (shelf, &ticket, text, version);
}

/* text NULL: nothing is held. */
static void
expect_at (OrfCacheShelf *shelf, const char *key, const char *text, int64_t now_us)
{
  OrfCacheValue *value = orf_cache_shelf_find (shelf, key, strlen (key), hash (key), now_us);

  g_assert_cmpstr (value != NULL ? orf_cache_value_get_data (value, NULL) : NULL, ==, text);
  orf_cache_value_release (value);
}

static void
expect (OrfCacheShelf *shelf, const char *key, const char *text)
{
  expect_at (shelf, key, text, 0);
}

static void
change (OrfCacheShelf *shelf, const char *key, uint64_t version)
{
  orf_cache_shelf_change (shelf, key, strlen (key), hash (key), version);
}

/* Whichever of a value and a change comes first: the higher version stands. */
static void
test_versions (void)
{
  OrfCacheShelf *shelf = orf_cache_shelf_new (100000, 100);
  OrfCacheTicket first, second;

  add (shelf, "a", "1", 5);
  change (shelf, "a", 5); /* its own */
  expect (shelf, "a", "1");
  change (shelf, "b", 9);
  expect (shelf, "a", "1");
  change (shelf, "a", 6);
  expect (shelf, "a", NULL);
  begin (shelf, &first, "a");
  begin (shelf, &second, "a");
  change (shelf, "a", 8);
  put (shelf, &first, "old", 7);
  expect (shelf, "a", NULL);
  put (shelf, &second, "new", 8);
  expect (shelf, "a", "new");
  add (shelf, "a", "older", 7);
  expect (shelf, "a", "new");
  add (shelf, "a", "newer", 9);
  expect (shelf, "a", "newer");
  begin (shelf, &first, "a");
  orf_cache_shelf_change_matching (shelf, NULL, UINT64_MAX);
  put (shelf, &first, "lost", 100);
  expect (shelf, "a", NULL);
  orf_cache_shelf_free (shelf);
}

static void
test_patterns (void)
{
  OrfCacheShelf *shelf = orf_cache_shelf_new (100000, 100);
  OrfCacheTicket ticket;

  add (shelf, "user:1", "1", 5);
  add (shelf, "user:2", "2", 9);
  add (shelf, "model:1", "3", 5);
  begin (shelf, &ticket, "user:3");
  orf_cache_shelf_change_matching (shelf, "user:*", 8);
  put (shelf, &ticket, "4", 7);
  expect (shelf, "user:1", NULL);
  expect (shelf, "user:2", "2");
  expect (shelf, "user:3", NULL);
  expect (shelf, "model:1", "3");
  orf_cache_shelf_free (shelf);
}

static void
test_lifetime (void)
{
  OrfCacheShelf *shelf = orf_cache_shelf_new (100000, 100);

  add (shelf, "a", "1", 5);
  expect_at (shelf, "a", "1", 999);
  expect_at (shelf, "a", NULL, 1000);
  expect_at (shelf, "a", NULL, 0);
  orf_cache_shelf_free (shelf);
}

/* Who was asked for stays; no more is held than may be, and what goes is given back. */
static void
test_bounds (void)
{
  OrfCacheShelf *shelf = orf_cache_shelf_new (20000, 10);
  OrfCacheShelfCounts counts;
  g_autofree char *large = g_strnfill (3000, 'x');
  g_autofree char *too_large = g_strnfill (10000, 'x');

  add (shelf, "kept", "1", 5);
  for (int i = 0; i < 100; i++) {
    g_autofree char *key = g_strdup_printf ("k%d", i);

    expect (shelf, "kept", "1");
    add (shelf, key, "1", 5);
  }
  expect (shelf, "kept", "1");
  orf_cache_shelf_get_counts (shelf, &counts);
  g_assert_cmpuint (counts.n_entries, ==, 10);
  g_assert_cmpuint (counts.n_evictions, ==, 91);
  for (int i = 0; i < 10; i++) {
    g_autofree char *key = g_strdup_printf ("l%d", i);

    add (shelf, key, large, 5);
    orf_cache_shelf_get_counts (shelf, &counts);
    g_assert_cmpuint (counts.used_bytes, <=, 20000);
  }
  add (shelf, "l9", too_large, 6); /* what it takes the place of is older */
  expect (shelf, "l9", NULL);
  orf_cache_shelf_change_matching (shelf, NULL, UINT64_MAX);
  orf_cache_shelf_get_counts (shelf, &counts);
  g_assert_cmpuint (counts.n_entries, ==, 0);
  g_assert_cmpuint (counts.used_bytes, ==, 0);
  orf_cache_shelf_free (shelf);
}

/* As GLib has it. */
static void
test_base64 (void)
{
  guchar bytes[64];
  char text[100];

  for (gsize n = 0; n <= sizeof bytes; n++) {
    g_autofree char *wanted = NULL;
    size_t got;

    for (gsize i = 0; i < n; i++)
      bytes[i] = (guchar) g_test_rand_int ();
    wanted = g_base64_encode (bytes, n);
    orf_base64_encode (bytes, n, text);
    g_assert_cmpstr (text, ==, wanted);
    g_assert_cmpuint (orf_base64_get_length (n), ==, strlen (text));
    g_assert_true (orf_base64_decode (text, strlen (text), &got));
    g_assert_cmpmem (text, got, bytes, n);
  }
  strcpy (text, "ab!=");
  g_assert_false (orf_base64_decode (text, 4, &(size_t){ 0 }));
  g_assert_false (orf_base64_decode (text, 3, &(size_t){ 0 }));
}

/* Each byte and the length count. */
static void
test_hash (void)
{
  GHashTable *seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  const char text[20] = "abcdefghijklmnopqrs";

  for (gsize from = 0; from < sizeof text; from++)
    for (gsize to = from + 1; to <= sizeof text; to++) {
      guint64 value = orf_siphash (seed, text + from, to - from);

      g_assert_true (g_hash_table_add (seen, g_memdup2 (&value, sizeof value)));
    }
  g_assert_cmpuint (orf_siphash ((uint64_t[2]){ 1, 3 }, "a", 1), !=, hash ("a"));
  g_hash_table_unref (seen);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-shelf/versions", test_versions);
  g_test_add_func ("/cache-shelf/patterns", test_patterns);
  g_test_add_func ("/cache-shelf/lifetime", test_lifetime);
  g_test_add_func ("/cache-shelf/bounds", test_bounds);
  g_test_add_func ("/cache-shelf/base64", test_base64);
  g_test_add_func ("/cache-shelf/hash", test_hash);
  return g_test_run ();
}
