/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-forecaster.h"

#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "forecast/orf-forecaster-state.h"
#include "stats/orf-combination.h"
#include "stats/orf-mann-kendall.h"
#include "stats/orf-narrow.h"
#include "stats/orf-sample.h"

/* Of one outcome a row: how much the rolling errors forget, and how fast coverage is followed. */
#define ERROR_RATE    .005f
#define COVERAGE_RATE .001f
/* The promises aim a little below what is told: ahead of a calm that none can miss, as of a value
 * that stands at its bound, more is covered than is asked for. */
static const float outside[2] = { .23f, .108f };
/* So much more is left outside where the value rests at the end of its range for a part of the
 * time: those rows are covered whatever is told. */
#define RESTING_SHARE 1.2f
/* It rests there: so many rows, and so large a share of them. */
#define RESTING_ROWS  3
#define RESTING_PART  .05f
#define RESTING_EXACT 16
/* What a row of the past keeps of its weight with each row after it: e to the −1/8, −1/32, −1/128.
 */
#define N_PASTS 3
static const float decays[N_PASTS] = { .8824969f, .9692333f, .9922179f };
/* Points by which moves are spread about a forecast. */
#define N_SPREAD 12
/* The further ahead, the more what was not seen yet counts: the least weight of the last value with
 * its moves is h / (h + this). */
#define FAR_ROWS 80.f
/* Forecasts are kept at each so manieth row, or at a multiple: each costs as much as some rows. */
#define STRIDE 10
/* Outcomes are counted once so many rows stood behind the forecast. */
#define WARM_ROWS 30

/* Rows of a block, and blocks, for the trend; and how sure it must be: 1 in 100. */
#define TREND_BLOCK  8
#define TREND_BLOCKS 12
#define TREND_SURE   2.576

static const char *const method_names[ORF_FORECASTER_N_METHODS] = {
  [ORF_FORECASTER_LAST] = "last",           [ORF_FORECASTER_HOLT] = "damped-trend",
  [ORF_FORECASTER_PAST] = "median-8",       [ORF_FORECASTER_PAST + 1] = "median-32",
  [ORF_FORECASTER_PAST + 2] = "median-128",
};

/* ---- setup ------------------------------------------------------------------------------------
 */

void
orf_forecaster_get_setup (const OrfForecaster *self, OrfForecasterSetup *setup)
{
  const OrfForecasterState *state = &self->state;

  *setup = (OrfForecasterSetup){ .step_us = state->step_us,
                                 .n_horizons = state->n_horizons,
                                 .threshold = state->threshold,
                                 .falling = state->falling,
                                 .min = state->min,
                                 .max = state->max,
                                 .better = (OrfBetter) state->better };
  for (guint i = 0; i < state->n_horizons; i++)
    setup->horizons[i] = state->horizons[i].rows;
}

static gboolean
is_setup (const OrfForecasterSetup *setup)
{
  if (setup->step_us <= 0 || setup->step_us > G_MAXINT64 / (2 * ORF_FORECASTER_MAX_ROWS))
    return FALSE;
  if (setup->n_horizons < 1 || setup->n_horizons > ORF_FORECASTER_MAX_HORIZONS)
    return FALSE;
  for (guint i = 0; i < setup->n_horizons; i++) {
    guint least = i > 0 ? setup->horizons[i - 1] + 1 : 1;

    if (setup->horizons[i] < least || setup->horizons[i] > ORF_FORECASTER_MAX_ROWS)
      return FALSE;
  }
  if (isinf (setup->threshold) || isinf (setup->min) || isinf (setup->max))
    return FALSE;
  return !(setup->min >= setup->max) && (guint) setup->better <= ORF_BETTER_HIGHER;
}

static void
init_horizon (OrfForecasterHorizon *horizon, guint rows)
{
  horizon->rows = (guint8) rows;
  orf_conformal_init (&horizon->outside[0], outside[0]);
  orf_conformal_init (&horizon->outside[1], outside[1]);
  for (guint i = 0; i < ORF_FORECASTER_N_PENDING; i++)
    horizon->pending[i].lower[0] = ORF_NARROW_NONE;
}

OrfForecaster *
orf_forecaster_new (const OrfForecasterSetup *setup, GError **error)
{
  OrfForecaster *self;
  OrfForecasterState *state;

  if (!is_setup (setup)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "no setup of a forecaster: a step, 1 to 4 rising horizons of at most 120 "
                         "rows, and finite bounds are needed");
    return NULL;
  }
  self = g_new0 (OrfForecaster, 1);
  state = &self->state;
  state->step_us = setup->step_us;
  state->threshold = setup->threshold;
  state->min = setup->min;
  state->max = setup->max;
  state->falling = setup->falling != FALSE;
  state->better = (guint8) setup->better;
  state->n_horizons = (guint8) setup->n_horizons;
  state->last = NAN;
  orf_row_ring_init (&state->ring);
  orf_holt_init (&state->holt);
  for (guint i = 0; i < setup->n_horizons; i++)
    init_horizon (&state->horizons[i], setup->horizons[i]);
  orf_leak_watch_init (&state->leak, setup->step_us, setup->falling);
  return self;
}

void
orf_forecaster_free (OrfForecaster *self)
{
  g_free (self);
}

/* ---- what is foreseen -------------------------------------------------------------------------
 */

/* By distances from the ring's base. */
typedef struct {
  float methods[ORF_FORECASTER_N_METHODS];
  float value;
  float lower[2], upper[2]; /* of 80 and 90 % */
  guint best;
} Foresight;

/* Parts of the sample: each past by itself, and all as they are weighed, for the value and for what
 * else may come. */
#define PART_VALUE 3
#define PART_REACH 4
G_STATIC_ASSERT (PART_VALUE == N_PASTS && PART_REACH + 1 == ORF_SAMPLE_PARTS);

/* Where the value rests: points beyond are brought back to it. */
typedef struct {
  float floor, ceiling; /* infinite: it does not */
} Rest;

static Rest
find_rest (const OrfRowRingEntry *entries, guint n)
{
  Rest rest = { INFINITY, -INFINITY };
  guint n_floor = 0, n_ceiling = 0, least;
  float exact;

  for (guint i = 0; i < n; i++) {
    rest.floor = fminf (rest.floor, entries[i].distance);
    rest.ceiling = fmaxf (rest.ceiling, entries[i].distance);
  }
  for (guint i = 0; i < n; i++) {
    n_floor += entries[i].distance == rest.floor;
    n_ceiling += entries[i].distance == rest.ceiling;
  }
  least = MAX (RESTING_ROWS, (guint) (RESTING_PART * (float) n) + 1);
  /* far from the base values of some width share their 16 bits */
  exact = (rest.ceiling - rest.floor) / RESTING_EXACT;
  if (n_floor < least || fabsf (rest.floor) > exact)
    rest.floor = -INFINITY;
  if (n_ceiling < least || fabsf (rest.ceiling) > exact)
    rest.ceiling = INFINITY;
  return rest;
}

/* Rows lose weight with age; one of the thinned stands for as many as it is one of.  In sums the
 * weight of each past. */
static void
add_rows (OrfSample *sample, const OrfRowRingEntry *entries, guint n, float *sums)
{
  float now[N_PASTS] = { 1, 1, 1 };
  guint age = 0;

  for (guint i = 0; i < n; i++) {
    OrfSamplePoint *point = &sample->points[sample->n++];

    for (; age < entries[i].age; age++)
      for (guint k = 0; k < N_PASTS; k++)
        now[k] *= decays[k];
    point->value = entries[i].distance;
    for (guint k = 0; k < N_PASTS; k++) {
      point->weights[k] = now[k] * (entries[i].age < ORF_ROW_RING_NEW ? 1 : ORF_ROW_RING_THIN);
      sums[k] += point->weights[k];
    }
  }
}

/* A part of all, for rows. */
static void
weigh_rows (OrfSample *sample, guint part, const float *weights, const float *sums)
{
  float shares[N_PASTS] = { 0 };

  for (guint k = 0; k < N_PASTS; k++)
    shares[k] = weights[ORF_FORECASTER_PAST + k] / sums[k];
  for (guint i = 0; i < sample->n; i++) {
    OrfSamplePoint *point = &sample->points[i];

    point->weights[part] = shares[0] * point->weights[0] + shares[1] * point->weights[1] +
                           shares[2] * point->weights[2];
  }
}

/* A forecast with the moves around it. */
static void
add_spread (OrfSample *sample,
            const float *moves,
            float center,
            const float weights[2], /* of the value's part and of the reach's */
            const Rest *rest)
{
  OrfSamplePoint points[N_SPREAD] = { 0 };

  for (guint i = 0; i < N_SPREAD; i++) {
    points[i].value = CLAMP (center + moves[i], rest->floor, rest->ceiling);
    points[i].weights[PART_VALUE] = weights[0] / N_SPREAD;
    points[i].weights[PART_REACH] = weights[1] / N_SPREAD;
  }
  orf_sample_merge (sample, points, N_SPREAD);
}

static guint
find_best (const float *weights)
{
  guint best = 0;

  for (guint i = 1; i < ORF_FORECASTER_N_METHODS; i++)
    if (weights[i] > weights[best])
      best = i;
  return best;
}

static void
tell_intervals (const OrfForecasterHorizon *horizon,
                const OrfSample *sample,
                const Rest *rest,
                Foresight *foresight)
{
  float scale = isinf (rest->floor) && isinf (rest->ceiling) ? 1 : RESTING_SHARE;

  for (guint i = 0; i < 2; i++) {
    orf_sample_get_interval (sample, PART_REACH, fminf (scale * horizon->outside[i].outside, .95f),
                             &foresight->lower[i], &foresight->upper[i]);
    foresight->lower[i] = fminf (foresight->lower[i], foresight->value);
    foresight->upper[i] = fmaxf (foresight->upper[i], foresight->value);
  }
  foresight->lower[1] = fminf (foresight->lower[0], foresight->lower[1]);
  foresight->upper[1] = fmaxf (foresight->upper[0], foresight->upper[1]);
}

/* What forecasts of the same row share: the past. */
typedef struct {
  OrfSample rows; /* sorted */
  float sums[N_PASTS];
  Rest rest;
} Past;

static void
look_back (const OrfForecasterState *state, Past *past)
{
  OrfRowRingEntry entries[ORF_ROW_RING_MAX];
  guint n = orf_row_ring_list (&state->ring, entries);

  past->rows.n = 0;
  for (guint k = 0; k < N_PASTS; k++)
    past->sums[k] = 0;
  past->rest = find_rest (entries, n);
  add_rows (&past->rows, entries, n, past->sums);
  orf_sample_sort (&past->rows);
}

/* After a gap it knows nothing until the next value, and the last one is the best guess. */
static float
follow_trend (const OrfForecasterState *state, guint rows)
{
  double value = orf_holt_forecast (&state->holt, rows);

  return orf_row_ring_measure (&state->ring, isnan (value) ? state->last : value);
}

/* There is a last value. */
static void
foresee (const OrfForecasterState *state,
         const Past *past,
         const OrfForecasterHorizon *horizon,
         Foresight *foresight)
{
  float weights[ORF_FORECASTER_N_METHODS], far[ORF_FORECASTER_N_METHODS], moves[N_SPREAD];
  OrfSample sample;

  sample.n = past->rows.n;
  memcpy (sample.points, past->rows.points, sample.n * sizeof *sample.points);
  orf_combination_weigh (horizon->errors, ORF_FORECASTER_N_METHODS, weights);
  foresight->best = find_best (weights);
  memcpy (far, weights, sizeof far);
  orf_combination_raise (far, ORF_FORECASTER_N_METHODS, ORF_FORECASTER_LAST,
                         horizon->rows / (horizon->rows + FAR_ROWS));
  foresight->methods[ORF_FORECASTER_LAST] = orf_row_ring_measure (&state->ring, state->last);
  foresight->methods[ORF_FORECASTER_HOLT] = follow_trend (state, horizon->rows);
  weigh_rows (&sample, PART_VALUE, weights, past->sums);
  weigh_rows (&sample, PART_REACH, far, past->sums);
  orf_quantile_track_spread (&horizon->moves, moves, N_SPREAD);
  for (guint i = 0; i < ORF_FORECASTER_PAST; i++)
    add_spread (&sample, moves, foresight->methods[i], (float[2]){ weights[i], far[i] },
                &past->rest);
  orf_sample_sum_up (&sample);
  for (guint k = 0; k < N_PASTS; k++)
    foresight->methods[ORF_FORECASTER_PAST + k] = past->rows.n > 0
                                                    ? orf_sample_get_quantile (&sample, k, .5f)
                                                    : foresight->methods[ORF_FORECASTER_LAST];
  foresight->value = orf_sample_get_quantile (&sample, PART_VALUE, .5f);
  tell_intervals (horizon, &sample, &past->rest, foresight);
}

/* ---- rows come --------------------------------------------------------------------------------
 */

/* Rows between two forecasts that are kept until their outcome. */
static guint
get_stride (const OrfForecasterHorizon *horizon)
{
  guint least = (horizon->rows + ORF_FORECASTER_N_PENDING - 1) / ORF_FORECASTER_N_PENDING;

  /* multiples, so that horizons are due together and look back once */
  return (least + STRIDE - 1) / STRIDE * STRIDE;
}

static gboolean
is_outside (guint16 lower, guint16 upper, float distance)
{
  float low = orf_narrow_unpack (lower), high = orf_narrow_unpack (upper);

  return distance < low - fabsf (low) * ORF_NARROW_ERROR ||
         distance > high + fabsf (high) * ORF_NARROW_ERROR;
}

/* The outcome of a forecast that was kept. */
static void
judge (OrfForecasterHorizon *horizon,
       const OrfForecasterPending *pending,
       float before,
       float distance)
{
  float misses[ORF_FORECASTER_N_METHODS] = { fabsf (distance - before) };
  float rows = (float) get_stride (horizon);

  for (guint i = 1; i < ORF_FORECASTER_N_METHODS; i++)
    misses[i] = fabsf (distance - orf_narrow_unpack (pending->methods[i - 1]));
  horizon->n_judged += horizon->n_judged < G_MAXUINT8;
  orf_combination_push (horizon->errors, misses, ORF_FORECASTER_N_METHODS,
                        fmaxf (fminf (1, ERROR_RATE * rows), 1.f / horizon->n_judged));
  for (guint i = 0; i < 2; i++)
    orf_conformal_push (&horizon->outside[i], outside[i],
                        is_outside (pending->lower[i], pending->upper[i], distance),
                        COVERAGE_RATE * rows);
}

/* The row's value is the ring's newest, row n_rows − 1; NAN: none, and nothing is judged by it. */
static void
take_outcome (OrfForecasterState *state, OrfForecasterHorizon *horizon, double value)
{
  guint32 row = state->ring.n_rows - 1;
  float distance = isnan (value) ? NAN : orf_row_ring_measure (&state->ring, value);
  float before = orf_row_ring_get (&state->ring, horizon->rows);
  guint stride = get_stride (horizon);

  if (!isnan (before) && !isnan (distance))
    orf_quantile_track_push (&horizon->moves, distance - before, row - horizon->rows);
  if (row >= horizon->rows && (row - horizon->rows) % stride == 0) {
    OrfForecasterPending *pending =
      &horizon->pending[(row - horizon->rows) / stride % ORF_FORECASTER_N_PENDING];

    if (pending->lower[0] != ORF_NARROW_NONE && !isnan (distance))
      judge (horizon, pending, before, distance);
    pending->lower[0] = ORF_NARROW_NONE;
  }
}

static void
keep_forecast (const OrfForecasterState *state, const Past *past, OrfForecasterHorizon *horizon)
{
  guint32 row = state->ring.n_rows - 1;
  guint stride = get_stride (horizon);
  OrfForecasterPending *pending;
  Foresight foresight;

  foresee (state, past, horizon, &foresight);
  pending = &horizon->pending[row / stride % ORF_FORECASTER_N_PENDING];
  for (guint i = 0; i < 2; i++) {
    pending->lower[i] = orf_narrow_pack (foresight.lower[i]);
    pending->upper[i] = orf_narrow_pack (foresight.upper[i]);
  }
  for (guint i = 1; i < ORF_FORECASTER_N_METHODS; i++)
    pending->methods[i - 1] = orf_narrow_pack (foresight.methods[i]);
}

static void
keep_forecasts (OrfForecasterState *state)
{
  guint32 row = state->ring.n_rows - 1;
  gboolean looked = FALSE;
  Past past;

  for (guint i = 0; i < state->n_horizons && row >= WARM_ROWS; i++) {
    OrfForecasterHorizon *horizon = &state->horizons[i];

    if (row % get_stride (horizon) != 0)
      continue;
    if (!looked)
      look_back (state, &past);
    looked = TRUE;
    keep_forecast (state, &past, horizon);
  }
}

static void
move_code (guint16 *code, float by)
{
  *code = orf_narrow_pack (orf_narrow_unpack (*code) - by);
}

/* The ring's base moved, from which kept forecasts are told. */
static void
move_pending (OrfForecasterPending *pending, float by)
{
  if (pending->lower[0] == ORF_NARROW_NONE)
    return;
  for (guint i = 0; i < 2; i++) {
    move_code (&pending->lower[i], by);
    move_code (&pending->upper[i], by);
  }
  for (guint i = 0; i + 1 < ORF_FORECASTER_N_METHODS; i++)
    move_code (&pending->methods[i], by);
}

static void
push_row (OrfForecasterState *state, double value)
{
  double moved;

  orf_row_ring_push (&state->ring, value, &moved);
  for (guint i = 0; moved != 0 && i < state->n_horizons; i++)
    for (guint k = 0; k < ORF_FORECASTER_N_PENDING; k++)
      move_pending (&state->horizons[i].pending[k], (float) moved);
}

/* Rows that did not come.  What was foreseen before them is not judged after. */
static void
skip_gap (OrfForecasterState *state, guint64 gap_us)
{
  guint n = (guint) MIN (gap_us / (guint64) state->step_us - 1, ORF_ROW_RING_SPAN);

  for (guint i = 0; i < n; i++)
    push_row (state, NAN);
  for (guint i = 0; i < state->n_horizons; i++)
    for (guint k = 0; k < ORF_FORECASTER_N_PENDING; k++)
      state->horizons[i].pending[k].lower[0] = ORF_NARROW_NONE;
  orf_holt_init (&state->holt);
}

gboolean
orf_forecaster_push (OrfForecaster *self, gint64 t_us, double value)
{
  OrfForecasterState *state = &self->state;
  guint64 passed_us = (guint64) t_us - (guint64) state->last_us;

  if (state->ring.n_rows > 0) {
    if (t_us <= state->last_us)
      return FALSE;
    if (passed_us > ORF_FORECASTER_GAP_STEPS * (guint64) state->step_us)
      skip_gap (state, passed_us);
  }
  state->last_us = t_us;
  value = isfinite (value) ? value : NAN;
  orf_leak_watch_push (&state->leak, t_us, value);
  push_row (state, value);
  for (guint i = 0; i < state->n_horizons; i++)
    take_outcome (state, &state->horizons[i], value);
  if (isnan (value))
    return TRUE;
  state->last = value;
  orf_holt_push (&state->holt, value);
  keep_forecasts (state);
  return TRUE;
}

/* ---- questions --------------------------------------------------------------------------------
 */

/* side: −1 for a lower bound, 1 for an upper, 0 for neither.  Bounds are set outwards by as much as
 * rows may be off in the ring; what is that near the last value is meant to be that. */
static double
tell (const OrfForecasterState *state, float distance, int side)
{
  float last = orf_row_ring_measure (&state->ring, state->last);
  double error = (double) (fabsf (distance) * ORF_NARROW_ERROR);
  double value = state->ring.base + (double) distance;

  if ((double) fabsf (distance - last) <= error)
    value = state->last;
  else
    value += side * error;
  if (value < state->min)
    value = state->min;
  return value > state->max ? state->max : value;
}

gboolean
orf_forecaster_forecast (const OrfForecaster *self, guint horizon_rows, OrfForecast *forecast)
{
  const OrfForecasterState *state = &self->state;

  for (guint i = 0; i < state->n_horizons; i++) {
    const OrfForecasterHorizon *horizon = &state->horizons[i];
    Foresight foresight;
    Past past;

    if (horizon->rows != horizon_rows || isnan (state->last))
      continue;
    look_back (state, &past);
    foresee (state, &past, horizon, &foresight);
    forecast->horizon_rows = horizon_rows;
    forecast->value = tell (state, foresight.value, 0);
    forecast->lower80 = fmin (tell (state, foresight.lower[0], -1), forecast->value);
    forecast->upper80 = fmax (tell (state, foresight.upper[0], 1), forecast->value);
    forecast->lower90 = fmin (tell (state, foresight.lower[1], -1), forecast->lower80);
    forecast->upper90 = fmax (tell (state, foresight.upper[1], 1), forecast->upper80);
    forecast->method = method_names[foresight.best];
    return TRUE;
  }
  return FALSE;
}

void
orf_forecaster_get_outlook (const OrfForecaster *self, OrfOutlook *outlook)
{
  orf_leak_watch_get_outlook (&self->state.leak, self->state.threshold, outlook);
}

/* Means of blocks of rows, from the newest: rows next to each other are alike, and a test that
 * takes each for a witness of its own finds trends everywhere. */
static guint
make_blocks (const OrfForecasterState *state, double *blocks)
{
  OrfRowRingEntry entries[ORF_ROW_RING_MAX];
  guint n = orf_row_ring_list (&state->ring, entries), n_blocks = 0;

  for (guint i = 0; i < n && n_blocks < TREND_BLOCKS;) {
    guint block = entries[i].age / TREND_BLOCK, count = 0;
    double sum = 0;

    for (; i < n && entries[i].age / TREND_BLOCK == block; i++, count++)
      sum += (double) entries[i].distance;
    blocks[n_blocks++] = sum / count;
  }
  return n_blocks;
}

OrfTrend
orf_forecaster_get_trend (const OrfForecaster *self)
{
  double blocks[TREND_BLOCKS];
  guint n = make_blocks (&self->state, blocks);
  double sure = -orf_mann_kendall (blocks, n); /* the newest is first */

  if (n < TREND_BLOCKS)
    return ORF_TREND_UNKNOWN;
  if (fabs (sure) < TREND_SURE)
    return ORF_TREND_STABLE;
  if (self->state.better == ORF_BETTER_NEITHER)
    return sure > 0 ? ORF_TREND_RISING : ORF_TREND_FALLING;
  return (sure > 0) == (self->state.better == ORF_BETTER_HIGHER) ? ORF_TREND_IMPROVING
                                                                 : ORF_TREND_DEGRADING;
}

const char *
orf_trend_get_word (OrfTrend trend)
{
  static const char *const words[] = {
    [ORF_TREND_UNKNOWN] = "unknown",     [ORF_TREND_STABLE] = "stable",
    [ORF_TREND_RISING] = "rising",       [ORF_TREND_FALLING] = "falling",
    [ORF_TREND_IMPROVING] = "improving", [ORF_TREND_DEGRADING] = "degrading",
  };

  g_return_val_if_fail ((guint) trend < G_N_ELEMENTS (words), NULL);
  return words[trend];
}

gsize
orf_forecaster_get_bytes (const OrfForecaster *self)
{
  return sizeof *self;
}
