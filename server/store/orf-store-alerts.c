/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-alerts.h"

#include <string.h>

#include "orf-error.h"
#include "store/orf-store-ids.h"

/* Of what is too old or too much, so much goes with each write: more than it brings. */
#define MAX_GONE "200"
/* Events and notices a row of `alert`. */
#define ROWS_AN_ALERT "10"

static const char alert_sql[] =
  "INSERT INTO alert (id, rule, labels, own_labels, severity, state, value, threshold, summary, "
  "started_us, fired_us, resolved_us, changed_us, life) "
  "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) "
  "ON CONFLICT (id) DO UPDATE SET labels = ?3, severity = ?5, state = ?6, value = ?7, "
  "threshold = ?8, summary = ?9, started_us = ?10, fired_us = ?11, resolved_us = ?12, "
  "changed_us = ?13, life = ?14";
static const char event_sql[] =
  "INSERT INTO alert_event (alert_id, t_us, step, reason, receiver) VALUES (?1,?2,?3,?4,?5)";
static const char acknowledge_sql[] =
  "UPDATE alert SET acknowledged_us = ?2, author = ?3, note = ?4, verdict = ?5 WHERE id = ?1";
/* What is over, and pinned by nothing. */
#define IS_OVER                                                                                    \
  "state IN ('inactive', 'resolved') AND NOT EXISTS (SELECT 1 FROM pin "                           \
  "WHERE pin.from_us <= alert.changed_us AND pin.to_us > alert.started_us)"
static const char drop_old_sql[] =
  "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE started_us < ?1 AND changed_us < ?1 "
  "AND " IS_OVER " ORDER BY started_us LIMIT " MAX_GONE ")";
static const char drop_many_sql[] = "DELETE FROM alert WHERE id IN (SELECT id FROM alert "
                                    "WHERE id <= (" ORF_STORE_MAX_ID_SQL (
                                      "alert") ") - ?1 AND " IS_OVER " ORDER BY id LIMIT " MAX_GONE
                                               ")";
static const char drop_many_events_sql[] =
  "DELETE FROM alert_event WHERE id IN (SELECT id FROM alert_event "
  "WHERE id <= (" ORF_STORE_MAX_ID_SQL ("alert_event") ") - ?1 * " ROWS_AN_ALERT
                                                       " ORDER BY id LIMIT " MAX_GONE ")";
static const char drop_many_notices_sql[] =
  "DELETE FROM alert_notice WHERE id IN (SELECT id FROM alert_notice "
  "WHERE id <= (" ORF_STORE_MAX_ID_SQL (
    "alert_notice") ") - ?1 * " ROWS_AN_ALERT
                    " AND state NOT IN ('waiting', 'posted', 'limited') ORDER BY id LIMIT " MAX_GONE
                    ")";

/* ---- what is written ------------------------------------------------------------------------- */

OrfAlertsChange *
orf_alerts_change_new (void)
{
  OrfAlertsChange *change = g_new0 (OrfAlertsChange, 1);

  change->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_row_free);
  change->events = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_event_row_free);
  change->notices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_row_free);
  return change;
}

OrfAlertsChange *
orf_alerts_change_copy (const OrfAlertsChange *change)
{
  OrfAlertsChange *copy = orf_alerts_change_new ();

  for (guint i = 0; i < change->alerts->len; i++)
    g_ptr_array_add (copy->alerts, orf_alert_row_copy (change->alerts->pdata[i]));
  for (guint i = 0; i < change->events->len; i++)
    g_ptr_array_add (copy->events, orf_alert_event_row_copy (change->events->pdata[i]));
  for (guint i = 0; i < change->notices->len; i++)
    g_ptr_array_add (copy->notices, orf_notice_row_copy (change->notices->pdata[i]));
  copy->before_us = change->before_us;
  copy->max_rows = change->max_rows;
  return copy;
}

void
orf_alerts_change_free (OrfAlertsChange *change)
{
  if (change == NULL)
    return;
  g_ptr_array_unref (change->alerts);
  g_ptr_array_unref (change->events);
  g_ptr_array_unref (change->notices);
  g_free (change);
}

gboolean
orf_alerts_change_is_empty (const OrfAlertsChange *change)
{
  return change->alerts->len + change->events->len + change->notices->len == 0;
}

static gsize
measure (const OrfAlertsChange *change)
{
  gsize bytes = sizeof *change;

  for (guint i = 0; i < change->alerts->len; i++)
    bytes += orf_alert_row_measure (change->alerts->pdata[i]);
  for (guint i = 0; i < change->events->len; i++) {
    const OrfAlertEventRow *row = change->events->pdata[i];

    bytes += sizeof *row + strlen (row->reason);
  }
  for (guint i = 0; i < change->notices->len; i++)
    bytes += orf_notice_row_measure (change->notices->pdata[i]);
  return bytes;
}

static gboolean
write_alert (const OrfAlertRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, alert_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->rule);
  orf_statement_bind_text (statement, 3, row->labels_json);
  orf_statement_bind_text (statement, 4, row->own_labels_json);
  orf_statement_bind_text (statement, 5, orf_severity_to_string (row->severity));
  orf_statement_bind_text (statement, 6, orf_alert_state_to_string (row->state));
  orf_statement_bind_double (statement, 7, row->value);
  orf_statement_bind_double (statement, 8, row->threshold);
  orf_statement_bind_text (statement, 9, row->summary);
  sqlite3_bind_int64 (statement, 10, row->started_us);
  orf_statement_bind_int64 (statement, 11, row->fired_us, row->fired_us > 0);
  orf_statement_bind_int64 (statement, 12, row->resolved_us, row->resolved_us > 0);
  sqlite3_bind_int64 (statement, 13, row->changed_us);
  orf_statement_bind_text (statement, 14, row->life);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_event (const OrfAlertEventRow *row, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, event_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->alert_id);
  sqlite3_bind_int64 (statement, 2, row->t_us);
  orf_statement_bind_text (statement, 3, row->step);
  orf_statement_bind_text (statement, 4, row->reason);
  orf_statement_bind_text (statement, 5, row->receiver);
  return orf_connection_run (connection, statement, error);
}

static gboolean
drop_all (const OrfAlertsChange *change, OrfConnection *connection, GError **error)
{
  return orf_connection_run_with (connection, drop_old_sql, change->before_us, error) &&
         orf_connection_run_with (connection, drop_many_sql, change->max_rows, error) &&
         orf_connection_run_with (connection, drop_many_events_sql, change->max_rows, error) &&
         orf_connection_run_with (connection, drop_many_notices_sql, change->max_rows, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfAlertsChange *change = data;

  for (guint i = 0; i < change->alerts->len; i++)
    if (!write_alert (change->alerts->pdata[i], connection, error))
      return FALSE;
  for (guint i = 0; i < change->events->len; i++)
    if (!write_event (change->events->pdata[i], connection, error))
      return FALSE;
  for (guint i = 0; i < change->notices->len; i++)
    if (!orf_notice_write (connection, change->notices->pdata[i], error))
      return FALSE;
  return change->max_rows == 0 || drop_all (change, connection, error);
}

void
orf_store_write_alerts (OrfStore *store,
                        OrfAlertsChange *change,
                        OrfWriteDone done,
                        gpointer user_data)
{
  const OrfStoreChange written = {
    .write_thread_cb = write_thread_cb,
    .data = change,
    .free = (GDestroyNotify) orf_alerts_change_free,
    .bytes = measure (change),
  };

  orf_store_write (store, &written, done, user_data);
}

/* ---- somebody has seen it -------------------------------------------------------------------- */

typedef struct {
  OrfAcknowledgement said; /* its texts are ours */
  char *author, *note;
} Acknowledge;

static void
acknowledge_free (gpointer data)
{
  Acknowledge *acknowledge = data;

  g_free (acknowledge->author);
  g_free (acknowledge->note);
  g_free (acknowledge);
}

static char *
describe (const OrfAcknowledgement *said)
{
  const char *verdict = orf_alert_verdict_to_string (said->verdict);

  return g_strconcat (said->author, verdict != NULL ? " (" : "", verdict != NULL ? verdict : "",
                      verdict != NULL ? ")" : "", said->note != NULL ? ": " : "",
                      said->note != NULL ? said->note : "", NULL);
}

static gboolean
acknowledge_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfAcknowledgement *said = &((const Acknowledge *) data)->said;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, acknowledge_sql, error);
  g_autofree char *reason = describe (said);
  const OrfAlertEventRow event = { said->alert_id, said->at_us, (char *) "acknowledged", reason,
                                   NULL };

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, said->alert_id);
  sqlite3_bind_int64 (statement, 2, said->at_us);
  orf_statement_bind_text (statement, 3, said->author);
  orf_statement_bind_text (statement, 4, said->note);
  orf_statement_bind_text (statement, 5, orf_alert_verdict_to_string (said->verdict));
  if (!orf_connection_run (connection, statement, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) == 0) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "id", NULL,
                                                   "there is no such alert (any more)"));
    return FALSE;
  }
  return write_event (&event, connection, error);
}

void
orf_store_acknowledge_alert (OrfStore *store,
                             const OrfAcknowledgement *acknowledgement,
                             const OrfIdempotency *idempotency,
                             OrfWriteDone done,
                             gpointer user_data)
{
  Acknowledge *acknowledge = g_new0 (Acknowledge, 1);
  const OrfStoreChange change = {
    .write_thread_cb = acknowledge_thread_cb,
    .data = acknowledge,
    .free = acknowledge_free,
    .bytes = sizeof *acknowledge + strlen (acknowledgement->author) +
             (acknowledgement->note != NULL ? strlen (acknowledgement->note) : 0),
    .idempotency = idempotency,
  };

  acknowledge->said = *acknowledgement;
  acknowledge->said.author = acknowledge->author = g_strdup (acknowledgement->author);
  acknowledge->said.note = acknowledge->note = g_strdup (acknowledgement->note);
  orf_store_write (store, &change, done, user_data);
}
