/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "anomaly/orf-isolation-forest.h"
#include "orf-error.h"

#define N_ROWS 1000

/* Mean 0, deviation 1. */
static double
draw (OrfRandom *random)
{
  double sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += (double) orf_random_share (random);
  return sum;
}

/* A cloud about 5. */
static double *
make_rows (guint n_rows, guint n_features)
{
  double *rows = g_new (double, n_rows *n_features);
  OrfRandom random = 42;

  for (guint i = 0; i < n_rows * n_features; i++)
    rows[i] = 5 + draw (&random);
  return rows;
}

static OrfIsolationForest *
make_forest (const double *rows, guint n_rows, guint n_features, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  OrfIsolationForest *forest = orf_isolation_forest_new (rows, n_rows, n_features, seed, &error);

  g_assert_no_error (error);
  return forest;
}

static float
score_one (const OrfIsolationForest *forest, const double *row)
{
  float score = NAN;

  orf_isolation_forest_score (forest, row, 1, &score);
  g_assert_cmpfloat (score, >, 0);
  g_assert_cmpfloat (score, <, 1);
  return score;
}

static void
assert_same (const float *a, const float *b, guint n)
{
  g_assert_cmpmem (a, n * sizeof *a, b, n * sizeof *b);
}

static void
test_random (void)
{
  OrfRandom random = 1234567;
  guint counts[10] = { 0 };

  /* the generator's own published numbers for this seed */
  g_assert_cmpuint (orf_random_next (&random), ==, 6457827717110365317u);
  g_assert_cmpuint (orf_random_next (&random), ==, 3203168211198807973u);
  for (guint i = 0; i < 10000; i++) {
    float share = orf_random_share (&random);

    g_assert_true (share >= 0 && share < 1);
    counts[orf_random_below (&random, 10)]++;
  }
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (counts[i], >, 850);
}

static void
test_usual_length (void)
{
  double harmonic = 0;

  for (guint i = 1; i < 256; i++)
    harmonic += 1. / i;
  g_assert_cmpfloat (orf_isolation_tree_get_usual_length (1), ==, 0);
  g_assert_cmpfloat (orf_isolation_tree_get_usual_length (2), ==, 1);
  g_assert_cmpfloat_with_epsilon (orf_isolation_tree_get_usual_length (256),
                                  2 * harmonic - 2 * 255. / 256, .01);
}

/* The published definition, over the tree's own cuts: where a row comes to, with how many of those
 * that it was grown from, and how deep. */
static float
walk (const OrfIsolationTree *tree, const float *columns, guint row, guint n)
{
  gboolean with[ORF_ISOLATION_TREE_ROWS];
  guint node = 1, depth = 0, n_with = n;

  for (guint i = 0; i < n; i++)
    with[i] = TRUE;
  for (; depth < ORF_ISOLATION_TREE_DEPTH && n_with > 1; depth++) {
    const float *column = columns + tree->features[node] * ORF_ISOLATION_TREE_ROWS;
    gboolean beyond = column[row] > tree->cuts[node];

    n_with = 0;
    for (guint i = 0; i < n; i++) {
      with[i] = with[i] && (column[i] > tree->cuts[node]) == beyond;
      n_with += with[i] ? 1 : 0;
    }
    node = 2 * node + (beyond ? 1 : 0);
  }
  return (float) depth + orf_isolation_tree_get_usual_length (n_with);
}

static void
test_tree (void)
{
  enum { N = 200, M = 5 };
  g_autofree float *columns = g_new0 (float, M *ORF_ISOLATION_TREE_ROWS);
  OrfRandom random = 3;
  OrfIsolationTree tree;
  float rows[N * M], lengths[N] = { 0 };

  for (guint i = 0; i < N; i++)
    for (guint j = 0; j < M; j++)
      columns[j * ORF_ISOLATION_TREE_ROWS + i] = rows[i * M + j] = (float) draw (&random);
  orf_isolation_tree_grow (&tree, columns, N, M, &random);
  orf_isolation_tree_measure (&tree, rows, N, M, lengths);
  for (guint i = 0; i < N; i++)
    g_assert_cmpfloat (lengths[i], ==, walk (&tree, columns, i, N));
}

static void
test_seed (void)
{
  g_autofree double *rows = make_rows (N_ROWS, 4);
  g_autoptr (OrfIsolationForest) one = make_forest (rows, N_ROWS, 4, 7);
  g_autoptr (OrfIsolationForest) same = make_forest (rows, N_ROWS, 4, 7);
  g_autoptr (OrfIsolationForest) other = make_forest (rows, N_ROWS, 4, 8);
  float scores[3][N_ROWS], distance = 0;

  orf_isolation_forest_score (one, rows, N_ROWS, scores[0]);
  orf_isolation_forest_score (same, rows, N_ROWS, scores[1]);
  orf_isolation_forest_score (other, rows, N_ROWS, scores[2]);
  assert_same (scores[0], scores[1], N_ROWS);
  g_assert_false (memcmp (scores[0], scores[2], sizeof scores[0]) == 0);
  for (guint i = 0; i < N_ROWS; i++)
    distance += fabsf (scores[0][i] - scores[2][i]) / N_ROWS;
  g_assert_cmpfloat (distance, <, .03); /* and yet they mean the same */
}

static void
test_outlier (void)
{
  g_autofree double *rows = make_rows (N_ROWS, 2);
  g_autoptr (OrfIsolationForest) forest = make_forest (rows, N_ROWS, 2, 1);
  const double middle[] = { 5, 5 }, edge[] = { 8, 5 }, corner[] = { 8, 8 }, far[] = { 50, -50 };
  float scores[N_ROWS];
  guint n_above = 0;

  orf_isolation_forest_score (forest, rows, N_ROWS, scores);
  for (guint i = 0; i < N_ROWS; i++)
    n_above += scores[i] >= score_one (forest, far);
  g_assert_cmpuint (n_above, <=, 1);
  g_assert_cmpfloat (score_one (forest, middle), <, .5);
  g_assert_cmpfloat (score_one (forest, edge), >, score_one (forest, middle) + .1f);
  g_assert_cmpfloat (score_one (forest, corner), >, score_one (forest, edge));
  g_assert_cmpfloat (score_one (forest, far), >, .7);
}

/* What a row scores depends on no other that is scored with it, nor on where it is among them. */
static void
test_order (void)
{
  g_autofree double *rows = make_rows (N_ROWS, 7);
  g_autofree double *turned = g_new (double, N_ROWS * 7);
  g_autoptr (OrfIsolationForest) forest = make_forest (rows, N_ROWS, 7, 1);
  float scores[N_ROWS], others[N_ROWS];

  for (guint i = 0; i < N_ROWS; i++)
    memcpy (turned + 7 * i, rows + 7 * (N_ROWS - 1 - i), 7 * sizeof *rows);
  orf_isolation_forest_score (forest, rows, N_ROWS, scores);
  orf_isolation_forest_score (forest, turned, N_ROWS, others);
  for (guint i = 0; i < N_ROWS; i++) {
    g_assert_cmpfloat (scores[i], ==, others[N_ROWS - 1 - i]);
    g_assert_cmpfloat (scores[i], ==, score_one (forest, rows + 7 * i));
  }
}

/* Neither a level nor a unit matters: cuts are at shares of ranges. */
static void
test_units (void)
{
  g_autofree double *rows = make_rows (N_ROWS, 3);
  g_autofree double *bytes = g_new (double, N_ROWS * 3);
  g_autoptr (OrfIsolationForest) one = make_forest (rows, N_ROWS, 3, 1);
  g_autoptr (OrfIsolationForest) other = NULL;
  float scores[N_ROWS], others[N_ROWS];

  for (guint i = 0; i < N_ROWS * 3; i++)
    bytes[i] = 8e13 + 1024 * rows[i];
  other = make_forest (bytes, N_ROWS, 3, 1);
  orf_isolation_forest_score (one, rows, N_ROWS, scores);
  orf_isolation_forest_score (other, bytes, N_ROWS, others);
  for (guint i = 0; i < N_ROWS; i++)
    g_assert_cmpfloat_with_epsilon (scores[i], others[i], .01);
}

/* A column in which all are alike is never cut, so that it is as if it were not there. */
static void
test_constant (void)
{
  g_autofree double *rows = make_rows (N_ROWS, 3);
  g_autoptr (OrfIsolationForest) forest = NULL;
  float before, after;

  for (guint i = 0; i < N_ROWS; i++)
    rows[3 * i + 1] = 17;
  forest = make_forest (rows, N_ROWS, 3, 1);
  before = score_one (forest, rows);
  rows[1] = 1e9;
  after = score_one (forest, rows);
  g_assert_cmpfloat (before, ==, after);

  for (guint i = 0; i < N_ROWS * 3; i++)
    rows[i] = 17;
  orf_isolation_forest_free (forest);
  forest = make_forest (rows, N_ROWS, 3, 1);
  g_assert_cmpfloat_with_epsilon (score_one (forest, rows), .5, 1e-6);
  rows[0] = 1e9;
  g_assert_cmpfloat_with_epsilon (score_one (forest, rows), .5, 1e-6);
}

static void
test_duplicates (void)
{
  double rows[2 * N_ROWS];
  g_autoptr (OrfIsolationForest) forest = NULL;

  for (guint i = 0; i < N_ROWS; i++) {
    rows[2 * i] = i % 2;
    rows[2 * i + 1] = -(double) (i % 2);
  }
  rows[0] = 9;
  forest = make_forest (rows, N_ROWS, 2, 1);
  /* as many, so as usual; the one that is alone is not */
  g_assert_cmpfloat_with_epsilon (score_one (forest, rows + 2), score_one (forest, rows + 4), .05);
  g_assert_cmpfloat (score_one (forest, rows), >, score_one (forest, rows + 4) + .05f);
}

static void
test_missing (void)
{
  g_autofree double *rows = make_rows (N_ROWS, 2);
  g_autoptr (OrfIsolationForest) forest = NULL;
  const double one[] = { NAN, 5 }, all[] = { NAN, -INFINITY }, far[] = { NAN, 100 };

  for (guint i = 0; i < N_ROWS; i += 3)
    rows[2 * i] = NAN;
  forest = make_forest (rows, N_ROWS, 2, 1);
  g_assert_cmpfloat (score_one (forest, one), <, .5);
  g_assert_cmpfloat (score_one (forest, all), <, .5);
  g_assert_cmpfloat (score_one (forest, far), >, .6);
  /* a feature that never has a value */
  for (guint i = 0; i < N_ROWS; i++)
    rows[2 * i] = NAN;
  orf_isolation_forest_free (forest);
  forest = make_forest (rows, N_ROWS, 2, 1);
  g_assert_cmpfloat (score_one (forest, one), <, .5);
  g_assert_cmpfloat (score_one (forest, far), >, .6);
}

static void
test_extreme (void)
{
  const double rows[] = { -G_MAXDOUBLE, G_MAXDOUBLE, 0, 1e-320, 1e300, -1e300, 1, 2 };
  g_autoptr (OrfIsolationForest) forest = make_forest (rows, 4, 2, 1);

  for (guint i = 0; i < 4; i++)
    score_one (forest, rows + 2 * i);
}

static void
test_small (void)
{
  const double rows[] = { 1, 2 };
  g_autoptr (OrfIsolationForest) one = make_forest (rows, 1, 2, 1);
  g_autoptr (OrfIsolationForest) two = make_forest (rows, 2, 1, 1);

  g_assert_cmpfloat (score_one (one, rows), ==, .5f);
  /* c (2) = 1, and the one cut is always between the two */
  g_assert_cmpfloat (score_one (two, rows), ==, .5f);
  g_assert_cmpuint (orf_isolation_forest_get_bytes (), <, 256 * 1024);
}

static void
test_largest (void)
{
  guint m = ORF_ISOLATION_TREE_FEATURES;
  g_autofree double *rows = make_rows (N_ROWS, m);
  g_autoptr (OrfIsolationForest) forest = make_forest (rows, N_ROWS, m, 1);
  g_autofree double *far = g_memdup2 (rows, m * sizeof *rows);

  for (guint j = 0; j < m; j++)
    far[j] = 100;
  g_assert_cmpfloat (score_one (forest, far), >, score_one (forest, rows) + .1f);
}

static void
assert_refused (guint n_rows, guint n_features)
{
  g_autoptr (GError) error = NULL;
  const double row[ORF_ISOLATION_TREE_FEATURES + 1] = { 0 };

  g_assert_null (orf_isolation_forest_new (row, n_rows, n_features, 1, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
}

static void
test_bounds (void)
{
  assert_refused (0, 1);
  assert_refused (1, 0);
  assert_refused (1, ORF_ISOLATION_TREE_FEATURES + 1);
  assert_refused (ORF_ISOLATION_FOREST_MAX_ROWS + 1, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/isolation-forest/random", test_random);
  g_test_add_func ("/isolation-forest/usual-length", test_usual_length);
  g_test_add_func ("/isolation-forest/tree", test_tree);
  g_test_add_func ("/isolation-forest/seed", test_seed);
  g_test_add_func ("/isolation-forest/outlier", test_outlier);
  g_test_add_func ("/isolation-forest/order", test_order);
  g_test_add_func ("/isolation-forest/units", test_units);
  g_test_add_func ("/isolation-forest/constant", test_constant);
  g_test_add_func ("/isolation-forest/duplicates", test_duplicates);
  g_test_add_func ("/isolation-forest/missing", test_missing);
  g_test_add_func ("/isolation-forest/extreme", test_extreme);
  g_test_add_func ("/isolation-forest/small", test_small);
  g_test_add_func ("/isolation-forest/largest", test_largest);
  g_test_add_func ("/isolation-forest/bounds", test_bounds);
  return g_test_run ();
}
