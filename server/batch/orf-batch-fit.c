/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-fit.h"

#include <math.h>
#include <string.h>

/* of Student's t: a point at 10 spreads weighs a twentieth of one at none */
#define TAILS 4.0

#define MAX_ROUNDS 40

/* Relative to the largest value.  Peaks are counted by allocators in blocks: a fit that is better
 * than this says no more, and a spread of 0 would make every other law impossible. */
#define MIN_SPREAD 1e-4

/* of the test whether sizes differ more than their repeats: one in a hundred by chance */
#define LACK_Z 2.33

typedef struct {
  const OrfBatchPoints *points;
  double (*terms)[ORF_BATCH_MAX_COEFFICIENTS];
  guint k;
  double *spreads; /* value^noise of each point */
  double *weights; /* of Student's t, times (TAILS + 1) / TAILS at most */
} Work;

static double
dot (const double *a, const double *b, guint k)
{
  double sum = 0;

  for (guint i = 0; i < k; i++)
    sum += a[i] * b[i];

  return sum;
}

/* Gauss and Jordan; FALSE: singular, so far as doubles tell. */
static gboolean
invert (double (*m)[ORF_BATCH_MAX_COEFFICIENTS], guint k)
{
  double diagonal[ORF_BATCH_MAX_COEFFICIENTS];

  for (guint i = 0; i < k; i++)
    diagonal[i] = m[i][i];

  /* symmetric and positive: no pivots need to be looked for */
  for (guint p = 0; p < k; p++) {
    double pivot = m[p][p];

    if (!(pivot > 1e-11 * diagonal[p]))
      return FALSE;
    m[p][p] = 1;
    for (guint j = 0; j < k; j++)
      m[p][j] /= pivot;
    for (guint i = 0; i < k; i++) {
      double factor = m[i][p];

      if (i == p)
        continue;
      m[i][p] = 0;
      for (guint j = 0; j < k; j++)
        m[i][j] -= factor * m[p][j];
    }
  }

  return TRUE;
}

/* Coefficients under the weights, and the inverse of their sums. */
static gboolean
solve (const Work *work,
       gboolean weighted,
       double *coefficients,
       double (*inverse)[ORF_BATCH_MAX_COEFFICIENTS])
{
  double right[ORF_BATCH_MAX_COEFFICIENTS] = { 0 };
  double sums[ORF_BATCH_MAX_COEFFICIENTS][ORF_BATCH_MAX_COEFFICIENTS] = { { 0 } };

  for (guint p = 0; p < work->points->n; p++) {
    const double *terms = work->terms[p];
    double weight = (weighted ? work->weights[p] : 1) / (work->spreads[p] * work->spreads[p]);

    for (guint i = 0; i < work->k; i++) {
      right[i] += weight * terms[i] * work->points->values[p];
      for (guint j = 0; j < work->k; j++)
        sums[i][j] += weight * terms[i] * terms[j];
    }
  }

  if (!invert (sums, work->k))
    return FALSE;
  for (guint i = 0; i < work->k; i++)
    coefficients[i] = dot (sums[i], right, work->k);
  memcpy (inverse, sums, sizeof sums);

  return TRUE;
}

static double
get_spread_at (const OrfBatchFit *fit, double value)
{
  double at_least = MAX (value, fit->floor);

  if (fit->law.noise <= 0)
    return 1;

  return fit->law.noise < 1 ? sqrt (at_least) : at_least;
}

static double
get_residual (const Work *work, const OrfBatchFit *fit, guint p)
{
  double mean = dot (work->terms[p], fit->coefficients, work->k);

  return (work->points->values[p] - mean) / work->spreads[p];
}

/* Spreads, the common one, and weights from the coefficients. */
static void
weigh (Work *work, OrfBatchFit *fit)
{
  guint n = work->points->n;
  double sum = 0;

  for (guint p = 0; p < n; p++) {
    double mean = dot (work->terms[p], fit->coefficients, work->k);
    double residual;

    work->spreads[p] = get_spread_at (fit, mean);
    residual = get_residual (work, fit, p);
    sum += work->weights[p] * residual * residual;
  }
  fit->spread = MAX (sqrt (sum / n), MIN_SPREAD);

  for (guint p = 0; p < n; p++) {
    double r = get_residual (work, fit, p) / fit->spread;

    work->weights[p] = (TAILS + 1) / (TAILS + r * r);
  }
}

static gboolean
iterate (Work *work, OrfBatchFit *fit)
{
  double inverse[ORF_BATCH_MAX_COEFFICIENTS][ORF_BATCH_MAX_COEFFICIENTS];

  for (guint p = 0; p < work->points->n; p++) {
    work->spreads[p] = get_spread_at (fit, work->points->values[p]);
    work->weights[p] = 1;
  }

  for (guint round = 0; round < MAX_ROUNDS; round++) {
    double before = fit->spread;

    if (!solve (work, TRUE, fit->coefficients, inverse))
      return FALSE;
    weigh (work, fit);
    if (round > 2 && fabs (fit->spread - before) <= 1e-4 * before)
      break;
  }

  return TRUE;
}

/* What an M-estimator's coefficients vary by, whatever the noise really is. */
static gboolean
fill_covariance (const Work *work, OrfBatchFit *fit)
{
  guint n = work->points->n;
  double ignored[ORF_BATCH_MAX_COEFFICIENTS];
  double psi2 = 0;
  double slope = 0;
  double variance;

  for (guint p = 0; p < n; p++) {
    double r = get_residual (work, fit, p) / fit->spread;
    double below = TAILS + r * r;

    psi2 += r * r * work->weights[p] * work->weights[p] / n;
    slope += (TAILS + 1) * (TAILS - r * r) / (below * below) / n;
    fit->log_likelihood -= (TAILS + 1) / 2 * log1p (r * r / TAILS) +
                           log (fit->spread * work->spreads[p]);
  }
  /* of few points the slope may come out as anything: that of the noise assumed is 5/7 */
  slope = MAX (slope, 0.3);
  variance = MAX (psi2, 0.1) / (slope * slope) * fit->spread * fit->spread * n /
             MAX (fit->freedom, 1);

  if (!solve (work, FALSE, ignored, fit->covariance))
    return FALSE;
  for (guint i = 0; i < work->k; i++)
    for (guint j = 0; j < work->k; j++)
      fit->covariance[i][j] *= variance;

  return TRUE;
}

/* Wilson and Hilferty: a ratio of variances as a normal deviate. */
static double
get_ratio_z (double ratio, double above, double below)
{
  double root = cbrt (ratio);
  double a = 2 / (9 * above);
  double b = 2 / (9 * below);

  return ((1 - b) * root - (1 - a)) / sqrt (b * root * root + a);
}

/* Sizes that differ from the law more than their repeats do: the law is not quite theirs, and what
 * it says of a size not seen is off by as much. */
static void
look_at_repeats (const Work *work, OrfBatchFit *fit)
{
  const OrfBatchPoints *points = work->points;
  double within = 0;
  double between = 0;
  double squares = 0;
  guint groups = 0;
  double mean_within, mean_between;

  for (guint from = 0, to; from < points->n; from = to) {
    double sum = 0;
    double sum2 = 0;

    for (to = from; to < points->n && points->sizes[to] <= points->sizes[from]; to++) {
      double limit = 3 * fit->spread;
      double r = CLAMP (get_residual (work, fit, to), -limit, limit);

      sum += r;
      sum2 += r * r;
    }
    between += sum * sum / (to - from);
    within += sum2 - sum * sum / (to - from);
    squares += (double) (to - from) * (to - from);
    groups++;
  }

  if (groups < work->k + 2 || points->n < groups + 5)
    return;
  mean_within = MAX (within / (points->n - groups), MIN_SPREAD * MIN_SPREAD);
  mean_between = between / (groups - work->k);
  if (get_ratio_z (mean_between / mean_within, groups - work->k, points->n - groups) < LACK_Z)
    return;

  fit->dispersion = mean_between / mean_within;
  fit->lack = sqrt ((mean_between - mean_within) * (groups - 1) /
                    (points->n - squares / points->n));
  for (guint i = 0; i < work->k; i++)
    for (guint j = 0; j < work->k; j++)
      fit->covariance[i][j] *= fit->dispersion;
}

static double
find_smallest (const OrfBatchPoints *points)
{
  double smallest = points->values[0];

  for (guint p = 1; p < points->n; p++)
    smallest = MIN (smallest, points->values[p]);

  return smallest;
}

gboolean
orf_batch_fit (const OrfBatchPoints *points, const OrfBatchLaw *law, OrfBatchFit *fit)
{
  guint k = orf_batch_law_count (law);
  g_autofree double *terms = g_new (double, (gsize) points->n *ORF_BATCH_MAX_COEFFICIENTS);
  g_autofree double *spreads = g_new (double, points->n);
  g_autofree double *weights = g_new (double, points->n);
  Work work = { points, (double (*)[ORF_BATCH_MAX_COEFFICIENTS]) (void *) terms, k, spreads,
                weights };
  OrfBatchFit made = { .law = *law, .scale = points->scale, .dispersion = 1 };

  if (points->n <= k)
    return FALSE;

  made.freedom = points->n - k;
  made.floor = MAX (find_smallest (points) / 2, 1e-4);
  for (guint p = 0; p < points->n; p++)
    orf_batch_law_fill_terms (law, points->sizes[p], points->scale, work.terms[p]);

  if (!iterate (&work, &made) || !fill_covariance (&work, &made))
    return FALSE;
  look_at_repeats (&work, &made);

  *fit = made;

  return TRUE;
}

double
orf_batch_fit_get_mean (const OrfBatchFit *fit, double size)
{
  double terms[ORF_BATCH_MAX_COEFFICIENTS];

  orf_batch_law_fill_terms (&fit->law, size, fit->scale, terms);

  return dot (terms, fit->coefficients, orf_batch_law_count (&fit->law));
}

static double
get_variance (const OrfBatchFit *fit, const double *terms)
{
  guint k = orf_batch_law_count (&fit->law);
  double variance = 0;

  for (guint i = 0; i < k; i++)
    variance += terms[i] * dot (fit->covariance[i], terms, k);

  return variance;
}

double
orf_batch_fit_get_growth (const OrfBatchFit *fit, double from, double to)
{
  double terms[ORF_BATCH_MAX_COEFFICIENTS];
  double less[ORF_BATCH_MAX_COEFFICIENTS];

  orf_batch_law_fill_terms (&fit->law, to, fit->scale, terms);
  orf_batch_law_fill_terms (&fit->law, from, fit->scale, less);
  for (guint i = 0; i < ORF_BATCH_MAX_COEFFICIENTS; i++)
    terms[i] -= less[i];

  return dot (terms, fit->coefficients, orf_batch_law_count (&fit->law)) /
         sqrt (MAX (get_variance (fit, terms), 1e-18));
}

/* Student's t as a normal deviate, good to some thousandths. */
static double
get_probability (double t, double freedom)
{
  double z = t * (1 - 1 / (4 * freedom)) / sqrt (1 + t * t / (2 * freedom));

  return 0.5 * erfc (-z / G_SQRT2);
}

double
orf_batch_fit_get_probability (const OrfBatchFit *fit, double size, double bound)
{
  double terms[ORF_BATCH_MAX_COEFFICIENTS];
  guint k = orf_batch_law_count (&fit->law);
  double mean, variance, own;

  orf_batch_law_fill_terms (&fit->law, size, fit->scale, terms);
  mean = dot (terms, fit->coefficients, k);
  own = fit->lack * get_spread_at (fit, mean);
  variance = own * own + get_variance (fit, terms);

  return get_probability ((bound - mean) / sqrt (MAX (variance, 1e-18)), fit->freedom);
}
