/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-alert-rules.h"

#include <math.h>
#include <string.h>

#include "orf-schema-types.h"
#include "store/orf-connection.h"

/* The first version whose files have the table: one that is only looked at is not migrated. */
#define FIRST_VERSION 12

#define COLUMNS                                                                                    \
  "name, expr, threshold, hysteresis, severity, for_us, keep_firing_for_us, cooldown_us, labels, " \
  "summary, help, runbook, inhibited_by, enabled, set_us, set_by"

static const char write_sql[] = "INSERT OR REPLACE INTO alert_rule (" COLUMNS
                                ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)";
static const char delete_sql[] = "DELETE FROM alert_rule WHERE name = ?1";
static const char load_sql[] = "SELECT " COLUMNS " FROM alert_rule ORDER BY name";

OrfAlertRuleRow *
orf_alert_rule_row_new (void)
{
  OrfAlertRuleRow *row = g_new0 (OrfAlertRuleRow, 1);

  row->threshold = row->hysteresis = NAN;
  row->severity = ORF_SEVERITY_UNSET;
  row->for_us = row->keep_firing_for_us = row->cooldown_us = row->enabled = -1;
  return row;
}

OrfAlertRuleRow *
orf_alert_rule_row_copy (const OrfAlertRuleRow *row)
{
  OrfAlertRuleRow *copy = g_memdup2 (row, sizeof *row);

  copy->name = g_strdup (row->name);
  copy->expr = g_strdup (row->expr);
  copy->labels_json = g_strdup (row->labels_json);
  copy->summary = g_strdup (row->summary);
  copy->help = g_strdup (row->help);
  copy->runbook = g_strdup (row->runbook);
  copy->inhibited_by_json = g_strdup (row->inhibited_by_json);
  copy->set_by = g_strdup (row->set_by);
  return copy;
}

void
orf_alert_rule_row_free (OrfAlertRuleRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->expr);
  g_free (row->labels_json);
  g_free (row->summary);
  g_free (row->help);
  g_free (row->runbook);
  g_free (row->inhibited_by_json);
  g_free (row->set_by);
  g_free (row);
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfAlertRuleRow *row = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, write_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, row->name);
  orf_statement_bind_text (statement, 2, row->expr);
  orf_statement_bind_double (statement, 3, row->threshold);
  orf_statement_bind_double (statement, 4, row->hysteresis);
  orf_statement_bind_text (statement, 5,
                           row->severity != ORF_SEVERITY_UNSET
                             ? orf_severity_to_string (row->severity)
                             : NULL);
  orf_statement_bind_int64 (statement, 6, row->for_us, row->for_us >= 0);
  orf_statement_bind_int64 (statement, 7, row->keep_firing_for_us, row->keep_firing_for_us >= 0);
  orf_statement_bind_int64 (statement, 8, row->cooldown_us, row->cooldown_us >= 0);
  orf_statement_bind_text (statement, 9, row->labels_json);
  orf_statement_bind_text (statement, 10, row->summary);
  orf_statement_bind_text (statement, 11, row->help);
  orf_statement_bind_text (statement, 12, row->runbook);
  orf_statement_bind_text (statement, 13, row->inhibited_by_json);
  orf_statement_bind_int64 (statement, 14, row->enabled, row->enabled >= 0);
  sqlite3_bind_int64 (statement, 15, row->set_us);
  orf_statement_bind_text (statement, 16, row->set_by);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_write_alert_rule (OrfStore *store,
                            OrfAlertRuleRow *row,
                            const OrfIdempotency *idempotency,
                            OrfWriteDone done,
                            gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = write_thread_cb,
    .data = row,
    .free = (GDestroyNotify) orf_alert_rule_row_free,
    .bytes = sizeof *row,
    .idempotency = idempotency,
  };

  orf_store_write (store, &change, done, user_data);
}

static gboolean
delete_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, delete_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, data);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_delete_alert_rule (OrfStore *store,
                             const char *name,
                             const OrfIdempotency *idempotency,
                             OrfWriteDone done,
                             gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = delete_thread_cb,
    .data = g_strdup (name),
    .free = g_free,
    .bytes = strlen (name),
    .idempotency = idempotency,
  };

  orf_store_write (store, &change, done, user_data);
}

/* ---- at start -------------------------------------------------------------------------------- */

static OrfAlertRuleRow *
make_row (OrfStatement *statement)
{
  OrfAlertRuleRow *row = orf_alert_rule_row_new ();
  g_autofree char *severity = orf_statement_dup_text (statement, 4);

  row->name = orf_statement_dup_sure_text (statement, 0);
  row->expr = orf_statement_dup_text (statement, 1);
  row->threshold = orf_statement_get_double (statement, 2);
  row->hysteresis = orf_statement_get_double (statement, 3);
  row->severity = severity != NULL ? (int) orf_severity_from_string (severity) : ORF_SEVERITY_UNSET;
  row->for_us = orf_statement_get_int64 (statement, 5, -1);
  row->keep_firing_for_us = orf_statement_get_int64 (statement, 6, -1);
  row->cooldown_us = orf_statement_get_int64 (statement, 7, -1);
  row->labels_json = orf_statement_dup_text (statement, 8);
  row->summary = orf_statement_dup_text (statement, 9);
  row->help = orf_statement_dup_text (statement, 10);
  row->runbook = orf_statement_dup_text (statement, 11);
  row->inhibited_by_json = orf_statement_dup_text (statement, 12);
  row->enabled = (int) orf_statement_get_int64 (statement, 13, -1);
  row->set_us = sqlite3_column_int64 (statement, 14);
  row->set_by = orf_statement_dup_sure_text (statement, 15);
  return row;
}

static gboolean
load_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  statement = orf_connection_prepare (connection, load_sql, error);
  return statement != NULL &&
         orf_connection_collect (connection, statement, (OrfRowMake) make_row, data, error);
}

GPtrArray *
orf_store_load_alert_rules (OrfStore *store, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_rule_row_free);

  if (!orf_store_load (store, load_thread_cb, rows, error))
    return NULL;
  return g_steal_pointer (&rows);
}
