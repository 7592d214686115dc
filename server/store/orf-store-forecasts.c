/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-forecasts.h"

#include <math.h>
#include <string.h>

#include "store/orf-connection.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-pins.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION 10
/* Of what is too old or too much, so much goes with each write: more than it brings. */
#define MAX_GONE "1000"

static const char prediction_sql[] =
  "INSERT OR REPLACE INTO prediction (id, series_id, method, horizon_us, made_us, due_us, last, "
  "value, lower80, upper80, lower90, upper90, confidence, trend, slope_per_s, regime, threshold, "
  "threshold_lower_us, threshold_us, threshold_upper_us) "
  "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";
static const char verdict_sql[] =
  "UPDATE prediction SET judged_us = ?2, actual = ?3, error = ?4, naive_error = ?5, "
  "inside80 = CASE WHEN lower80 IS NULL THEN NULL ELSE ?6 END, "
  "inside90 = CASE WHEN lower90 IS NULL THEN NULL ELSE ?7 END WHERE id = ?1";
static const char begin_sql[] =
  "INSERT OR REPLACE INTO forecast_warning (id, series_id, device, made_us, threshold, value, "
  "expected_lower_us, expected_us, expected_upper_us, regime, action, cleanup_id, came_us, "
  "decided_us, fate) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)";
/* Where memory of the device was freed meanwhile, a threshold that was not reached says nothing. */
static const char decide_sql[] =
  "UPDATE forecast_warning SET came_us = ?2, decided_us = ?3, "
  "fate = CASE WHEN ?4 = 'false_alarm' AND EXISTS (SELECT 1 FROM cleanup AS c "
  "WHERE c.device = forecast_warning.device AND c.freed_bytes > 0 "
  "AND c.started_us BETWEEN forecast_warning.made_us AND ?3) THEN 'averted' ELSE ?4 END "
  "WHERE id = ?1";
static const char state_sql[] =
  "INSERT INTO forecast_state (subject, row_us, t_us, saved_us, state) VALUES (?1,?2,?3,?4,?5) "
  "ON CONFLICT (subject) DO UPDATE SET row_us = ?2, t_us = ?3, saved_us = ?4, state = ?5";
/* Made between two times, of those up to an id. */
static const char drop_sql[] =
  "DELETE FROM prediction WHERE id IN (SELECT id FROM prediction "
  "WHERE made_us >= ?1 AND made_us < ?2 AND id <= ?3 ORDER BY made_us LIMIT " MAX_GONE ")";
/* The newest of the rows that are too many. */
static const char excess_sql[] =
  "SELECT id, made_us FROM prediction WHERE id <= (" ORF_STORE_MAX_ID_SQL (
    "prediction") ") - ?1 "
                  "ORDER BY id DESC LIMIT 1";
#define IS_PINNED                                                                                  \
  "EXISTS (SELECT 1 FROM pin WHERE pin.from_us <= coalesce (forecast_warning.decided_us, "         \
  "forecast_warning.made_us) AND pin.to_us > coalesce (forecast_warning.made_us, "                 \
  "forecast_warning.came_us))"
static const char drop_old_warnings_sql[] =
  "DELETE FROM forecast_warning WHERE id IN (SELECT id FROM forecast_warning "
  "WHERE coalesce (made_us, came_us) < ?1 AND NOT " IS_PINNED " ORDER BY id LIMIT " MAX_GONE ")";
static const char drop_many_warnings_sql[] =
  "DELETE FROM forecast_warning WHERE id IN (SELECT id FROM forecast_warning "
  "WHERE id <= (" ORF_STORE_MAX_ID_SQL ("forecast_warning") ") - ?1 AND NOT " IS_PINNED
                                                            " ORDER BY id LIMIT " MAX_GONE ")";
static const char read_state_sql[] =
  "SELECT row_us, t_us, saved_us, state FROM forecast_state WHERE subject = ?1";

static const char *const fates[ORF_N_WARNING_FATES] = {
  [ORF_WARNING_CAME_TRUE] = "came_true", [ORF_WARNING_FALSE_ALARM] = "false_alarm",
  [ORF_WARNING_MISSED] = "missed",       [ORF_WARNING_AVERTED] = "averted",
  [ORF_WARNING_UNKNOWN] = "unknown",
};

const char *
orf_warning_fate_get_word (OrfWarningFate fate)
{
  return fates[fate];
}

/* ---- rows ------------------------------------------------------------------------------------ */

OrfForecastStateRow *
orf_forecast_state_row_new (void)
{
  return g_new0 (OrfForecastStateRow, 1);
}

void
orf_forecast_state_row_free (OrfForecastStateRow *row)
{
  if (row == NULL)
    return;
  g_free (row->subject);
  g_clear_pointer (&row->state, g_bytes_unref);
  g_free (row);
}

static void
clear_warning (gpointer data)
{
  g_free (((OrfForecastWarningRow *) data)->device);
}

OrfForecastChange *
orf_forecast_change_new (void)
{
  OrfForecastChange *change = g_new0 (OrfForecastChange, 1);

  change->predictions = g_array_new (FALSE, FALSE, sizeof (OrfPredictionRow));
  change->verdicts = g_array_new (FALSE, FALSE, sizeof (OrfPredictionVerdict));
  change->warnings = g_array_new (FALSE, FALSE, sizeof (OrfForecastWarningRow));
  g_array_set_clear_func (change->warnings, clear_warning);
  change->states = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_forecast_state_row_free);
  return change;
}

void
orf_forecast_change_free (OrfForecastChange *change)
{
  if (change == NULL)
    return;
  g_array_unref (change->predictions);
  g_array_unref (change->verdicts);
  g_array_unref (change->warnings);
  g_ptr_array_unref (change->states);
  g_free (change);
}

gboolean
orf_forecast_change_is_empty (const OrfForecastChange *change)
{
  return change->predictions->len + change->verdicts->len + change->warnings->len +
           change->states->len ==
         0;
}

static gsize
measure (const OrfForecastChange *change)
{
  gsize bytes = sizeof *change + change->predictions->len * sizeof (OrfPredictionRow) +
                change->verdicts->len * sizeof (OrfPredictionVerdict) +
                change->warnings->len * sizeof (OrfForecastWarningRow);

  for (guint i = 0; i < change->states->len; i++) {
    const OrfForecastStateRow *row = change->states->pdata[i];

    bytes += sizeof *row + strlen (row->subject) + g_bytes_get_size (row->state);
  }
  return bytes;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
write_prediction (const OrfPredictionRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, prediction_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->series_id);
  orf_statement_bind_text (statement, 3, row->method);
  sqlite3_bind_int64 (statement, 4, row->horizon_us);
  sqlite3_bind_int64 (statement, 5, row->made_us);
  sqlite3_bind_int64 (statement, 6, row->due_us);
  orf_statement_bind_double (statement, 7, row->last);
  orf_statement_bind_double (statement, 8, row->value);
  orf_statement_bind_double (statement, 9, row->lower80);
  orf_statement_bind_double (statement, 10, row->upper80);
  orf_statement_bind_double (statement, 11, row->lower90);
  orf_statement_bind_double (statement, 12, row->upper90);
  orf_statement_bind_double (statement, 13, row->confidence);
  orf_statement_bind_text (statement, 14, row->trend);
  orf_statement_bind_double (statement, 15, row->slope_per_s);
  orf_statement_bind_text (statement, 16, row->regime);
  orf_statement_bind_double (statement, 17, row->threshold);
  orf_statement_bind_int64 (statement, 18, row->threshold_lower_us, row->threshold_lower_us >= 0);
  orf_statement_bind_int64 (statement, 19, row->threshold_us, row->threshold_us >= 0);
  orf_statement_bind_int64 (statement, 20, row->threshold_upper_us, row->threshold_upper_us >= 0);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_verdict (const OrfPredictionVerdict *verdict, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, verdict_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, verdict->id);
  sqlite3_bind_int64 (statement, 2, verdict->judged_us);
  if (isfinite (verdict->actual)) {
    sqlite3_bind_double (statement, 3, verdict->actual);
    sqlite3_bind_double (statement, 4, verdict->error);
    sqlite3_bind_double (statement, 5, verdict->naive_error);
    sqlite3_bind_int (statement, 6, verdict->inside80);
    sqlite3_bind_int (statement, 7, verdict->inside90);
  }
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_decision (const OrfForecastWarningRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, decide_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_int64 (statement, 2, row->came_us, row->came_us >= 0);
  orf_statement_bind_int64 (statement, 3, row->decided_us, row->decided_us >= 0);
  orf_statement_bind_text (statement, 4, orf_warning_fate_get_word (row->fate));
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_warning (const OrfForecastWarningRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;

  if (!row->begun)
    return write_decision (row, connection, error);
  statement = orf_connection_prepare (connection, begin_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->series_id);
  orf_statement_bind_text (statement, 3, row->device);
  orf_statement_bind_int64 (statement, 4, row->made_us, row->made_us >= 0);
  sqlite3_bind_double (statement, 5, row->threshold);
  sqlite3_bind_double (statement, 6, row->value);
  orf_statement_bind_int64 (statement, 7, row->expected_lower_us, row->expected_lower_us >= 0);
  orf_statement_bind_int64 (statement, 8, row->expected_us, row->expected_us >= 0);
  orf_statement_bind_int64 (statement, 9, row->expected_upper_us, row->expected_upper_us >= 0);
  orf_statement_bind_text (statement, 10, row->regime);
  orf_statement_bind_text (statement, 11, row->action);
  orf_statement_bind_int64 (statement, 12, row->cleanup_id, row->cleanup_id > 0);
  orf_statement_bind_int64 (statement, 13, row->came_us, row->came_us >= 0);
  orf_statement_bind_int64 (statement, 14, row->decided_us, row->decided_us >= 0);
  orf_statement_bind_text (statement, 15, orf_warning_fate_get_word (row->fate));
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_state (const OrfForecastStateRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, state_sql, error);
  gsize size = 0;
  gconstpointer data = g_bytes_get_data (row->state, &size);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, row->subject);
  sqlite3_bind_int64 (statement, 2, row->row_us);
  sqlite3_bind_int64 (statement, 3, row->t_us);
  sqlite3_bind_int64 (statement, 4, row->saved_us);
  sqlite3_bind_blob (statement, 5, data, (int) size, SQLITE_STATIC);
  return orf_connection_run (connection, statement, error);
}

/* ---- what goes ------------------------------------------------------------------------------- */

static gboolean
drop_between (
  OrfConnection *connection, gint64 from_us, gint64 to_us, gint64 last_id, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, drop_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, from_us);
  sqlite3_bind_int64 (statement, 2, to_us);
  sqlite3_bind_int64 (statement, 3, last_id);
  return orf_connection_run (connection, statement, error);
}

/* Stretch by stretch, that what is pinned is not looked at again with each write. */
static gboolean
drop_before (OrfConnection *connection,
             const OrfPins *pins,
             gint64 reach_us,
             gint64 before_us,
             gint64 last_id,
             GError **error)
{
  gint64 from_us = G_MININT64;

  while (from_us < before_us) {
    OrfPinnedWindow window = { G_MAXINT64, G_MAXINT64 };
    gint64 to_us = before_us;

    if (orf_pins_find (pins, from_us, G_MAXINT64, &window))
      to_us = MIN (before_us, window.from_us - reach_us);
    if (from_us < to_us && !drop_between (connection, from_us, to_us, last_id, error))
      return FALSE;
    from_us = window.to_us;
  }
  return TRUE;
}

static gboolean
drop_excess (OrfConnection *connection,
             const OrfPins *pins,
             const OrfForecastChange *change,
             GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, excess_sql, error);
  gboolean found;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, change->max_rows);
  if (!orf_connection_step (connection, statement, &found, error))
    return FALSE;
  return !found ||
         drop_before (connection, pins, change->reach_us, sqlite3_column_int64 (statement, 1) + 1,
                      sqlite3_column_int64 (statement, 0), error);
}

static gboolean
drop_all (const OrfForecastChange *change, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfPins) pins = orf_pins_load (connection, error);

  return pins != NULL &&
         drop_before (connection, pins, change->reach_us, change->before_us, G_MAXINT64, error) &&
         drop_excess (connection, pins, change, error) &&
         orf_connection_run_with (connection, drop_old_warnings_sql, change->before_us, error) &&
         orf_connection_run_with (connection, drop_many_warnings_sql, change->max_rows / 10, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfForecastChange *change = data;

  for (guint i = 0; i < change->predictions->len; i++)
    if (!write_prediction (&g_array_index (change->predictions, OrfPredictionRow, i), connection,
                           error))
      return FALSE;
  for (guint i = 0; i < change->verdicts->len; i++)
    if (!write_verdict (&g_array_index (change->verdicts, OrfPredictionVerdict, i), connection,
                        error))
      return FALSE;
  for (guint i = 0; i < change->warnings->len; i++)
    if (!write_warning (&g_array_index (change->warnings, OrfForecastWarningRow, i), connection,
                        error))
      return FALSE;
  for (guint i = 0; i < change->states->len; i++)
    if (!write_state (change->states->pdata[i], connection, error))
      return FALSE;
  return change->predictions->len == 0 || drop_all (change, connection, error);
}

void
orf_store_write_forecasts (OrfStore *store,
                           OrfForecastChange *change,
                           OrfWriteDone done,
                           gpointer user_data)
{
  const OrfStoreChange written = {
    .write_thread_cb = write_thread_cb,
    .data = change,
    .free = (GDestroyNotify) orf_forecast_change_free,
    .bytes = measure (change),
  };

  orf_store_write (store, &written, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
  gint64 prediction_id, warning_id;
} MaxIds;

static gboolean
max_ids_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  MaxIds *ids = data;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  return !has || (orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("prediction"),
                                            &ids->prediction_id, error) &&
                  orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("forecast_warning"),
                                            &ids->warning_id, error));
}

gboolean
orf_store_load_max_forecast_ids (OrfStore *store,
                                 gint64 *prediction_id,
                                 gint64 *warning_id,
                                 GError **error)
{
  MaxIds ids = { 0, 0 };

  if (!orf_store_load (store, max_ids_thread_cb, &ids, error))
    return FALSE;
  *prediction_id = ids.prediction_id;
  *warning_id = ids.warning_id;
  return TRUE;
}

typedef struct {
  char *subject;
  OrfForecastStateRow *row;
  OrfForecastStateDone done;
  gpointer user_data;
} StateRead;

static gboolean
state_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  StateRead *read = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_state_sql, error);
  gboolean row = FALSE;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, read->subject);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (!row)
    return TRUE;
  read->row = orf_forecast_state_row_new ();
  read->row->subject = g_strdup (read->subject);
  read->row->row_us = sqlite3_column_int64 (statement, 0);
  read->row->t_us = sqlite3_column_int64 (statement, 1);
  read->row->saved_us = sqlite3_column_int64 (statement, 2);
  read->row->state = g_bytes_new (sqlite3_column_blob (statement, 3),
                                  (gsize) sqlite3_column_bytes (statement, 3));
  return TRUE;
}

static void
state_cb (gpointer user_data, const GError *error)
{
  StateRead *read = user_data;

  read->done (read->user_data, error == NULL ? read->row : NULL, error);
  orf_forecast_state_row_free (read->row);
  g_free (read->subject);
  g_free (read);
}

void
orf_store_read_forecast_state (OrfStore *store,
                               const char *subject,
                               OrfCancel *cancel,
                               OrfForecastStateDone done,
                               gpointer user_data)
{
  StateRead *read = g_new0 (StateRead, 1);

  read->subject = g_strdup (subject);
  read->done = done;
  read->user_data = user_data;
  orf_store_read (store, state_thread_cb, read, cancel, state_cb, read);
}
