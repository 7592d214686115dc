/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stats/orf-eigen.h"

#include <math.h>
#include <string.h>

#define MAX_SWEEPS 16
/* What is left beside the diagonal, of what is on it. */
#define ENOUGH 1e-12

static gboolean
is_diagonal (const double *matrix, guint n)
{
  double on = 0, beside = 0;

  for (guint i = 0; i < n; i++) {
    on += matrix[i * n + i] * matrix[i * n + i];
    for (guint j = i + 1; j < n; j++)
      beside += matrix[i * n + j] * matrix[i * n + j];
  }
  return beside <= ENOUGH * on;
}

/* Two rows become their mixtures. */
static void
turn_rows (double *matrix, guint n, guint p, guint q, double c, double s)
{
  double *a = matrix + p * n, *b = matrix + q * n;

  for (guint k = 0; k < n; k++) {
    double x = a[k], y = b[k];

    a[k] = c * x - s * y;
    b[k] = s * x + c * y;
  }
}

static void
turn_columns (double *matrix, guint n, guint p, guint q, double c, double s)
{
  for (guint k = 0; k < n; k++) {
    double x = matrix[k * n + p], y = matrix[k * n + q];

    matrix[k * n + p] = c * x - s * y;
    matrix[k * n + q] = s * x + c * y;
  }
}

static void
rotate (double *matrix, double *vectors, guint n, guint p, guint q)
{
  double beside = matrix[p * n + q], half, t, c;

  if (beside == 0)
    return;
  half = (matrix[q * n + q] - matrix[p * n + p]) / (2 * beside);
  t = (half >= 0 ? 1 : -1) / (fabs (half) + sqrt (half * half + 1));
  c = 1 / sqrt (t * t + 1);
  turn_columns (matrix, n, p, q, c, t * c);
  turn_rows (matrix, n, p, q, c, t * c);
  turn_rows (vectors, n, p, q, c, t * c);
}

void
orf_eigen_solve (double *matrix, double *vectors, guint n)
{
  memset (vectors, 0, (gsize) n * n * sizeof *vectors);
  for (guint i = 0; i < n; i++)
    vectors[i * n + i] = 1;
  for (guint sweep = 0; sweep < MAX_SWEEPS && !is_diagonal (matrix, n); sweep++)
    for (guint p = 0; p < n; p++)
      for (guint q = p + 1; q < n; q++)
        rotate (matrix, vectors, n, p, q);
}
