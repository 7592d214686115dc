/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-sample.h"

#include <string.h>

/* A side leaves the rest to the other when it has less than so much of its half. */
#define SIDE_SHARE .5f

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
  static const guint gaps[] = { 23, 10, 4, 1 };

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
  OrfSamplePoint points[ORF_SAMPLE_MAX];

  for (guint i = 0; i < sample->n; i++)
    keys[i] = (guint64) get_key (sample->points[i].value) << 32 | i;
  sort_keys (keys, sample->n);
  memcpy (points, sample->points, sample->n * sizeof *points);
  for (guint i = 0; i < sample->n; i++)
    sample->points[i] = points[(guint8) keys[i]];
}

void
orf_sample_merge (OrfSample *sample, const OrfSamplePoint *points, guint n)
{
  guint left = sample->n;

  sample->n += n;
  for (guint at = sample->n; n > 0; at--)
    if (left > 0 && sample->points[left - 1].value > points[n - 1].value) {
      left--;
      sample->points[at - 1] = sample->points[left];
    } else {
      n--;
      sample->points[at - 1] = points[n];
    }
}

void
orf_sample_sum_up (OrfSample *sample)
{
  float sums[ORF_SAMPLE_PARTS] = { 0 };

  for (guint i = 0; i < sample->n; i++) {
    for (guint k = 0; k < ORF_SAMPLE_PARTS; k++)
      sums[k] += sample->points[i].weights[k];
    memcpy (sample->sums[i], sums, sizeof sums);
  }
}

static float
get_sum (const OrfSample *sample, guint part)
{
  return sample->sums[sample->n - 1][part];
}

/* The first point at which the sum is at least wanted. */
static guint
find_sum (const OrfSample *sample, guint part, float wanted)
{
  guint low = 0, high = sample->n - 1;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (sample->sums[middle][part] >= wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

float
orf_sample_get_quantile (const OrfSample *sample, guint part, float share)
{
  return sample->points[find_sum (sample, part, share * get_sum (sample, part))].value;
}

/* The weight of what is less than the point's value, and of what is more. */
static void
get_sides (
  const OrfSample *sample, guint part, guint lower, guint upper, float *below, float *above)
{
  guint first = lower, last = upper;

  while (first > 0 && sample->points[first - 1].value == sample->points[lower].value)
    first--;
  while (last + 1 < sample->n && sample->points[last + 1].value == sample->points[upper].value)
    last++;
  *below = first > 0 ? sample->sums[first - 1][part] : 0;
  *above = get_sum (sample, part) - sample->sums[last][part];
}

void
orf_sample_get_interval (
  const OrfSample *sample, guint part, float outside, float *lower, float *upper)
{
  float sum = get_sum (sample, part), half = outside / 2 * sum;
  guint low = find_sum (sample, part, half), high = find_sum (sample, part, sum - half);
  float below, above;

  get_sides (sample, part, low, high, &below, &above);
  if (below < SIDE_SHARE * half && below <= above)
    high = find_sum (sample, part, sum - 2 * half + below);
  else if (above < SIDE_SHARE * half)
    low = find_sum (sample, part, 2 * half - above);
  *lower = sample->points[low].value;
  *upper = sample->points[high].value;
}
