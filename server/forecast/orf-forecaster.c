/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "forecast/orf-forecaster.h"
#include "forecast/orf-leak-watch.h"

#define RING     128 /* > ORF_FORECASTER_MAX_ROWS: the value of any horizon ago is in it */
#define N_LEVELS 2

static const double levels[N_LEVELS] = { .80, .90 };

/* "ORFC" and the layout's version: a blob of another is refused */
#define BLOB_MAGIC   0x4346524fu
#define BLOB_VERSION 1u

typedef struct {
  float reach[N_LEVELS]; /* how far from the last value the outcome is, by level */
  guint32 n_seen;
} Horizon;

/* Plain, without pointers: it is saved as it is. */
typedef struct {
  OrfForecasterSetup setup;
  gint64 last_us;
  guint64 n_rows; /* since the last gap */
  double last;    /* NAN: no value yet */
  double scale;   /* mean move from row to row */
  float ring[RING];
  Horizon horizons[ORF_FORECASTER_MAX_HORIZONS];
  OrfLeakWatch leak;
} State;

struct _OrfForecaster {
  State state;
};

typedef struct {
  guint32 magic, version;
  guint64 state_bytes;
  guint64 sum; /* of the state's bytes: FNV-1a */
} BlobHead;

static gboolean
check_setup (const OrfForecasterSetup *setup)
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

OrfForecaster *
orf_forecaster_new (const OrfForecasterSetup *setup, GError **error)
{
  OrfForecaster *self;

  if (!check_setup (setup)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "no setup of a forecaster: a step, 1 to 4 rising horizons of at most 120 "
                         "rows, and finite bounds are needed");
    return NULL;
  }
  self = g_new0 (OrfForecaster, 1);
  self->state.setup = *setup;
  self->state.last = NAN;
  orf_leak_watch_init (&self->state.leak, setup->step_us, setup->falling);
  return self;
}

void
orf_forecaster_free (OrfForecaster *self)
{
  g_free (self);
}

const OrfForecasterSetup *
orf_forecaster_get_setup (const OrfForecaster *self)
{
  return &self->state.setup;
}

/* One step of stochastic quantile tracking. */
static void
update_horizon (State *state, Horizon *horizon, guint rows, double value)
{
  double move;

  if (state->n_rows < rows)
    return;
  move = fabs (value - (double) state->ring[(state->n_rows - rows) % RING]);
  horizon->n_seen++;
  for (guint i = 0; i < N_LEVELS; i++) {
    double step = MAX (.05, 1. / horizon->n_seen) * state->scale * sqrt (rows);

    horizon->reach[i] = (float) MAX (
      0, horizon->reach[i] + step * (move > horizon->reach[i] ? levels[i] : levels[i] - 1));
  }
}

gboolean
orf_forecaster_push (OrfForecaster *self, gint64 t_us, double value)
{
  State *state = &self->state;

  if (state->last_us != 0 && t_us <= state->last_us)
    return FALSE;
  if (state->last_us != 0 &&
      t_us - state->last_us > ORF_FORECASTER_GAP_STEPS * state->setup.step_us)
    state->n_rows = 0;
  state->last_us = t_us;
  orf_leak_watch_push (&state->leak, t_us, value);
  if (!isfinite (value))
    return TRUE;
  if (state->n_rows > 0)
    state->scale += (fabs (value - state->last) - state->scale) / MIN (state->n_rows, 100);
  for (guint i = 0; i < state->setup.n_horizons; i++)
    update_horizon (state, &state->horizons[i], state->setup.horizons[i], value);
  state->ring[state->n_rows % RING] = (float) value;
  state->n_rows++;
  state->last = value;
  return TRUE;
}

static double
clip (const OrfForecasterSetup *setup, double value)
{
  if (value < setup->min)
    return setup->min;
  return value > setup->max ? setup->max : value;
}

gboolean
orf_forecaster_forecast (const OrfForecaster *self, guint horizon_rows, OrfForecast *forecast)
{
  const State *state = &self->state;
  const OrfForecasterSetup *setup = &state->setup;

  for (guint i = 0; i < setup->n_horizons; i++) {
    const Horizon *horizon = &state->horizons[i];

    if (setup->horizons[i] != horizon_rows || isnan (state->last))
      continue;
    *forecast = (OrfForecast){
      .horizon_rows = horizon_rows,
      .value = clip (setup, state->last),
      .lower80 = clip (setup, state->last - horizon->reach[0]),
      .upper80 = clip (setup, state->last + horizon->reach[0]),
      .lower90 = clip (setup, state->last - MAX (horizon->reach[0], horizon->reach[1])),
      .upper90 = clip (setup, state->last + MAX (horizon->reach[0], horizon->reach[1])),
      .method = "last",
    };
    return TRUE;
  }
  return FALSE;
}

void
orf_forecaster_get_outlook (const OrfForecaster *self, OrfOutlook *outlook)
{
  orf_leak_watch_get_outlook (&self->state.leak, self->state.setup.threshold, outlook);
}

OrfTrend
orf_forecaster_get_trend (const OrfForecaster *self)
{
  (void) self;
  return ORF_TREND_UNKNOWN;
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

static guint64
sum_bytes (const guint8 *data, gsize length)
{
  guint64 sum = 0xcbf29ce484222325u;

  for (gsize i = 0; i < length; i++)
    sum = (sum ^ data[i]) * 0x100000001b3u;
  return sum;
}

GBytes *
orf_forecaster_save (const OrfForecaster *self)
{
  BlobHead head = { BLOB_MAGIC, BLOB_VERSION, sizeof self->state,
                    sum_bytes ((const guint8 *) &self->state, sizeof self->state) };
  guint8 *data = g_malloc (sizeof head + sizeof self->state);

  memcpy (data, &head, sizeof head);
  memcpy (data + sizeof head, &self->state, sizeof self->state);
  return g_bytes_new_take (data, sizeof head + sizeof self->state);
}

OrfForecaster *
orf_forecaster_restore (GBytes *blob, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (blob, &length);
  BlobHead head;
  State state;
  OrfForecaster *self;

  if (length == sizeof head + sizeof state) {
    memcpy (&head, data, sizeof head);
    memcpy (&state, data + sizeof head, sizeof state);
  }
  if (length != sizeof head + sizeof state || head.magic != BLOB_MAGIC ||
      head.version != BLOB_VERSION || head.state_bytes != sizeof state ||
      head.sum != sum_bytes (data + sizeof head, sizeof state) || !check_setup (&state.setup) ||
      !orf_leak_watch_is_valid (&state.leak)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_DATA_LOSS,
                         "not the saved state of a forecaster of this version");
    return NULL;
  }
  self = g_new0 (OrfForecaster, 1);
  self->state = state;
  return self;
}

gsize
orf_forecaster_get_bytes (const OrfForecaster *self)
{
  return sizeof *self;
}
