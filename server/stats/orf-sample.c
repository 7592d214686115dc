/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-sample.h"

#include <string.h>

/* A side leaves the rest to the other when it has less than so much of its half. */
#define SIDE_SHARE .5f

void
orf_sample_add (OrfSample *sample, float value, const float weights[ORF_SAMPLE_PARTS])
{
  sample->values[sample->n] = value;
  memcpy (sample->weights[sample->n], weights, sizeof sample->weights[0]);
  sample->n++;
}

/* Floats in the order of unsigned numbers. */
static guint32
get_key (float value)
{
  guint32 bits;

  value += 0.f; /* -0 is 0 */
  memcpy (&bits, &value, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* Shell's: no recursion, no memory, and quick at a hundred. */
static void
sort_keys (guint64 *keys, guint n)
{
  static const guint gaps[] = { 57, 23, 10, 4, 1 };

  for (guint g = 0; g < G_N_ELEMENTS (gaps); g++)
    for (guint i = gaps[g]; i < n; i++) {
      guint64 key = keys[i];
      guint at = i;

      for (; at >= gaps[g] && keys[at - gaps[g]] > key; at -= gaps[g])
        keys[at] = keys[at - gaps[g]];
      keys[at] = key;
    }
}

void
orf_sample_sort (OrfSample *sample)
{
  guint64 keys[ORF_SAMPLE_MAX];

  for (guint i = 0; i < sample->n; i++)
    keys[i] = (guint64) get_key (sample->values[i]) << 32 | i;
  sort_keys (keys, sample->n);
  for (guint i = 0; i < sample->n; i++)
    sample->order[i] = (guint8) keys[i];
}

static float
get_sum (const OrfSample *sample, guint part)
{
  float sum = 0;

  for (guint i = 0; i < sample->n; i++)
    sum += sample->weights[sample->order[i]][part];
  return sum;
}

/* In *below the weight of what is less. */
static float
find_quantile (const OrfSample *sample, guint part, float wanted, float *below)
{
  float value = sample->values[sample->order[0]], sum = 0;

  *below = 0;
  for (guint i = 0; i < sample->n; i++) {
    guint at = sample->order[i];

    if (sample->values[at] > value) {
      *below = sum;
      value = sample->values[at];
    }
    sum += sample->weights[at][part];
    if (sum >= wanted && sample->weights[at][part] > 0)
      break;
  }
  return value;
}

float
orf_sample_get_quantile (const OrfSample *sample, guint part, float share)
{
  float below;

  return find_quantile (sample, part, share * get_sum (sample, part), &below);
}

static float
get_above (const OrfSample *sample, guint part, float value)
{
  float sum = 0;

  for (guint i = sample->n; i > 0 && sample->values[sample->order[i - 1]] > value; i--)
    sum += sample->weights[sample->order[i - 1]][part];
  return sum;
}

void
orf_sample_get_interval (
  const OrfSample *sample, guint part, float outside, float *lower, float *upper)
{
  float sum = get_sum (sample, part), half = outside / 2 * sum;
  float below, above, ignored;

  *lower = find_quantile (sample, part, half, &below);
  *upper = find_quantile (sample, part, sum - half, &ignored);
  above = get_above (sample, part, *upper);
  if (below < SIDE_SHARE * half && below <= above)
    *upper = find_quantile (sample, part, sum - 2 * half + below, &ignored);
  else if (above < SIDE_SHARE * half)
    *lower = find_quantile (sample, part, 2 * half - above, &ignored);
}
