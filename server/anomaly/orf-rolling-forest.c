/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-rolling-forest.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TREES ORF_ROLLING_FOREST_TREES
#define KEPT  ORF_ROLLING_FOREST_KEPT
#define ROWS  ORF_ISOLATION_TREE_ROWS

/* Once there is no more room, a row in so many takes the place of another: half of what is kept is
 * of the last 5,700 rows. */
#define KEEP_ONE_IN 8
/* A tree is grown after so many rows: all of them in 500.  It costs as much as eight rows. */
#define GROW_ROWS 5
/* Scores are told to the tail as powers of two: .5, which is usual, as 1; a bin is .0125 wide. */
#define TAIL_FACTOR 40
#define USUAL       .5f

gsize
orf_rolling_forest_get_bytes (guint m)
{
  return sizeof (OrfRollingForest) + (gsize) KEPT * m * sizeof (float);
}

void
orf_rolling_forest_init (OrfRollingForest *forest, guint m, guint number)
{
  memset (forest, 0, orf_rolling_forest_get_bytes (m));
  forest->m = m;
  forest->random = number;
  forest->turn = number % GROW_ROWS;
  orf_tail_take_turn (&forest->tail, number);
}

static void
take_row (OrfRollingForest *forest, const double *values)
{
  for (guint i = 0; i < forest->m; i++) {
    if (!isfinite (values[i]))
      continue;
    if (forest->n == 0)
      forest->firsts[i] = values[i];
    forest->row[i] = (float) CLAMP (values[i] - forest->firsts[i], -FLT_MAX / 4, FLT_MAX / 4);
  }
}

static float
score (const OrfRollingForest *forest, const float *row)
{
  guint n_trees = MIN (forest->n_trees, TREES);
  float length = 0;

  for (guint i = 0; i < n_trees; i++)
    orf_isolation_tree_measure (&forest->trees[i], row, 1, forest->m, &length);
  return exp2f (-length / ((float) n_trees * orf_isolation_tree_get_usual_length (ROWS)));
}

static float
judge (OrfRollingForest *forest)
{
  float told, rarity;

  if (forest->n_trees < TREES)
    return 0;
  told = exp2f ((score (forest, forest->row) - USUAL) * TAIL_FACTOR);
  rarity = orf_tail_judge (&forest->tail, told);
  orf_tail_push (&forest->tail, told);
  return rarity;
}

static void
keep (OrfRollingForest *forest)
{
  guint place = forest->n_kept;

  if (place < KEPT)
    forest->n_kept++;
  else if (orf_random_below (&forest->random, KEEP_ONE_IN) == 0)
    place = orf_random_below (&forest->random, KEPT);
  else
    return;
  memcpy (forest->kept + (gsize) place * forest->m, forest->row, forest->m * sizeof *forest->row);
}

/* Rows drawn without putting back. */
static void
grow (OrfRollingForest *forest)
{
  float columns[ORF_ISOLATION_TREE_FEATURES * ROWS];
  guint16 order[KEPT];

  for (guint i = 0; i < forest->n_kept; i++)
    order[i] = (guint16) i;
  for (guint i = 0; i < ROWS; i++) {
    guint drawn = i + orf_random_below (&forest->random, forest->n_kept - i);
    const float *row = forest->kept + (gsize) order[drawn] * forest->m;

    order[drawn] = order[i];
    for (guint j = 0; j < forest->m; j++)
      columns[j * ROWS + i] = row[j];
  }
  orf_isolation_tree_grow (&forest->trees[forest->n_trees % TREES], columns, ROWS, forest->m,
                           &forest->random);
  if (++forest->n_trees == G_MAXUINT32)
    forest->n_trees = TREES;
}

float
orf_rolling_forest_push (OrfRollingForest *forest, const double *values)
{
  float rarity;

  take_row (forest, values);
  rarity = judge (forest);
  keep (forest);
  if (forest->n_kept >= ROWS && forest->n % GROW_ROWS == forest->turn)
    grow (forest);
  if (++forest->n == G_MAXUINT32)
    forest->n = 1;
  return rarity;
}

guint
orf_rolling_forest_find_strongest (const OrfRollingForest *forest)
{
  float row[ORF_ISOLATION_TREE_FEATURES], least = INFINITY;
  guint strongest = 0;

  memcpy (row, forest->row, sizeof row);
  for (guint j = 0; j < forest->m; j++) {
    float own = row[j], sum = 0, without;

    for (guint i = 0; i < forest->n_kept; i++)
      sum += forest->kept[(gsize) i * forest->m + j];
    row[j] = sum / (float) forest->n_kept;
    without = score (forest, row);
    row[j] = own;
    if (without < least) {
      least = without;
      strongest = j;
    }
  }
  return strongest;
}

static gboolean
is_tree (const OrfIsolationTree *tree, guint m)
{
  for (guint i = 0; i < G_N_ELEMENTS (tree->features); i++)
    if (tree->features[i] >= m)
      return FALSE;
  return TRUE;
}

gboolean
orf_rolling_forest_is_valid (const OrfRollingForest *forest, guint m)
{
  for (guint i = 0; i < TREES; i++)
    if (!is_tree (&forest->trees[i], m))
      return FALSE;
  return forest->m == m && forest->n_kept <= KEPT && forest->turn < GROW_ROWS &&
         orf_tail_is_valid (&forest->tail);
}
