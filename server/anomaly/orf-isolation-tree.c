/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-isolation-tree.h"

#include <math.h>
#include <string.h>

#define DEPTH ORF_ISOLATION_TREE_DEPTH
#define ROWS  ORF_ISOLATION_TREE_ROWS

/* Rows that go down side by side: while one waits for its node, the others' are on their way. */
#define ABREAST 8

#define EULER 0.57721566490153286

float
orf_isolation_tree_get_usual_length (guint n)
{
  if (n < 2)
    return 0;
  if (n == 2)
    return 1;
  return (float) (2 * (log (n - 1.) + EULER) - 2 * (n - 1.) / n);
}

/* ---- growing --------------------------------------------------------------------------------- */

typedef struct {
  OrfIsolationTree *tree;
  const float *columns;
  guint n_features;
  OrfRandom *random;
  guint8 rows[ROWS]; /* those of a node are next to each other */
  guint8 features[ORF_ISOLATION_TREE_FEATURES];
} Growth;

G_STATIC_ASSERT (ROWS - 1 <= G_MAXUINT8);
G_STATIC_ASSERT (ROWS == 1 << DEPTH);

static const float *
get_column (const Growth *growth, guint feature)
{
  return growth->columns + feature * ROWS;
}

/* FALSE: the rows are all alike in it. */
static gboolean
find_range (const Growth *growth, guint feature, guint from, guint to, float *low, float *high)
{
  const float *column = get_column (growth, feature);

  *low = *high = column[growth->rows[from]];
  for (guint i = from + 1; i < to; i++) {
    float value = column[growth->rows[i]];

    *low = value < *low ? value : *low;
    *high = value > *high ? value : *high;
  }
  return *low < *high;
}

/* One of those in which the rows differ, each as likely.  FALSE: there is none. */
static gboolean
draw_cut (Growth *growth, guint from, guint to, guint8 *feature, float *cut)
{
  guint8 *features = growth->features;
  float low, high;

  for (guint left = growth->n_features; left > 0; left--) {
    guint drawn = orf_random_below (growth->random, left);

    *feature = features[drawn];
    features[drawn] = features[left - 1];
    features[left - 1] = *feature;
    if (!find_range (growth, *feature, from, to, &low, &high))
      continue;
    *cut = low + orf_random_share (growth->random) * (high - low);
    if (*cut >= high) /* rounded */
      *cut = low;
    return TRUE;
  }
  return FALSE;
}

/* Rows beyond the cut to the end; where those begin. */
static guint
part (Growth *growth, guint feature, float cut, guint from, guint to)
{
  const float *column = get_column (growth, feature);
  guint at = from;

  for (guint i = from; i < to; i++) {
    guint8 row = growth->rows[i];

    growth->rows[i] = growth->rows[at];
    growth->rows[at] = row;
    at += column[row] <= cut;
  }
  return at;
}

static void
end (Growth *growth, guint node, guint depth, guint n_rows)
{
  guint n_ends = 1u << (DEPTH - depth), first = node * n_ends - (1u << DEPTH);
  float length = (float) depth + orf_isolation_tree_get_usual_length (n_rows);

  for (guint i = first; i < first + n_ends; i++)
    growth->tree->lengths[i] = length;
}

/* The rows are at least one. */
static void
grow (Growth *growth, guint node, guint depth, guint from, guint to)
{
  guint8 feature;
  float cut;
  guint middle;

  if (depth == DEPTH || to - from == 1 || !draw_cut (growth, from, to, &feature, &cut)) {
    end (growth, node, depth, to - from);
    return;
  }
  growth->tree->features[node] = feature;
  growth->tree->cuts[node] = cut;
  middle = part (growth, feature, cut, from, to);
  grow (growth, 2 * node, depth + 1, from, middle);
  grow (growth, 2 * node + 1, depth + 1, middle, to);
}

void
orf_isolation_tree_grow (
  OrfIsolationTree *tree, const float *columns, guint n_rows, guint n_features, OrfRandom *random)
{
  Growth growth = { .tree = tree, .columns = columns, .n_features = n_features, .random = random };

  g_assert (n_rows >= 1 && n_rows <= ROWS);
  g_assert (n_features >= 1 && n_features <= ORF_ISOLATION_TREE_FEATURES);
  memset (tree, 0, sizeof *tree);
  for (guint i = 0; i < n_rows; i++)
    growth.rows[i] = (guint8) i;
  for (guint i = 0; i < n_features; i++)
    growth.features[i] = (guint8) i;
  grow (&growth, 1, 0, 0, n_rows);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static inline guint
step (const OrfIsolationTree *tree, const float *row, guint node)
{
  return 2 * node + (row[tree->features[node]] > tree->cuts[node]);
}

void
orf_isolation_tree_measure (
  const OrfIsolationTree *tree, const float *rows, guint n_rows, guint n_features, float *lengths)
{
  guint done = 0;

  for (; done + ABREAST <= n_rows; done += ABREAST) {
    guint nodes[ABREAST];

    for (guint i = 0; i < ABREAST; i++)
      nodes[i] = 1;
    for (guint depth = 0; depth < DEPTH; depth++)
      for (guint i = 0; i < ABREAST; i++)
        nodes[i] = step (tree, rows + (done + i) * n_features, nodes[i]);
    for (guint i = 0; i < ABREAST; i++)
      lengths[done + i] += tree->lengths[nodes[i] - (1u << DEPTH)];
  }
  for (; done < n_rows; done++) {
    guint node = 1;

    for (guint depth = 0; depth < DEPTH; depth++)
      node = step (tree, rows + done * n_features, node);
    lengths[done] += tree->lengths[node - (1u << DEPTH)];
  }
}
