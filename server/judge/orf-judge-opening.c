/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge/orf-judge-opening.h"

#include "judge/orf-judge-job.h"

/* Of one series.  Four hours at a second are 15,000; what takes more does without. */
#define MAX_POINTS 100000

typedef struct {
  OrfStore *store;
  const OrfConfig *config;
  OrfJudgeSpec spec; /* its strings are ours */
  gint64 until_us;
  OrfJudgeSeries *series;
  GArray *history; /* OrfJudgeSample */
  OrfJudgeOpened opened;
  gpointer user_data;
} Opening;

static void
finish (Opening *opening, const GError *error)
{
  opening->opened (opening->user_data, opening->spec.number, opening->series, opening->history,
                   error);
  g_array_unref (opening->history);
  g_free ((char *) opening->spec.subject);
  g_free ((char *) opening->spec.device);
  g_free (opening);
}

/* ---- samples --------------------------------------------------------------------------------- */

static void
add (Opening *opening, gint64 t_us, double value)
{
  const OrfJudgeSample sample = { opening->spec.number, t_us, value };

  g_array_append_val (opening->history, sample);
}

static void
add_points (Opening *opening, const GArray *points, gint64 from_us, gint64 to_us)
{
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    if (point->t_us >= from_us && point->t_us < to_us)
      add (opening, point->t_us, point->value);
  }
}

static void
add_series (Opening *opening, const OrfSeriesPoints *points)
{
  gboolean rolled = points->rollups != NULL && points->rollups->len > 0;

  add_points (opening, points->points, G_MININT64, rolled ? points->rolled_from_us : G_MAXINT64);
  if (!rolled)
    return;
  for (guint i = 0; i < points->rollups->len; i++) {
    const OrfRollup *rollup = &g_array_index (points->rollups, OrfRollup, i);

    if (rollup->count > 0)
      add (opening, rollup->t_us + ORF_MINUTE_US / 2, rollup->sum / (double) rollup->count);
  }
  add_points (opening, points->points, points->rolled_to_us, G_MAXINT64);
}

static void
samples_cb (gpointer user_data, GPtrArray *series, const GError *error)
{
  Opening *opening = user_data;

  /* Without its past it is begun anew. */
  for (guint i = 0; error == NULL && i < series->len; i++)
    add_series (opening, series->pdata[i]);
  finish (opening, NULL);
}

/* What waits for its time is compared with the samples themselves; to learn from, minutes will do,
 * though they are not the rows of this series. */
static void
read_samples (Opening *opening)
{
  gint64 row_us = opening->spec.setup.step_us;
  gint64 last_us = orf_judge_series_get_last_us (opening->series);
  gint64 from_us = opening->until_us - opening->config->forecast.history_rows * row_us;
  const OrfRolledQuery query = {
    .ids = &opening->spec.series_id,
    .n_ids = 1,
    .from_us = MAX (MAX (from_us, last_us + 1), 0),
    .to_us = opening->until_us,
    .max_points = MAX_POINTS,
    .rollup_us = ORF_MINUTE_US,
    .rolled_from_us = MAX (from_us, 0),
    .rolled_to_us = opening->until_us,
    .part = ORF_ROLLUP_SUM,
  };

  if (query.from_us >= query.to_us || opening->spec.series_id == 0)
    finish (opening, NULL);
  else if (row_us >= ORF_MINUTE_US && last_us == 0)
    orf_store_read_rolled (opening->store, &query, NULL, samples_cb, opening);
  else
    orf_store_read_samples (opening->store, query.ids, query.n_ids, query.from_us, query.to_us,
                            MAX_POINTS, NULL, samples_cb, opening);
}

/* ---- what was learnt ------------------------------------------------------------------------- */

static void
state_cb (gpointer user_data, OrfForecastStateRow *row, const GError *error)
{
  Opening *opening = user_data;
  g_autoptr (GError) failure = NULL;

  if (error != NULL) {
    finish (opening, error);
    return;
  }
  opening->series = orf_judge_series_new (&opening->spec, row != NULL ? row->state : NULL,
                                          &failure);
  if (opening->series == NULL)
    finish (opening, failure);
  else
    read_samples (opening);
}

void
orf_judge_open (OrfStore *store,
                const OrfConfig *config,
                const OrfJudgeSpec *spec,
                gint64 until_us,
                OrfJudgeOpened opened,
                gpointer user_data)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->store = store;
  opening->config = config;
  opening->spec = *spec;
  opening->spec.subject = g_strdup (spec->subject);
  opening->spec.device = g_strdup (spec->device);
  opening->until_us = until_us;
  opening->history = orf_judge_samples_new ();
  opening->opened = opened;
  opening->user_data = user_data;
  orf_store_read_forecast_state (store, spec->subject, NULL, state_cb, opening);
}
