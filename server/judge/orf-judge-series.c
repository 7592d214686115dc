/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-series.h"

#include <math.h>
#include <string.h>

#include "judge/orf-judge-warning.h"
#include "stats/orf-state-blob.h"

#define STATE_MAGIC   0x4a53524fu /* ORSJ */
#define STATE_VERSION 1u
/* Of fewer rows nothing is said. */
#define LEAST_ROWS 3
/* What was judged counts a hundredth less with each that follows: confidence is that of lately. */
#define MEMORY 0.99
/* As if so many had been judged before, of which 80 % lay inside: until there are as many, few
 * say little. */
#define PRIOR_WEIGHT 20.0
#define PRIOR_SHARE  0.8
/* So many late samples, one after the other and each newer than the one before: the clock was set
 * back, or the past is recorded anew.  Ten minutes at a second. */
#define LATE_RUN 600

typedef struct {
  gint64 id, due_us;
  guint horizon; /* index */
  double last, value;
  double lower80, upper80, lower90, upper90;
} Pending;

/* All that is saved beside the forecaster and what is pending. */
typedef struct {
  guint32 magic, version;
  gint64 row_us;
  guint n_horizons, horizons[ORF_FORECASTER_MAX_HORIZONS];
  double threshold;
  gint64 row;       /* the open one, counted from the epoch; valid where n_samples > 0 */
  guint n_samples;  /* in it */
  double sum;       /* of them */
  gint64 last_us;   /* the newest sample; 0: none */
  gint64 late_us;   /* the newest of those that came late since */
  guint n_late;     /* how many of them came, one after the other */
  gint64 before_us; /* the end of the last whole row; 0: none */
  guint n_rows;     /* up to LEAST_ROWS */
  guint since_rows; /* the last forecast */
  double judged[ORF_FORECASTER_MAX_HORIZONS], inside[ORF_FORECASTER_MAX_HORIZONS];
  OrfJudgeWarningState warning;
  guint n_pending;
  guint32 pending_bytes; /* of one */
} State;

struct _OrfJudgeSeries {
  OrfJudgeSpec spec; /* its strings are ours */
  OrfForecaster *forecaster;
  gint64 phase_us; /* rows of different series end at different times */
  State state;
  guint capacity;
  Pending *pending;
};

/* ---- life ------------------------------------------------------------------------------------ */

/* So that the rows of all series do not end at once. */
static gint64
get_phase_us (const OrfJudgeSpec *spec)
{
  guint64 number = spec->series_id != 0 ? (guint64) spec->series_id : g_str_hash (spec->subject);

  return (gint64) ((number * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) >> 33) %
                   (guint64) spec->setup.step_us);
}

static guint
get_capacity (const OrfJudgeSpec *spec)
{
  guint n = 0;

  for (guint i = 0; spec->series_id != 0 && i < spec->setup.n_horizons; i++)
    n += spec->setup.horizons[i] / spec->every_rows + 1;
  return n;
}

static gboolean
fits (const OrfJudgeSeries *series, const State *state)
{
  const OrfForecasterSetup *setup = &series->spec.setup;

  if (state->magic != STATE_MAGIC || state->version != STATE_VERSION ||
      state->row_us != setup->step_us || state->n_horizons != setup->n_horizons ||
      state->pending_bytes != sizeof (Pending) || state->n_pending > series->capacity)
    return FALSE;
  for (guint i = 0; i < setup->n_horizons; i++)
    if (state->horizons[i] != setup->horizons[i])
      return FALSE;
  /* the forecaster has the setup that it was saved with */
  return state->threshold == setup->threshold ||
         (isnan (state->threshold) && isnan (setup->threshold));
}

static gboolean
is_past (gint64 t_us)
{
  return t_us >= 0 && orf_state_is_time (t_us);
}

/* The open row is the one of the newest sample. */
static gboolean
are_rows (const OrfJudgeSeries *series, const State *state)
{
  if (!is_past (state->last_us) || !is_past (state->late_us) || !is_past (state->before_us))
    return FALSE;
  return state->n_samples == 0 ||
         (isfinite (state->sum) && state->last_us > series->phase_us &&
          state->row == (state->last_us - series->phase_us) / state->row_us);
}

static gboolean
are_judged (const State *state)
{
  for (guint i = 0; i < state->n_horizons; i++)
    if (!(state->judged[i] >= 0 && state->judged[i] <= 1 / (1 - MEMORY) + 1) ||
        !(state->inside[i] >= 0 && state->inside[i] <= state->judged[i]))
      return FALSE;
  return TRUE;
}

static gboolean
is_warning (const OrfJudgeWarningState *warning)
{
  return warning->id >= 0 && is_past (warning->made_us) && is_past (warning->expected_upper_us) &&
         is_past (warning->quiet_until_us);
}

/* What waits for its time names a horizon, by which what comes of it is counted. */
static gboolean
is_pending (const State *state, const Pending *pending)
{
  return pending->id > 0 && pending->horizon < state->n_horizons && is_past (pending->due_us);
}

/* TRUE: it goes on where it was.  No sum guards what is before the forecaster's: it may have been
 * damaged in the file. */
static gboolean
restore (OrfJudgeSeries *series, GBytes *saved)
{
  gsize length, rest;
  const char *data = g_bytes_get_data (saved, &length);
  g_autoptr (GBytes) blob = NULL;
  State state;

  if (length < sizeof state)
    return FALSE;
  memcpy (&state, data, sizeof state);
  rest = sizeof state + state.n_pending * sizeof (Pending);
  if (!fits (series, &state) || length < rest || !are_rows (series, &state) ||
      !are_judged (&state) || !is_warning (&state.warning))
    return FALSE;
  for (guint i = 0; i < state.n_pending; i++) {
    Pending pending;

    memcpy (&pending, data + sizeof state + i * sizeof pending, sizeof pending);
    if (!is_pending (&state, &pending))
      return FALSE;
  }
  blob = g_bytes_new_from_bytes (saved, rest, length - rest);
  series->forecaster = orf_forecaster_restore (blob, NULL); /* another version's: begun anew */
  if (series->forecaster == NULL)
    return FALSE;
  series->state = state;
  if (state.n_pending > 0) /* one that makes no forecasts has no place for any */
    memcpy (series->pending, data + sizeof state, state.n_pending * sizeof (Pending));
  return TRUE;
}

static void
begin (OrfJudgeSeries *series)
{
  const OrfForecasterSetup *setup = &series->spec.setup;
  State *state = &series->state;

  memset (state, 0, sizeof *state);
  state->magic = STATE_MAGIC;
  state->version = STATE_VERSION;
  state->pending_bytes = sizeof (Pending);
  state->row_us = setup->step_us;
  state->n_horizons = setup->n_horizons;
  memcpy (state->horizons, setup->horizons, sizeof state->horizons);
  state->threshold = setup->threshold;
  /* the first forecast comes as soon as there can be one */
  state->since_rows = series->spec.every_rows;
}

OrfJudgeSeries *
orf_judge_series_new (const OrfJudgeSpec *spec, GBytes *state, GError **error)
{
  OrfJudgeSeries *series = g_new0 (OrfJudgeSeries, 1);

  series->spec = *spec;
  series->spec.subject = g_strdup (spec->subject);
  series->spec.device = g_strdup (spec->device);
  series->phase_us = get_phase_us (spec);
  series->capacity = get_capacity (spec);
  series->pending = g_new0 (Pending, series->capacity);
  if (state != NULL && restore (series, state))
    return series;
  begin (series);
  series->forecaster = orf_forecaster_new (&spec->setup, error);
  if (series->forecaster != NULL)
    return series;
  orf_judge_series_free (series, NULL);
  return NULL;
}

void
orf_judge_series_free (OrfJudgeSeries *series, OrfJudgeBook *book)
{
  if (series == NULL)
    return;
  if (book != NULL)
    book->n_open -= series->state.n_pending;
  g_clear_pointer (&series->forecaster, orf_forecaster_free);
  g_free ((char *) series->spec.subject);
  g_free ((char *) series->spec.device);
  g_free (series->pending);
  g_free (series);
}

void
orf_judge_series_join (const OrfJudgeSeries *series, OrfJudgeBook *book)
{
  book->n_open += series->state.n_pending;
}

gint64
orf_judge_series_get_last_us (const OrfJudgeSeries *series)
{
  return series->state.last_us;
}

gsize
orf_judge_series_get_bytes (const OrfJudgeSeries *series)
{
  return sizeof *series + strlen (series->spec.subject) + series->capacity * sizeof (Pending) +
         orf_forecaster_get_bytes (series->forecaster);
}

OrfForecastStateRow *
orf_judge_series_save (const OrfJudgeSeries *series, gint64 now_us)
{
  OrfForecastStateRow *row = orf_forecast_state_row_new ();
  g_autoptr (GBytes) blob = orf_forecaster_save (series->forecaster);
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) &series->state, sizeof series->state);
  g_byte_array_append (bytes, (const guint8 *) series->pending,
                       series->state.n_pending * (guint) sizeof (Pending));
  g_byte_array_append (bytes, g_bytes_get_data (blob, NULL), (guint) g_bytes_get_size (blob));
  row->subject = g_strdup (series->spec.subject);
  row->row_us = series->spec.setup.step_us;
  row->t_us = series->state.before_us;
  row->saved_us = now_us;
  row->state = g_byte_array_free_to_bytes (bytes);
  return row;
}

/* ---- what came ------------------------------------------------------------------------------- */

static void
judge_one (OrfJudgeSeries *series, OrfJudgeBook *book, const Pending *pending, double actual)
{
  State *state = &series->state;
  const OrfPredictionVerdict verdict = {
    .id = pending->id,
    .judged_us = book->now_us,
    .actual = actual,
    .error = pending->value - actual,
    .naive_error = pending->last - actual,
    .inside80 = actual >= pending->lower80 && actual <= pending->upper80,
    .inside90 = actual >= pending->lower90 && actual <= pending->upper90,
  };

  g_array_append_val (book->change->verdicts, verdict);
  book->n_open--;
  if (isnan (actual))
    return;
  book->n_judged++;
  book->n_inside += (guint64) verdict.inside80;
  state->judged[pending->horizon] = state->judged[pending->horizon] * MEMORY + 1;
  state->inside[pending->horizon] = state->inside[pending->horizon] * MEMORY + verdict.inside80;
}

/* Those that were due until t_us, where value is what came at t_us.  A series whose samples are
 * further apart than a row has no row at some times: the next one stands for it. */
static void
judge (OrfJudgeSeries *series, OrfJudgeBook *book, gint64 t_us, double value)
{
  State *state = &series->state;
  guint n_kept = 0;

  for (guint i = 0; i < state->n_pending; i++) {
    const Pending *pending = &series->pending[i];

    if (pending->due_us > t_us)
      series->pending[n_kept++] = *pending;
    else
      judge_one (series, book, pending, t_us - pending->due_us <= state->row_us ? value : NAN);
  }
  state->n_pending = n_kept;
}

/* ---- what is foretold ------------------------------------------------------------------------ */

static double
get_confidence (const State *state, guint horizon)
{
  return (state->inside[horizon] + PRIOR_SHARE * PRIOR_WEIGHT) /
         (state->judged[horizon] + PRIOR_WEIGHT);
}

/* -1: nobody can say, or never */
static gint64
get_time (double us)
{
  return us >= 0 && us < 9e15 ? (gint64) us : -1;
}

static const char *
get_trend (const OrfForecaster *forecaster)
{
  OrfTrend trend = orf_forecaster_get_trend (forecaster);

  return trend == ORF_TREND_STABLE || trend == ORF_TREND_IMPROVING || trend == ORF_TREND_DEGRADING
           ? orf_trend_get_word (trend)
           : NULL;
}

static void
write_down (OrfJudgeSeries *series,
            OrfJudgeBook *book,
            guint horizon,
            const OrfForecast *forecast,
            const OrfOutlook *outlook,
            double last)
{
  State *state = &series->state;
  gint64 ahead_us = (gint64) forecast->horizon_rows * state->row_us;
  const OrfPredictionRow row = {
    .id = book->next_prediction_id++,
    .subject = series->spec.number,
    .series_id = series->spec.series_id,
    .method = forecast->method,
    .horizon_us = ahead_us,
    .made_us = state->before_us,
    .due_us = state->before_us + ahead_us,
    .last = last,
    .value = forecast->value,
    .lower80 = forecast->lower80,
    .upper80 = forecast->upper80,
    .lower90 = forecast->lower90,
    .upper90 = forecast->upper90,
    .confidence = get_confidence (state, horizon),
    .trend = get_trend (series->forecaster),
    .slope_per_s = outlook->slope_per_s,
    .regime = orf_regime_get_word (outlook->regime),
    .threshold = state->threshold,
    .threshold_lower_us = get_time (outlook->tte_lower_us),
    .threshold_us = get_time (outlook->tte_us),
    .threshold_upper_us = get_time (outlook->tte_upper_us),
  };

  g_array_append_val (book->change->predictions, row);
  series->pending[state->n_pending++] = (Pending){
    row.id,      row.due_us,  horizon,     row.last,    row.value,
    row.lower80, row.upper80, row.lower90, row.upper90,
  };
  book->n_open++;
  book->n_made++;
}

static void
foretell (OrfJudgeSeries *series, OrfJudgeBook *book, const OrfOutlook *outlook, double last)
{
  const OrfForecasterSetup *setup = &series->spec.setup;
  OrfForecast forecast;

  for (guint i = 0; i < setup->n_horizons; i++)
    if (series->state.n_pending < series->capacity && book->n_open < book->max_open &&
        orf_forecaster_forecast (series->forecaster, setup->horizons[i], &forecast))
      write_down (series, book, i, &forecast, outlook, last);
  g_ptr_array_add (book->change->states, orf_judge_series_save (series, book->now_us));
}

/* ---- warnings -------------------------------------------------------------------------------- */

static OrfForecastWarningRow
make_warning (const OrfJudgeSeries *series, const OrfJudgeWarningInput *input)
{
  return (OrfForecastWarningRow){
    .id = series->state.warning.id,
    .series_id = series->spec.series_id,
    .made_us = -1,
    .threshold = input->threshold,
    .value = input->value,
    .expected_lower_us = -1,
    .expected_us = -1,
    .expected_upper_us = -1,
    .regime = orf_regime_get_word (ORF_REGIME_UNKNOWN),
    .action = "none",
    .came_us = -1,
    .decided_us = -1,
    .subject = series->spec.number,
    .device = g_strdup (series->spec.device),
  };
}

static void
decide_warning (OrfJudgeSeries *series,
                OrfJudgeBook *book,
                const OrfJudgeWarningInput *input,
                OrfWarningFate fate)
{
  OrfForecastWarningRow row = make_warning (series, input);

  row.fate = fate;
  row.decided_us = input->t_us;
  if (fate == ORF_WARNING_CAME_TRUE || fate == ORF_WARNING_MISSED)
    row.came_us = input->t_us;
  if (fate == ORF_WARNING_MISSED) {
    row.begun = TRUE;
    row.id = book->next_warning_id++;
  }
  series->state.warning.id = 0;
  book->n_warnings[fate]++;
  g_array_append_val (book->change->warnings, row);
}

static void
look_at_warning (OrfJudgeSeries *series, OrfJudgeBook *book, const OrfJudgeWarningInput *input)
{
  static const OrfWarningFate fates[] = {
    [ORF_JUDGE_WARNING_CAME_TRUE] = ORF_WARNING_CAME_TRUE,
    [ORF_JUDGE_WARNING_FALSE_ALARM] = ORF_WARNING_FALSE_ALARM,
    [ORF_JUDGE_WARNING_UNKNOWN] = ORF_WARNING_UNKNOWN,
    [ORF_JUDGE_WARNING_MISSED] = ORF_WARNING_MISSED,
  };
  OrfJudgeWarningStep step;

  /* an open one that ended may be followed by what was missed since: never by two of a kind */
  while ((step = orf_judge_warning_look (&series->state.warning, input)) !=
         ORF_JUDGE_WARNING_NONE) {
    decide_warning (series, book, input, fates[step]);
    if (step == ORF_JUDGE_WARNING_CAME_TRUE || step == ORF_JUDGE_WARNING_MISSED)
      break;
  }
}

static void
warn (OrfJudgeSeries *series,
      OrfJudgeBook *book,
      const OrfJudgeWarningInput *input,
      const OrfOutlook *outlook)
{
  OrfForecastWarningRow row;

  if (!orf_judge_warning_decide (&series->state.warning, input, outlook))
    return;
  series->state.warning.id = book->next_warning_id++;
  row = make_warning (series, input);
  row.begun = TRUE;
  row.made_us = input->t_us;
  row.expected_lower_us = input->t_us + MAX (get_time (outlook->tte_lower_us), 0);
  row.expected_us = input->t_us + get_time (outlook->tte_us);
  row.expected_upper_us = series->state.warning.expected_upper_us;
  row.regime = orf_regime_get_word (outlook->regime);
  g_array_append_val (book->change->warnings, row);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
end_row (OrfJudgeSeries *series, OrfJudgeBook *book, gboolean history)
{
  State *state = &series->state;
  const OrfJudgeSpec *spec = &series->spec;
  OrfJudgeWarningInput input = {
    .t_us = series->phase_us + (state->row + 1) * state->row_us,
    .before_us = state->before_us,
    .row_us = state->row_us,
    .value = state->sum / state->n_samples,
    .threshold = state->threshold,
    .falling = spec->setup.falling,
    .history = history,
    .lead_us = spec->lead_us != 0 ? spec->lead_us : book->lead_us,
  };
  gboolean warned = spec->series_id != 0 && !isnan (state->threshold);
  OrfOutlook outlook;

  state->n_samples = 0;
  state->before_us = input.t_us;
  judge (series, book, input.t_us, input.value);
  orf_forecaster_push (series->forecaster, input.t_us, input.value);
  orf_forecaster_get_outlook (series->forecaster, &outlook);
  if (warned) {
    look_at_warning (series, book, &input);
    warn (series, book, &input, &outlook);
  }
  if (spec->told) {
    const OrfJudgeRow row = { spec->number, input.t_us, input.value, history, outlook };

    g_array_append_val (book->told, row);
  }
  state->n_rows = MIN (state->n_rows + 1, LEAST_ROWS);
  state->since_rows = MIN (state->since_rows + 1, spec->every_rows);
  if (history || state->n_rows < LEAST_ROWS || state->since_rows < spec->every_rows)
    return;
  state->since_rows = 0;
  foretell (series, book, &outlook, input.value);
}

/* What is learnt is of a time that has not come yet: all anew, from here. */
static void
begin_anew (OrfJudgeSeries *series, OrfJudgeBook *book)
{
  OrfForecaster *forecaster = orf_forecaster_new (&series->spec.setup, NULL);

  if (forecaster == NULL) /* it was one before */
    return;
  judge (series, book, G_MAXINT64, NAN);
  orf_forecaster_free (series->forecaster);
  series->forecaster = forecaster;
  begin (series);
}

/* FALSE: it is passed over. */
static gboolean
is_taken (OrfJudgeSeries *series, OrfJudgeBook *book, gint64 t_us, double value)
{
  State *state = &series->state;

  if (t_us <= series->phase_us || !isfinite (value)) {
    book->n_late++;
    return FALSE;
  }
  if (t_us > state->last_us) {
    state->n_late = 0;
    return TRUE;
  }
  book->n_late++;
  state->n_late = state->n_late == 0 || t_us > state->late_us ? state->n_late + 1 : 0;
  state->late_us = t_us;
  if (state->n_late < LATE_RUN)
    return FALSE;
  begin_anew (series, book);
  return TRUE;
}

void
orf_judge_series_push (
  OrfJudgeSeries *series, OrfJudgeBook *book, gint64 t_us, double value, gboolean history)
{
  State *state = &series->state;
  gint64 row = (t_us - series->phase_us) / state->row_us;

  if (!is_taken (series, book, t_us, value))
    return;
  /* what is saved there has not seen this one */
  if (state->n_samples > 0 && row > state->row)
    end_row (series, book, history);
  state->last_us = t_us;
  if (state->n_samples == 0) {
    state->row = row;
    state->sum = 0;
  }
  /* the mean stays a number */
  state->sum = CLAMP (state->sum + value, -G_MAXDOUBLE, G_MAXDOUBLE);
  state->n_samples++;
}
