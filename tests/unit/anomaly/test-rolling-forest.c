/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "anomaly/orf-rolling-forest.h"

#define M 4

typedef struct {
  OrfRollingForest *forest;
  OrfRandom random;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->forest = g_malloc (orf_rolling_forest_get_bytes (M));
  orf_rolling_forest_init (f->forest, M, 1);
  f->random = 5;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_true (orf_rolling_forest_is_valid (f->forest, M));
  g_free (f->forest);
}

/* Two states of all, each as often. */
static void
draw_row (Fixture *f, double *row)
{
  double level = orf_random_below (&f->random, 2) == 0 ? 1e12 : 3e12;

  for (guint i = 0; i < M; i++)
    row[i] = level + 1e11 * (double) orf_random_share (&f->random);
}

/* How many of n rows were told to be rarer than once in a thousand. */
static guint
push_usual (Fixture *f, guint n)
{
  guint n_rare = 0;

  for (guint i = 0; i < n; i++) {
    double row[M];

    draw_row (f, row);
    n_rare += orf_rolling_forest_push (f->forest, row) >= 3 ? 1 : 0;
  }
  return n_rare;
}

static void
test_rare_kind (Fixture *f, gconstpointer data)
{
  const double between[M] = { 2e12, 2e12, 2e12, 2e12 }, mixed[M] = { 1e12, 3e12, 3e12, 3e12 };

  g_assert_cmpuint (push_usual (f, 2000), <=, 6);
  g_assert_cmpuint (push_usual (f, 10000), <=, 20);
  g_assert_cmpfloat (orf_rolling_forest_push (f->forest, between), >, 2.5);
  push_usual (f, 100);
  g_assert_cmpfloat (orf_rolling_forest_push (f->forest, mixed), >, 2);
}

static void
test_strongest (Fixture *f, gconstpointer data)
{
  double row[M] = { 1e12, 1e12, 2e12, 1e12 };

  push_usual (f, 3000);
  orf_rolling_forest_push (f->forest, row);
  g_assert_cmpuint (orf_rolling_forest_find_strongest (f->forest), <, M);
  for (guint i = 0; i < M; i++)
    row[i] = i == 3 ? 5e12 : 3.05e12;
  orf_rolling_forest_push (f->forest, row);
  g_assert_cmpuint (orf_rolling_forest_find_strongest (f->forest), ==, 3);
}

/* What was strange becomes a state like others when it stays, and what is no more is forgotten. */
static void
test_new_state (Fixture *f, gconstpointer data)
{
  double row[M] = { 2e12, 2e12, 2e12, 2e12 };
  float last = 0;

  push_usual (f, 3000);
  for (guint i = 0; i < 6000; i++) {
    row[i % M] += i % 2 ? 1e9 : -1e9;
    last = orf_rolling_forest_push (f->forest, row);
  }
  g_assert_cmpfloat (last, <, 1);
}

static void
test_early (Fixture *f, gconstpointer data)
{
  double row[M];

  for (guint i = 0; i < ORF_ISOLATION_TREE_ROWS; i++) {
    draw_row (f, row);
    g_assert_cmpfloat (orf_rolling_forest_push (f->forest, row), ==, 0);
  }
}

/* What has no value is as it was. */
static void
test_missing (Fixture *f, gconstpointer data)
{
  const double none[M] = { NAN, INFINITY, NAN, NAN };

  for (guint i = 0; i < 2000; i++) {
    double row[M];

    draw_row (f, row);
    if (i % 3 == 0)
      memcpy (row, none, sizeof row);
    g_assert_true (isfinite (orf_rolling_forest_push (f->forest, row)));
  }
  g_assert_cmpfloat (orf_rolling_forest_push (f->forest, none), <, 2);
}

/* The same rows and number, the same bytes; another number, others. */
static void
test_deterministic (Fixture *f, gconstpointer data)
{
  gsize bytes = orf_rolling_forest_get_bytes (M);
  Fixture same, other;

  set_up (&same, NULL);
  set_up (&other, NULL);
  orf_rolling_forest_init (other.forest, M, 2);
  push_usual (f, 2000);
  push_usual (&same, 2000);
  push_usual (&other, 2000);
  g_assert_cmpmem (f->forest, bytes, same.forest, bytes);
  g_assert_false (memcmp (f->forest, other.forest, bytes) == 0);
  tear_down (&same, NULL);
  tear_down (&other, NULL);
}

static void
test_invalid (Fixture *f, gconstpointer data)
{
  push_usual (f, 2000);
  g_assert_false (orf_rolling_forest_is_valid (f->forest, M + 1));
  f->forest->trees[7].features[1] = M;
  g_assert_false (orf_rolling_forest_is_valid (f->forest, M));
  f->forest->trees[7].features[1] = 0;
  f->forest->n_kept = ORF_ROLLING_FOREST_KEPT + 1;
  g_assert_false (orf_rolling_forest_is_valid (f->forest, M));
  f->forest->n_kept = ORF_ROLLING_FOREST_KEPT;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/rolling-forest/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("rare-kind", test_rare_kind);
  ADD ("strongest", test_strongest);
  ADD ("new-state", test_new_state);
  ADD ("early", test_early);
  ADD ("missing", test_missing);
  ADD ("deterministic", test_deterministic);
  ADD ("invalid", test_invalid);
  return g_test_run ();
}
