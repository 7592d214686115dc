/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-latency.h"

#include "core/orf-clock.h"
#include "history/orf-sketch.h"

/* The share of the newest in the mean: it follows within some hundred commands, and one slow answer
 * does not move it much. */
#define NEWEST 0.01
/* A sketch is of so long; two are looked at, so that there is always a full one. */
#define WINDOW_US (10 * ORF_US_PER_S)

struct _OrfRedisLatency {
  double mean_us;
  gint64 window_us;         /* when `now` was begun; 0: nothing yet */
  OrfSketch *now, *earlier; /* earlier: of the window before, or empty */
};

OrfRedisLatency *
orf_redis_latency_new (void)
{
  OrfRedisLatency *latency = g_new0 (OrfRedisLatency, 1);

  latency->now = orf_sketch_new ();
  latency->earlier = orf_sketch_new ();
  return latency;
}

void
orf_redis_latency_free (OrfRedisLatency *latency)
{
  orf_sketch_free (latency->now);
  orf_sketch_free (latency->earlier);
  g_free (latency);
}

void
orf_redis_latency_add (OrfRedisLatency *latency, gint64 now_us, gint64 took_us)
{
  if (latency->window_us == 0) {
    latency->window_us = now_us;
    latency->mean_us = (double) took_us;
  }
  if (now_us - latency->window_us >= WINDOW_US) {
    orf_sketch_free (latency->earlier);
    latency->earlier = latency->now;
    latency->now = orf_sketch_new ();
    latency->window_us = now_us;
  }
  latency->mean_us += NEWEST * ((double) took_us - latency->mean_us);
  orf_sketch_add (latency->now, (double) took_us);
}

gint64
orf_redis_latency_get_mean_us (OrfRedisLatency *latency)
{
  return latency->window_us != 0 ? (gint64) latency->mean_us : -1;
}

gint64
orf_redis_latency_get_p99_us (OrfRedisLatency *latency)
{
  g_autoptr (OrfSketch) both = orf_sketch_new ();

  if (latency->window_us == 0)
    return -1;
  orf_sketch_merge (both, latency->earlier);
  orf_sketch_merge (both, latency->now);
  return (gint64) orf_sketch_quantile (both, 0.99);
}
