/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the daemon's forecaster over rows of the past, and tells what it would have said then. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "forecast/orf-forecaster.h"
#include "orf-encode.h"
#include "orf-error.h"

#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-rows.h"
#include "orf-ctl-time.h"

/* Rows whose distances tell the step of a file; nothing is said before, so that what is said never
 * depends on a row to come. */
#define STEP_ROWS 8
/* As [forecast] row_us, for rows made of the database. */
#define DEFAULT_STEP_US (60 * (gint64) G_USEC_PER_SEC)
#define DEFAULT_SPAN_US (86400 * (gint64) G_USEC_PER_SEC)

#define HEAD                                                                                       \
  "row,horizon_rows,value,lower80,upper80,lower90,upper90,leak,time_to_threshold_us,"              \
  "tte_lower_us,tte_upper_us\n"

static gboolean
refuse (GError **error, const char *option, const char *text, const char *wanted)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--%s: \"%s\" is no %s", option, text,
               wanted);
  return FALSE;
}

static gboolean
parse_number (const OrfCtl *ctl, const char *option, double *value, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);
  char *end;

  if (text == NULL)
    return TRUE;
  *value = g_ascii_strtod (text, &end);
  return (end != text && *end == '\0' && isfinite (*value)) ||
         refuse (error, option, text, "number");
}

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
      return refuse (error, "horizon", text, "list of 1 to 4 rising numbers from 1 to 120");
    setup->horizons[setup->n_horizons++] = (guint) rows;
  }
  return setup->n_horizons > 0 || refuse (error, "horizon", text, "list of numbers");
}

static gboolean
parse_setup (const OrfCtl *ctl, OrfForecasterSetup *setup, guint *every, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *text = orf_ctl_options_get (options, "every");
  guint64 rows = 1;

  *setup = (OrfForecasterSetup){ .threshold = NAN, .min = NAN, .max = NAN };
  if (!parse_horizons (ctl, setup, error) ||
      !parse_number (ctl, "threshold", &setup->threshold, error) ||
      !parse_number (ctl, "min", &setup->min, error) ||
      !parse_number (ctl, "max", &setup->max, error))
    return FALSE;
  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT, &rows, NULL))
    return refuse (error, "every", text, "number from 1 on");
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
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  const char *select = orf_ctl_options_get (options, "select");
  const char *path = orf_ctl_get_argument (ctl, 0);
  const char *from = orf_ctl_options_get (options, "from");
  const char *to = orf_ctl_options_get (options, "to");
  gint64 now_us = g_get_real_time ();
  gint64 to_us = now_us, from_us;

  *verdict = ORF_CTL_USAGE;
  if ((path == NULL) == (select == NULL)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "name a FILE, or a series by --select");
    return NULL;
  }
  if (path != NULL) {
    *verdict = ORF_CTL_SERVER_ERROR;
    return orf_ctl_rows_read_file (path, error);
  }
  if (to != NULL && !orf_ctl_parse_time (to, now_us, &to_us, error))
    return NULL;
  from_us = to_us - DEFAULT_SPAN_US;
  if (from != NULL && !orf_ctl_parse_time (from, now_us, &from_us, error))
    return NULL;
  if (setup->step_us == 0)
    setup->step_us = DEFAULT_STEP_US;
  return orf_ctl_rows_fetch (ctl, select, from_us, to_us, setup->step_us, verdict, error);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* The median distance of the first rows; 0: there are too few. */
static gint64
find_step_us (const GArray *rows)
{
  gint64 distances_us[STEP_ROWS];

  if (rows->len <= STEP_ROWS)
    return 0;
  for (guint i = 0; i < STEP_ROWS; i++)
    distances_us[i] = g_array_index (rows, OrfPoint, i + 1).t_us -
                      g_array_index (rows, OrfPoint, i).t_us;
  qsort (distances_us, STEP_ROWS, sizeof *distances_us, compare_times);
  return MAX (distances_us[STEP_ROWS / 2], 1);
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static void
append_number (GString *line, double value)
{
  g_autofree char *text = isnan (value)   ? g_strdup ("")
                          : isinf (value) ? g_strdup (value > 0 ? "inf" : "-inf")
                                          : orf_ctl_format_exact (value);

  g_string_append_printf (line, ",%s", text);
}

static void
append_outlook (GString *line, const OrfOutlook *outlook)
{
  if (outlook->regime == ORF_REGIME_UNKNOWN)
    g_string_append_c (line, ',');
  else
    g_string_append_printf (line, ",%d", outlook->leak);
  append_number (line, outlook->tte_us);
  append_number (line, outlook->tte_lower_us);
  append_number (line, outlook->tte_upper_us);
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
    append_number (line, forecast.value);
    append_number (line, forecast.lower80);
    append_number (line, forecast.upper80);
    append_number (line, forecast.lower90);
    append_number (line, forecast.upper90);
    append_outlook (line, &outlook);
    fprintf (file, "%s\n", line->str);
  }
}

static gboolean
replay (
  FILE *file, const GArray *rows, const OrfForecasterSetup *setup, guint every, GError **error)
{
  g_autoptr (OrfForecaster) forecaster = orf_forecaster_new (setup, error);

  if (forecaster == NULL)
    return FALSE;
  fputs (HEAD, file);
  for (guint row = 0; row < rows->len; row++) {
    const OrfPoint *point = &g_array_index (rows, OrfPoint, row);

    orf_forecaster_push (forecaster, point->t_us, point->value);
    if (row >= STEP_ROWS && row % every == 0)
      write_row (file, forecaster, row);
  }
  return TRUE;
}

static gboolean
replay_to (const char *path,
           const GArray *rows,
           const OrfForecasterSetup *setup,
           guint every,
           GError **error)
{
  g_autofree char *part = g_strconcat (path, ".part", NULL);
  FILE *file = g_fopen (part, "we");
  gboolean done;

  if (file == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", part, g_strerror (errno));
    return FALSE;
  }
  done = replay (file, rows, setup, every, error);
  if ((fclose (file) != 0 || (done && g_rename (part, path) != 0)) && done) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", path, g_strerror (errno));
    done = FALSE;
  }
  if (!done)
    g_unlink (part);
  return done;
}

OrfCtlExit
orf_ctl_verb_predictions_replay (OrfCtl *ctl, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (ctl), "output");
  OrfForecasterSetup setup;
  g_autoptr (GArray) rows = NULL;
  OrfCtlExit verdict;
  guint every;

  if (!parse_setup (ctl, &setup, &every, error))
    return ORF_CTL_USAGE;
  rows = get_rows (ctl, &setup, &verdict, error);
  if (rows == NULL)
    return verdict;
  if (setup.step_us == 0)
    setup.step_us = find_step_us (rows);
  /* too few rows to say anything by: only the head, by any step */
  if (setup.step_us == 0)
    setup.step_us = DEFAULT_STEP_US;
  if (path == NULL)
    return replay (stdout, rows, &setup, every, error) ? ORF_CTL_DONE : ORF_CTL_USAGE;
  if (replay_to (path, rows, &setup, every, error))
    return ORF_CTL_DONE;
  return g_error_matches (*error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT) ? ORF_CTL_USAGE
                                                                         : ORF_CTL_SERVER_ERROR;
}
