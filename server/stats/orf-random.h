/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Numbers that look drawn, the same ones for the same seed on every machine: SplitMix64 (G. L.
 * Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
 * For sampling, never for secrets.  A value: the seed, to begin with.
 */
typedef guint64 OrfRandom;

static inline guint64
orf_random_next (OrfRandom *random)
{
  guint64 bits = *random += 0x9e3779b97f4a7c15u;

  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

/* One of 0 to n - 1; n > 0.  How unevenly is below n / 2^32. */
static inline guint32
orf_random_below (OrfRandom *random, guint32 n)
{
  return (guint32) (((orf_random_next (random) >> 32) * n) >> 32);
}

/* 0 <= share < 1, of 24 bits. */
static inline float
orf_random_share (OrfRandom *random)
{
  return (float) (orf_random_next (random) >> 40) * 0x1p-24f;
}

G_END_DECLS
