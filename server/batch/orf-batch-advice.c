/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-advice.h"

#include <math.h>

#include "batch/orf-batch-models.h"
#include "core/orf-sum.h"

/* a spread is not told by fewer */
#define MIN_POINTS 5

/* Beyond this many times the largest size seen, nothing is said at all. */
#define MAX_REACH 64.0
/* 2^52: above it doubles do not tell sizes apart, and results end at twice as much. */
#define MAX_SIZE 4503599627370496.0

/* Growth of fewer errors than this may be none: what lies beyond is not told by it. */
#define MIN_GROWTH 4.0

/* Sizes of which this many were seen speak for themselves, where their mean is this many of its
 * errors from the bound: a law that fits none of ours then still gives way to what was seen. */
#define MIN_SEEN_OFTEN 8
#define CLEAR_Z        4.5
#define CLEAR          0.99 /* what that is taken for: of few the error is not well known */

typedef struct {
  OrfBatchPoints points; /* borrows the arrays */
  double *sizes;
  double *values;
  double unit; /* what a value of 1 is: bytes or µs */
  guint n_sizes;
} Seen;

typedef struct {
  double size;
  double value;
} Pair;

static void
seen_clear (Seen *seen)
{
  g_free (seen->sizes);
  g_free (seen->values);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Seen, seen_clear)

static int
compare_pairs (gconstpointer a, gconstpointer b)
{
  const Pair *x = a;
  const Pair *y = b;

  if (x->size != y->size)
    return x->size < y->size ? -1 : 1;

  return x->value < y->value ? -1 : x->value > y->value;
}

/* Peaks or durations of the batches that have them, by size. */
static void
seen_init (Seen *seen, const OrfBatch *batches, guint n, gboolean durations)
{
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (Pair));

  *seen = (Seen){ .unit = 1 };
  for (guint i = 0; i < n; i++) {
    gint64 value = durations ? batches[i].duration_us : batches[i].peak_bytes;
    Pair pair = { (double) batches[i].size, (double) value };

    if (value < 0 || batches[i].size < 1)
      continue;
    g_array_append_val (pairs, pair);
    seen->unit = MAX (seen->unit, pair.value);
  }
  g_array_sort (pairs, compare_pairs);

  seen->sizes = g_new (double, pairs->len + 1);
  seen->values = g_new (double, pairs->len + 1);
  for (guint i = 0; i < pairs->len; i++) {
    const Pair *pair = &g_array_index (pairs, Pair, i);

    seen->sizes[i] = pair->size;
    seen->values[i] = pair->value / seen->unit;
    if (i == 0 || pair->size > seen->sizes[i - 1])
      seen->n_sizes++;
  }
  seen->points = (OrfBatchPoints){ seen->sizes, seen->values, pairs->len,
                                   pairs->len ? seen->sizes[pairs->len - 1] : 1 };
}

/* A law of sizes that are nearly one says anything of others: no more than a result may be. */
static double
limit_told (double value)
{
  return CLAMP (value, 0, (double) ORF_SUM_MAX);
}

static gboolean
allows (const OrfBatchModels *models, double size, double bound)
{
  return orf_batch_models_get_probability (models, size, bound) >= ORF_BATCH_CONFIDENCE;
}

/* The largest size that the models give the confidence asked, up to a reach; 0: none. */
static double
find_largest (const OrfBatchModels *models, double bound, double reach)
{
  double fits = reach;
  double fails = reach + 1;

  while (fits >= 1 && !allows (models, fits, bound)) {
    fails = fits;
    fits = floor (fits / 1.25);
  }

  while (fits >= 1 && fails - fits > 1) {
    double middle = floor ((fits + fails) / 2);

    if (allows (models, middle, bound))
      fits = middle;
    else
      fails = middle;
  }

  return MAX (fits, 0);
}

/* How far a size may be from those seen. */
static double
get_reach (const Seen *seen)
{
  return MIN (floor (seen->points.scale * MAX_REACH), MAX_SIZE);
}

/* Median, and its error by the median of deviations, of one size's values, which are sorted. */
static double
measure_size (const double *values, guint n, double *error)
{
  g_autofree double *off = g_new (double, n);
  double median = (values[(n - 1) / 2] + values[n / 2]) / 2;

  for (guint i = 0; i < n; i++) {
    guint j = i;
    double distance = fabs (values[i] - median);

    for (; j > 0 && off[j - 1] > distance; j--)
      off[j] = off[j - 1];
    off[j] = distance;
  }
  /* both factors: as if the noise were normal */
  *error = MAX (1.4826 * (off[(n - 1) / 2] + off[n / 2]) / 2, 1e-4) * 1.2533 / sqrt (n);

  return median;
}

/* What the sizes that were run often say by themselves: which surely fits, and which does not. */
static void
heed_seen (const Seen *seen, double bound, double *fits, double *fails)
{
  *fits = 0;
  *fails = INFINITY;

  for (guint from = 0, to; from < seen->points.n; from = to) {
    double error, median;

    for (to = from + 1; to < seen->points.n && seen->sizes[to] <= seen->sizes[from]; to++)
      ;
    if (to - from < MIN_SEEN_OFTEN)
      continue;
    median = measure_size (&seen->values[from], to - from, &error);
    if (median + CLEAR_Z * error <= bound)
      *fits = seen->sizes[from];
    else if (median - CLEAR_Z * error > bound)
      *fails = MIN (*fails, seen->sizes[from]);
  }
}

static double
measure_r2 (const Seen *seen, const OrfBatchFit *fit)
{
  double mean = 0;
  double all = 0;
  double left = 0;

  for (guint i = 0; i < seen->points.n; i++)
    mean += seen->values[i] / seen->points.n;
  for (guint i = 0; i < seen->points.n; i++) {
    double off = seen->values[i] - orf_batch_fit_get_mean (fit, seen->sizes[i]);

    left += off * off;
    all += (seen->values[i] - mean) * (seen->values[i] - mean);
  }

  return all > 0 ? MAX (1 - left / all, -1) : NAN;
}

static void
tell_law (const Seen *seen, const OrfBatchModels *models, OrfBatchAdvice *advice)
{
  const OrfBatchFit *best = orf_batch_models_get_best (models);
  double far = advice->limit > 0 ? (double) advice->limit : seen->points.scale;
  /* no item: what padding makes of the smallest is its first step */
  double first = best->coefficients[0];
  double at_largest = orf_batch_fit_get_mean (best, seen->points.scale);

  advice->law = best->law;
  advice->law_known = TRUE;
  advice->base_bytes = limit_told (first * seen->unit);
  advice->bytes_per_item = (orf_batch_fit_get_mean (best, far) - first) / far * seen->unit;
  advice->noise_percent = 100 * best->spread * pow (MAX (at_largest, 1e-9), best->law.noise - 1);
  advice->r2 = measure_r2 (seen, best);
}

/* One size: the median of what was seen is all there is. */
static void
advise_by_one_size (const Seen *seen, double bound, OrfBatchAdvice *advice)
{
  double error;
  double median = measure_size (seen->values, seen->points.n, &error);
  double z = (bound - median) / error;

  advice->reason = ORF_BATCH_REASON_ONE_SIZE;
  advice->confidence = 0.5 * erfc (-z / G_SQRT2);
  if (advice->confidence < ORF_BATCH_CONFIDENCE) {
    advice->reason = ORF_BATCH_REASON_TOO_LITTLE;
    advice->confidence = NAN;
    return;
  }
  advice->recommended = (gint64) seen->points.scale;
  advice->peak_bytes = (gint64) (median * seen->unit);
}

static void
advise_by_models (const Seen *seen,
                  const OrfBatchModels *models,
                  double bound,
                  OrfBatchAdvice *advice)
{
  double reach = get_reach (seen);
  double fits, fails, largest;
  gboolean grows = orf_batch_fit_get_growth (orf_batch_models_get_best (models), seen->sizes[0],
                                             seen->points.scale) >= MIN_GROWTH;

  heed_seen (seen, bound, &fits, &fails);
  largest = MIN (MAX (find_largest (models, bound, reach), fits), fails - 1);
  if (largest < 1) {
    advice->reason = ORF_BATCH_REASON_NOTHING;
  } else if (largest >= reach || (!grows && largest >= seen->points.scale)) {
    advice->reason = grows ? ORF_BATCH_REASON_FAR : ORF_BATCH_REASON_NOT_BOUND;
    advice->recommended = (gint64) seen->points.scale;
  } else {
    advice->reason = ORF_BATCH_REASON_MODEL;
    advice->recommended = advice->limit = (gint64) largest;
  }
  tell_law (seen, models, advice);

  if (seen->n_sizes == 2 && advice->recommended > advice->explored_max) {
    advice->reason = ORF_BATCH_REASON_TWO_SIZES;
    advice->recommended = advice->explored_max;
  }
  if (advice->recommended > 0) {
    double size = (double) advice->recommended;

    advice->confidence = fmax (orf_batch_models_get_probability (models, size, bound),
                               size <= fits ? CLEAR : 0);
  }
}

/* How much longer than the law says the slowest of 99 in 100 takes, and some more for how many were
 * seen: of fewer than about 300, the slowest of all. */
static double
measure_slowest (const Seen *seen, const OrfBatchModels *models)
{
  const OrfBatchFit *best = orf_batch_models_get_best (models);
  g_autoptr (GArray) ratios = g_array_new (FALSE, FALSE, sizeof (Pair));
  double n = seen->points.n;
  guint rank = (guint) MIN (ceil (0.99 * n + sqrt (0.99 * 0.01 * n)), n) - 1;

  for (guint i = 0; i < seen->points.n; i++) {
    double mean = MAX (orf_batch_fit_get_mean (best, seen->sizes[i]), 1e-9);
    Pair pair = { seen->values[i] / mean, 0 };

    g_array_append_val (ratios, pair);
  }
  g_array_sort (ratios, compare_pairs);

  return MAX (g_array_index (ratios, Pair, rank).size, 1);
}

static void
refuse (OrfBatchAdvice *advice, OrfBatchReason reason)
{
  advice->recommended = 0;
  advice->confidence = NAN;
  advice->reason = reason;
}

static void
bound_by_latency (const OrfBatch *batches, guint n, gint64 p99_us, OrfBatchAdvice *advice)
{
  g_auto (Seen) seen = { 0 };
  g_autoptr (OrfBatchModels) models = NULL;
  double slowest, bound, largest;

  seen_init (&seen, batches, n, TRUE);
  if (seen.points.n < MIN_POINTS || seen.n_sizes < 2 ||
      !(models = orf_batch_models_new (&seen.points))) {
    refuse (advice, ORF_BATCH_REASON_NO_LATENCY);
    return;
  }

  slowest = measure_slowest (&seen, models);
  bound = (double) p99_us / slowest / seen.unit;
  largest = find_largest (models, bound, get_reach (&seen));
  if (largest < 1) {
    refuse (advice, ORF_BATCH_REASON_TOO_SLOW);
    return;
  }

  if (largest < (double) advice->recommended) {
    advice->recommended = (gint64) largest;
    advice->reason = ORF_BATCH_REASON_LATENCY;
  }
  advice->p99_us = (gint64) limit_told (
    slowest * seen.unit *
    orf_batch_fit_get_mean (orf_batch_models_get_best (models), (double) advice->recommended));
  advice->confidence = fmin (advice->confidence,
                             orf_batch_models_get_probability (models, (double) advice->recommended,
                                                               bound));
}

void
orf_batch_advise (const OrfBatch *batches,
                  guint n_batches,
                  const OrfBatchBounds *bounds,
                  OrfBatchAdvice *advice)
{
  g_auto (Seen) seen = { 0 };
  g_autoptr (OrfBatchModels) models = NULL;
  double bound;

  *advice = (OrfBatchAdvice){ .reason = ORF_BATCH_REASON_TOO_LITTLE,
                              .confidence = NAN,
                              .base_bytes = NAN,
                              .bytes_per_item = NAN,
                              .noise_percent = NAN,
                              .r2 = NAN,
                              .peak_bytes = -1,
                              .p99_us = -1 };
  seen_init (&seen, batches, n_batches, FALSE);
  advice->observations = seen.points.n;
  if (seen.points.n == 0)
    return;
  advice->explored_min = (gint64) seen.sizes[0];
  advice->explored_max = (gint64) seen.points.scale;
  if (seen.points.n < MIN_POINTS)
    return;

  bound = (double) bounds->budget_bytes / seen.unit;
  if (seen.n_sizes == 1)
    advise_by_one_size (&seen, bound, advice);
  else if ((models = orf_batch_models_new (&seen.points)))
    advise_by_models (&seen, models, bound, advice);

  if (advice->recommended > 0 && bounds->p99_us > 0)
    bound_by_latency (batches, n_batches, bounds->p99_us, advice);
  if (advice->recommended > 0 && models)
    advice->peak_bytes = (gint64) limit_told (
      seen.unit *
      orf_batch_fit_get_mean (orf_batch_models_get_best (models), (double) advice->recommended));
}
