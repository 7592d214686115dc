/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomaly/orf-anomaly-watch.h"
#include "stats/orf-spread.h"
#include "stats/orf-state-blob.h"

#include <math.h>
#include <string.h>

/* What is nearer than this share of the value is the same: exporters print five digits. */
#define FLOOR_SHARE 1e-4
/* And where the value is 0. */
#define LEAST_FLOOR 1e-12
/* Of the first value, and of the row before: what is further counts as that far, so that sums and
 * squares of it are still finite. */
#define FARTHEST 1e18
/* In powers of ten.  Drifts are asked for once in eight rows; and as sources rest, and exporters
 * round, a value that stands still is told as ten times less rare. */
#define DRIFT_RARER .903f
#define FROZEN_LESS 1
/* What is told as expected is so many usual distances wide, to either side. */
#define EXPECTED_DEVIATIONS 3

typedef struct {
  const char *name;
  OrfAnomalyKind kind;
  float deviations; /* what a score of 1 is; 0: it is measured otherwise */
} DetectorRow;

static const DetectorRow rows[ORF_DETECTOR_DISCORD + 1] = {
  [ORF_DETECTOR_LEVEL] = { "level", ORF_ANOMALY_KIND_SPIKE, 1 },
  [ORF_DETECTOR_MOVE] = { "move", ORF_ANOMALY_KIND_SPIKE, 1 },
  [ORF_DETECTOR_LONG_LEVEL] = { "long-level", ORF_ANOMALY_KIND_OUTLIER, 1 },
  [ORF_DETECTOR_RANGE] = { "range", ORF_ANOMALY_KIND_OUTLIER, 1.f / ORF_OUTLIER_BEYOND },
  [ORF_DETECTOR_SEASON] = { "season", ORF_ANOMALY_KIND_PATTERN, 1 },
  [ORF_DETECTOR_SEASON_FITTED] = { "season-fitted", ORF_ANOMALY_KIND_PATTERN, 1 },
  [ORF_DETECTOR_SEASON_MOVE] = { "season-move", ORF_ANOMALY_KIND_PATTERN, 1 },
  [ORF_DETECTOR_DRIFT] = { "drift", ORF_ANOMALY_KIND_DRIFT },
  [ORF_DETECTOR_FROZEN] = { "frozen", ORF_ANOMALY_KIND_SILENCE },
  [ORF_N_DETECTORS] = { "correlated", ORF_ANOMALY_KIND_CORRELATED },
  [ORF_DETECTOR_FOREST] = { "forest", ORF_ANOMALY_KIND_MULTIVARIATE },
  [ORF_DETECTOR_DISCORD] = { "discord", ORF_ANOMALY_KIND_PATTERN },
};

const char *
orf_detector_get_name (OrfDetector detector)
{
  return rows[MIN (detector, ORF_DETECTOR_DISCORD)].name;
}

OrfAnomalyKind
orf_detector_get_kind (OrfDetector detector)
{
  return rows[MIN (detector, ORF_DETECTOR_DISCORD)].kind;
}

void
orf_anomaly_watch_init (OrfAnomalyWatch *watch, gint64 step_us, gboolean counter, guint number)
{
  /* with what lies between the members, so that two of the same are the same bytes */
  memset (watch, 0, sizeof *watch);
  watch->step_us = step_us;
  watch->first = watch->last = watch->last_row = NAN;
  watch->counter = counter != FALSE;
  orf_pattern_init (&watch->pattern, number);
  for (guint i = 0; i < ORF_N_SCORED; i++)
    orf_tail_take_turn (&watch->tails[i], number + 2 * i);
}

/* FALSE: no row comes of this value. */
static gboolean
make_row (OrfAnomalyWatch *watch, gint64 t_us, double value, OrfAnomalyRow *row)
{
  gboolean gap = t_us - watch->last_us > ORF_ANOMALY_GAP_STEPS * watch->step_us;
  double last = watch->last;

  watch->last_us = t_us;
  watch->last = value;
  if (isnan (watch->first)) {
    watch->first = watch->counter ? 0 : value;
    watch->last_row = watch->counter ? NAN : value;
    return FALSE;
  }
  /* what was counted in a gap is not one row's */
  if (watch->counter && (gap || value < last))
    return FALSE;
  *row = (OrfAnomalyRow){
    .at = (guint64) ((t_us + watch->step_us / 2) / watch->step_us),
    .step_s = (double) watch->step_us / G_USEC_PER_SEC,
    .n = watch->n,
  };
  if (watch->counter)
    value -= last;
  row->value = (float) CLAMP (value - watch->first, -FARTHEST, FARTHEST);
  row->floor = (float) MIN (FLOOR_SHARE * fabs (value) + LEAST_FLOOR, FARTHEST);
  row->move = gap || isnan (watch->last_row)
                ? NAN
                : (float) CLAMP (value - watch->last_row, -FARTHEST, FARTHEST);
  watch->last_row = value;
  watch->n += watch->n < G_MAXUINT32;
  return TRUE;
}

static void
look_back (const OrfAnomalyTuning *tuning, OrfAnomalyRow *row)
{
  guint level_rows = tuning->look_back_rows > 0 ? tuning->look_back_rows
                                                : ORF_ANOMALY_LOOK_BACK_ROWS;

  row->level_rows = level_rows;
  row->usual_rows = MAX (level_rows / 4, ORF_ANOMALY_FIRST_ROWS);
}

/* How rare the score is; then it is one of those that came before. */
static float
weigh (OrfTail *tail, float score)
{
  float rarity = orf_tail_judge (tail, score);

  orf_tail_push (tail, score);
  return rarity;
}

/* In verdict the detector that finds it rarest; sum: of what they say, to the power of six. */
static void
take (OrfAnomalyVerdict *verdict, float *sum, OrfDetector detector, float rarity)
{
  float squared = rarity * rarity;

  if (rarity <= 0)
    return;
  *sum += squared * squared * squared;
  if (rarity <= verdict->score)
    return;
  verdict->score = rarity;
  verdict->detector = detector;
}

/* Whether any detector sees the row as far out as a person wants it. */
static gboolean
is_far (const OrfAnomalyTuning *tuning, const float scores[ORF_N_SCORED])
{
  for (guint i = 0; i < ORF_N_SCORED; i++)
    if (fabsf (scores[i]) * rows[i].deviations >= tuning->threshold_deviations)
      return TRUE;
  return FALSE;
}

/* What the season explains from now on was drift upon drift until now: that tells of no other. */
static void
begin_season (OrfAnomalyWatch *watch)
{
  watch->seasonal = TRUE;
  watch->drift = (OrfDrift){ 0 };
  watch->tails[ORF_DETECTOR_DRIFT] = (OrfTail){ 0 };
}

static void
judge (OrfAnomalyWatch *watch,
       const OrfAnomalyTuning *tuning,
       OrfAnomalyRow *row,
       OrfAnomalyVerdict *verdict)
{
  float scores[ORF_N_SCORED], sum = 0;
  gboolean far;

  orf_spike_push (&watch->spike, row, scores + ORF_DETECTOR_LEVEL);
  orf_outlier_push (&watch->outlier, row, scores + ORF_DETECTOR_LONG_LEVEL);
  orf_pattern_push (&watch->pattern, row, watch->outlier.usual, scores + ORF_DETECTOR_SEASON);
  if (row->seasonal && !watch->seasonal)
    begin_season (watch);
  orf_drift_push (&watch->drift, row, scores + ORF_DETECTOR_DRIFT);
  far = tuning->threshold_deviations <= 0 || is_far (tuning, scores);
  for (guint i = 0; i < ORF_N_SCORED; i++) {
    float rarity;

    if (isnan (scores[i]))
      continue;
    rarity = weigh (&watch->tails[i], scores[i]);
    if (i == ORF_DETECTOR_DRIFT && rarity > 0)
      rarity += DRIFT_RARER;
    if (far || rows[i].deviations <= 0)
      take (verdict, &sum, (OrfDetector) i, rarity);
  }
  take (verdict, &sum, ORF_DETECTOR_FROZEN, orf_frozen_push (&watch->frozen, row) - FROZEN_LESS);
  /* what many say is more than what one says, and not nearly as much as if they were independent */
  verdict->score = cbrtf (sqrtf (sum));
}

/* How far what was expected is told to reach, to either side. */
static double
get_reach (const OrfAnomalyWatch *watch, const OrfAnomalyRow *row)
{
  float usual = row->expected == watch->outlier.level ? watch->outlier.usual
                                                      : orf_usual_get (&watch->pattern.usual);

  return EXPECTED_DEVIATIONS * (double) (ORF_SPREAD_TO_DEVIATION * usual);
}

gboolean
orf_anomaly_watch_push (OrfAnomalyWatch *watch,
                        const OrfAnomalyTuning *tuning,
                        gint64 t_us,
                        double value,
                        OrfAnomalyVerdict *verdict)
{
  OrfAnomalyVerdict said = { 0 };
  OrfAnomalyRow row;
  double reach;

  if (!isfinite (value) || (!isnan (watch->last) && t_us <= watch->last_us) ||
      !make_row (watch, t_us, value, &row))
    return FALSE;
  look_back (tuning, &row);
  judge (watch, tuning, &row, &said);
  said.score = MAX (0, said.score - log10f (ORF_N_DETECTORS));
  said.expected = watch->first + (double) row.expected;
  reach = get_reach (watch, &row);
  said.lower = said.expected - reach;
  said.upper = said.expected + reach;
  *verdict = said;
  return TRUE;
}

gboolean
orf_anomaly_watch_is_valid (const OrfAnomalyWatch *watch)
{
  for (guint i = 0; i < ORF_N_SCORED; i++)
    if (!orf_tail_is_valid (&watch->tails[i]))
      return FALSE;
  return orf_state_is_step (watch->step_us) && orf_state_is_time (watch->last_us) &&
         watch->drift.n_block < ORF_DRIFT_BLOCK && orf_rhythm_is_valid (&watch->pattern.rhythm) &&
         orf_tail_is_valid (&watch->frozen.runs);
}
