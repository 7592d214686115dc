/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-exponential.h"

#include <math.h>

static double
count_up_to (const GArray *bounds, double value)
{
  for (guint i = 0; i < bounds->len; i++)
    if (g_array_index (bounds, OrfOtlpBound, i).bound == value)
      return g_array_index (bounds, OrfOtlpBound, i).count;
  return NAN;
}

static void
spread (OrfOtlpEntry *entry, gint scale, gint offset, uint64_t *counts, gsize n, GArray *bounds)
{
  Otlp__ExponentialPoint point = OTLP__EXPONENTIAL_POINT__INIT;
  Otlp__Buckets buckets = OTLP__BUCKETS__INIT;

  buckets.offset = offset;
  buckets.bucket_counts = counts;
  buckets.n_bucket_counts = n;
  point.scale = scale;
  point.positive = &buckets;
  for (gsize i = 0; i < n; i++)
    point.count += counts[i];
  g_assert_true (orf_otlp_exponential_spread (entry, &point, bounds));
  g_assert_cmpuint (bounds->len, <=, ORF_OTLP_EXPONENTIAL_BUCKETS + 2);
  g_assert_true (isinf (g_array_index (bounds, OrfOtlpBound, bounds->len - 1).bound));
  g_assert_cmpfloat (g_array_index (bounds, OrfOtlpBound, bounds->len - 1).count, ==,
                     (double) point.count);
  for (guint i = 1; i < bounds->len; i++) {
    const OrfOtlpBound *before = &g_array_index (bounds, OrfOtlpBound, i - 1);

    g_assert_cmpfloat (before->bound, <, before[1].bound);
    g_assert_cmpfloat (before->count, <=, before[1].count);
  }
}

static void
test_scales (void)
{
  g_autoptr (GArray) bounds = g_array_new (FALSE, FALSE, sizeof (OrfOtlpBound));
  OrfOtlpEntry entry = { 0 };
  uint64_t fine[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

  /* (1, 4] in eighths at scale 2: two bounds a power of two are kept */
  spread (&entry, 2, 0, fine, G_N_ELEMENTS (fine), bounds);
  g_assert_cmpint (entry.scale, ==, 1);
  g_assert_cmpfloat (count_up_to (bounds, 1), ==, 0);
  g_assert_cmpfloat (count_up_to (bounds, 2), ==, 10);
  g_assert_cmpfloat (count_up_to (bounds, 4), ==, 36);
  /* below 1 too, from then on */
  spread (&entry, 2, -4, fine, 4, bounds);
  g_assert_cmpfloat (count_up_to (bounds, 0.5), ==, 0);
  g_assert_cmpfloat (count_up_to (bounds, 1), ==, 10);
  g_assert_cmpfloat (count_up_to (bounds, 4), ==, 10);
}

static void
test_wide (void)
{
  g_autoptr (GArray) bounds = g_array_new (FALSE, FALSE, sizeof (OrfOtlpBound));
  OrfOtlpEntry entry = { 0 };
  uint64_t one = 1;

  spread (&entry, 1, -100, &one, 1, bounds);
  spread (&entry, 1, 100, &one, 1, bounds);
  g_assert_cmpint (entry.scale, <, 0);
  /* far out, where doubles end, and at scales that nobody has */
  spread (&entry, 0, G_MAXINT, &one, 1, bounds);
  spread (&entry, 0, G_MININT, &one, 1, bounds);
  spread (&entry, -32, 0, &one, 1, bounds);
  spread (&entry, 32, 5, &one, 1, bounds);
  {
    Otlp__ExponentialPoint point = OTLP__EXPONENTIAL_POINT__INIT;

    point.scale = 33;
    g_assert_false (orf_otlp_exponential_spread (&entry, &point, bounds));
    point.scale = -33;
    g_assert_false (orf_otlp_exponential_spread (&entry, &point, bounds));
  }
}

static void
test_random (void)
{
  g_autoptr (GArray) bounds = g_array_new (FALSE, FALSE, sizeof (OrfOtlpBound));

  for (guint round = 0; round < 200; round++) {
    OrfOtlpEntry entry = { 0 };

    for (guint i = 0; i < 20; i++) {
      uint64_t counts[160];
      gsize n = (gsize) g_test_rand_int_range (0, 160);

      for (gsize k = 0; k < n; k++)
        counts[k] = (uint64_t) g_test_rand_int_range (0, 3);
      spread (&entry, g_test_rand_int_range (-10, 21), g_test_rand_int_range (-2000, 2000), counts,
              n, bounds);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/otlp/exponential/scales", test_scales);
  g_test_add_func ("/otlp/exponential/wide", test_wide);
  g_test_add_func ("/otlp/exponential/random", test_random);
  return g_test_run ();
}
