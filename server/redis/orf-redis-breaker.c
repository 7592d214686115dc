/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-breaker.h"

gboolean
orf_redis_breaker_try (OrfRedisBreaker *breaker, gint64 now_us)
{
  if (breaker->state != ORF_REDIS_BREAKER_OPEN || now_us < breaker->retry_us)
    return FALSE;
  breaker->state = ORF_REDIS_BREAKER_HALF_OPEN;
  return TRUE;
}

void
orf_redis_breaker_succeed (OrfRedisBreaker *breaker, gint64 now_us)
{
  breaker->n_failures = 0;
  if (breaker->state == ORF_REDIS_BREAKER_CLOSED)
    return;
  breaker->state = ORF_REDIS_BREAKER_CLOSED;
  breaker->closed_us = now_us;
}

gboolean
orf_redis_breaker_fail (OrfRedisBreaker *breaker, const OrfRedisBreakerRules *rules)
{
  return ++breaker->n_failures >= rules->n_failures;
}

void
orf_redis_breaker_open (OrfRedisBreaker *breaker,
                        const OrfRedisBreakerRules *rules,
                        gint64 now_us,
                        double random)
{
  if (breaker->state == ORF_REDIS_BREAKER_CLOSED) {
    breaker->n_opened++;
    /* one that comes and goes is not tried as often as one that has been well */
    if (now_us - breaker->closed_us > rules->backoff.max_us)
      breaker->n_attempts = 0;
  }
  breaker->state = ORF_REDIS_BREAKER_OPEN;
  breaker->n_failures = 0;
  breaker->n_attempts++;
  breaker->retry_us = now_us + orf_backoff_get_us (&rules->backoff, breaker->n_attempts, random, 0);
}

const char *
orf_redis_breaker_get_name (OrfRedisBreakerState state)
{
  static const char *const names[] = { "open", "half_open", "closed" };

  return names[state];
}
