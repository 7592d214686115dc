/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-decayed-pca.h"
#include "stats/orf-eigen.h"

#include <math.h>
#include <string.h>

/* Over how many rows: the covariance, and where a series is of late. */
#define COVARIANCE_ROWS 2000
#define LEVEL_ROWS      50
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
/* The unexplained as a score: twice the usual size is worth 16. */
#define SCORE_FACTOR 2

static double *
get_means (OrfDecayedPca *pca)
{
  return pca->data;
}

static double *
get_variances (OrfDecayedPca *pca)
{
  return pca->data + pca->m;
}

static double *
get_row (OrfDecayedPca *pca)
{
  return pca->data + 2 * pca->m;
}

static double *
get_covariance (OrfDecayedPca *pca)
{
  return pca->data + 3 * pca->m;
}

static double *
get_axis (OrfDecayedPca *pca, guint axis)
{
  return get_covariance (pca) + pca->m * pca->m + axis * pca->m;
}

gsize
orf_decayed_pca_get_bytes (guint m)
{
  return sizeof (OrfDecayedPca) + (3 * m + 2 * (gsize) m * m) * sizeof (double);
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
bring_near (OrfDecayedPca *pca, const double *values)
{
  double *means = get_means (pca), *variances = get_variances (pca), *row = get_row (pca);
  double slow = 1. / MIN (pca->n + 1, COVARIANCE_ROWS), fast = 1. / MIN (pca->n + 1, LEVEL_ROWS);

  for (guint i = 0; i < pca->m; i++) {
    double distance;

    row[i] = 0;
    if (!isfinite (values[i]))
      continue;
    if (pca->n == 0)
      means[i] = values[i];
    distance = values[i] - means[i];
    row[i] = distance / (sqrt (variances[i]) + LEAST_SHARE * fabs (values[i]) + LEAST);
    if (pca->n < FIRST_ROWS)
      row[i] = CLAMP (row[i], -FIRST_FAR, FIRST_FAR);
    means[i] += fast * distance;
    variances[i] += slow * (distance * distance - variances[i]);
  }
}

/* The size of what the axes leave of the row. */
static double
get_rest (OrfDecayedPca *pca, guint *strongest)
{
  double rest[ORF_DECAYED_PCA_MAX], sum = 0, most = -1;
  const double *row = get_row (pca);

  memcpy (rest, row, pca->m * sizeof *rest);
  for (guint k = 0; k < pca->n_axes; k++) {
    const double *axis = get_axis (pca, k);
    double along = 0;

    for (guint i = 0; i < pca->m; i++)
      along += axis[i] * row[i];
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
judge (OrfDecayedPca *pca, guint *strongest)
{
  float rest, score, rarity;

  *strongest = 0;
  if (pca->n_axes == 0)
    return 0;
  rest = (float) fmin (get_rest (pca, strongest), G_MAXFLOAT);
  pca->usual += (fminf (rest, pca->usual > 0 ? FAR * pca->usual : INFINITY) - pca->usual) /
                (float) MIN (pca->n + 1, USUAL_ROWS);
  score = SCORE_FACTOR * rest / (pca->usual + (float) LEAST);
  score *= score;
  rarity = orf_tail_judge (&pca->tail, score);
  orf_tail_push (&pca->tail, score);
  return rarity;
}

static void
learn (OrfDecayedPca *pca)
{
  double share = 1. / MIN (pca->n + 1, COVARIANCE_ROWS), *covariance = get_covariance (pca);
  const double *row = get_row (pca);

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

  bring_near (pca, values);
  rarity = judge (pca, strongest != NULL ? strongest : &ignored);
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
  return pca->m == m && pca->n_axes < m && pca->turn < FIT_ROWS && orf_tail_is_valid (&pca->tail);
}
