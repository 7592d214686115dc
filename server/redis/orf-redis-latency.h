/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long a node takes to answer: a moving mean, and the slowest of the last seconds.  Pure. */
typedef struct _OrfRedisLatency OrfRedisLatency;

OrfRedisLatency *orf_redis_latency_new (void);
void orf_redis_latency_free (OrfRedisLatency *latency);

/* now_us: monotonic, never less than before. */
void orf_redis_latency_add (OrfRedisLatency *latency, gint64 now_us, gint64 took_us);
/* -1: nothing yet. */
gint64 orf_redis_latency_get_mean_us (OrfRedisLatency *latency);
/* Of the last 10 to 20 s that had any.  -1: nothing yet. */
gint64 orf_redis_latency_get_p99_us (OrfRedisLatency *latency);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRedisLatency, orf_redis_latency_free)

G_END_DECLS
