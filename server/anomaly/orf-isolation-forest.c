/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-isolation-forest.h"
#include "orf-error.h"
#include "stats/orf-median.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TREES    ORF_ISOLATION_FOREST_TREES
#define ROWS     ORF_ISOLATION_TREE_ROWS
#define FEATURES ORF_ISOLATION_TREE_FEATURES

/* Rows are scored some at a time: these and a tree stay in a core's nearest cache. */
#define BLOCK_VALUES 4096

struct _OrfIsolationForest {
  guint n_features;
  float usual_length;
  /* Features are told as distances from here: floats then hold what is small beside a large level,
   * and what is missing is 0. */
  double medians[FEATURES];
  OrfIsolationTree trees[TREES];
};

gsize
orf_isolation_forest_get_bytes (void)
{
  return sizeof (OrfIsolationForest);
}

void
orf_isolation_forest_free (OrfIsolationForest *forest)
{
  g_free (forest);
}

static float
bring_near (const OrfIsolationForest *forest, guint feature, double value)
{
  double distance = value - forest->medians[feature];

  return isfinite (value) ? (float) CLAMP (distance, -FLT_MAX / 4, FLT_MAX / 4) : 0;
}

/* ---- growing --------------------------------------------------------------------------------- */

typedef struct {
  const double *rows;
  guint n_rows, n_drawn;
  guint *order; /* of all rows; the first n_drawn are drawn */
  float columns[FEATURES * ROWS];
} Draw;

static void
draw_rows (Draw *draw, OrfRandom *random)
{
  for (guint i = 0; i < draw->n_drawn; i++) {
    guint other = i + orf_random_below (random, draw->n_rows - i), row = draw->order[other];

    draw->order[other] = draw->order[i];
    draw->order[i] = row;
  }
}

static void
find_medians (OrfIsolationForest *forest, const Draw *draw)
{
  double values[ROWS];

  for (guint j = 0; j < forest->n_features; j++) {
    guint n = 0;

    for (guint i = 0; i < draw->n_drawn; i++) {
      double value = draw->rows[draw->order[i] * (gsize) forest->n_features + j];

      if (isfinite (value))
        values[n++] = value;
    }
    forest->medians[j] = n > 0 ? orf_median_of (values, n) : 0;
  }
}

static void
fill_columns (const OrfIsolationForest *forest, Draw *draw)
{
  for (guint i = 0; i < draw->n_drawn; i++) {
    const double *row = draw->rows + draw->order[i] * (gsize) forest->n_features;

    for (guint j = 0; j < forest->n_features; j++)
      draw->columns[j * ROWS + i] = bring_near (forest, j, row[j]);
  }
}

static void
grow (OrfIsolationForest *forest, Draw *draw, OrfRandom random)
{
  for (guint k = 0; k < TREES; k++) {
    draw_rows (draw, &random);
    if (k == 0)
      find_medians (forest, draw);
    fill_columns (forest, draw);
    orf_isolation_tree_grow (&forest->trees[k], draw->columns, draw->n_drawn, forest->n_features,
                             &random);
  }
}

OrfIsolationForest *
orf_isolation_forest_new (
  const double *rows, guint n_rows, guint n_features, guint64 seed, GError **error)
{
  OrfIsolationForest *forest;
  g_autofree guint *order = NULL;
  g_autofree Draw *draw = NULL;

  if (n_rows < 1 || n_rows > ORF_ISOLATION_FOREST_MAX_ROWS || n_features < 1 ||
      n_features > FEATURES) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "an isolation forest is of 1 to %u rows of 1 to %u features",
                 ORF_ISOLATION_FOREST_MAX_ROWS, FEATURES);
    return NULL;
  }
  order = g_new (guint, n_rows);
  for (guint i = 0; i < n_rows; i++)
    order[i] = i;
  draw = g_new (Draw, 1);
  draw->rows = rows;
  draw->n_rows = n_rows;
  draw->n_drawn = MIN (n_rows, ROWS);
  draw->order = order;
  forest = g_new (OrfIsolationForest, 1);
  forest->n_features = n_features;
  forest->usual_length = orf_isolation_tree_get_usual_length (draw->n_drawn);
  grow (forest, draw, seed);
  return forest;
}

/* ---- scoring --------------------------------------------------------------------------------- */

/* n_rows: at most a block of them. */
static void
score_block (const OrfIsolationForest *forest, const double *rows, guint n_rows, float *scores)
{
  float near[BLOCK_VALUES];
  float factor = -1 / (TREES * forest->usual_length);

  for (guint i = 0; i < n_rows; i++)
    for (guint j = 0; j < forest->n_features; j++)
      near[i * forest->n_features + j] = bring_near (forest, j, rows[i * forest->n_features + j]);
  memset (scores, 0, n_rows * sizeof *scores);
  for (guint k = 0; k < TREES; k++)
    orf_isolation_tree_measure (&forest->trees[k], near, n_rows, forest->n_features, scores);
  for (guint i = 0; i < n_rows; i++)
    scores[i] = forest->usual_length > 0 ? exp2f (factor * scores[i]) : .5f;
}

void
orf_isolation_forest_score (const OrfIsolationForest *forest,
                            const double *rows,
                            guint n_rows,
                            float *scores)
{
  guint block = BLOCK_VALUES / forest->n_features;

  for (guint done = 0; done < n_rows; done += block)
    score_block (forest, rows + done * (gsize) forest->n_features, MIN (block, n_rows - done),
                 scores + done);
}
