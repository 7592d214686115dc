/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-error.h"

#include "orf-load-compare.h"

static GArray *
make (const double *values, guint n)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (double));

  g_array_append_vals (array, values, n);
  return array;
}

/* By hand: U = 3, mean 18, variance 39. */
static void
test_ranks (void)
{
  static const double low[] = { 1, 2, 3, 4, 8, 6 };
  static const double high[] = { 5, 7, 9, 10, 11, 12 };
  static const double same[] = { 3, 3, 3, 3, 3, 3 };
  g_autoptr (GArray) before = make (low, 6);
  g_autoptr (GArray) after = make (high, 6);
  g_autoptr (GArray) flat = make (same, 6);
  g_autoptr (GArray) few = make (low, 4);

  g_assert_cmpfloat_with_epsilon (orf_load_compare_ranks (before, after),
                                  erfc ((18 - 3) / sqrt (39) / G_SQRT2), 1e-12);
  g_assert_cmpfloat (orf_load_compare_ranks (before, after), ==,
                     orf_load_compare_ranks (after, before));
  g_assert_cmpfloat (orf_load_compare_ranks (flat, flat), ==, 1);
  g_assert_cmpfloat (orf_load_compare_ranks (before, before), ==, 1);
  g_assert_true (isnan (orf_load_compare_ranks (few, after)));
}

/* Of equal runs as many are called different as the level says: of 2,000 comparisons at 1 %, 20. */
static void
test_level (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20261122);
  guint n_different = 0;

  for (guint run = 0; run < 2000; run++) {
    double values[2][30];
    g_autoptr (GArray) before = NULL;
    g_autoptr (GArray) after = NULL;

    for (guint i = 0; i < 60; i++)
      values[i / 30][i % 30] = -log (g_rand_double (random) + 1e-9);
    before = make (values[0], 30);
    after = make (values[1], 30);
    n_different += orf_load_compare_ranks (before, after) < 0.01;
  }
  g_assert_cmpuint (n_different, >=, 6);
  g_assert_cmpuint (n_different, <=, 36);
}

static void
test_shares (void)
{
  /* z = (.02 - .01) / sqrt (.015 · .985 · 2 / 1000) = 1.839 */
  g_assert_cmpfloat_with_epsilon (orf_load_compare_shares (10, 1000, 20, 1000), 0.0658, 5e-4);
  g_assert_cmpfloat (orf_load_compare_shares (0, 1000, 0, 10), ==, 1);
  g_assert_cmpfloat (orf_load_compare_shares (1000, 1000, 10, 10), ==, 1);
  g_assert_true (isnan (orf_load_compare_shares (0, 0, 1, 10)));
}

static void
test_refused (void)
{
  g_autoptr (json_t) nothing = json_object ();
  g_autoptr (GError) error = NULL;

  g_assert_null (orf_load_compare (nothing, nothing, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
}

static json_t *
make_server (const char *name, double from)
{
  json_t *points = json_array ();

  for (int i = 0; i < 10; i++)
    json_array_append_new (points, json_pack ("[I, f]", (json_int_t) i, from + i));
  json_array_append_new (points, json_pack ("[I, n]", (json_int_t) 10));
  return json_pack ("{s:{s:[{s:s, s:s, s:f, s:o}, {s:s}]}}", "server", "series", "series", name,
                    "name", name, "mean", from, "points", points, "series", "of one alone");
}

/* What is worse: more of one, less of another, neither of a third. */
static void
test_servers (void)
{
  static const struct {
    const char *name;
    double before, after;
    gboolean is_worse, is_neutral;
  } cases[] = {
    { "host.cpu.used_percent", 10, 50, TRUE, FALSE },
    { "host.cpu.used_percent", 50, 10, FALSE, FALSE },
    { "cache.hit_rate_percent", 50, 10, TRUE, FALSE },
    { "orfeas.rpc.calls", 10, 50, FALSE, TRUE },
  };
  g_autoptr (json_t) nothing = json_object ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (json_t) before = make_server (cases[i].name, cases[i].before);
    g_autoptr (json_t) after = make_server (cases[i].name, cases[i].after);
    g_autoptr (GArray) differences = orf_load_compare_servers (before, after);
    g_autoptr (GArray) none = orf_load_compare_servers (before, nothing);
    const OrfLoadDifference *one = &g_array_index (differences, OrfLoadDifference, 0);

    g_assert_cmpuint (none->len, ==, 0);
    g_assert_cmpstr (one->name, ==, cases[i].name);
    g_assert_cmpfloat (one->before, ==, cases[i].before);
    g_assert_cmpint (one->is_worse, ==, cases[i].is_worse);
    g_assert_cmpint (one->is_neutral, ==, cases[i].is_neutral);
    g_assert_cmpfloat (one->p, <, 0.001);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-compare/ranks", test_ranks);
  g_test_add_func ("/load-compare/level", test_level);
  g_test_add_func ("/load-compare/shares", test_shares);
  g_test_add_func ("/load-compare/refused", test_refused);
  g_test_add_func ("/load-compare/servers", test_servers);
  return g_test_run ();
}
