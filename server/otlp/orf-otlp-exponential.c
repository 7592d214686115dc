/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-exponential.h"

#include <math.h>

/* A bound is sqrt(2) times the one before: a quantile is then known to 19 %. */
#define MAX_SCALE 1
/* Beyond what any SDK does (-10 to 20); a bound's exponent stays a finite double. */
#define SCALE_RANGE 32

static gint64
scale_down (gint64 index, gint from, gint to)
{
  return index >> MIN (from - to, 63);
}

/* The buckets that are not empty; FALSE: all are. */
static gboolean
find_range (const Otlp__Buckets *buckets, gint64 *first, gint64 *last)
{
  size_t from = 0, to = buckets != NULL ? buckets->n_bucket_counts : 0;

  while (from < to && buckets->bucket_counts[from] == 0)
    from++;
  while (to > from && buckets->bucket_counts[to - 1] == 0)
    to--;
  if (from == to)
    return FALSE;
  *first = (gint64) buckets->offset + (gint64) from;
  *last = (gint64) buckets->offset + (gint64) to - 1;
  return TRUE;
}

static void
widen (OrfOtlpEntry *entry, gint scale, gint64 first, gint64 last)
{
  gint fine = MIN (scale, entry->has_range ? entry->scale : MAX_SCALE);

  first = scale_down (first, scale, fine);
  last = scale_down (last, scale, fine);
  if (entry->has_range) {
    first = MIN (first, scale_down (entry->low, entry->scale, fine));
    last = MAX (last, scale_down (entry->high, entry->scale, fine));
  }
  for (; last - first >= ORF_OTLP_EXPONENTIAL_BUCKETS; fine--) {
    first >>= 1;
    last >>= 1;
  }
  entry->has_range = TRUE;
  entry->scale = fine;
  entry->low = first;
  entry->high = last;
}

static double
sum_counts (const Otlp__Buckets *buckets)
{
  double sum = 0;

  for (size_t i = 0; buckets != NULL && i < buckets->n_bucket_counts; i++)
    sum += (double) buckets->bucket_counts[i];
  return sum;
}

static void
count_positive (const OrfOtlpEntry *entry, gint scale, const Otlp__Buckets *buckets, double *counts)
{
  for (size_t i = 0; buckets != NULL && i < buckets->n_bucket_counts; i++) {
    if (buckets->bucket_counts[i] > 0) {
      gint64 index = scale_down ((gint64) buckets->offset + (gint64) i, scale, entry->scale);

      counts[index - entry->low] += (double) buckets->bucket_counts[i];
    }
  }
}

/* Of what a double cannot tell apart from 0, or from infinity, the next bound tells. */
static void
add_bound (GArray *bounds, const OrfOtlpEntry *entry, gint64 index, double count)
{
  const OrfOtlpBound bound = { exp2 ((double) index * exp2 (-entry->scale)), count };

  if (bound.bound > 0 && isfinite (bound.bound))
    g_array_append_val (bounds, bound);
}

gboolean
orf_otlp_exponential_spread (OrfOtlpEntry *entry,
                             const Otlp__ExponentialPoint *point,
                             GArray *bounds)
{
  double counts[ORF_OTLP_EXPONENTIAL_BUCKETS] = { 0 };
  /* what is not above zero: up to the lowest bound, whatever that is */
  double so_far = (double) point->zero_count + sum_counts (point->negative);
  OrfOtlpBound all = { INFINITY, (double) point->count };
  gint64 first, last;

  g_array_set_size (bounds, 0);
  if (point->scale < -SCALE_RANGE || point->scale > SCALE_RANGE)
    return FALSE;
  if (find_range (point->positive, &first, &last))
    widen (entry, point->scale, first, last);
  if (entry->has_range) {
    count_positive (entry, point->scale, point->positive, counts);
    add_bound (bounds, entry, entry->low, so_far);
    for (gint64 index = entry->low; index <= entry->high; index++) {
      so_far += counts[index - entry->low];
      add_bound (bounds, entry, index + 1, so_far);
    }
  }
  g_array_append_val (bounds, all);
  return TRUE;
}
