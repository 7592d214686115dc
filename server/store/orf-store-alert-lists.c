/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-alerts.h"

#include <string.h>

#include "orf-error.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION 12

#define COLUMNS                                                                                    \
  "id, rule, labels, own_labels, severity, state, value, threshold, summary, started_us, "         \
  "fired_us, resolved_us, changed_us, life, acknowledged_us, author, note, verdict"

/* What goes on, and what a cooldown still counts from. */
static const char load_sql[] = "SELECT " COLUMNS " FROM alert WHERE state IN ('pending', 'firing') "
                               "OR (state = 'resolved' AND resolved_us >= ?1) ORDER BY id";
static const char list_sql[] =
  "SELECT " COLUMNS " FROM alert WHERE (?1 = 0 OR id = ?1) AND started_us >= ?2 "
  "AND started_us < ?3 AND (?4 IS NULL OR rule = ?4) AND (?5 OR fired_us IS NOT NULL) "
  "AND (NOT ?9 OR state IN ('pending', 'firing')) "
  "AND (started_us, id) < (?6, ?7) ORDER BY started_us DESC, id DESC LIMIT ?8";
static const char events_sql[] =
  "SELECT alert_id, t_us, step, reason, receiver FROM (SELECT * FROM alert_event "
  "WHERE alert_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY t_us, id";
static const char records_sql[] =
  "SELECT rule, fired, acknowledged, useful, noise, known, "
  "CAST (round (mean_acknowledge_s * 1000000) AS INTEGER) FROM v_alert_rule_record";

OrfAlertRow *
orf_alert_row_new (void)
{
  return g_new0 (OrfAlertRow, 1);
}

OrfAlertRow *
orf_alert_row_copy (const OrfAlertRow *row)
{
  OrfAlertRow *copy = g_memdup2 (row, sizeof *row);

  copy->rule = g_strdup (row->rule);
  copy->labels_json = g_strdup (row->labels_json);
  copy->own_labels_json = g_strdup (row->own_labels_json);
  copy->summary = g_strdup (row->summary);
  copy->life = g_strdup (row->life);
  copy->author = g_strdup (row->author);
  copy->note = g_strdup (row->note);
  return copy;
}

void
orf_alert_row_free (OrfAlertRow *row)
{
  if (row == NULL)
    return;
  g_free (row->rule);
  g_free (row->labels_json);
  g_free (row->own_labels_json);
  g_free (row->summary);
  g_free (row->life);
  g_free (row->author);
  g_free (row->note);
  g_free (row);
}

gsize
orf_alert_row_measure (const OrfAlertRow *row)
{
  return sizeof *row + strlen (row->rule) + strlen (row->labels_json) +
         strlen (row->own_labels_json) + strlen (row->life) +
         (row->summary != NULL ? strlen (row->summary) : 0);
}

OrfAlertEventRow *
orf_alert_event_row_new (void)
{
  return g_new0 (OrfAlertEventRow, 1);
}

OrfAlertEventRow *
orf_alert_event_row_copy (const OrfAlertEventRow *row)
{
  OrfAlertEventRow *copy = g_memdup2 (row, sizeof *row);

  copy->step = g_strdup (row->step);
  copy->reason = g_strdup (row->reason);
  copy->receiver = g_strdup (row->receiver);
  return copy;
}

void
orf_alert_event_row_free (OrfAlertEventRow *row)
{
  if (row == NULL)
    return;
  g_free (row->step);
  g_free (row->reason);
  g_free (row->receiver);
  g_free (row);
}

static OrfAlertRow *
make_alert (OrfStatement *statement)
{
  OrfAlertRow *row = orf_alert_row_new ();
  g_autofree char *severity = orf_statement_dup_text (statement, 4);
  g_autofree char *state = orf_statement_dup_text (statement, 5);
  g_autofree char *verdict = orf_statement_dup_text (statement, 17);

  row->id = sqlite3_column_int64 (statement, 0);
  row->rule = orf_statement_dup_sure_text (statement, 1);
  row->labels_json = orf_statement_dup_sure_text (statement, 2);
  row->own_labels_json = orf_statement_dup_sure_text (statement, 3);
  row->severity = orf_severity_from_string (severity);
  row->state = orf_alert_state_from_string (state);
  row->value = orf_statement_get_double (statement, 6);
  row->threshold = orf_statement_get_double (statement, 7);
  row->summary = orf_statement_dup_text (statement, 8);
  row->started_us = sqlite3_column_int64 (statement, 9);
  row->fired_us = sqlite3_column_int64 (statement, 10);
  row->resolved_us = sqlite3_column_int64 (statement, 11);
  row->changed_us = sqlite3_column_int64 (statement, 12);
  row->life = orf_statement_dup_sure_text (statement, 13);
  row->acknowledged_us = sqlite3_column_int64 (statement, 14);
  row->author = orf_statement_dup_text (statement, 15);
  row->note = orf_statement_dup_text (statement, 16);
  row->verdict = verdict != NULL ? orf_alert_verdict_from_string (verdict)
                                 : ORF_ALERT_VERDICT_UNSET;
  return row;
}

static OrfAlertEventRow *
make_event (OrfStatement *statement)
{
  OrfAlertEventRow *row = orf_alert_event_row_new ();

  row->alert_id = sqlite3_column_int64 (statement, 0);
  row->t_us = sqlite3_column_int64 (statement, 1);
  row->step = orf_statement_dup_sure_text (statement, 2);
  row->reason = orf_statement_dup_sure_text (statement, 3);
  row->receiver = orf_statement_dup_text (statement, 4);
  return row;
}

/* ---- at start -------------------------------------------------------------------------------- */

typedef struct {
  gint64 resolved_from_us, max_id;
  GPtrArray *rows;
} Load;

static gboolean
load_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Load *load = data;
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  statement = orf_connection_prepare (connection, load_sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, load->resolved_from_us);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_alert, load->rows,
                                 error) &&
         orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("alert"), &load->max_id,
                                   error);
}

GPtrArray *
orf_store_load_alerts (OrfStore *store, gint64 resolved_from_us, gint64 *max_id, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_row_free);
  Load load = { resolved_from_us, 0, rows };

  if (!orf_store_load (store, load_thread_cb, &load, error))
    return NULL;
  *max_id = load.max_id;
  return g_steal_pointer (&rows);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static gboolean
read_alerts (OrfConnection *connection,
             const OrfAlertFilter *filter,
             GPtrArray *rows,
             GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, list_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->id);
  sqlite3_bind_int64 (statement, 2, filter->from_us);
  sqlite3_bind_int64 (statement, 3, filter->to_us);
  orf_statement_bind_text (statement, 4, filter->rule);
  sqlite3_bind_int (statement, 5, filter->unfired);
  sqlite3_bind_int64 (statement, 6, filter->before_us);
  sqlite3_bind_int64 (statement, 7, filter->before_id);
  sqlite3_bind_int64 (statement, 8, filter->max);
  sqlite3_bind_int (statement, 9, filter->ongoing);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_alert, rows, error);
}

static gboolean
read_thread_cb (gconstpointer filter, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  return read_alerts (connection, filter, rows, error);
}

static void
filter_free (gpointer data)
{
  OrfAlertFilter *filter = data;

  g_free ((char *) filter->rule);
  g_free (filter);
}

void
orf_store_read_alerts (OrfStore *store,
                       const OrfAlertFilter *filter,
                       OrfCancel *cancel,
                       OrfRowsDone done,
                       gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_alert_row_free, NULL, filter_free };
  OrfAlertFilter *own = g_memdup2 (filter, sizeof *filter);

  own->rule = g_strdup (filter->rule);
  orf_store_read_rows (store, &how, own, cancel, done, user_data);
}

/* ---- one alert's story ----------------------------------------------------------------------- */

typedef struct {
  gint64 id;
  guint max_rows;
  GPtrArray *alerts;
  OrfAlertStory story;
  OrfAlertStoryDone done;
  gpointer user_data;
} StoryRead;

static gboolean
read_events (OrfConnection *connection, const StoryRead *read, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, events_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, read->id);
  sqlite3_bind_int64 (statement, 2, read->max_rows);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_event, read->story.events,
                                 error);
}

static gboolean
story_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  StoryRead *read = data;
  const OrfAlertFilter filter = {
    .id = read->id, .to_us = G_MAXINT64, .unfired = TRUE, .before_us = G_MAXINT64, .max = 1
  };
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (has && !read_alerts (connection, &filter, read->alerts, error))
    return FALSE;
  if (read->alerts->len == 0) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL,
                                                   "there is no such alert (any more)"));
    return FALSE;
  }
  read->story.alert = read->alerts->pdata[0];
  return read_events (connection, read, error) &&
         orf_notices_read (connection, read->id, read->max_rows, read->story.notices, error);
}

static void
story_cb (gpointer user_data, const GError *error)
{
  StoryRead *read = user_data;

  read->done (read->user_data, error == NULL ? &read->story : NULL, error);
  g_ptr_array_unref (read->alerts);
  g_ptr_array_unref (read->story.events);
  g_ptr_array_unref (read->story.notices);
  g_free (read);
}

void
orf_store_read_alert_story (OrfStore *store,
                            gint64 id,
                            guint max_rows,
                            OrfCancel *cancel,
                            OrfAlertStoryDone done,
                            gpointer user_data)
{
  StoryRead *read = g_new0 (StoryRead, 1);

  read->id = id;
  read->max_rows = max_rows;
  read->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_row_free);
  read->story.events = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_event_row_free);
  read->story.notices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_row_free);
  read->done = done;
  read->user_data = user_data;
  orf_store_read (store, story_thread_cb, read, cancel, story_cb, read);
}

/* ---- what rules are worth -------------------------------------------------------------------- */

static void
record_free (gpointer data)
{
  g_free (((OrfAlertRecord *) data)->rule);
  g_free (data);
}

static OrfAlertRecord *
make_record (OrfStatement *statement)
{
  OrfAlertRecord *record = g_new0 (OrfAlertRecord, 1);

  record->rule = orf_statement_dup_sure_text (statement, 0);
  record->fired = sqlite3_column_int64 (statement, 1);
  record->acknowledged = sqlite3_column_int64 (statement, 2);
  record->useful = sqlite3_column_int64 (statement, 3);
  record->noise = sqlite3_column_int64 (statement, 4);
  record->known = sqlite3_column_int64 (statement, 5);
  record->mean_acknowledge_us = orf_statement_get_int64 (statement, 6, -1);
  return record;
}

static gboolean
records_thread_cb (gconstpointer data,
                   OrfConnection *connection,
                   GPtrArray *records,
                   GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, records_sql, error);

  return statement != NULL &&
         orf_connection_collect (connection, statement, (OrfRowMake) make_record, records, error);
}

void
orf_store_read_alert_records (OrfStore *store,
                              OrfCancel *cancel,
                              OrfRowsDone done,
                              gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, records_thread_cb, record_free, NULL, NULL };

  orf_store_read_rows (store, &how, NULL, cancel, done, user_data);
}
