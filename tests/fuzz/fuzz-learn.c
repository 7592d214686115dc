/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as the life of what learns: the first says whether of a crew of series or a forecaster,
 * the rest is a row of operations: values of any kind at any time, gaps, series that come and go,
 * wishes, a restart from what was saved.  Whatever came, verdicts are no nonsense and what is saved
 * is taken again.
 */
#include "anomalies/orf-anomaly-crew.h"
#include "core/orf-clock.h"
#include "forecast/orf-forecaster.h"

#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define N_NAMES  6
#define STEP_US  ORF_US_PER_S
#define START_US (1700000000 * ORF_US_PER_S)
/* Of one input: thousands of rows say nothing new, and take long. */
#define MAX_ROWS 600

/* ---- time ------------------------------------------------------------------------------------ */

typedef struct {
  gint64 t_us, awake_us;
  guint n_rows;
} Clock;

/* On by a step mostly; else by a gap, back, or not at all. */
static void
move (Clock *clock, guint8 how)
{
  static const gint64 steps[] = { STEP_US, STEP_US,           STEP_US,  STEP_US / 3,
                                  0,       5 * STEP_US,       -STEP_US, 3700 * STEP_US,
                                  STEP_US, 4000000 * STEP_US, STEP_US,  -10000 * STEP_US };
  gint64 step_us = steps[how % G_N_ELEMENTS (steps)];

  clock->t_us = MAX (clock->t_us + step_us, 0);
  clock->awake_us += MAX (step_us, 0);
  clock->n_rows++;
}

/* A course that has been seen before, so that there is something to learn. */
static double
get_usual (guint row, guint series)
{
  return 100 + 10 * sin (row / 7.0 + series) + (row * 2654435761u >> 24) / 64.0;
}

/* ---- a crew ---------------------------------------------------------------------------------- */

static const OrfAnomalyCrewSetup crew_setup = { .entity = "host", .step_us = STEP_US };
static const char *const names[N_NAMES] = { "a", "b", "c", "d", "e", "f" };

static gboolean
judged_cb (gpointer user_data, OrfAnomalyCrew *crew, const OrfAnomalyCrewVerdict *verdict)
{
  if (!(verdict->rarity >= 0) || !(verdict->whole_rarity >= 0) || isinf (verdict->rarity))
    g_error ("a rarity of %g, %g of all", verdict->rarity, verdict->whole_rarity);
  return verdict->rarity > 3;
}

static void
join (OrfAnomalyCrew *crew, guint8 which)
{
  guint place;

  orf_anomaly_crew_join (crew, which % N_NAMES + 1, names[which % N_NAMES], which & 64, &place);
}

static guint
get_n_places (OrfAnomalyCrew *crew)
{
  return orf_anomaly_group_get_n_places (orf_anomaly_crew_get_group (crew));
}

static void
take (OrfAnomalyCrew *crew, const Clock *clock, guint place, double value)
{
  const OrfAnomalyArrival arrival = {
    .t_us = clock->t_us, .value = value, .awake_us = clock->awake_us, .live = TRUE
  };

  if (place < get_n_places (crew) && orf_anomaly_crew_get_number (crew, place) > 0)
    orf_anomaly_crew_take (crew, place, &arrival, judged_cb, NULL);
}

/* Some rows as they usually are. */
static void
go_on (OrfAnomalyCrew *crew, Clock *clock, guint n)
{
  for (guint i = 0; i < n && clock->n_rows < MAX_ROWS; i++) {
    move (clock, 0);
    for (guint place = 0; place < get_n_places (crew); place++)
      take (crew, clock, place, get_usual (clock->n_rows, place));
    orf_anomaly_crew_look (crew, clock->awake_us, judged_cb, NULL);
  }
}

static OrfAnomalyCrew *
restart (OrfAnomalyCrew *crew, gint64 now_us)
{
  OrfAnomalyStateRow *row = orf_anomaly_crew_save (crew, now_us);
  OrfAnomalyCrew *again = orf_anomaly_crew_restore (&crew_setup, row);

  if (again == NULL)
    g_error ("what was saved is not taken");
  orf_anomaly_state_row_free (row);
  orf_anomaly_crew_free (crew);
  return again;
}

static void
wish (OrfAnomalyCrew *crew, FuzzInput *input)
{
  const OrfAnomalyTuning tuning = { fuzz_take_byte (input) * 16,
                                    (float) (fuzz_take_byte (input) / 8) };
  guint place = fuzz_take_byte (input) % N_NAMES;

  orf_anomaly_crew_tune (crew, &tuning);
  orf_anomaly_crew_set_forest (crew, tuning.look_back_rows % 32 == 0);
  if (place < get_n_places (crew))
    orf_anomaly_crew_set_discord (crew, place, fuzz_take_byte (input));
}

static void
look (OrfAnomalyCrew *crew, const Clock *clock)
{
  OrfAnomalySilence silence;

  orf_anomaly_crew_look (crew, clock->awake_us, judged_cb, NULL);
  if (orf_anomaly_crew_find_silent (crew, clock->awake_us, &silence) &&
      (!(silence.rarity >= 0) || silence.place >= get_n_places (crew) ||
       !orf_anomaly_crew_is_silent (crew, silence.place, clock->awake_us)))
    g_error ("place %u is silent, with a rarity of %g", silence.place, silence.rarity);
  if (orf_anomaly_crew_is_empty (crew) !=
        (orf_anomaly_group_get_n_series (orf_anomaly_crew_get_group (crew)) == 0) ||
      orf_anomaly_crew_get_bytes (crew) == 0)
    g_error ("a crew of nobody");
}

static void
live_as_crew (FuzzInput *input)
{
  OrfAnomalyCrew *crew = orf_anomaly_crew_new (&crew_setup);
  Clock clock = { .t_us = START_US };

  while (input->size > 0 && clock.n_rows < MAX_ROWS) {
    guint8 op = fuzz_take_byte (input);
    guint8 more = fuzz_take_byte (input);

    switch (op % 8) {
    case 0:
    case 1:
      move (&clock, more / N_NAMES);
      take (crew, &clock, more % N_NAMES, fuzz_take_value (input));
      break;
    case 2:
      go_on (crew, &clock, more);
      break;
    case 3:
      join (crew, more);
      break;
    case 4:
      if (more % N_NAMES < get_n_places (crew) &&
          orf_anomaly_crew_get_number (crew, more % N_NAMES) > 0)
        orf_anomaly_crew_leave (crew, more % N_NAMES);
      break;
    case 5:
      wish (crew, input);
      break;
    case 6:
      look (crew, &clock);
      break;
    default:
      crew = restart (crew, clock.t_us);
      if (more % 2 == 0)
        for (guint8 i = 0; i < more % N_NAMES; i++)
          join (crew, i);
      if (more % 4 == 0)
        orf_anomaly_crew_forget_absent (crew);
    }
  }
  look (crew, &clock);
  orf_anomaly_crew_free (restart (crew, clock.t_us));
}

/* ---- a forecaster ---------------------------------------------------------------------------- */

static OrfForecaster *
make_forecaster (FuzzInput *input)
{
  const OrfForecasterSetup setup = { .step_us = STEP_US,
                                     .n_horizons = 2,
                                     .horizons = { 1, 2 + fuzz_take_byte (input) % 60 },
                                     .threshold = fuzz_take_value (input),
                                     .falling = fuzz_take_byte (input) & 1,
                                     .min = fuzz_take_value (input),
                                     .max = fuzz_take_value (input),
                                     .better = fuzz_take_byte (input) % 3 };

  return orf_forecaster_new (&setup, NULL);
}

static void
ask (const OrfForecaster *forecaster)
{
  OrfForecasterSetup setup;
  OrfForecast forecast;
  OrfOutlook outlook;

  orf_forecaster_get_setup (forecaster, &setup);
  for (guint i = 0; i < setup.n_horizons; i++)
    if (orf_forecaster_forecast (forecaster, setup.horizons[i], &forecast) &&
        !(forecast.lower90 <= forecast.lower80 && forecast.lower80 <= forecast.value &&
          forecast.value <= forecast.upper80 && forecast.upper80 <= forecast.upper90))
      g_error ("%g: %g %g %g %g", forecast.value, forecast.lower90, forecast.lower80,
               forecast.upper80, forecast.upper90);
  orf_forecaster_get_outlook (forecaster, &outlook);
  if (outlook.tte_us < 0 || outlook.tte_lower_us > outlook.tte_us ||
      outlook.tte_us > outlook.tte_upper_us)
    g_error ("over in %g us, from %g to %g", outlook.tte_us, outlook.tte_lower_us,
             outlook.tte_upper_us);
  if (orf_trend_get_word (orf_forecaster_get_trend (forecaster)) == NULL ||
      orf_forecaster_get_bytes (forecaster) == 0)
    g_error ("a trend without a word");
}

static OrfForecaster *
start_again (OrfForecaster *forecaster)
{
  g_autoptr (GBytes) saved = orf_forecaster_save (forecaster);
  g_autoptr (GError) error = NULL;
  OrfForecaster *again = orf_forecaster_restore (saved, &error);

  if (again == NULL)
    g_error ("what was saved is not taken: %s", error->message);
  orf_forecaster_free (forecaster);
  return again;
}

static void
live_as_forecaster (FuzzInput *input)
{
  OrfForecaster *forecaster = make_forecaster (input);
  Clock clock = { .t_us = START_US };

  while (forecaster != NULL && input->size > 0 && clock.n_rows < MAX_ROWS) {
    guint8 op = fuzz_take_byte (input);

    if (op < 128) {
      move (&clock, op);
      orf_forecaster_push (forecaster, clock.t_us, fuzz_take_value (input));
    } else if (op < 220) {
      for (guint n = op - 100; n > 0 && clock.n_rows < MAX_ROWS; n--) {
        move (&clock, 0);
        orf_forecaster_push (forecaster, clock.t_us, get_usual (clock.n_rows, op));
      }
    } else if (op < 245) {
      ask (forecaster);
    } else {
      forecaster = start_again (forecaster);
    }
  }
  if (forecaster != NULL) {
    ask (forecaster);
    orf_forecaster_free (start_again (forecaster));
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };

  if (fuzz_take_byte (&input) % 2 == 0)
    live_as_crew (&input);
  else
    live_as_forecaster (&input);
  return 0;
}
