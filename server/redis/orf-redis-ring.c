/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-ring.h"

#include <math.h>
#include <string.h>

#include "history/orf-xxh64.h"

/* Any number does, but never another. */
#define SEED 0

typedef struct {
  guint64 hash; /* of its name */
  double weight;
} Node;

struct _OrfRedisRing {
  guint n;
  double sum; /* of the weights */
  Node nodes[];
};

OrfRedisRing *
orf_redis_ring_new (guint n, const char *const *names, const double *weights)
{
  OrfRedisRing *ring = g_malloc0 (sizeof (OrfRedisRing) + n * sizeof (Node));

  ring->n = n;
  for (guint i = 0; i < n; i++) {
    ring->nodes[i].hash = orf_xxh64 ((const guint8 *) names[i], strlen (names[i]), SEED);
    ring->nodes[i].weight = weights != NULL ? weights[i] : 1;
    ring->sum += ring->nodes[i].weight;
  }
  return ring;
}

void
orf_redis_ring_free (OrfRedisRing *ring)
{
  g_free (ring);
}

/* G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014. */
static guint64
mix (guint64 x)
{
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ (x >> 31);
}

guint
orf_redis_ring_find (const OrfRedisRing *ring, const char *key, gsize length)
{
  guint64 hash = orf_xxh64 ((const guint8 *) key, length, SEED);
  double best = -1;
  guint found = 0;

  for (guint i = 0; i < ring->n; i++) {
    /* 53 bits, and never 0 or 1 */
    double h = ((double) (mix (hash ^ ring->nodes[i].hash) >> 11) + 0.5) * 0x1p-53;
    double score = -ring->nodes[i].weight / log (h);

    if (score > best) {
      best = score;
      found = i;
    }
  }
  return found;
}

double
orf_redis_ring_get_share (const OrfRedisRing *ring, guint node)
{
  return ring->nodes[node].weight / ring->sum;
}
