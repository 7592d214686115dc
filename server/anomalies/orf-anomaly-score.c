/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-score.h"

#include <math.h>

#include "anomaly/orf-anomaly-watch.h"
#include "anomaly/orf-decayed-pca.h"
#include "anomaly/orf-isolation-forest.h"
#include "stats/orf-median.h"

#define DAY_US (86400. * G_USEC_PER_SEC)
/* More than one in ten is not promised, however many alarms a day are wanted. */
#define MOST_SHARE .1
/* Of short runs without anything strange, how many have a value that is called so. */
#define FALSE_RUNS .1
/* Of vectors like the rows of a short history, how many times the share of one row: what exceeds
 * all rows' own scores is twice as rare, and one of three questions. */
#define FALSE_VECTORS 2.
/* How often it is looked whether somebody still waits: each few milliseconds. */
#define LOOK_VALUES 512
/* The same rows make the same forest. */
#define SEED 1
/* What never came has come half a time. */
#define UNSEEN .5f
/* Of a series that stands still: what is nearer than this share of the value is the same. */
#define FLOOR_SHARE 1e-4
#define LEAST_FLOOR 1e-12

/* -log10; allowed: the share of values that are called anomalous in any case. */
static float
get_threshold (gint64 step_us, double alarms_per_day, double allowed)
{
  double promised = alarms_per_day * (double) step_us / DAY_US;

  return (float) -log10 (fmin (fmax (promised, allowed), MOST_SHARE));
}

/* ---- a run ----------------------------------------------------------------------------------- */

gboolean
orf_score_run (const double *values,
               guint n,
               gint64 step_us,
               double alarms_per_day,
               OrfCancel *cancel,
               OrfScored *scored)
{
  float threshold = get_threshold (step_us, alarms_per_day, FALSE_RUNS / n);
  const OrfAnomalyTuning as_built = { 0 };
  OrfAnomalyWatch watch;

  orf_anomaly_watch_init (&watch, step_us, FALSE, 0);
  for (guint i = 0; i < n; i++) {
    OrfAnomalyVerdict said;

    if (i % LOOK_VALUES == 0 && orf_cancel_is_set (cancel))
      return FALSE;
    scored[i] = (OrfScored){ .score = NAN };
    if (!orf_anomaly_watch_push (&watch, &as_built, (i + 1) * step_us, values[i], &said) ||
        i < ORF_SCORE_MIN_BEFORE)
      continue;
    scored[i].score = said.score;
    if (said.score <= 0)
      continue;
    scored[i].anomalous = said.score >= threshold;
    scored[i].detector = orf_detector_get_name (said.detector);
    scored[i].kind = orf_detector_get_kind (said.detector);
  }
  return TRUE;
}

/* ---- a vector -------------------------------------------------------------------------------- */

/* Among the scores of the history's own rows. */
static float
judge_together (const double *values, guint n, const GArray *rows)
{
  const double *history = (const double *) (const void *) rows->data;
  g_autoptr (OrfIsolationForest)
    forest = orf_isolation_forest_new (history, rows->len, n, SEED, NULL);
  g_autofree float *usual = g_new (float, rows->len);
  float score;
  guint n_above = 0;

  orf_isolation_forest_score (forest, history, rows->len, usual);
  orf_isolation_forest_score (forest, values, 1, &score);
  for (guint i = 0; i < rows->len; i++)
    n_above += usual[i] >= score;
  return log10f (((float) rows->len + 1) / ((float) n_above + UNSEEN));
}

static float
limit (double distance)
{
  return (float) CLAMP (distance, -G_MAXFLOAT, G_MAXFLOAT);
}

/* How far one of the values is from where its series was, among how far that was.  A forest does
 * not tell: beyond the last cut all is the same to it, and one feature of many is seldom cut.  Nor
 * does it tell what the axes do: that two series that are as one have parted. */
static float
judge_alone (double value, guint column, guint n, const GArray *rows)
{
  const double *history = (const double *) (const void *) rows->data;
  g_autofree double *own = g_new (double, rows->len);
  double center, unit;
  OrfTail tail = { 0 };
  guint n_own = 0;

  for (guint i = 0; i < rows->len; i++)
    if (isfinite (history[i * (gsize) n + column]))
      own[n_own++] = history[i * (gsize) n + column];
  if (n_own == 0)
    return 0;
  unit = orf_median_deviation (own, n_own, &center) * ORF_MAD_TO_DEVIATION;
  unit += FLOOR_SHARE * fabs (center) + LEAST_FLOOR;
  for (guint i = 0; i < rows->len; i++) {
    double distance = (history[i * (gsize) n + column] - center) / unit;

    if (isfinite (distance))
      orf_tail_push (&tail, limit (distance));
  }
  return orf_tail_judge (&tail, limit ((value - center) / unit));
}

static float
judge_each (const double *values, guint n, const GArray *rows)
{
  float most = 0;

  for (guint j = 0; j < n; j++)
    most = fmaxf (most, judge_alone (values[j], j, n, rows));
  return most - log10f ((float) n);
}

/* As if it came next. */
static float
judge_axes (const double *values, guint n, const GArray *rows)
{
  const double *history = (const double *) (const void *) rows->data;
  g_autofree OrfDecayedPca *axes = NULL;

  if (n < 2)
    return 0;
  axes = g_malloc (orf_decayed_pca_get_bytes (n));
  orf_decayed_pca_init (axes, n, 0);
  for (guint i = 0; i < rows->len; i++)
    orf_decayed_pca_push (axes, history + i * (gsize) n, NULL);
  return orf_decayed_pca_push (axes, values, NULL);
}

OrfScored
orf_score_vector (
  const double *values, guint n, const GArray *rows, gint64 step_us, double alarms_per_day)
{
  const struct {
    float score;
    const char *detector;
    OrfAnomalyKind kind;
  } questions[] = {
    { judge_each (values, n, rows), orf_detector_get_name (ORF_DETECTOR_RANGE),
      ORF_ANOMALY_KIND_OUTLIER },
    { judge_axes (values, n, rows), orf_detector_get_name (ORF_N_DETECTORS),
      ORF_ANOMALY_KIND_CORRELATED },
    { judge_together (values, n, rows), orf_detector_get_name (ORF_DETECTOR_FOREST),
      ORF_ANOMALY_KIND_MULTIVARIATE },
  };
  guint rarest = 0;
  OrfScored scored = { 0 };

  for (guint i = 1; i < G_N_ELEMENTS (questions); i++)
    if (questions[i].score > questions[rarest].score)
      rarest = i;
  scored.score = fmaxf (0, questions[rarest].score - log10f (G_N_ELEMENTS (questions)));
  if (scored.score > 0) {
    scored.detector = questions[rarest].detector;
    scored.kind = questions[rarest].kind;
  }
  scored.anomalous = scored.score >=
                     get_threshold (step_us, alarms_per_day, FALSE_VECTORS / rows->len);
  return scored;
}
