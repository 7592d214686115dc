/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-anomalies.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "orf-error.h"
#include "store/orf-connection.h"
#include "store/orf-store-ids.h"

/* Of what is too old or too much, so much goes with each write: more than it brings. */
#define MAX_GONE "1000"

static const char anomaly_sql[] =
  "INSERT INTO anomaly (id, kind, detector, entity, series_id, direction, score, once_in_us, "
  "severity, started_us, ended_us, value, lower, upper, related) "
  "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) "
  "ON CONFLICT (id) DO UPDATE SET kind = ?2, detector = ?3, entity = ?4, series_id = ?5, "
  "direction = ?6, score = ?7, once_in_us = ?8, severity = ?9, started_us = ?10, ended_us = ?11, "
  "value = ?12, lower = ?13, upper = ?14, related = ?15";
static const char state_sql[] =
  "INSERT INTO anomaly_state (subject, members, saved_us, state) VALUES (?1,?2,?3,?4) "
  "ON CONFLICT (subject) DO UPDATE SET members = ?2, saved_us = ?3, state = ?4";
static const char judge_sql[] =
  "UPDATE anomaly SET verdict = ?2, note = ?3, author = ?4, judged_us = ?5 WHERE id = ?1";
#define MAY_GO                                                                                     \
  "ended_us IS NOT NULL AND coalesce (verdict, '') NOT IN ('noise', 'known') AND NOT EXISTS "      \
  "(SELECT 1 FROM pin WHERE pin.from_us <= anomaly.ended_us AND pin.to_us > anomaly.started_us)"
static const char drop_old_sql[] =
  "DELETE FROM anomaly WHERE id IN (SELECT id FROM anomaly WHERE started_us < ?1 "
  "AND ended_us < ?1 AND " MAY_GO " ORDER BY started_us LIMIT " MAX_GONE ")";
static const char drop_many_sql[] =
  "DELETE FROM anomaly WHERE id IN (SELECT id FROM anomaly WHERE id <= (" ORF_STORE_MAX_ID_SQL (
    "anomaly") ") - ?1 AND " MAY_GO " ORDER BY id LIMIT " MAX_GONE ")";
static const char drop_states_sql[] = "DELETE FROM anomaly_state WHERE saved_us < ?1";

/* ---- rows ------------------------------------------------------------------------------------ */

OrfAnomalyRecord *
orf_anomaly_record_new (void)
{
  return g_new0 (OrfAnomalyRecord, 1);
}

OrfAnomalyRecord *
orf_anomaly_record_copy (const OrfAnomalyRecord *row)
{
  OrfAnomalyRecord *copy = g_memdup2 (row, sizeof *row);

  copy->detector = g_strdup (row->detector);
  copy->entity = g_strdup (row->entity);
  copy->related = g_strdupv (row->related);
  copy->note = g_strdup (row->note);
  return copy;
}

void
orf_anomaly_record_free (OrfAnomalyRecord *row)
{
  if (row == NULL)
    return;
  g_free (row->detector);
  g_free (row->entity);
  g_strfreev (row->related);
  g_free (row->note);
  g_free (row);
}

OrfAnomalyStateRow *
orf_anomaly_state_row_new (void)
{
  return g_new0 (OrfAnomalyStateRow, 1);
}

void
orf_anomaly_state_row_free (OrfAnomalyStateRow *row)
{
  if (row == NULL)
    return;
  g_free (row->subject);
  g_strfreev (row->members);
  g_clear_pointer (&row->state, g_bytes_unref);
  g_free (row);
}

OrfAnomalyChange *
orf_anomaly_change_new (void)
{
  OrfAnomalyChange *change = g_new0 (OrfAnomalyChange, 1);

  change->anomalies = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_record_free);
  change->states = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_state_row_free);
  return change;
}

void
orf_anomaly_change_free (OrfAnomalyChange *change)
{
  if (change == NULL)
    return;
  g_ptr_array_unref (change->anomalies);
  g_ptr_array_unref (change->states);
  g_free (change);
}

gboolean
orf_anomaly_change_is_empty (const OrfAnomalyChange *change)
{
  return change->anomalies->len + change->states->len == 0;
}

static gsize
measure (const OrfAnomalyChange *change)
{
  gsize bytes = sizeof *change;

  for (guint i = 0; i < change->anomalies->len; i++)
    bytes += sizeof (OrfAnomalyRecord) + 512;
  for (guint i = 0; i < change->states->len; i++)
    bytes += g_bytes_get_size (((const OrfAnomalyStateRow *) change->states->pdata[i])->state);
  return bytes;
}

/* ---- writing --------------------------------------------------------------------------------- */

static char *
dup_json (char *const *texts)
{
  json_t *array = json_array ();
  char *dumped, *json;

  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    json_array_append_new (array, json_string (texts[i]));
  dumped = json_dumps (array, JSON_COMPACT);
  json = g_strdup (dumped);
  free (dumped);
  json_decref (array);
  return json;
}

static gboolean
write_anomaly (const OrfAnomalyRecord *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, anomaly_sql, error);
  g_autofree char *related = dup_json (row->related);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, orf_anomaly_kind_to_string (row->kind));
  orf_statement_bind_text (statement, 3, row->detector);
  orf_statement_bind_text (statement, 4, row->entity);
  sqlite3_bind_int64 (statement, 5, row->series_id);
  sqlite3_bind_int (statement, 6, row->direction);
  sqlite3_bind_double (statement, 7, row->score);
  orf_statement_bind_int64 (statement, 8, row->once_in_us, row->once_in_us >= 0);
  orf_statement_bind_text (statement, 9, orf_severity_to_string (row->severity));
  sqlite3_bind_int64 (statement, 10, row->started_us);
  orf_statement_bind_int64 (statement, 11, row->ended_us, row->ended_us > 0);
  orf_statement_bind_double (statement, 12, row->value);
  orf_statement_bind_double (statement, 13, row->lower);
  orf_statement_bind_double (statement, 14, row->upper);
  orf_statement_bind_text (statement, 15, related);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_state (const OrfAnomalyStateRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, state_sql, error);
  g_autofree char *members = dup_json (row->members);
  gsize size = 0;
  gconstpointer data = g_bytes_get_data (row->state, &size);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, row->subject);
  orf_statement_bind_text (statement, 2, members);
  sqlite3_bind_int64 (statement, 3, row->saved_us);
  sqlite3_bind_blob (statement, 4, data, (int) size, SQLITE_STATIC);
  return orf_connection_run (connection, statement, error);
}

static gboolean
drop_all (const OrfAnomalyChange *change, OrfConnection *connection, GError **error)
{
  return orf_connection_run_with (connection, drop_old_sql, change->before_us, error) &&
         orf_connection_run_with (connection, drop_many_sql, change->max_rows, error) &&
         orf_connection_run_with (connection, drop_states_sql, change->before_us, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfAnomalyChange *change = data;

  for (guint i = 0; i < change->anomalies->len; i++)
    if (!write_anomaly (change->anomalies->pdata[i], connection, error))
      return FALSE;
  for (guint i = 0; i < change->states->len; i++)
    if (!write_state (change->states->pdata[i], connection, error))
      return FALSE;
  return change->max_rows == 0 || drop_all (change, connection, error);
}

void
orf_store_write_anomalies (OrfStore *store,
                           OrfAnomalyChange *change,
                           OrfWriteDone done,
                           gpointer user_data)
{
  const OrfStoreChange written = {
    .write_thread_cb = write_thread_cb,
    .data = change,
    .free = (GDestroyNotify) orf_anomaly_change_free,
    .bytes = measure (change),
  };

  orf_store_write (store, &written, done, user_data);
}

/* ---- somebody says what it was worth --------------------------------------------------------- */

typedef struct {
  OrfAnomalyFeedback said; /* its texts are ours */
  char *author, *note;
} Judge;

static void
judge_free (gpointer data)
{
  Judge *judge = data;

  g_free (judge->author);
  g_free (judge->note);
  g_free (judge);
}

static gboolean
judge_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfAnomalyFeedback *said = &((const Judge *) data)->said;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, judge_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, said->anomaly_id);
  orf_statement_bind_text (statement, 2, orf_alert_verdict_to_string (said->verdict));
  orf_statement_bind_text (statement, 3, said->note);
  orf_statement_bind_text (statement, 4, said->author);
  sqlite3_bind_int64 (statement, 5, said->at_us);
  if (!orf_connection_run (connection, statement, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) > 0)
    return TRUE;
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL,
                                                 "there is no such anomaly (any more)"));
  return FALSE;
}

void
orf_store_judge_anomaly (OrfStore *store,
                         const OrfAnomalyFeedback *feedback,
                         const OrfIdempotency *idempotency,
                         OrfWriteDone done,
                         gpointer user_data)
{
  Judge *judge = g_new0 (Judge, 1);
  const OrfStoreChange change = {
    .write_thread_cb = judge_thread_cb,
    .data = judge,
    .free = judge_free,
    .bytes = sizeof *judge + (feedback->note != NULL ? strlen (feedback->note) : 0),
    .idempotency = idempotency,
  };

  judge->said = *feedback;
  judge->said.author = judge->author = g_strdup (feedback->author);
  judge->said.note = judge->note = g_strdup (feedback->note);
  orf_store_write (store, &change, done, user_data);
}
