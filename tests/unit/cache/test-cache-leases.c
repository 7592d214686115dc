/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-leases.h"

#include <string.h>

#include "core/orf-clock.h"

#define S ORF_US_PER_S

static OrfCacheBytes
bytes (const char *text)
{
  return (OrfCacheBytes){ text, strlen (text) };
}

static const OrfCacheBytes key = { "k", 1 };

static void
count_cb (gpointer data)
{
  ++*(guint *) data;
}

static void
test_one_holder (void)
{
  g_autoptr (OrfCacheLeases) leases = orf_cache_leases_new ();
  char first[ORF_CACHE_LEASE_CHARS], second[ORF_CACHE_LEASE_CHARS];

  g_assert_true (orf_cache_leases_take (leases, key, 0, S, first));
  g_assert_false (orf_cache_leases_take (leases, key, S - 1, S, second));
  g_assert_true (orf_cache_leases_take (leases, bytes ("other"), 0, S, second));
  g_assert_true (orf_cache_leases_holds (leases, key, first, S - 1));
  g_assert_false (orf_cache_leases_holds (leases, key, second, 0));
  g_assert_false (orf_cache_leases_holds (leases, key, first, S)); /* its time is over */
  g_assert_true (orf_cache_leases_take (leases, key, S, S, second));
  g_assert_false (orf_cache_leases_holds (leases, key, first, S));
  g_assert_true (orf_cache_leases_holds (leases, key, second, S));
  orf_cache_leases_end (leases, key);
  g_assert_false (orf_cache_leases_is_held (leases, key, S));
  g_assert_cmpuint (orf_cache_leases_get_n (leases), ==, 1);
}

static void
test_waits (void)
{
  g_autoptr (OrfCacheLeases) leases = orf_cache_leases_new ();
  char token[ORF_CACHE_LEASE_CHARS];
  guint n_short = 0, n_long = 0;

  orf_cache_leases_take (leases, key, 0, 10 * S, token);
  for (guint i = 0; i < 3; i++) {
    orf_cache_leases_wait (leases, key, S, count_cb, &n_short);
    orf_cache_leases_wait (leases, key, 60 * S, count_cb, &n_long);
  }
  orf_cache_leases_look (leases, S - 1);
  g_assert_cmpuint (n_short, ==, 0);
  orf_cache_leases_look (leases, S); /* their own time is over */
  g_assert_cmpuint (n_short, ==, 3);
  g_assert_cmpuint (n_long, ==, 0);
  g_assert_cmpuint (orf_cache_leases_get_n_waiting (leases), ==, 3);
  orf_cache_leases_look (leases, 10 * S); /* the lease's is */
  g_assert_cmpuint (n_long, ==, 3);
  g_assert_cmpuint (orf_cache_leases_get_n_waiting (leases), ==, 0);
  g_assert_cmpuint (orf_cache_leases_get_n (leases), ==, 0);
}

/* Whoever holds a token of a daemon that was here before holds none of this one's. */
static void
test_another_daemon (void)
{
  char earlier[ORF_CACHE_LEASE_CHARS], now[ORF_CACHE_LEASE_CHARS];

  for (guint i = 0; i < 2; i++) {
    g_autoptr (OrfCacheLeases) leases = orf_cache_leases_new ();

    orf_cache_leases_take (leases, key, 0, S, i == 0 ? earlier : now);
  }
  g_assert_cmpstr (earlier, !=, now);
}

static void
test_by_pattern (void)
{
  g_autoptr (OrfCacheLeases) leases = orf_cache_leases_new ();
  char token[ORF_CACHE_LEASE_CHARS];
  guint n_woken = 0;

  orf_cache_leases_take (leases, bytes ("model:1"), 0, S, token);
  orf_cache_leases_take (leases, bytes ("user:1"), 0, S, token);
  orf_cache_leases_wait (leases, bytes ("model:1"), S, count_cb, &n_woken);
  orf_cache_leases_wait (leases, bytes ("user:1"), S, count_cb, &n_woken);
  orf_cache_leases_end_matching (leases, "model:*");
  g_assert_cmpuint (n_woken, ==, 1);
  g_assert_false (orf_cache_leases_is_held (leases, bytes ("model:1"), 0));
  g_assert_true (orf_cache_leases_is_held (leases, bytes ("user:1"), 0));
}

typedef struct {
  OrfCacheLeases *leases;
  guint n_took, n_again;
} Again;

/* As callers do: who is woken asks again at once. */
static void
again_cb (gpointer data)
{
  Again *again = data;
  char token[ORF_CACHE_LEASE_CHARS];

  if (orf_cache_leases_take (again->leases, key, 2 * S, S, token)) {
    again->n_took++;
  } else if (++again->n_again < 100) {
    orf_cache_leases_wait (again->leases, key, 60 * S, again_cb, again);
  }
}

static void
test_who_is_woken_asks_again (void)
{
  g_autoptr (OrfCacheLeases) leases = orf_cache_leases_new ();
  Again again = { .leases = leases };
  char token[ORF_CACHE_LEASE_CHARS];

  orf_cache_leases_take (leases, key, 0, S, token);
  for (guint i = 0; i < 10; i++)
    orf_cache_leases_wait (leases, key, 60 * S, again_cb, &again);
  orf_cache_leases_look (leases, 2 * S);
  g_assert_cmpuint (again.n_took, ==, 1);
  g_assert_cmpuint (again.n_again, ==, 9);
  g_assert_cmpuint (orf_cache_leases_get_n_waiting (leases), ==, 9);
  again.n_again = 100; /* no more */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-leases/one-holder", test_one_holder);
  g_test_add_func ("/cache-leases/waits", test_waits);
  g_test_add_func ("/cache-leases/another-daemon", test_another_daemon);
  g_test_add_func ("/cache-leases/by-pattern", test_by_pattern);
  g_test_add_func ("/cache-leases/who-is-woken-asks-again", test_who_is_woken_asks_again);
  return g_test_run ();
}
