/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-clock.h"
#include "redis/orf-redis-latency.h"

static void
test_nothing (void)
{
  g_autoptr (OrfRedisLatency) latency = orf_redis_latency_new ();

  g_assert_cmpint (orf_redis_latency_get_mean_us (latency), ==, -1);
  g_assert_cmpint (orf_redis_latency_get_p99_us (latency), ==, -1);
}

static void
test_figures (void)
{
  g_autoptr (OrfRedisLatency) latency = orf_redis_latency_new ();

  for (guint i = 1; i <= 1000; i++)
    orf_redis_latency_add (latency, ORF_US_PER_S + i, i % 100 == 0 ? 5000 : 100);
  /* a hundredth of 5,000 and the rest of 100 */
  g_assert_cmpint (orf_redis_latency_get_mean_us (latency), >, 100);
  g_assert_cmpint (orf_redis_latency_get_mean_us (latency), <, 250);
  orf_redis_latency_add (latency, 2 * ORF_US_PER_S, 5000);
  g_assert_cmpint (orf_redis_latency_get_p99_us (latency), >, 4900);
}

static void
test_what_is_old_is_gone (void)
{
  g_autoptr (OrfRedisLatency) latency = orf_redis_latency_new ();

  for (guint i = 0; i < 100; i++)
    orf_redis_latency_add (latency, ORF_US_PER_S, 90000);
  orf_redis_latency_add (latency, 12 * ORF_US_PER_S, 100);
  g_assert_cmpint (orf_redis_latency_get_p99_us (latency), >, 80000);
  orf_redis_latency_add (latency, 23 * ORF_US_PER_S, 100);
  g_assert_cmpint (orf_redis_latency_get_p99_us (latency), <, 110);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-latency/nothing", test_nothing);
  g_test_add_func ("/redis-latency/figures", test_figures);
  g_test_add_func ("/redis-latency/what-is-old-is-gone", test_what_is_old_is_gone);
  return g_test_run ();
}
