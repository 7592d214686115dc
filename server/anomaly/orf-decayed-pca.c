/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-decayed-pca.h"
#include "stats/orf-eigen.h"

#include <math.h>
#include <string.h>

/* Over how many rows: the covariance, and the usual size of what is not explained. */
#define COVARIANCE_ROWS 2000
#define USUAL_ROWS      256
/* Main axes have so much of the variance. */
#define MAIN_SHARE .9
/* Axes are found anew after so many rows: that costs as much as a hundred rows. */
#define FIT_ROWS 512
/* The first time after so many for each series, and a quarter of the rows to its turn. */
#define FIRST_FIT 4
/* At first, in deviations, and of the unexplained, in usual sizes: more is not learnt from. */
#define FIRST_ROWS 50
#define FIRST_FAR  3
#define FAR        6
/* Of a series that stands still. */
#define LEAST_SHARE 1e-4
#define LEAST       1e-9
/* Beyond this all values are one, so that squares of them, and of squares, are numbers. */
#define FARTHEST 1e30
/* The unexplained as a score: twice the usual size is worth 16. */
#define SCORE_FACTOR 2

/* A series' level in one view: of so many rows, from which nothing counts as further, in
 * deviations. */
typedef struct {
  guint rows;
  double far;
} View;

static const View views[ORF_DECAYED_PCA_VIEWS] = { { 50, INFINITY }, { 400, 4 } };

static double *
get_means (OrfDecayedPca *pca, guint view)
{
  return pca->data + 3 * view * pca->m;
}

static double *
get_variances (OrfDecayedPca *pca, guint view)
{
  return get_means (pca, view) + pca->m;
}

static double *
get_row (OrfDecayedPca *pca, guint view)
{
  return get_means (pca, view) + 2 * pca->m;
}

static double *
get_covariance (OrfDecayedPca *pca)
{
  return get_means (pca, ORF_DECAYED_PCA_VIEWS);
}

static double *
get_axis (OrfDecayedPca *pca, guint axis)
{
  return get_covariance (pca) + pca->m * pca->m + axis * pca->m;
}

gsize
orf_decayed_pca_get_bytes (guint m)
{
  gsize n_doubles = 3 * ORF_DECAYED_PCA_VIEWS * m + 2 * (gsize) m * m;

  return sizeof (OrfDecayedPca) + n_doubles * sizeof (double);
}

void
orf_decayed_pca_init (OrfDecayedPca *pca, guint m, guint turn)
{
  memset (pca, 0, orf_decayed_pca_get_bytes (m));
  pca->m = m;
  pca->turn = turn % FIT_ROWS;
}

/* Each value in deviations from where its series was. */
static void
bring_near (OrfDecayedPca *pca, guint view, const double *values)
{
  double *means = get_means (pca, view), *variances = get_variances (pca, view);
  double slow = 1. / MIN (pca->n + 1, COVARIANCE_ROWS);
  double fast = 1. / MIN (pca->n + 1, views[view].rows), *row = get_row (pca, view);

  for (guint i = 0; i < pca->m; i++) {
    double value = CLAMP (values[i], -FARTHEST, FARTHEST), distance, deviation, limit;

    row[i] = 0;
    if (!isfinite (values[i]))
      continue;
    if (pca->n == 0)
      means[i] = value;
    distance = value - means[i];
    deviation = sqrt (variances[i]) + LEAST_SHARE * fabs (value) + LEAST;
    row[i] = distance / deviation;
    limit = views[view].far * deviation;
    if (pca->n < FIRST_ROWS)
      row[i] = CLAMP (row[i], -FIRST_FAR, FIRST_FAR);
    else
      distance = CLAMP (distance, -limit, limit);
    means[i] += fast * distance;
    variances[i] += slow * (distance * distance - variances[i]);
  }
}

/* In four sums, which need not wait for each other. */
static double
multiply (const double *a, const double *b, guint n)
{
  double sums[4] = { 0 };
  guint i = 0;

  for (; i + 4 <= n; i += 4)
    for (guint k = 0; k < 4; k++)
      sums[k] += a[i + k] * b[i + k];
  for (; i < n; i++)
    sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The size of what the axes leave of the row. */
static double
get_rest (OrfDecayedPca *pca, guint view, guint *strongest)
{
  double rest[ORF_DECAYED_PCA_MAX], sum = 0, most = -1;
  const double *row = get_row (pca, view);

  memcpy (rest, row, pca->m * sizeof *rest);
  for (guint k = 0; k < pca->n_axes; k++) {
    const double *axis = get_axis (pca, k);
    double along = multiply (axis, row, pca->m);

    for (guint i = 0; i < pca->m; i++)
      rest[i] -= along * axis[i];
  }
  for (guint i = 0; i < pca->m; i++) {
    sum += rest[i] * rest[i];
    if (fabs (rest[i]) > most) {
      most = fabs (rest[i]);
      *strongest = i;
    }
  }
  return sqrt (sum);
}

static float
judge (OrfDecayedPca *pca, guint view, guint *strongest)
{
  OrfDecayedPcaRest *known = &pca->rests[view];
  float rest = (float) MIN (get_rest (pca, view, strongest), G_MAXFLOAT), score, rarity;
  float limit = known->usual > 0 ? FAR * known->usual : INFINITY;

  known->usual += (MIN (rest, limit) - known->usual) / (float) MIN (pca->n + 1, USUAL_ROWS);
  score = SCORE_FACTOR * rest / (known->usual + (float) LEAST);
  score *= score;
  rarity = orf_tail_judge (&known->tail, score);
  orf_tail_push (&known->tail, score);
  return rarity;
}

/* The mean of what the views say; strongest: by the one that finds it rarer. */
static float
judge_all (OrfDecayedPca *pca, guint *strongest)
{
  float sum = 0, most = -1;

  *strongest = 0;
  if (pca->n_axes == 0)
    return 0;
  for (guint view = 0; view < ORF_DECAYED_PCA_VIEWS; view++) {
    guint series = 0;
    float rarity = judge (pca, view, &series);

    sum += rarity;
    if (rarity <= most)
      continue;
    most = rarity;
    *strongest = series;
  }
  return sum / ORF_DECAYED_PCA_VIEWS;
}

static void
learn (OrfDecayedPca *pca)
{
  double share = 1. / MIN (pca->n + 1, COVARIANCE_ROWS), *covariance = get_covariance (pca);
  const double *row = get_row (pca, 0);

  for (guint i = 0; i < pca->m; i++)
    for (guint j = 0; j <= i; j++)
      covariance[i * pca->m + j] += share * (row[i] * row[j] - covariance[i * pca->m + j]);
}

/* Moves the axis of the largest of those not yet taken to its place. */
static double
take_axis (OrfDecayedPca *pca, double *matrix, const double *vectors)
{
  guint m = pca->m, best = 0;
  double value;

  for (guint i = 1; i < m; i++)
    if (matrix[i * m + i] > matrix[best * m + best])
      best = i;
  value = matrix[best * m + best];
  matrix[best * m + best] = -1;
  memcpy (get_axis (pca, pca->n_axes++), vectors + best * m, m * sizeof *vectors);
  return value;
}

static void
fit (OrfDecayedPca *pca)
{
  guint m = pca->m;
  g_autofree double *matrix = g_new (double, m *m), *vectors = g_new (double, m *m);
  const double *covariance = get_covariance (pca);
  double whole = 0, taken = 0;

  for (guint i = 0; i < m; i++)
    for (guint j = 0; j < m; j++)
      matrix[i * m + j] = covariance[MAX (i, j) * m + MIN (i, j)];
  for (guint i = 0; i < m; i++)
    whole += matrix[i * m + i];
  orf_eigen_solve (matrix, vectors, m);
  pca->n_axes = 0;
  while (pca->n_axes + 1 < m && taken < MAIN_SHARE * whole)
    taken += take_axis (pca, matrix, vectors);
}

float
orf_decayed_pca_push (OrfDecayedPca *pca, const double *values, guint *strongest)
{
  guint ignored, first;
  float rarity;

  for (guint view = 0; view < ORF_DECAYED_PCA_VIEWS; view++)
    bring_near (pca, view, values);
  rarity = judge_all (pca, strongest != NULL ? strongest : &ignored);
  learn (pca);
  first = FIRST_FIT * pca->m + pca->turn / 4;
  if (pca->n == first || (pca->n > first && pca->n % FIT_ROWS == pca->turn))
    fit (pca);
  if (++pca->n == G_MAXUINT32) /* it is long past all that looks at it */
    pca->n = COVARIANCE_ROWS * FIT_ROWS;
  return rarity;
}

gboolean
orf_decayed_pca_is_valid (const OrfDecayedPca *pca, guint m)
{
  for (guint view = 0; view < ORF_DECAYED_PCA_VIEWS; view++)
    if (!orf_tail_is_valid (&pca->rests[view].tail))
      return FALSE;
  return pca->m == m && pca->n_axes < m && pca->turn < FIT_ROWS;
}
