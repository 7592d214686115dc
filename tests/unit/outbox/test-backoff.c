/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outbox/orf-backoff.h"

static const OrfBackoff backoff = { 1000000, 60000000, 600000000 };

static void
test_doubles (void)
{
  g_assert_cmpint (orf_backoff_get_us (&backoff, 1, 0, 0), ==, 1000000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, 2, 0, 0), ==, 2000000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, 6, 0, 0), ==, 32000000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, 7, 0, 0), ==, 60000000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, G_MAXUINT, 0, 0), ==, 60000000);
}

static void
test_jitter (void)
{
  g_assert_cmpint (orf_backoff_get_us (&backoff, 2, 0.5, 0), ==, 1500000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, 2, 1, 0), ==, 1000000);
}

static void
test_asked (void)
{
  g_assert_cmpint (orf_backoff_get_us (&backoff, 1, 0, 5000000), ==, 5000000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, 4, 0, 5000000), ==, 8000000);
  g_assert_cmpint (orf_backoff_get_us (&backoff, 1, 0, G_MAXINT64), ==, 600000000);
}

static void
test_header (void)
{
  gint64 now_us = G_GINT64_CONSTANT (784111777) * 1000000; /* Sun, 06 Nov 1994 08:49:37 GMT */

  g_assert_cmpint (orf_backoff_parse_retry_after ("120", now_us), ==, 120000000);
  g_assert_cmpint (orf_backoff_parse_retry_after ("0", now_us), ==, 0);
  g_assert_cmpint (orf_backoff_parse_retry_after ("Sun, 06 Nov 1994 08:50:37 GMT", now_us), ==,
                   60000000);
  g_assert_cmpint (orf_backoff_parse_retry_after ("Sun, 06 Nov 1994 08:00:00 GMT", now_us), ==, 0);
  g_assert_cmpint (orf_backoff_parse_retry_after ("18446744073709551615", now_us), >, 0);
  g_assert_cmpint (orf_backoff_parse_retry_after ("soon", now_us), ==, 0);
  g_assert_cmpint (orf_backoff_parse_retry_after ("-1", now_us), ==, 0);
  g_assert_cmpint (orf_backoff_parse_retry_after (NULL, now_us), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backoff/doubles", test_doubles);
  g_test_add_func ("/backoff/jitter", test_jitter);
  g_test_add_func ("/backoff/asked", test_asked);
  g_test_add_func ("/backoff/header", test_header);
  return g_test_run ();
}
