/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-pack.h"

#include <string.h>

#define LENGTH 100000

static void
test_round_trip (void)
{
  g_autofree char *text = g_strnfill (LENGTH, 'x');
  gsize packed_length = 0, length = 0;
  g_autofree guchar *packed = orf_cache_pack ((OrfCacheBytes){ text, LENGTH }, &packed_length);
  g_autofree char *back = NULL;

  g_assert_nonnull (packed);
  g_assert_cmpuint (packed_length, <, 1000);
  back = orf_cache_unpack ((OrfCacheBytes){ (char *) packed, packed_length }, &length);
  g_assert_cmpmem (back, length, text, LENGTH);
}

static void
test_not_worth_it (void)
{
  g_autofree char *noise = g_malloc (LENGTH);
  gsize length = 0;

  for (guint i = 0; i < LENGTH; i++)
    noise[i] = (char) g_random_int ();
  g_assert_null (orf_cache_pack ((OrfCacheBytes){ noise, LENGTH }, &length));
}

static void
test_what_is_none (void)
{
  g_autofree char *text = g_strnfill (LENGTH, 'x');
  gsize packed_length = 0, length = 0;
  g_autofree guchar *packed = orf_cache_pack ((OrfCacheBytes){ text, LENGTH }, &packed_length);

  g_assert_null (orf_cache_unpack ((OrfCacheBytes){ text, LENGTH }, &length));
  g_assert_null (orf_cache_unpack ((OrfCacheBytes){ "", 0 }, &length));
  for (gsize cut = 1; cut < packed_length; cut++)
    g_assert_null (orf_cache_unpack ((OrfCacheBytes){ (char *) packed, cut }, &length));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-pack/round-trip", test_round_trip);
  g_test_add_func ("/cache-pack/not-worth-it", test_not_worth_it);
  g_test_add_func ("/cache-pack/what-is-none", test_what_is_none);
  return g_test_run ();
}
