/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "outbox/orf-backoff.h"

G_BEGIN_DECLS

/*
 * Whether a node is asked at all: not for a while after it has failed some times in a row, so that
 * nobody waits for what will not come.  Then one try says whether it is asked again (M. Nygard,
 * "Release It!", 2007: circuit breaker).  Pure; begins open, with a try due at once.
 */
typedef enum {
  ORF_REDIS_BREAKER_OPEN,      /* nobody asks, until retry_us */
  ORF_REDIS_BREAKER_HALF_OPEN, /* one tries */
  ORF_REDIS_BREAKER_CLOSED,    /* all ask */
} OrfRedisBreakerState;

typedef struct {
  guint n_failures;   /* in a row, that open it */
  OrfBackoff backoff; /* how long it stays open, by how often it opened */
} OrfRedisBreakerRules;

typedef struct {
  OrfRedisBreakerState state;
  guint n_failures; /* in a row, while closed */
  guint n_attempts; /* openings with no good time between them */
  gint64 retry_us;  /* monotonic, as all times here; of OPEN */
  gint64 closed_us; /* since when; of CLOSED */
  guint64 n_opened; /* after it was closed */
} OrfRedisBreaker;

/* TRUE: it is due, and half open from now on. */
gboolean orf_redis_breaker_try (OrfRedisBreaker *breaker, gint64 now_us);
/* The try went well, or a command did. */
void orf_redis_breaker_succeed (OrfRedisBreaker *breaker, gint64 now_us);
/* A command failed.  TRUE: one too many in a row, it is to be opened. */
gboolean orf_redis_breaker_fail (OrfRedisBreaker *breaker, const OrfRedisBreakerRules *rules);
/* No connection, or none any more.  random: 0 to 1. */
void orf_redis_breaker_open (OrfRedisBreaker *breaker,
                             const OrfRedisBreakerRules *rules,
                             gint64 now_us,
                             double random);

const char *orf_redis_breaker_get_name (OrfRedisBreakerState state);

G_END_DECLS
