/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the daemon's detectors over rows of the past, and tells what they would have said then. */
#include "anomaly/orf-anomaly-group.h"
#include "orf-error.h"
#include "stats/orf-step.h"

#include "orf-ctl-format.h"
#include "orf-ctl-params.h"
#include "orf-ctl-replay.h"
#include "orf-ctl-rows.h"

#include <math.h>

#define HEAD "t_us,score,flag,kind,detector,series\n"
/* As [anomaly] alarms_per_day. */
#define DEFAULT_ALARMS_PER_DAY 1
/* Of recorded series, where nobody says: as long as one looks back of an evening. */
#define DEFAULT_SPAN_US (86400 * (gint64) G_USEC_PER_SEC)
/* Rows of a second up to such a span, and of a minute beyond it. */
#define FINE_SPAN_US (6 * 3600 * (gint64) G_USEC_PER_SEC)
#define FINE_STEP_US ((gint64) G_USEC_PER_SEC)
#define LONG_STEP_US (60 * (gint64) G_USEC_PER_SEC)

typedef struct {
  OrfCtlTableRows *rows;
  OrfAnomalySetup setup; /* step_us 0: as the rows tell */
  double alarms_per_day;
  gboolean alarms_only;
  double discord; /* rows of a shape; 0: none is looked for */
  OrfAlarmGate gate;
} Replay;

typedef struct {
  OrfAnomalyGroupVerdict verdict;
  gboolean alarm;
} Said;

static void
write_row (FILE *file, const Replay *replay, guint row, const Said *said)
{
  const OrfAnomalyGroupVerdict *verdict = &said->verdict;
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *series = orf_ctl_format_csv_cell (replay->rows->names[verdict->series]);

  if (replay->alarms_only && !said->alarm)
    return;
  g_string_printf (line, "%" G_GINT64_FORMAT, g_array_index (replay->rows->t_us, gint64, row));
  orf_ctl_replay_append_number (line, (double) verdict->score);
  if (verdict->score > 0)
    g_string_append_printf (line, ",%d,%s,%s,%s", said->alarm,
                            orf_anomaly_kind_to_string (orf_detector_get_kind (verdict->detector)),
                            orf_detector_get_name (verdict->detector), series);
  else
    g_string_append (line, ",0,,,");
  fprintf (file, "%s\n", line->str);
}

/* What was said of the row; nothing where it is out of order. */
static Said
judge_row (OrfAnomalyGroup *group, Replay *replay, guint row)
{
  Said said = { 0 };

  orf_anomaly_group_push (group, g_array_index (replay->rows->t_us, gint64, row),
                          &g_array_index (replay->rows->values, double,
                                          row * replay->rows->n_columns),
                          &said.verdict);
  if (said.verdict.ready)
    said.alarm = orf_alarm_gate_push (&replay->gate, said.verdict.score);
  return said;
}

static OrfAnomalyGroup *
make_group (const Replay *replay, GError **error)
{
  OrfAnomalyGroup *group = orf_anomaly_group_new (&replay->setup, error);

  if (group == NULL)
    return NULL;
  orf_anomaly_group_set_forest (group, TRUE);
  for (guint i = 0; i < replay->setup.n_series; i++)
    orf_anomaly_group_set_discord (group, i, (guint) replay->discord);
  return group;
}

/* The first rows tell the step, and nothing is said of them but of the last. */
static gboolean
begin (FILE *file, Replay *replay, OrfAnomalyGroup **group, guint *row, GError **error)
{
  guint n = MIN (replay->rows->t_us->len, ORF_STEP_ROWS);
  const Said nothing = { 0 };

  for (*row = 0; replay->setup.step_us == 0 && *row < n; ++*row)
    write_row (file, replay, *row, &nothing);
  if (replay->setup.step_us == 0 && n == replay->rows->t_us->len)
    return TRUE;
  if (replay->setup.step_us == 0)
    replay->setup.step_us =
      MAX (orf_step_measure_us (&g_array_index (replay->rows->t_us, gint64, 0)), 1);
  *group = make_group (replay, error);
  orf_alarm_gate_init (&replay->gate, replay->setup.step_us, replay->alarms_per_day, FALSE);
  for (guint i = 0; *group != NULL && i < *row; i++)
    judge_row (*group, replay, i);
  return *group != NULL;
}

static gboolean
check_options (const Replay *replay, GError **error)
{
  if (replay->alarms_per_day <= 0) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "--alarms-per-day: a number above 0 is wanted");
    return FALSE;
  }
  if (replay->discord != 0 &&
      (replay->discord != floor (replay->discord) || replay->discord < ORF_DISCORD_MIN_WINDOW ||
       replay->discord > ORF_DISCORD_MAX_WINDOW)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--discord: a number of rows is wanted, from %u to %u", ORF_DISCORD_MIN_WINDOW,
                 ORF_DISCORD_MAX_WINDOW);
    return FALSE;
  }
  return TRUE;
}

static gboolean
replay_cb (FILE *file, gpointer data, GError **error)
{
  Replay *replay = data;
  g_autoptr (OrfAnomalyGroup) group = NULL;
  guint row;

  if (!check_options (replay, error))
    return FALSE;
  fputs (HEAD, file);
  if (!begin (file, replay, &group, &row, error))
    return FALSE;
  for (; row < replay->rows->t_us->len; row++) {
    Said said = judge_row (group, replay, row);

    write_row (file, replay, row, &said);
  }
  return TRUE;
}

/* Of recorded series: with what is known of them. */
static OrfCtlExit
fetch_rows (OrfCtl *ctl, Replay *replay, GError **error)
{
  OrfCtlStretch stretch;
  OrfCtlExit verdict;

  if (!orf_ctl_rows_get_stretch (ctl, DEFAULT_SPAN_US, &stretch, error))
    return ORF_CTL_USAGE;
  if (replay->setup.step_us == 0)
    replay->setup.step_us = stretch.to_us - stretch.from_us <= FINE_SPAN_US ? FINE_STEP_US
                                                                            : LONG_STEP_US;
  stretch.step_us = replay->setup.step_us;
  replay->rows = orf_ctl_rows_fetch_columns (ctl, &stretch, ORF_DECAYED_PCA_MAX, &verdict, error);
  return replay->rows == NULL ? verdict
                              : orf_ctl_rows_find_counters (ctl, stretch.select, replay->rows,
                                                            &replay->setup.counters, error);
}

static OrfCtlExit
get_rows (OrfCtl *ctl, Replay *replay, GError **error)
{
  const char *path = orf_ctl_get_argument (ctl, 0);

  if (path == NULL)
    return fetch_rows (ctl, replay, error);
  replay->rows = orf_ctl_rows_read_columns (path, error);
  return replay->rows != NULL ? ORF_CTL_DONE : ORF_CTL_SERVER_ERROR;
}

OrfCtlExit
orf_ctl_verb_anomalies_replay (OrfCtl *ctl, GError **error)
{
  Replay replay = {
    .alarms_per_day = DEFAULT_ALARMS_PER_DAY,
    .alarms_only = orf_ctl_options_has (orf_ctl_get_options (ctl), "alarms"),
  };
  OrfCtlExit verdict;

  if (!orf_ctl_replay_get_number (ctl, "alarms-per-day", &replay.alarms_per_day, error) ||
      !orf_ctl_replay_get_number (ctl, "discord", &replay.discord, error) ||
      !orf_ctl_params_get_duration (ctl, "step", &replay.setup.step_us, error) ||
      !orf_ctl_replay_check_source (ctl, error))
    return ORF_CTL_USAGE;
  verdict = get_rows (ctl, &replay, error);
  if (verdict == ORF_CTL_DONE) {
    replay.setup.n_series = replay.rows->n_columns;
    verdict = orf_ctl_replay_write (ctl, replay_cb, &replay, error);
  }
  g_clear_pointer (&replay.rows, orf_ctl_table_rows_free);
  return verdict;
}
