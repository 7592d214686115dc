/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-trial.h"

#include "alerts/orf-alert-set.h"
#include "metrics/orf-series-name.h"

typedef struct {
  OrfAlertTrial *trial;
  guint max_intervals;
} Run;

static void
interval_clear (gpointer data)
{
  g_strfreev (((OrfTrialInterval *) data)->labels);
}

void
orf_alert_trial_free (OrfAlertTrial *trial)
{
  g_array_unref (trial->intervals);
  g_free (trial);
}

/* The alert's number is its interval's place, plus one; 0: there was no room. */
static void
changed_cb (gpointer user_data, OrfAlert *alert, OrfAlertChange change)
{
  const Run *run = user_data;
  OrfAlertTrial *trial = run->trial;

  if (change == ORF_ALERT_CHANGE_FIRING) {
    trial->n_fired++;
    alert->no = 0;
    if (trial->intervals->len < run->max_intervals) {
      const OrfTrialInterval interval = { g_strdupv (alert->labels), alert->life.fired_us, 0,
                                          alert->value };

      g_array_append_val (trial->intervals, interval);
      alert->no = trial->intervals->len;
    }
  } else if (change == ORF_ALERT_CHANGE_RESOLVED) {
    trial->firing_us += alert->life.resolved_us - alert->life.fired_us;
    if (alert->no > 0)
      g_array_index (trial->intervals, OrfTrialInterval, alert->no - 1).to_us =
        alert->life.resolved_us;
  }
}

/* What fires at the end. */
static void
conclude (OrfAlertTrial *trial, const OrfAlertSet *alerts, gint64 end_us)
{
  g_autoptr (GPtrArray) list = orf_alert_set_list (alerts);

  for (guint i = 0; i < list->len; i++) {
    const OrfAlert *alert = list->pdata[i];

    if (alert->life.phase == ORF_ALERT_FIRING)
      trial->firing_us += end_us - alert->life.fired_us;
  }
}

OrfAlertTrial *
orf_alert_trial_run (const OrfAlertRule *rule,
                     const OrfExprVector *vector,
                     const OrfGrid *grid,
                     guint max_intervals)
{
  guint n_lines = vector->lines->len;
  g_autoptr (OrfAlertSet) alerts = orf_alert_set_new (rule, n_lines);
  g_autofree OrfExprLine *lines = g_new (OrfExprLine, n_lines);
  g_autoptr (GPtrArray) pointers = g_ptr_array_sized_new (n_lines);
  const OrfExprVector column = { vector->scalar, 1, pointers, 1 }; /* of always the same lines */
  OrfAlertTrial *trial = g_new0 (OrfAlertTrial, 1);
  Run run = { trial, max_intervals };

  trial->intervals = g_array_new (FALSE, FALSE, sizeof (OrfTrialInterval));
  g_array_set_clear_func (trial->intervals, interval_clear);
  for (guint i = 0; i < n_lines; i++) {
    lines[i] = *(const OrfExprLine *) vector->lines->pdata[i];
    g_ptr_array_add (pointers, &lines[i]);
  }
  for (guint k = 0; k < grid->n_steps; k++) {
    orf_alert_set_step (alerts, &column, orf_grid_get_time_us (grid, k), changed_cb, &run);
    for (guint i = 0; i < n_lines; i++)
      lines[i].values++;
  }
  conclude (trial, alerts, grid->last_us);
  return trial;
}

/* ---- beside another --------------------------------------------------------------------------
 */

/* The intervals of one set of labels: by time, none overlaps the next. */
typedef struct {
  GPtrArray *intervals; /* OrfTrialInterval */
  guint at;             /* the first that may overlap what comes */
} Track;

static void
track_free (gpointer data)
{
  g_ptr_array_unref (((Track *) data)->intervals);
  g_free (data);
}

static GHashTable *
make_tracks (const OrfAlertTrial *trial)
{
  GHashTable *tracks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, track_free);

  for (guint i = 0; i < trial->intervals->len; i++) {
    OrfTrialInterval *interval = &g_array_index (trial->intervals, OrfTrialInterval, i);
    g_autofree char *key = orf_series_name_to_text ("", interval->labels);
    Track *track = g_hash_table_lookup (tracks, key);

    if (track == NULL) {
      track = g_new0 (Track, 1);
      track->intervals = g_ptr_array_new ();
      g_hash_table_insert (tracks, g_steal_pointer (&key), track);
    }
    g_ptr_array_add (track->intervals, interval);
  }
  return tracks;
}

/* interval: none before it was asked for. */
static gboolean
meets (Track *track, const OrfTrialInterval *interval)
{
  for (; track->at < track->intervals->len; track->at++) {
    const OrfTrialInterval *one = track->intervals->pdata[track->at];

    if (one->to_us == 0 || one->to_us >= interval->from_us)
      return interval->to_us == 0 || one->from_us <= interval->to_us;
  }
  return FALSE;
}

guint64
orf_alert_trial_count_alone (const OrfAlertTrial *trial, const OrfAlertTrial *other)
{
  g_autoptr (GHashTable) tracks = make_tracks (other);
  guint64 n = 0;

  for (guint i = 0; i < trial->intervals->len; i++) {
    const OrfTrialInterval *interval = &g_array_index (trial->intervals, OrfTrialInterval, i);
    g_autofree char *key = orf_series_name_to_text ("", interval->labels);
    Track *track = g_hash_table_lookup (tracks, key);

    n += track == NULL || !meets (track, interval);
  }
  return n;
}
