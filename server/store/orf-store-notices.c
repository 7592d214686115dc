/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-notices.h"

#include <string.h>

#include "store/orf-store-ids.h"

/* The first version whose files have the table: one that is only looked at is not migrated. */
#define FIRST_VERSION 12

#define COLUMNS                                                                                    \
  "n.id, n.alert_id, n.receiver, n.event, n.state, n.made_us, n.posted_us, n.done_us, "            \
  "n.attempts, n.answer, n.outbox_id"

static const char write_sql[] =
  "INSERT OR REPLACE INTO alert_notice (id, alert_id, receiver, event, state, made_us, posted_us, "
  "done_us, attempts, answer, outbox_id) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)";
static const char open_sql[] =
  "SELECT " COLUMNS " FROM alert_notice AS n WHERE n.state IN ('waiting', 'posted', 'limited') "
  "UNION SELECT " COLUMNS " FROM alert AS a JOIN alert_notice AS n ON n.alert_id = a.id "
  "WHERE a.state = 'firing' ORDER BY 1";
static const char read_sql[] =
  "SELECT " COLUMNS " FROM alert_notice AS n WHERE n.alert_id = ?1 ORDER BY n.id DESC LIMIT ?2";

static const char *const events[ORF_N_NOTICE_EVENTS] = {
  [ORF_NOTICE_FIRING] = "firing",
  [ORF_NOTICE_RESOLVED] = "resolved",
  [ORF_NOTICE_REPEAT] = "repeat",
};
static const char *const states[ORF_N_NOTICE_STATES] = {
  [ORF_NOTICE_WAITING] = "waiting",     [ORF_NOTICE_POSTED] = "posted",
  [ORF_NOTICE_SILENCED] = "silenced",   [ORF_NOTICE_INHIBITED] = "inhibited",
  [ORF_NOTICE_DELIVERED] = "delivered", [ORF_NOTICE_LIMITED] = "limited",
  [ORF_NOTICE_REFUSED] = "refused",     [ORF_NOTICE_DROPPED] = "dropped",
};

const char *
orf_notice_event_get_word (OrfNoticeEvent event)
{
  return events[event];
}

const char *
orf_notice_state_get_word (OrfNoticeState state)
{
  return states[state];
}

OrfNoticeRow *
orf_notice_row_new (void)
{
  return g_new0 (OrfNoticeRow, 1);
}

OrfNoticeRow *
orf_notice_row_copy (const OrfNoticeRow *row)
{
  OrfNoticeRow *copy = g_memdup2 (row, sizeof *row);

  copy->receiver = g_strdup (row->receiver);
  copy->answer = g_strdup (row->answer);
  return copy;
}

void
orf_notice_row_free (OrfNoticeRow *row)
{
  if (row == NULL)
    return;
  g_free (row->receiver);
  g_free (row->answer);
  g_free (row);
}

gsize
orf_notice_row_measure (const OrfNoticeRow *row)
{
  return sizeof *row + strlen (row->receiver) + (row->answer != NULL ? strlen (row->answer) : 0);
}

/* ---- on a connection ------------------------------------------------------------------------- */

gboolean
orf_notice_write (OrfConnection *connection, const OrfNoticeRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, write_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->alert_id);
  orf_statement_bind_text (statement, 3, row->receiver);
  orf_statement_bind_text (statement, 4, events[row->event]);
  orf_statement_bind_text (statement, 5, states[row->state]);
  sqlite3_bind_int64 (statement, 6, row->made_us);
  orf_statement_bind_int64 (statement, 7, row->posted_us, row->posted_us > 0);
  orf_statement_bind_int64 (statement, 8, row->done_us, row->done_us > 0);
  sqlite3_bind_int64 (statement, 9, row->attempts);
  orf_statement_bind_text (statement, 10, row->answer);
  orf_statement_bind_int64 (statement, 11, row->outbox_id, row->outbox_id > 0);
  return orf_connection_run (connection, statement, error);
}

/* The place of the column's word; the table lets no other in. */
static guint
find_word (OrfStatement *statement, int column, const char *const *words, guint n_words)
{
  g_autofree char *word = orf_statement_dup_text (statement, column);

  for (guint i = 0; i < n_words; i++)
    if (g_strcmp0 (word, words[i]) == 0)
      return i;
  return 0;
}

static OrfNoticeRow *
make_row (OrfStatement *statement)
{
  OrfNoticeRow *row = orf_notice_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->alert_id = sqlite3_column_int64 (statement, 1);
  row->receiver = orf_statement_dup_sure_text (statement, 2);
  row->event = find_word (statement, 3, events, ORF_N_NOTICE_EVENTS);
  row->state = find_word (statement, 4, states, ORF_N_NOTICE_STATES);
  row->made_us = sqlite3_column_int64 (statement, 5);
  row->posted_us = sqlite3_column_int64 (statement, 6);
  row->done_us = sqlite3_column_int64 (statement, 7);
  row->attempts = (guint) sqlite3_column_int64 (statement, 8);
  row->answer = orf_statement_dup_text (statement, 9);
  row->outbox_id = sqlite3_column_int64 (statement, 10);
  return row;
}

gboolean
orf_notices_read (
  OrfConnection *connection, gint64 alert_id, guint max, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, alert_id);
  sqlite3_bind_int64 (statement, 2, max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

/* ---- at start -------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *rows;
  gint64 max_id;
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
  statement = orf_connection_prepare (connection, open_sql, error);
  return statement != NULL &&
         orf_connection_collect (connection, statement, (OrfRowMake) make_row, load->rows, error) &&
         orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("alert_notice"), &load->max_id,
                                   error);
}

GPtrArray *
orf_store_load_notices (OrfStore *store, gint64 *max_id, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_row_free);
  Load load = { rows, 0 };

  if (!orf_store_load (store, load_thread_cb, &load, error))
    return NULL;
  *max_id = load.max_id;
  return g_steal_pointer (&rows);
}
