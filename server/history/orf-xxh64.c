/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-xxh64.h"

#include <string.h>

/* The specification's primes. */
#define PRIME_1 G_GUINT64_CONSTANT (0x9E3779B185EBCA87)
#define PRIME_2 G_GUINT64_CONSTANT (0xC2B2AE3D27D4EB4F)
#define PRIME_3 G_GUINT64_CONSTANT (0x165667B19E3779F9)
#define PRIME_4 G_GUINT64_CONSTANT (0x85EBCA77C2B2AE63)
#define PRIME_5 G_GUINT64_CONSTANT (0x27D4EB2F165667C5)

static guint64
rotate (guint64 x, int by)
{
  return x << by | x >> (64 - by);
}

static guint64
load_64 (const guint8 *p)
{
  guint64 x;
  memcpy (&x, p, sizeof x);
  return GUINT64_FROM_LE (x);
}

static guint64
load_32 (const guint8 *p)
{
  guint32 x;
  memcpy (&x, p, sizeof x);
  return GUINT32_FROM_LE (x);
}

static guint64
mix (guint64 sum, guint64 word)
{
  return rotate (sum + word * PRIME_2, 31) * PRIME_1;
}

static guint64
merge (guint64 hash, guint64 sum)
{
  return (hash ^ mix (0, sum)) * PRIME_1 + PRIME_4;
}

static guint64
finish (guint64 hash, const guint8 *p, gsize left)
{
  for (; left >= 8; p += 8, left -= 8)
    hash = rotate (hash ^ mix (0, load_64 (p)), 27) * PRIME_1 + PRIME_4;
  for (; left >= 4; p += 4, left -= 4)
    hash = rotate (hash ^ load_32 (p) * PRIME_1, 23) * PRIME_2 + PRIME_3;
  for (; left > 0; p++, left--)
    hash = rotate (hash ^ *p * PRIME_5, 11) * PRIME_1;
  hash = (hash ^ hash >> 33) * PRIME_2;
  hash = (hash ^ hash >> 29) * PRIME_3;
  return hash ^ hash >> 32;
}

guint64
orf_xxh64 (const guint8 *data, gsize length, guint64 seed)
{
  const guint8 *p = data;
  gsize left = length;
  guint64 hash = seed + PRIME_5;

  if (length >= 32) {
    guint64 sums[4] = { seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1 };
    for (; left >= 32; p += 32, left -= 32)
      for (int i = 0; i < 4; i++)
        sums[i] = mix (sums[i], load_64 (p + 8 * i));
    hash = rotate (sums[0], 1) + rotate (sums[1], 7) + rotate (sums[2], 12) + rotate (sums[3], 18);
    for (int i = 0; i < 4; i++)
      hash = merge (hash, sums[i]);
  }
  return finish (hash + length, p, left);
}
