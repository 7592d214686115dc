/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * Latencies of a load generator, counted by the microsecond: what takes longer than MAX_LATENCY_US
 * counts as this.
 */
#define MAX_LATENCY_US 1000000

typedef struct {
  uint64_t n;
  int64_t largest_us;
  uint32_t histogram[MAX_LATENCY_US + 1];
} Latencies;

static inline void
latencies_add (Latencies *self, int64_t took_us)
{
  if (took_us < 0) /* between two clocks */
    took_us = 0;
  if (took_us > self->largest_us)
    self->largest_us = took_us;
  self->histogram[took_us > MAX_LATENCY_US ? MAX_LATENCY_US : took_us]++;
  self->n++;
}

/* What `share` of them took at most. */
static inline unsigned
latencies_get (const Latencies *self, double share)
{
  uint64_t wanted = (uint64_t) ((double) self->n * share), seen = 0;

  for (unsigned us = 0; us <= MAX_LATENCY_US; us++) {
    seen += self->histogram[us];
    if (seen > wanted)
      return us;
  }
  return MAX_LATENCY_US;
}
