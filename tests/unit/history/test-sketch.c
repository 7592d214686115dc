/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <float.h>
#include <math.h>
#include <string.h>

#include "history/orf-sketch.h"
#include "metrics/orf-quantile.h"
#include "orf-error.h"

static const double shares[] = { 0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1 };

static OrfSketch *
make_sketch (const double *values, guint n)
{
  OrfSketch *sketch = orf_sketch_new ();

  for (guint i = 0; i < n; i++)
    orf_sketch_add (sketch, values[i]);
  return sketch;
}

static OrfSketch *
copy_by_bytes (const OrfSketch *sketch)
{
  g_autoptr (GByteArray) bytes = orf_sketch_encode (sketch);
  g_autoptr (GError) error = NULL;
  OrfSketch *copy = orf_sketch_decode (bytes->data, bytes->len, &error);

  g_assert_no_error (error);
  return copy;
}

static void
assert_same (const OrfSketch *a, const OrfSketch *b)
{
  g_autoptr (GByteArray) x = orf_sketch_encode (a), y = orf_sketch_encode (b);

  g_assert_cmpmem (x->data, x->len, y->data, y->len);
}

static void
assert_near_one (double is, double value)
{
  g_assert_cmpfloat (fabs (is - value), <=, fabs (value) * ORF_SKETCH_ACCURACY * (1 + 1e-9));
}

/* sorted: those from `from` on are they for which the promise holds. */
static void
assert_near (const OrfSketch *sketch, const double *sorted, guint n, guint from)
{
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++) {
    guint rank = (guint) (shares[i] * (n - 1));

    if (rank >= from)
      assert_near_one (orf_sketch_quantile (sketch, shares[i]), sorted[rank]);
  }
}

static void
check_values (double *values, guint n)
{
  g_autoptr (OrfSketch) sketch = make_sketch (values, n);
  g_autoptr (OrfSketch) copy = copy_by_bytes (sketch);

  orf_quantile_sort (values, n);
  g_assert_cmpuint (orf_sketch_get_count (sketch), ==, n);
  assert_near (sketch, values, n, 0);
  assert_near (copy, values, n, 0);
  assert_same (sketch, copy);
}

#define N_VALUES 20000

static double
draw (GRand *rand)
{
  return 1 - g_rand_double (rand); /* above 0 */
}

static void
test_accuracy (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  g_autofree double *values = g_new (double, N_VALUES);

  for (guint i = 0; i < N_VALUES; i++)
    values[i] = 1000 + 1e6 * draw (rand);
  check_values (values, N_VALUES);
  for (guint i = 0; i < N_VALUES; i++) /* Pareto: a heavy tail */
    values[i] = pow (draw (rand), -1.5);
  check_values (values, N_VALUES);
  for (guint i = 0; i < N_VALUES; i++)
    values[i] = -log (draw (rand)) * (i % 3 == 0 ? -5 : i % 3 == 1 ? 200 : 0);
  check_values (values, N_VALUES);
  for (guint i = 0; i < N_VALUES; i++)
    values[i] = 42;
  check_values (values, N_VALUES);
  check_values (values, 1);
}

static void
test_extremes (void)
{
  double values[] = { G_MAXDOUBLE, DBL_MIN, DBL_MIN / 4, 0.0, -0.0, -G_MAXDOUBLE };
  double infinite[] = { -INFINITY, 1, 2, INFINITY, NAN };
  g_autoptr (OrfSketch) nothing = orf_sketch_new ();
  g_autoptr (OrfSketch) sketch = NULL;
  g_autoptr (OrfSketch) copy = NULL;

  g_assert_true (isnan (orf_sketch_quantile (nothing, 0.5)));
  g_assert_cmpuint (orf_sketch_get_count (nothing), ==, 0);
  copy = copy_by_bytes (nothing);
  assert_same (nothing, copy);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (OrfSketch) one = make_sketch (&values[i], 1);

    if (fabs (values[i]) >= DBL_MIN)
      assert_near (one, &values[i], 1, 0);
    else
      g_assert_cmpfloat (orf_sketch_quantile (one, 0.5), ==, 0);
  }
  sketch = make_sketch (infinite, G_N_ELEMENTS (infinite));
  g_clear_pointer (&copy, orf_sketch_free);
  copy = copy_by_bytes (sketch);
  g_assert_cmpuint (orf_sketch_get_count (copy), ==, 4);
  g_assert_cmpfloat (orf_sketch_quantile (copy, 0), ==, -INFINITY);
  assert_near_one (orf_sketch_quantile (copy, 0.4), 1);
  assert_near_one (orf_sketch_quantile (copy, 0.7), 2);
  g_assert_cmpfloat (orf_sketch_quantile (copy, 1), ==, INFINITY);
}

/* More decades than there are buckets for: the largest stay exact, the rest is counted. */
static void
test_collapse (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  g_autofree double *values = g_new (double, N_VALUES);
  g_autoptr (OrfSketch) sketch = NULL;
  g_autoptr (OrfSketch) upwards = NULL;
  guint from = 0;

  for (guint i = 0; i < N_VALUES; i++)
    values[i] = pow (10, -40 + 80 * g_rand_double (rand));
  sketch = make_sketch (values, N_VALUES);
  orf_quantile_sort (values, N_VALUES);
  upwards = make_sketch (values, N_VALUES);
  assert_same (sketch, upwards);
  while (values[from] < values[N_VALUES - 1] / 1e17)
    from++;
  g_assert_cmpuint (from, >, N_VALUES / 2);
  assert_near (sketch, values, N_VALUES, from);
  g_assert_cmpuint (orf_sketch_get_count (sketch), ==, N_VALUES);
  g_assert_cmpfloat (orf_sketch_quantile (sketch, 0), >, values[0]);
}

static void
test_merge (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);
  g_autofree double *values = g_new (double, N_VALUES);
  g_autoptr (OrfSketch) whole = NULL;
  g_autoptr (OrfSketch) forth = orf_sketch_new ();
  g_autoptr (OrfSketch) back = orf_sketch_new ();

  for (guint i = 0; i < N_VALUES; i++)
    values[i] = i % 1000 == 0
                  ? 0
                  : (i % 7 ? 1 : -1) * pow (10, 25 * g_rand_double (rand)) * (1 + i / 5000);
  whole = make_sketch (values, N_VALUES);
  for (guint i = 0; i < N_VALUES; i += 500) {
    g_autoptr (OrfSketch) part = make_sketch (values + i, 500);
    g_autoptr (OrfSketch) last = make_sketch (values + N_VALUES - 500 - i, 500);
    g_autoptr (OrfSketch) stored = copy_by_bytes (last);

    orf_sketch_merge (forth, part);
    orf_sketch_merge (back, stored);
  }
  assert_same (whole, forth);
  assert_same (whole, back);
}

static void
test_size (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  double values[60];
  g_autoptr (OrfSketch) sketch = NULL;
  g_autoptr (GByteArray) bytes = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    values[i] = 20000 * exp (g_rand_double (rand));
  sketch = make_sketch (values, G_N_ELEMENTS (values));
  bytes = orf_sketch_encode (sketch);
  g_assert_cmpuint (bytes->len, <=, 70);
}

static void
refuse (const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_sketch_decode (data, length, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS);
}

static void
test_untrusted (void)
{
  static const struct {
    guint8 bytes[16];
    gsize length;
  } bad[] = {
    { { 0 }, 0 },
    { { 1 }, 1 },
    { { 2, 0 }, 2 },                         /* a later version */
    { { 1, 16 }, 2 },                        /* a part that we do not know */
    { { 1, 0, 0 }, 3 },                      /* more than told */
    { { 1, 2, 0, 0 }, 4 },                   /* a side of nothing */
    { { 1, 2, 0, 2, 0 }, 5 },                /* a bucket short */
    { { 1, 2, 0xff, 0xff, 0x7f, 1, 0 }, 7 }, /* no double is there */
    { { 1, 2, 0, 2, 0, 0x80, 0x20 }, 7 },    /* a span beyond all buckets */
    { { 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 }, 12 },
  };
  double values[] = { 1, 2, 2, 3, -5, 0, 1e9 };
  g_autoptr (OrfSketch) sketch = make_sketch (values, G_N_ELEMENTS (values));
  g_autoptr (GByteArray) bytes = orf_sketch_encode (sketch);
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  guint8 any[64];

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    refuse (bad[i].bytes, bad[i].length);
  for (guint i = 0; i < bytes->len; i++)
    refuse (bytes->data, i);
  for (guint i = 0; i < 50000; i++) {
    gsize length = g_rand_int_range (rand, 2, sizeof any);
    g_autoptr (OrfSketch) lucky = NULL;

    for (gsize k = 0; k < length; k++)
      any[k] = g_rand_int_range (rand, 0, i % 2 ? 256 : 4);
    any[0] = 1;
    any[1] %= 16;
    lucky = orf_sketch_decode (any, length, NULL);
    if (lucky == NULL)
      continue;
    g_autoptr (OrfSketch) again = copy_by_bytes (lucky);
    assert_same (lucky, again);
    g_assert_false (isnan (orf_sketch_quantile (lucky, 0.5)) && orf_sketch_get_count (lucky) > 0);
    orf_sketch_merge (again, lucky);
    g_assert_cmpuint (orf_sketch_get_count (again), ==, 2 * orf_sketch_get_count (lucky));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sketch/accuracy", test_accuracy);
  g_test_add_func ("/sketch/extremes", test_extremes);
  g_test_add_func ("/sketch/collapse", test_collapse);
  g_test_add_func ("/sketch/merge", test_merge);
  g_test_add_func ("/sketch/size", test_size);
  g_test_add_func ("/sketch/untrusted", test_untrusted);
  return g_test_run ();
}
