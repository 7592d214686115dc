/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-breaker.h"

static const OrfRedisBreakerRules rules = {
  .n_failures = 3,
  .backoff = { .first_us = 1000, .max_us = 8000 },
};

static void
test_first_try (void)
{
  OrfRedisBreaker breaker = { 0 };

  g_assert_true (orf_redis_breaker_try (&breaker, 1));
  g_assert_cmpint (breaker.state, ==, ORF_REDIS_BREAKER_HALF_OPEN);
  g_assert_false (orf_redis_breaker_try (&breaker, 1)); /* one at a time */
  orf_redis_breaker_succeed (&breaker, 2);
  g_assert_cmpint (breaker.state, ==, ORF_REDIS_BREAKER_CLOSED);
  g_assert_cmpint (breaker.n_opened, ==, 0);
}

static void
test_failures_in_a_row (void)
{
  OrfRedisBreaker breaker = { .state = ORF_REDIS_BREAKER_CLOSED };

  g_assert_false (orf_redis_breaker_fail (&breaker, &rules));
  g_assert_false (orf_redis_breaker_fail (&breaker, &rules));
  orf_redis_breaker_succeed (&breaker, 5);
  g_assert_false (orf_redis_breaker_fail (&breaker, &rules));
  g_assert_false (orf_redis_breaker_fail (&breaker, &rules));
  g_assert_true (orf_redis_breaker_fail (&breaker, &rules));
}

static void
test_pause_grows (void)
{
  OrfRedisBreaker breaker = { 0 };
  gint64 now_us = 100;
  const gint64 pauses_us[] = { 1000, 2000, 4000, 8000, 8000 };

  for (guint i = 0; i < G_N_ELEMENTS (pauses_us); i++) {
    orf_redis_breaker_open (&breaker, &rules, now_us, 0);
    g_assert_cmpint (breaker.retry_us - now_us, ==, pauses_us[i]);
    g_assert_false (orf_redis_breaker_try (&breaker, breaker.retry_us - 1));
    g_assert_true (orf_redis_breaker_try (&breaker, breaker.retry_us));
    now_us = breaker.retry_us;
  }
  /* random takes up to a half away */
  orf_redis_breaker_open (&breaker, &rules, now_us, 1);
  g_assert_cmpint (breaker.retry_us - now_us, ==, 4000);
}

static void
test_flapping (void)
{
  OrfRedisBreaker breaker = { 0 };

  /* one that comes and goes is tried less and less often */
  for (gint64 now_us = 1; now_us < 5; now_us++) {
    orf_redis_breaker_succeed (&breaker, now_us);
    orf_redis_breaker_open (&breaker, &rules, now_us, 0);
  }
  g_assert_cmpint (breaker.n_attempts, ==, 4);
  g_assert_cmpint (breaker.n_opened, ==, 4);
  /* one that has been well begins anew */
  orf_redis_breaker_succeed (&breaker, 100);
  orf_redis_breaker_open (&breaker, &rules, 101 + rules.backoff.max_us, 0);
  g_assert_cmpint (breaker.n_attempts, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-breaker/first-try", test_first_try);
  g_test_add_func ("/redis-breaker/failures-in-a-row", test_failures_in_a_row);
  g_test_add_func ("/redis-breaker/pause-grows", test_pause_grows);
  g_test_add_func ("/redis-breaker/flapping", test_flapping);
  return g_test_run ();
}
