/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-members.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION 4

static const char count_sql[] = "SELECT count(*) FROM pin";
static const char insert_sql[] = "INSERT INTO incident (id, from_us, to_us, title, reason, author, "
                                 "created_us) VALUES (?,?,?,?,?,?,?)";
static const char pin_sql[] = "INSERT INTO pin (incident_id, from_us, to_us) VALUES (?,?,?)";
static const char delete_sql[] = "DELETE FROM incident WHERE id = ?";
static const char unpin_sql[] = "DELETE FROM pin WHERE incident_id = ?";
/* The black box: by title, what is to be made longer, and what goes where there are too many. */
static const char find_box_sql[] =
  "SELECT coalesce(max(id), 0) FROM incident WHERE author = ?1 AND title = ?2 AND from_us > ?3 "
  "AND from_us <= ?4";
static const char stretch_sql[] = "UPDATE incident SET to_us = max(to_us, ?2) WHERE id = ?1";
static const char stretch_pin_sql[] =
  "UPDATE pin SET to_us = max(to_us, ?2) WHERE incident_id = ?1";
static const char old_box_sql[] =
  "SELECT coalesce(max(id), 0) FROM (SELECT id FROM incident WHERE author = ?1 "
  "ORDER BY id DESC LIMIT 1 OFFSET ?2)";
static const char read_sql[] =
  "SELECT id, from_us, to_us, title, reason, author, created_us FROM incident "
  "WHERE (?1 = 0 OR id = ?1) AND to_us > ?2 AND from_us < ?3 AND (from_us, id) < (?4, ?5) "
  "ORDER BY from_us DESC, id DESC LIMIT ?6";
static const char max_id_sql[] = "SELECT max((" ORF_STORE_MAX_ID_SQL (
  "incident") "), (SELECT coalesce(max(seq), 0) "
              "FROM sqlite_sequence WHERE name = 'incident' AND seq < " ORF_STORE_ID_BOUND "))";

OrfIncidentRow *
orf_incident_row_new (void)
{
  return g_new0 (OrfIncidentRow, 1);
}

void
orf_incident_row_free (OrfIncidentRow *row)
{
  if (row == NULL)
    return;
  g_free (row->title);
  g_free (row->reason);
  g_free (row->author);
  g_clear_pointer (&row->members, g_ptr_array_unref);
  g_free (row);
}

gsize
orf_incident_row_measure (const OrfIncidentRow *row)
{
  gsize bytes = sizeof *row + strlen (row->title) + strlen (row->reason);

  if (row->author != NULL)
    bytes += strlen (row->author);
  for (guint i = 0; row->members != NULL && i < row->members->len; i++)
    bytes += orf_member_row_measure (row->members->pdata[i]);
  return bytes;
}

static gboolean
check_room (OrfConnection *connection, guint max_pins, GError **error)
{
  gint64 n_pins;

  if (!orf_connection_get_int64 (connection, count_sql, &n_pins, error))
    return FALSE;
  if (n_pins < (gint64) max_pins)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "%" G_GINT64_FORMAT " windows are pinned, and [history] max_pins is %u: unpin one",
               n_pins, max_pins);
  return FALSE;
}

static gboolean
insert_incident (OrfConnection *connection, const OrfIncidentRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, insert_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->from_us);
  sqlite3_bind_int64 (statement, 3, row->to_us);
  orf_statement_bind_text (statement, 4, row->title);
  orf_statement_bind_text (statement, 5, row->reason);
  orf_statement_bind_text (statement, 6, row->author);
  sqlite3_bind_int64 (statement, 7, row->created_us);
  return orf_connection_run (connection, statement, error);
}

static gboolean
insert_pin (OrfConnection *connection, const OrfIncidentRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, pin_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->from_us);
  sqlite3_bind_int64 (statement, 3, row->to_us);
  return orf_connection_run (connection, statement, error);
}

/* A window that is to be pinned, of which there may be max_pins. */
typedef struct {
  OrfIncidentRow *row;
  guint max_pins;
} Pin;

static void
pin_free (gpointer data)
{
  Pin *pin = data;

  orf_incident_row_free (pin->row);
  g_free (pin);
}

static gboolean
pin_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const Pin *pin = data;

  return check_room (connection, pin->max_pins, error) &&
         insert_incident (connection, pin->row, error) && insert_pin (connection, pin->row, error);
}

void
orf_store_write_incident (OrfStore *store,
                          OrfIncidentRow *incident,
                          guint max_pins,
                          const OrfIdempotency *idempotency,
                          OrfWriteDone done,
                          gpointer user_data)
{
  OrfStoreChange change = {
    .write_thread_cb = pin_thread_cb,
    .data = g_new (Pin, 1),
    .free = pin_free,
    .bytes = sizeof (Pin) + orf_incident_row_measure (incident),
    .moves_pins = TRUE,
    .idempotency = idempotency,
  };

  *(Pin *) change.data = (Pin){ incident, max_pins };
  orf_store_write (store, &change, done, user_data);
}

static gboolean
unpin_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  gint64 id = *(const gint64 *) data;

  if (!orf_connection_run_with (connection, delete_sql, id, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) > 0)
    return orf_connection_run_with (connection, unpin_sql, id, error);
  g_set_error (error, ORF_ERROR, ORF_ERROR_NOT_FOUND, "there is no such incident");
  return FALSE;
}

void
orf_store_delete_incident (OrfStore *store,
                           gint64 id,
                           const OrfIdempotency *idempotency,
                           OrfWriteDone done,
                           gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = unpin_thread_cb,
    .data = g_memdup2 (&id, sizeof id),
    .free = g_free,
    .bytes = sizeof id,
    .moves_pins = TRUE,
    .idempotency = idempotency,
  };

  orf_store_write (store, &change, done, user_data);
}

/* ---- what the black box records -------------------------------------------------------------- */

typedef struct {
  OrfIncidentRow *row;
  OrfBlackBoxLimits limits;
} Record;

static void
record_free (gpointer data)
{
  Record *record = data;

  orf_incident_row_free (record->row);
  g_free (record);
}

/* *id: 0 where there is none.  One that a clock recorded which was ahead is none: it would stand in
 * the way of all until then. */
static gboolean
find_box (const Record *record, OrfConnection *connection, gint64 *id, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, find_box_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, record->row->author);
  orf_statement_bind_text (statement, 2, record->row->title);
  sqlite3_bind_int64 (statement, 3, record->row->from_us - record->limits.apart_us);
  sqlite3_bind_int64 (statement, 4, record->row->to_us);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *id = row ? sqlite3_column_int64 (statement, 0) : 0;
  return TRUE;
}

static gboolean
stretch (OrfConnection *connection, const char *sql, gint64 id, gint64 to_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  sqlite3_bind_int64 (statement, 2, to_us);
  return orf_connection_run (connection, statement, error);
}

/* *id: of the newest that goes so that there is room for one more; 0: there is room. */
static gboolean
find_old_box (const Record *record, OrfConnection *connection, gint64 *id, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, old_box_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, record->row->author);
  sqlite3_bind_int64 (statement, 2, (gint64) record->limits.max_boxes - 1);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *id = row ? sqlite3_column_int64 (statement, 0) : 0;
  return TRUE;
}

/* One a round: more than one go only where the limit was made smaller. */
static gboolean
make_room (const Record *record, OrfConnection *connection, GError **error)
{
  gint64 id = 0;

  do {
    if (!find_old_box (record, connection, &id, error))
      return FALSE;
    if (id != 0 && (!orf_connection_run_with (connection, delete_sql, id, error) ||
                    !orf_connection_run_with (connection, unpin_sql, id, error)))
      return FALSE;
  } while (id != 0);
  return TRUE;
}

static gboolean
record_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const Record *record = data;
  const OrfIncidentRow *row = record->row;
  gint64 id;

  if (!find_box (record, connection, &id, error))
    return FALSE;
  if (id != 0)
    return stretch (connection, stretch_sql, id, row->to_us, error) &&
           stretch (connection, stretch_pin_sql, id, row->to_us, error);
  return make_room (record, connection, error) &&
         check_room (connection, record->limits.max_pins, error) &&
         insert_incident (connection, row, error) && insert_pin (connection, row, error);
}

void
orf_store_record_incident (OrfStore *store,
                           OrfIncidentRow *incident,
                           const OrfBlackBoxLimits *limits,
                           OrfWriteDone done,
                           gpointer user_data)
{
  OrfStoreChange change = {
    .write_thread_cb = record_thread_cb,
    .data = g_new (Record, 1),
    .free = record_free,
    .bytes = sizeof (Record) + orf_incident_row_measure (incident),
    .moves_pins = TRUE,
  };

  *(Record *) change.data = (Record){ incident, *limits };
  orf_store_write (store, &change, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

static OrfIncidentRow *
make_row (OrfStatement *statement)
{
  OrfIncidentRow *row = orf_incident_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->from_us = sqlite3_column_int64 (statement, 1);
  row->to_us = sqlite3_column_int64 (statement, 2);
  row->title = orf_statement_dup_sure_text (statement, 3);
  row->reason = orf_statement_dup_sure_text (statement, 4);
  row->author = orf_statement_dup_text (statement, 5);
  row->created_us = sqlite3_column_int64 (statement, 6);
  return row;
}

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfIncidentFilter *filter = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);
  OrfIncidentRow *incident = NULL;
  gboolean row = TRUE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->id);
  sqlite3_bind_int64 (statement, 2, filter->from_us);
  sqlite3_bind_int64 (statement, 3, filter->to_us);
  sqlite3_bind_int64 (statement, 4, filter->before_us);
  sqlite3_bind_int64 (statement, 5, filter->before_id);
  sqlite3_bind_int64 (statement, 6, filter->max);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    incident = make_row (statement);
    g_ptr_array_add (rows, incident);
    incident->members = orf_members_read (connection, incident->from_us, incident->to_us,
                                          filter->max_members, error);
    if (incident->members == NULL)
      return FALSE;
  }
  return FALSE;
}

void
orf_store_read_incidents (OrfStore *store,
                          const OrfIncidentFilter *filter,
                          OrfCancel *cancel,
                          OrfRowsDone done,
                          gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_incident_row_free,
                                   (OrfRowMeasure) orf_incident_row_measure, g_free };

  orf_store_read_rows (store, &how, g_memdup2 (filter, sizeof *filter), cancel, done, user_data);
}

gboolean
orf_store_load_max_incident_id (OrfStore *store, gint64 *max_id, GError **error)
{
  return orf_store_load_max_id (store, FIRST_VERSION, max_id_sql, max_id, error);
}
