/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the daemon's forecaster over rows of the past, and tells what it would have said then. */
#include <math.h>
#include <stdio.h>

#include "forecast/orf-forecaster.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "stats/orf-step.h"

#include "orf-ctl-params.h"
#include "orf-ctl-replay.h"
#include "orf-ctl-rows.h"

/* As [forecast] row_us, for rows made of the database. */
#define DEFAULT_STEP_US (60 * (gint64) G_USEC_PER_SEC)
#define DEFAULT_SPAN_US (86400 * (gint64) G_USEC_PER_SEC)

#define HEAD                                                                                       \
  "row,horizon_rows,value,lower80,upper80,lower90,upper90,leak,time_to_threshold_us,"              \
  "tte_lower_us,tte_upper_us\n"

static gboolean
parse_horizons (const OrfCtl *ctl, OrfForecasterSetup *setup, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "horizon");
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "5,15,60", ",", -1);

  for (char **part = parts; *part != NULL; part++) {
    guint64 rows;

    if (setup->n_horizons == ORF_FORECASTER_MAX_HORIZONS ||
        !g_ascii_string_to_unsigned (g_strstrip (*part), 10, 1, ORF_FORECASTER_MAX_ROWS, &rows,
                                     NULL) ||
        (setup->n_horizons > 0 && rows <= setup->horizons[setup->n_horizons - 1]))
      return orf_ctl_replay_refuse (error, "horizon", text,
                                    "list of 1 to 4 rising numbers from 1 to 120");
    setup->horizons[setup->n_horizons++] = (guint) rows;
  }
  return setup->n_horizons > 0 || orf_ctl_replay_refuse (error, "horizon", text, "list of numbers");
}

static gboolean
parse_setup (const OrfCtl *ctl, OrfForecasterSetup *setup, guint *every, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *text = orf_ctl_options_get (options, "every");
  guint64 rows = 1;

  *setup = (OrfForecasterSetup){ .threshold = NAN, .min = NAN, .max = NAN };
  if (!parse_horizons (ctl, setup, error) ||
      !orf_ctl_params_get_quantity (ctl, "threshold", &setup->threshold, error) ||
      !orf_ctl_params_get_quantity (ctl, "min", &setup->min, error) ||
      !orf_ctl_params_get_quantity (ctl, "max", &setup->max, error))
    return FALSE;
  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT, &rows, NULL))
    return orf_ctl_replay_refuse (error, "every", text, "number from 1 on");
  *every = (guint) rows;
  setup->falling = orf_ctl_options_has (options, "falling");
  setup->step_us = 0;
  return orf_ctl_params_get_duration (ctl, "step", &setup->step_us, error);
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static GArray *
get_rows (OrfCtl *ctl, OrfForecasterSetup *setup, OrfCtlExit *verdict, GError **error)
{
  const char *path = orf_ctl_get_argument (ctl, 0);
  OrfCtlStretch stretch;

  *verdict = ORF_CTL_USAGE;
  if (!orf_ctl_replay_check_source (ctl, error))
    return NULL;
  if (path != NULL) {
    *verdict = ORF_CTL_SERVER_ERROR;
    return orf_ctl_rows_read_file (path, error);
  }
  if (!orf_ctl_rows_get_stretch (ctl, DEFAULT_SPAN_US, &stretch, error))
    return NULL;
  if (setup->step_us == 0)
    setup->step_us = DEFAULT_STEP_US;
  stretch.step_us = setup->step_us;
  return orf_ctl_rows_fetch (ctl, &stretch, verdict, error);
}

/* 0: there are too few. */
static gint64
find_step_us (const GArray *rows)
{
  gint64 first[ORF_STEP_ROWS + 1];

  if (rows->len < G_N_ELEMENTS (first))
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    first[i] = g_array_index (rows, OrfPoint, i).t_us;
  return MAX (orf_step_measure_us (first), 1);
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static void
append_outlook (GString *line, const OrfOutlook *outlook)
{
  if (outlook->regime == ORF_REGIME_UNKNOWN)
    g_string_append_c (line, ',');
  else
    g_string_append_printf (line, ",%d", outlook->leak);
  orf_ctl_replay_append_number (line, outlook->tte_us);
  orf_ctl_replay_append_number (line, outlook->tte_lower_us);
  orf_ctl_replay_append_number (line, outlook->tte_upper_us);
}

static void
write_row (FILE *file, const OrfForecaster *forecaster, guint row)
{
  OrfForecasterSetup setup;
  g_autoptr (GString) line = g_string_new (NULL);
  OrfOutlook outlook;

  orf_forecaster_get_setup (forecaster, &setup);
  orf_forecaster_get_outlook (forecaster, &outlook);
  for (guint i = 0; i < setup.n_horizons; i++) {
    OrfForecast forecast;

    if (!orf_forecaster_forecast (forecaster, setup.horizons[i], &forecast))
      continue;
    g_string_printf (line, "%u,%u", row, forecast.horizon_rows);
    orf_ctl_replay_append_number (line, forecast.value);
    orf_ctl_replay_append_number (line, forecast.lower80);
    orf_ctl_replay_append_number (line, forecast.upper80);
    orf_ctl_replay_append_number (line, forecast.lower90);
    orf_ctl_replay_append_number (line, forecast.upper90);
    append_outlook (line, &outlook);
    fprintf (file, "%s\n", line->str);
  }
}

typedef struct {
  const GArray *rows;
  OrfForecasterSetup setup;
  guint every;
} Replay;

static gboolean
replay_cb (FILE *file, gpointer data, GError **error)
{
  const Replay *replay = data;
  g_autoptr (OrfForecaster) forecaster = orf_forecaster_new (&replay->setup, error);

  if (forecaster == NULL)
    return FALSE;
  fputs (HEAD, file);
  for (guint row = 0; row < replay->rows->len; row++) {
    const OrfPoint *point = &g_array_index (replay->rows, OrfPoint, row);

    orf_forecaster_push (forecaster, point->t_us, point->value);
    if (row >= ORF_STEP_ROWS && row % replay->every == 0)
      write_row (file, forecaster, row);
  }
  return TRUE;
}

OrfCtlExit
orf_ctl_verb_predictions_replay (OrfCtl *ctl, GError **error)
{
  Replay replay;
  g_autoptr (GArray) rows = NULL;
  OrfCtlExit verdict;

  if (!parse_setup (ctl, &replay.setup, &replay.every, error))
    return ORF_CTL_USAGE;
  rows = get_rows (ctl, &replay.setup, &verdict, error);
  if (rows == NULL)
    return verdict;
  replay.rows = rows;
  if (replay.setup.step_us == 0)
    replay.setup.step_us = find_step_us (rows);
  /* too few rows to say anything by: only the head, by any step */
  if (replay.setup.step_us == 0)
    replay.setup.step_us = DEFAULT_STEP_US;
  return orf_ctl_replay_write (ctl, replay_cb, &replay, error);
}
