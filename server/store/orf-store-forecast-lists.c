/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-forecast-lists.h"

#include <math.h>

#include "store/orf-store-rows.h"

#define FIRST_VERSION 10

static const char newest_sql[] =
  "SELECT coalesce(max(made_us), 0) FROM prediction WHERE made_us <= ?1";
static const char predictions_sql[] =
  "WITH newest AS (SELECT max(id) AS id FROM prediction WHERE made_us > ?1 AND made_us <= ?2 "
  "GROUP BY series_id, horizon_us) "
  "SELECT p.series_id, s.name, s.labels, p.method, p.horizon_us, p.made_us, p.last, p.value, "
  "p.lower80, p.upper80, p.lower90, p.upper90, p.confidence, p.trend, p.slope_per_s, p.regime, "
  "p.threshold, p.threshold_lower_us, p.threshold_us, p.threshold_upper_us, s.unit "
  "FROM newest AS n JOIN prediction AS p ON p.id = n.id JOIN series AS s ON s.id = p.series_id "
  "ORDER BY p.series_id, p.horizon_us";
static const char scores_sql[] =
  "SELECT p.series_id, s.name, s.labels, p.method, p.horizon_us, count(p.actual), "
  "sum(p.judged_us IS NOT NULL AND p.actual IS NULL), sum(p.judged_us IS NULL), "
  "total(abs(p.error)), total(abs(p.naive_error)), total(p.inside80), total(p.inside90), "
  "total(p.upper80 - p.lower80) FILTER (WHERE p.actual IS NOT NULL), "
  "total(p.upper90 - p.lower90) FILTER (WHERE p.actual IS NOT NULL) "
  "FROM prediction AS p JOIN series AS s ON s.id = p.series_id "
  "WHERE p.due_us >= ?1 AND p.due_us < ?2 "
  "GROUP BY p.series_id, p.horizon_us, p.method ORDER BY p.series_id, p.horizon_us, p.method";
static const char warnings_sql[] =
  "SELECT w.series_id, s.name, s.labels, w.fate, count(*), total(w.came_us - w.made_us) "
  "FROM forecast_warning AS w JOIN series AS s ON s.id = w.series_id "
  "WHERE coalesce(w.made_us, w.came_us) >= ?1 AND coalesce(w.made_us, w.came_us) < ?2 "
  "GROUP BY w.series_id, w.fate ORDER BY w.series_id";

/* ---- rows ------------------------------------------------------------------------------------ */

static void
clear_series (OrfForecastSeries *series)
{
  g_free (series->name);
  g_free (series->labels_json);
}

static void
entry_free (gpointer data)
{
  OrfPredictionEntry *entry = data;

  clear_series (&entry->series);
  g_free ((char *) entry->row.method);
  g_free ((char *) entry->row.trend);
  g_free ((char *) entry->row.regime);
  g_free (entry->unit);
  g_free (entry);
}

static void
score_free (gpointer data)
{
  OrfPredictionScore *score = data;

  clear_series (&score->series);
  g_free (score->method);
  g_free (score);
}

static void
warning_score_free (gpointer data)
{
  clear_series (&((OrfWarningScore *) data)->series);
  g_free (data);
}

static void
read_series (OrfStatement *statement, OrfForecastSeries *series)
{
  series->series_id = sqlite3_column_int64 (statement, 0);
  series->name = orf_statement_dup_sure_text (statement, 1);
  series->labels_json = orf_statement_dup_sure_text (statement, 2);
}

/* ---- the latest ------------------------------------------------------------------------------ */

typedef struct {
  gint64 now_us, reach_us;
} Latest;

static OrfPredictionEntry *
make_entry (OrfStatement *statement)
{
  OrfPredictionEntry *entry = g_new0 (OrfPredictionEntry, 1);
  OrfPredictionRow *row = &entry->row;

  read_series (statement, &entry->series);
  row->series_id = entry->series.series_id;
  row->method = orf_statement_dup_sure_text (statement, 3);
  row->horizon_us = sqlite3_column_int64 (statement, 4);
  row->made_us = sqlite3_column_int64 (statement, 5);
  row->due_us = row->made_us + row->horizon_us;
  row->last = orf_statement_get_double (statement, 6);
  row->value = orf_statement_get_double (statement, 7);
  row->lower80 = orf_statement_get_double (statement, 8);
  row->upper80 = orf_statement_get_double (statement, 9);
  row->lower90 = orf_statement_get_double (statement, 10);
  row->upper90 = orf_statement_get_double (statement, 11);
  row->confidence = orf_statement_get_double (statement, 12);
  row->trend = orf_statement_dup_text (statement, 13);
  row->slope_per_s = orf_statement_get_double (statement, 14);
  row->regime = orf_statement_dup_sure_text (statement, 15);
  row->threshold = orf_statement_get_double (statement, 16);
  row->threshold_lower_us = orf_statement_get_int64 (statement, 17, -1);
  row->threshold_us = orf_statement_get_int64 (statement, 18, -1);
  row->threshold_upper_us = orf_statement_get_int64 (statement, 19, -1);
  entry->unit = orf_statement_dup_text (statement, 20);
  return entry;
}

static gboolean
read_newest (OrfConnection *connection, gint64 now_us, gint64 *newest_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, newest_sql, error);
  gboolean row = FALSE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, now_us);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *newest_us = row ? sqlite3_column_int64 (statement, 0) : 0;
  return TRUE;
}

static gboolean
latest_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *entries, GError **error)
{
  const Latest *latest = data;
  g_autoptr (OrfStatement) statement = NULL;
  gint64 newest_us = 0;

  if (!read_newest (connection, latest->now_us, &newest_us, error))
    return FALSE;
  statement = orf_connection_prepare (connection, predictions_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, newest_us - latest->reach_us);
  sqlite3_bind_int64 (statement, 2, newest_us);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_entry, entries, error);
}

void
orf_store_read_predictions (OrfStore *store,
                            gint64 now_us,
                            gint64 reach_us,
                            OrfCancel *cancel,
                            OrfRowsDone done,
                            gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, latest_thread_cb, entry_free, NULL, g_free };
  const Latest latest = { now_us, reach_us };

  orf_store_read_rows (store, &how, g_memdup2 (&latest, sizeof latest), cancel, done, user_data);
}

/* ---- scores ---------------------------------------------------------------------------------- */

typedef struct {
  gint64 from_us, to_us;
  GPtrArray *predictions, *warnings;
  OrfForecastScoresDone done;
  gpointer user_data;
} Scores;

static OrfPredictionScore *
make_score (OrfStatement *statement)
{
  OrfPredictionScore *score = g_new0 (OrfPredictionScore, 1);

  read_series (statement, &score->series);
  score->method = orf_statement_dup_sure_text (statement, 3);
  score->horizon_us = sqlite3_column_int64 (statement, 4);
  score->n_judged = sqlite3_column_int64 (statement, 5);
  score->n_missing = sqlite3_column_int64 (statement, 6);
  score->n_open = sqlite3_column_int64 (statement, 7);
  score->error = sqlite3_column_double (statement, 8);
  score->naive_error = sqlite3_column_double (statement, 9);
  score->inside80 = sqlite3_column_double (statement, 10);
  score->inside90 = sqlite3_column_double (statement, 11);
  score->width80 = sqlite3_column_double (statement, 12);
  score->width90 = sqlite3_column_double (statement, 13);
  return score;
}

static gboolean
read_scores (Scores *scores, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, scores_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, scores->from_us);
  sqlite3_bind_int64 (statement, 2, scores->to_us);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_score,
                                 scores->predictions, error);
}

static OrfWarningFate
get_fate (OrfStatement *statement, int column)
{
  const char *word = (const char *) sqlite3_column_text (statement, column);

  for (guint i = 1; word != NULL && i < ORF_N_WARNING_FATES; i++)
    if (g_str_equal (word, orf_warning_fate_get_word (i)))
      return i;
  return ORF_WARNING_OPEN;
}

/* A row a fate: those of one series come one after the other. */
static void
add_fate (GPtrArray *warnings, OrfStatement *statement)
{
  OrfWarningScore *score = warnings->len > 0 ? warnings->pdata[warnings->len - 1] : NULL;
  OrfWarningFate fate = get_fate (statement, 3);

  if (score == NULL || score->series.series_id != sqlite3_column_int64 (statement, 0)) {
    score = g_new0 (OrfWarningScore, 1);
    read_series (statement, &score->series);
    g_ptr_array_add (warnings, score);
  }
  score->n[fate] += sqlite3_column_int64 (statement, 4);
  if (fate == ORF_WARNING_CAME_TRUE)
    score->lead_us += sqlite3_column_double (statement, 5);
}

static gboolean
read_warnings (Scores *scores, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, warnings_sql, error);
  gboolean row = TRUE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, scores->from_us);
  sqlite3_bind_int64 (statement, 2, scores->to_us);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    add_fate (scores->warnings, statement);
  }
  return FALSE;
}

static gboolean
scores_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Scores *scores = data;
  gboolean has;

  return orf_connection_has_version (connection, FIRST_VERSION, &has, error) &&
         (!has ||
          (read_scores (scores, connection, error) && read_warnings (scores, connection, error)));
}

static void
scores_cb (gpointer user_data, const GError *error)
{
  Scores *scores = user_data;

  scores->done (scores->user_data, scores->predictions, scores->warnings, error);
  g_ptr_array_unref (scores->predictions);
  g_ptr_array_unref (scores->warnings);
  g_free (scores);
}

void
orf_store_read_forecast_scores (OrfStore *store,
                                gint64 from_us,
                                gint64 to_us,
                                OrfCancel *cancel,
                                OrfForecastScoresDone done,
                                gpointer user_data)
{
  Scores *scores = g_new0 (Scores, 1);

  scores->from_us = from_us;
  scores->to_us = to_us;
  scores->predictions = g_ptr_array_new_with_free_func (score_free);
  scores->warnings = g_ptr_array_new_with_free_func (warning_score_free);
  scores->done = done;
  scores->user_data = user_data;
  orf_store_read (store, scores_thread_cb, scores, cancel, scores_cb, scores);
}
