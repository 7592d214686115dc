/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was learnt, damaged: the first byte says of what, the rest is written over parts of a state
 * that was saved (two bytes of place, one of length, then so many bytes, and so on), whose sum is
 * made right again.  It is refused, or can be used as any other.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "anomalies/orf-anomaly-crew.h"
#include "anomaly/orf-alarm-gate.h"
#include "anomaly/orf-anomaly-group.h"
#include "core/orf-clock.h"
#include "forecast/orf-forecaster.h"
#include "stats/orf-state-blob.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define N_SERIES 3
#define N_LEARNT 80
#define N_USED   40
#define STEP_US  ORF_US_PER_S
/* Of orf-state-blob.c: magic and version, length, sum. */
#define HEAD_BYTES 24
/* Long after all that was learnt. */
#define LATER_US (G_MAXINT32 * ORF_US_PER_S)

typedef struct {
  GBytes *(*save) (void);
  void (*use) (GBytes *blob);
} Kind;

static double
get_value (guint row, guint series)
{
  return 100 + 10 * sin (row / 7.0 + series) + (row * 2654435761u >> 24) / 64.0;
}

/* ---- a forecaster ---------------------------------------------------------------------------- */

static void
push_forecaster (OrfForecaster *forecaster, gint64 from_us, guint n_rows)
{
  for (guint i = 1; i <= n_rows; i++)
    orf_forecaster_push (forecaster, from_us + i * STEP_US, get_value (i, 0));
}

static GBytes *
save_forecaster (void)
{
  const OrfForecasterSetup setup = { .step_us = STEP_US,
                                     .n_horizons = 2,
                                     .horizons = { 1, 10 },
                                     .threshold = 200,
                                     .min = 0,
                                     .max = 1000 };
  g_autoptr (OrfForecaster) forecaster = orf_forecaster_new (&setup, NULL);

  push_forecaster (forecaster, 0, N_LEARNT);
  return orf_forecaster_save (forecaster);
}

static void
use_forecaster (GBytes *blob)
{
  g_autoptr (OrfForecaster) forecaster = orf_forecaster_restore (blob, NULL);
  OrfForecasterSetup setup;
  OrfForecast forecast;
  OrfOutlook outlook;

  if (forecaster == NULL)
    return;
  push_forecaster (forecaster, LATER_US, N_USED);
  orf_forecaster_get_setup (forecaster, &setup);
  for (guint i = 0; i < setup.n_horizons; i++)
    if (orf_forecaster_forecast (forecaster, setup.horizons[i], &forecast) &&
        !(forecast.lower90 <= forecast.value && forecast.value <= forecast.upper90))
      g_error ("%g is not from %g to %g", forecast.value, forecast.lower90, forecast.upper90);
  orf_forecaster_get_outlook (forecaster, &outlook);
  orf_forecaster_get_trend (forecaster);
}

/* ---- a group of series ----------------------------------------------------------------------- */

static void
push_group (OrfAnomalyGroup *group, gint64 from_us, guint n_rows)
{
  double values[ORF_ANOMALY_GROUP_MAX];
  OrfAnomalyGroupVerdict verdict;

  for (guint i = 1; i <= n_rows; i++) {
    for (guint s = 0; s < ORF_ANOMALY_GROUP_MAX; s++)
      values[s] = s < N_SERIES ? get_value (i, s) : NAN;
    orf_anomaly_group_push (group, from_us + i * STEP_US, values, &verdict);
  }
}

static GBytes *
save_group (void)
{
  const OrfAnomalySetup setup = { .n_series = N_SERIES, .step_us = STEP_US, .counters = 1 };
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_new (&setup, NULL);

  push_group (group, 0, N_LEARNT);
  return orf_anomaly_group_save (group);
}

static void
use_group (GBytes *blob)
{
  g_autoptr (OrfAnomalyGroup) group = orf_anomaly_group_restore (blob, NULL);
  guint place;

  if (group == NULL)
    return;
  push_group (group, LATER_US, N_USED);
  orf_anomaly_group_join (group, FALSE, &place);
  push_group (group, 2 * LATER_US, 2);
}

/* ---- a gate ---------------------------------------------------------------------------------- */

static GBytes *
save_gate (void)
{
  OrfAlarmGate gate;

  orf_alarm_gate_init (&gate, STEP_US, 1, TRUE);
  return orf_alarm_gate_save (&gate);
}

static void
use_gate (GBytes *blob)
{
  OrfAlarmGate gate;

  orf_alarm_gate_init (&gate, STEP_US, 1, TRUE);
  orf_alarm_gate_restore (&gate, blob);
  for (guint i = 0; i < N_USED; i++)
    orf_alarm_gate_push (&gate, i % 7);
  orf_alarm_gate_promise (&gate, 2);
}

/* ---- a crew ---------------------------------------------------------------------------------- */

static const OrfAnomalyCrewSetup crew_setup = { .entity = "host", .step_us = STEP_US };

static gboolean
judged_cb (gpointer user_data, OrfAnomalyCrew *crew, const OrfAnomalyCrewVerdict *verdict)
{
  return verdict->rarity > 5;
}

static void
push_crew (OrfAnomalyCrew *crew, gint64 from_us, guint n_rows, guint n_places)
{
  OrfAnomalySilence silence;

  for (guint i = 1; i <= n_rows; i++)
    for (guint place = 0; place < n_places; place++) {
      const OrfAnomalyArrival arrival = { .t_us = from_us + i * STEP_US,
                                          .value = get_value (i, place),
                                          .awake_us = i * STEP_US,
                                          .live = TRUE };

      if (orf_anomaly_crew_get_number (crew, place) > 0)
        orf_anomaly_crew_take (crew, place, &arrival, judged_cb, NULL);
    }
  orf_anomaly_crew_look (crew, 2 * n_rows * STEP_US, judged_cb, NULL);
  orf_anomaly_crew_find_silent (crew, 3 * n_rows * STEP_US, &silence);
}

static void
join_crew (OrfAnomalyCrew *crew)
{
  static const char *const names[N_SERIES] = { "a", "b", "c" };
  guint place;

  for (guint i = 0; i < N_SERIES; i++)
    orf_anomaly_crew_join (crew, i + 1, names[i], FALSE, &place);
}

static GBytes *
save_crew (void)
{
  g_autoptr (OrfAnomalyCrew) crew = orf_anomaly_crew_new (&crew_setup);
  OrfAnomalyStateRow *row;
  GBytes *state;

  join_crew (crew);
  push_crew (crew, 0, N_LEARNT, N_SERIES);
  row = orf_anomaly_crew_save (crew, 1);
  state = g_bytes_ref (row->state);
  orf_anomaly_state_row_free (row);
  return state;
}

static void
use_crew (GBytes *blob)
{
  char *members[] = { (char *) "a", (char *) "b", (char *) "c", NULL };
  const OrfAnomalyStateRow row = { .members = members, .state = blob };
  g_autoptr (OrfAnomalyCrew) crew = orf_anomaly_crew_restore (&crew_setup, &row);

  if (crew == NULL)
    return;
  join_crew (crew);
  orf_anomaly_crew_forget_absent (crew);
  push_crew (crew, LATER_US, N_USED, N_SERIES);
}

/* ---- all ------------------------------------------------------------------------------------- */

static const Kind kinds[] = {
  { save_forecaster, use_forecaster },
  { save_group, use_group },
  { save_gate, use_gate },
  { save_crew, use_crew },
};

static GBytes *
damage (GBytes *blob, const uint8_t *data, size_t size)
{
  gsize length;
  const guint8 *whole = g_bytes_get_data (blob, &length);
  g_autofree guint8 *state = g_memdup2 (whole + HEAD_BYTES, length - HEAD_BYTES);
  guint32 head[2];

  length -= HEAD_BYTES;
  while (size > 3) {
    gsize at = (data[0] | (gsize) data[1] << 8) % length;
    gsize n = MIN (MIN (data[2] % 16u + 1, size - 3), length - at);

    memcpy (state + at, data + 3, n);
    data += 3 + n;
    size -= 3 + n;
  }
  memcpy (head, whole, sizeof head);
  return orf_state_blob_pack (head[0], head[1], state, length);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static GBytes *saved[G_N_ELEMENTS (kinds)];
  g_autoptr (GBytes) damaged = NULL;
  g_autoptr (GBytes) raw = g_bytes_new (data, size);
  guint kind;

  if (size == 0)
    return 0;
  kind = data[0] % G_N_ELEMENTS (kinds);
  if (saved[kind] == NULL)
    saved[kind] = kinds[kind].save ();
  damaged = damage (saved[kind], data + 1, size - 1);
  kinds[kind].use (damaged);
  kinds[kind].use (raw);
  return 0;
}
