/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-siphash.h"

#include <string.h>

typedef struct {
  uint64_t v0, v1, v2, v3;
} State;

static uint64_t
rotate (uint64_t value, unsigned n)
{
  return value << n | value >> (64 - n);
}

static void
turn (State *s)
{
  s->v0 += s->v1;
  s->v1 = rotate (s->v1, 13) ^ s->v0;
  s->v0 = rotate (s->v0, 32);
  s->v2 += s->v3;
  s->v3 = rotate (s->v3, 16) ^ s->v2;
  s->v0 += s->v3;
  s->v3 = rotate (s->v3, 21) ^ s->v0;
  s->v2 += s->v1;
  s->v1 = rotate (s->v1, 17) ^ s->v2;
  s->v2 = rotate (s->v2, 32);
}

static void
take (State *s, uint64_t word)
{
  s->v3 ^= word;
  turn (s);
  s->v0 ^= word;
}

/* Words as the machine has them: the number never leaves the process. */
uint64_t
orf_siphash (const uint64_t seed[2], const char *data, size_t length)
{
  State s = { seed[0] ^ UINT64_C (0x736f6d6570736575), seed[1] ^ UINT64_C (0x646f72616e646f6d),
              seed[0] ^ UINT64_C (0x6c7967656e657261), seed[1] ^ UINT64_C (0x7465646279746573) };
  uint64_t word = 0;
  size_t whole = length & ~(size_t) 7;

  for (size_t at = 0; at < whole; at += 8) {
    memcpy (&word, data + at, 8);
    take (&s, word);
  }
  word = 0;
  memcpy (&word, data + whole, length - whole);
  take (&s, word | (uint64_t) length << 56);
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; i++)
    turn (&s);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
