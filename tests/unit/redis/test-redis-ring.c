/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "redis/orf-redis-ring.h"

#define N_KEYS 200000
#define MAX_N  11
/* What the issue asks. */
#define OFF   0.05
#define MOVES 1.2

static const char *const names[MAX_N] = {
  "10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379", "10.0.0.4:6379",
  "10.0.0.5:6379", "10.0.0.6:6379", "10.0.0.7:6379", "10.0.0.8:6379",
  "10.0.0.9:6379", "/run/a.sock",   "/run/b.sock",
};

/* Numbers in a row, a long head that all share, and eight bytes of noise. */
static gsize
make_key (guint kind, guint i, char *key, gsize size)
{
  if (kind == 2) {
    guint64 noise = i * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

    memcpy (key, &noise, sizeof noise);
    return sizeof noise;
  }
  return (gsize) g_snprintf (
    key, size, kind == 0 ? "%u" : "v1/models/llama-3-70b/prompts/sha256:0000000000%08x/kv", i);
}

static void
count_keys (const OrfRedisRing *ring, guint kind, guint *counts)
{
  char key[128];

  memset (counts, 0, MAX_N * sizeof *counts);
  for (guint i = 0; i < N_KEYS; i++) {
    gsize length = make_key (kind, i, key, sizeof key);

    counts[orf_redis_ring_find (ring, key, length)]++;
  }
}

static void
assert_shares (guint n, const double *weights)
{
  g_autoptr (OrfRedisRing) ring = orf_redis_ring_new (n, names, weights);
  guint counts[MAX_N];

  for (guint kind = 0; kind < 3; kind++) {
    count_keys (ring, kind, counts);
    for (guint i = 0; i < n; i++) {
      double share = orf_redis_ring_get_share (ring, i);

      g_assert_cmpfloat (fabs (counts[i] / (share * N_KEYS) - 1), <, OFF);
    }
  }
}

static void
test_shares (void)
{
  for (guint n = 1; n <= MAX_N; n++)
    assert_shares (n, NULL);
}

static void
test_weights (void)
{
  const double weights[] = { 1, 2, 3, 0.5, 4 };
  g_autoptr (OrfRedisRing) ring = orf_redis_ring_new (5, names, weights);

  g_assert_cmpfloat_with_epsilon (orf_redis_ring_get_share (ring, 2), 3 / 10.5, 1e-9);
  assert_shares (5, weights);
}

/* A node that comes takes its share, from all; nothing moves between the others. */
static void
test_one_more (void)
{
  for (guint n = 1; n < MAX_N; n++) {
    g_autoptr (OrfRedisRing) before = orf_redis_ring_new (n, names, NULL);
    g_autoptr (OrfRedisRing) after = orf_redis_ring_new (n + 1, names, NULL);
    guint n_moved = 0;
    char key[128];

    for (guint i = 0; i < N_KEYS; i++) {
      gsize length = make_key (1, i, key, sizeof key);
      guint was = orf_redis_ring_find (before, key, length);
      guint is = orf_redis_ring_find (after, key, length);

      g_assert_true (is == was || is == n);
      n_moved += is != was;
    }
    g_assert_cmpfloat (n_moved, <=, MOVES * N_KEYS / (n + 1));
  }
}

/* The order in which a config names them says nothing, nor do the weights of others. */
static void
test_order (void)
{
  const char *const turned[] = { names[2], names[0], names[1] };
  const double weights[] = { 1, 2, 4 }, turned_weights[] = { 4, 1, 2 };
  g_autoptr (OrfRedisRing) ring = orf_redis_ring_new (3, names, weights);
  g_autoptr (OrfRedisRing) other = orf_redis_ring_new (3, turned, turned_weights);
  char key[128];

  for (guint i = 0; i < 10000; i++) {
    gsize length = make_key (0, i, key, sizeof key);

    g_assert_cmpuint ((orf_redis_ring_find (ring, key, length) + 1) % 3, ==,
                      orf_redis_ring_find (other, key, length));
  }
}

/* What daemons of other releases find. */
static void
test_fixed (void)
{
  g_autoptr (OrfRedisRing) ring = orf_redis_ring_new (MAX_N, names, NULL);
  static const char *const keys[] = { "", "a", "user:1000", "{tag}key" };
  static const guint nodes[] = { 0, 9, 7, 5 };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_assert_cmpuint (orf_redis_ring_find (ring, keys[i], strlen (keys[i])), ==, nodes[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-ring/shares", test_shares);
  g_test_add_func ("/redis-ring/weights", test_weights);
  g_test_add_func ("/redis-ring/one-more", test_one_more);
  g_test_add_func ("/redis-ring/order", test_order);
  g_test_add_func ("/redis-ring/fixed", test_fixed);
  return g_test_run ();
}
