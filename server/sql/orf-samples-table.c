/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.  A reader serves one scan at a time, so each cursor has its own; the table keeps one
 * that a closed cursor left, for joins and subqueries open and close them often.  A cursor that is
 * not at its end has a run, and `at` is within it.
 */
#include "sql/orf-samples-table.h"

#include <string.h>

#include "history/orf-tier-reader.h"
#include "orf-error.h"
#include "sql/orf-samples-plan.h"

#define DECLARATION                                                                                \
  "CREATE TABLE x (series_id INTEGER, name TEXT, labels TEXT, t_us INTEGER, value REAL)"
#define SERIES_SQL                                                                                 \
  "SELECT id FROM series WHERE (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR labels = ?2)"
/* By the index of names. */
#define NAMED_SQL  "SELECT id FROM series WHERE name = ?1 AND (?2 IS NULL OR labels = ?2)"
#define NAMING_SQL "SELECT name, labels FROM series WHERE id = ?1"

typedef struct {
  sqlite3_vtab base;
  sqlite3 *db;
  OrfSamplesSize size;
  gboolean has_size;
  OrfTierReader *spare; /* may be NULL */
} Table;

typedef struct {
  sqlite3_vtab_cursor base;
  OrfTierReader *reader;
  OrfTierScan *scan;
  gboolean is_wide;      /* the scan is of every series, gone through one by one */
  gint64 from_us, to_us; /* of the scan */
  const OrfTierRun *run; /* NULL: at the end */
  gsize at;
  gint64 n; /* rows before this one */
  gint64 named_id;
  char *name, *labels; /* of named_id */
  sqlite3_stmt *naming;
} Cursor;

/* ---- life -------------------------------------------------------------------------------------
 */

static int
connect_cb (
  sqlite3 *db, void *data, int argc, const char *const *argv, sqlite3_vtab **table, char **message)
{
  int code = sqlite3_declare_vtab (db, DECLARATION);
  Table *self;

  if (code != SQLITE_OK)
    return code;
  /* It only reads what whoever asks can read anyway: views may stand on it. */
  sqlite3_vtab_config (db, SQLITE_VTAB_INNOCUOUS);
  self = g_new0 (Table, 1);
  self->db = db;
  *table = &self->base;
  return SQLITE_OK;
}

static int
disconnect_cb (sqlite3_vtab *table)
{
  Table *self = (Table *) table;

  g_clear_pointer (&self->spare, orf_tier_reader_free);
  g_free (self);
  return SQLITE_OK;
}

static int
plan_cb (sqlite3_vtab *table, sqlite3_index_info *info)
{
  Table *self = (Table *) table;

  if (!self->has_size)
    orf_samples_size_load (&self->size, self->db);
  self->has_size = TRUE;
  return orf_samples_plan_choose (&self->size, info);
}

static int
open_cb (sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
  Table *self = (Table *) table;
  Cursor *opened = g_new0 (Cursor, 1);

  opened->reader = g_steal_pointer (&self->spare);
  if (opened->reader == NULL)
    opened->reader = orf_tier_reader_new (self->db);
  *cursor = &opened->base;
  return SQLITE_OK;
}

static void
forget_naming (Cursor *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->labels, g_free);
  self->named_id = 0;
}

static int
close_cb (sqlite3_vtab_cursor *cursor)
{
  Cursor *self = (Cursor *) cursor;
  Table *table = (Table *) cursor->pVtab;

  g_clear_pointer (&self->scan, orf_tier_scan_free);
  if (table->spare == NULL)
    table->spare = g_steal_pointer (&self->reader);
  g_clear_pointer (&self->reader, orf_tier_reader_free);
  forget_naming (self);
  sqlite3_finalize (self->naming);
  g_free (self);
  return SQLITE_OK;
}

/* ---- errors -----------------------------------------------------------------------------------
 */

/* Takes error. */
static int
fail (sqlite3_vtab *table, GError *error)
{
  OrfErrorCode code = orf_error_get_code (error);

  sqlite3_free (table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf ("%s", error->message);
  g_error_free (error);
  if (code == ORF_ERROR_DATA_LOSS)
    return SQLITE_CORRUPT_VTAB;
  if (code == ORF_ERROR_CANCELLED || code == ORF_ERROR_DEADLINE_EXCEEDED)
    return SQLITE_INTERRUPT;
  return code == ORF_ERROR_RESOURCE_EXHAUSTED ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* Of a statement of our own, which is ended. */
static int
fail_statement (sqlite3_vtab *table, sqlite3_stmt *statement)
{
  sqlite3 *db = ((Table *) table)->db;
  int code = sqlite3_errcode (db);

  sqlite3_free (table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf ("%s", sqlite3_errmsg (db));
  sqlite3_finalize (statement);
  return code != SQLITE_OK ? code : SQLITE_ERROR;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

/* The series by name and labels, to be asked for instead. */
static int
find_series (sqlite3_vtab *table, OrfSamplesAsk *ask)
{
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2 (((Table *) table)->db, ask->name != NULL ? NAMED_SQL : SERIES_SQL,
                                 -1, &statement, NULL);

  if (code != SQLITE_OK)
    return fail_statement (table, statement);
  if (ask->name != NULL)
    sqlite3_bind_value (statement, 1, ask->name);
  if (ask->labels != NULL)
    sqlite3_bind_value (statement, 2, ask->labels);
  while ((code = sqlite3_step (statement)) == SQLITE_ROW) {
    gint64 id = sqlite3_column_int64 (statement, 0);
    gboolean wanted = !ask->has_ids;

    for (guint i = 0; i < ask->ids->len && !wanted; i++)
      wanted = g_array_index (ask->ids, gint64, i) == id;
    if (wanted)
      g_array_append_val (found, id);
  }
  if (code != SQLITE_DONE)
    return fail_statement (table, statement);
  sqlite3_finalize (statement);
  g_array_set_size (ask->ids, 0);
  g_array_append_vals (ask->ids, found->data, found->len);
  ask->has_ids = TRUE;
  ask->is_empty |= found->len == 0;
  return SQLITE_OK;
}

static int
advance (Cursor *self)
{
  GError *error = NULL;

  self->at = 0;
  if (orf_tier_scan_next (self->scan, &self->run, &error))
    return SQLITE_OK;
  self->run = NULL;
  return fail (self->base.pVtab, error);
}

static gboolean
scan (Cursor *self, const OrfSamplesAsk *ask, const GArray *ids, GError **error)
{
  g_clear_pointer (&self->scan, orf_tier_scan_free);
  self->scan = orf_tier_scan_new (self->reader,
                                  ids != NULL ? (const gint64 *) (gpointer) ids->data : NULL,
                                  ids != NULL ? ids->len : 0, ask->from_us, ask->to_us, error);
  self->is_wide = ids == NULL;
  self->from_us = ask->from_us;
  self->to_us = ask->to_us;
  return self->scan != NULL;
}

/* A join asks for one series after the other, of the same span: from the second on it goes through
 * a scan of all, which looks up blocks and rows that are not packed once.  (A cursor lives no
 * longer than its statement, and so all this is in one read transaction.) */
static gboolean
go_on (Cursor *self, const OrfSamplesAsk *ask, gboolean *went, GError **error)
{
  *went = FALSE;
  if (self->scan == NULL || ask->ids->len != 1 || ask->from_us != self->from_us ||
      ask->to_us != self->to_us)
    return TRUE;
  if (!self->is_wide && !scan (self, ask, NULL, error))
    return FALSE;
  *went = orf_tier_scan_seek (self->scan, g_array_index (ask->ids, gint64, 0));
  return TRUE;
}

static int
begin (Cursor *self, OrfSamplesAsk *ask)
{
  GError *error = NULL;
  gboolean went = FALSE;
  int code = SQLITE_OK;

  if (!ask->is_empty && (ask->name != NULL || ask->labels != NULL))
    code = find_series (self->base.pVtab, ask);
  if (code != SQLITE_OK || ask->is_empty)
    return code;
  if (!go_on (self, ask, &went, &error) ||
      (!went && !scan (self, ask, ask->ids->len > 0 ? ask->ids : NULL, &error)))
    return fail (self->base.pVtab, error);
  return advance (self);
}

static int
filter_cb (
  sqlite3_vtab_cursor *cursor, int number, const char *plan, int argc, sqlite3_value **argv)
{
  Cursor *self = (Cursor *) cursor;
  OrfSamplesAsk ask;
  int code;

  self->run = NULL;
  self->n = 0;
  orf_samples_ask_init (&ask, plan, argv);
  code = begin (self, &ask);
  orf_samples_ask_clear (&ask);
  return code;
}

static int
next_cb (sqlite3_vtab_cursor *cursor)
{
  Cursor *self = (Cursor *) cursor;

  self->n++;
  if (++self->at < self->run->count)
    return SQLITE_OK;
  return advance (self);
}

static int
eof_cb (sqlite3_vtab_cursor *cursor)
{
  return ((Cursor *) cursor)->run == NULL;
}

/* Name and labels of the run's series; none where it is not in `series` any more. */
static int
load_naming (Cursor *self)
{
  sqlite3 *db = ((Table *) self->base.pVtab)->db;
  int code;

  if (self->named_id == self->run->series_id)
    return SQLITE_OK;
  forget_naming (self);
  if (self->naming == NULL &&
      (code = sqlite3_prepare_v2 (db, NAMING_SQL, -1, &self->naming, NULL)) != SQLITE_OK)
    return code;
  sqlite3_bind_int64 (self->naming, 1, self->run->series_id);
  code = sqlite3_step (self->naming);
  if (code == SQLITE_ROW) {
    self->name = g_strdup ((const char *) sqlite3_column_text (self->naming, 0));
    self->labels = g_strdup ((const char *) sqlite3_column_text (self->naming, 1));
    self->named_id = self->run->series_id;
  }
  sqlite3_reset (self->naming);
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
column_cb (sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
  Cursor *self = (Cursor *) cursor;
  int code = SQLITE_OK;

  switch (column) {
  case ORF_SAMPLES_VALUE:
    sqlite3_result_double (context, self->run->values[self->at]);
    break;
  case ORF_SAMPLES_T_US:
    sqlite3_result_int64 (context, self->run->times_us[self->at]);
    break;
  case ORF_SAMPLES_SERIES_ID:
    sqlite3_result_int64 (context, self->run->series_id);
    break;
  default:
    code = load_naming (self);
    /* a copy: it may outlive the row, in a sorter */
    sqlite3_result_text (context, column == ORF_SAMPLES_NAME ? self->name : self->labels, -1,
                         SQLITE_TRANSIENT);
    break;
  }
  return code;
}

static int
rowid_cb (sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
  *rowid = ((Cursor *) cursor)->n;
  return SQLITE_OK;
}

int
orf_samples_table_register (sqlite3 *db)
{
  static const sqlite3_module module = {
    /* no xCreate: nobody makes others of it */
    .xConnect = connect_cb, .xBestIndex = plan_cb, .xDisconnect = disconnect_cb,
    .xOpen = open_cb,       .xClose = close_cb,    .xFilter = filter_cb,
    .xNext = next_cb,       .xEof = eof_cb,        .xColumn = column_cb,
    .xRowid = rowid_cb,
  };

  return sqlite3_create_module_v2 (db, "samples", &module, NULL, NULL);
}
