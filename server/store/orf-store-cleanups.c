/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-cleanups.h"

#include <string.h>

#include "orf-json.h"
#include "store/orf-store-device.h"
#include "store/orf-store-ids.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION 9
/* And the first that has what was released, and the plan. */
#define PLAN_VERSION 11

static const char put_sql[] =
  "INSERT OR REPLACE INTO cleanup (id, device, trigger, actor, reason, level, started_us, took_us, "
  "verdict, measured_by, before_bytes, after_bytes, freed_bytes, others_bytes, retained_bytes, "
  "released_bytes, left_out) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char put_worker_sql[] =
  "INSERT OR REPLACE INTO cleanup_worker (cleanup_id, ordinal, worker_id, name, verdict, "
  "measured_by, idle_bytes, before_bytes, after_bytes, claimed_bytes, freed_bytes, took_us, text, "
  "expected_bytes, released_bytes, regained_bytes, reason) "
  "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char regained_sql[] = "UPDATE cleanup SET regained_bytes = ? WHERE id = ?";
static const char drop_sql[] = "DELETE FROM cleanup WHERE id <= ?";
static const char drop_workers_sql[] = "DELETE FROM cleanup_worker WHERE cleanup_id <= ?";
/* Ids grow with time, and the clock may not. */
#define READ_SQL(more)                                                                             \
  "SELECT id, device, trigger, actor, reason, level, started_us, took_us, verdict, measured_by, "  \
  "before_bytes, after_bytes, freed_bytes, others_bytes, retained_bytes, regained_bytes, " more    \
  " FROM cleanup WHERE (?1 = 0 OR id = ?1) AND (?2 IS NULL OR device = ?2) AND started_us >= ?3 "  \
  "AND started_us < ?4 AND id < ?5 ORDER BY id DESC LIMIT ?6"
#define WORKERS_SQL(more)                                                                          \
  "SELECT worker_id, name, verdict, measured_by, idle_bytes, before_bytes, after_bytes, "          \
  "claimed_bytes, freed_bytes, took_us, text, " more                                               \
  " FROM cleanup_worker WHERE cleanup_id = ? ORDER BY ordinal"

/* By the file's version. */
typedef struct {
  const char *read;
  const char *read_workers;
} Queries;

static const Queries first_queries = { READ_SQL ("NULL, NULL"),
                                       WORKERS_SQL ("NULL, NULL, NULL, NULL") };
static const Queries plan_queries = {
  READ_SQL ("released_bytes, left_out"),
  WORKERS_SQL ("expected_bytes, released_bytes, regained_bytes, reason"),
};
/* At start, when the file is migrated. */
static const char last_workers_sql[] =
  "SELECT worker_id, name, verdict, measured_by, idle_bytes, before_bytes, after_bytes, "
  "claimed_bytes, freed_bytes, took_us, text, expected_bytes, released_bytes, regained_bytes, "
  "reason FROM cleanup_worker ORDER BY cleanup_id DESC, ordinal DESC LIMIT ?";

/* One that was ever sampled, or cleaned up. */
static const char known_sql[] =
  "SELECT EXISTS (SELECT 1 FROM cleanup WHERE device = ?1) OR EXISTS (SELECT 1 FROM series "
  "WHERE name = 'gpu.memory.total_bytes' AND labels = json_object ('device', ?1))";

/* ---- rows ------------------------------------------------------------------------------------ */

OrfCleanupWorkerRow *
orf_cleanup_worker_row_new (void)
{
  return g_new0 (OrfCleanupWorkerRow, 1);
}

void
orf_cleanup_worker_row_free (OrfCleanupWorkerRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->text);
  g_free (row->reason);
  g_free (row);
}

static void
left_out_free (gpointer data)
{
  OrfCleanupLeftOutRow *row = data;

  g_free (row->name);
  g_free (row->reason);
  g_free (row);
}

void
orf_cleanup_row_leave_out (OrfCleanupRow *row,
                           gint64 worker_no,
                           const char *name,
                           const char *reason)
{
  OrfCleanupLeftOutRow *left_out = g_new0 (OrfCleanupLeftOutRow, 1);

  left_out->worker_no = worker_no;
  left_out->name = g_strdup (name);
  left_out->reason = g_strdup (reason);
  g_ptr_array_add (row->left_out, left_out);
}

OrfCleanupRow *
orf_cleanup_row_new (void)
{
  OrfCleanupRow *row = g_new0 (OrfCleanupRow, 1);

  row->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cleanup_worker_row_free);
  row->left_out = g_ptr_array_new_with_free_func (left_out_free);
  return row;
}

OrfCleanupRow *
orf_cleanup_row_copy (const OrfCleanupRow *row)
{
  OrfCleanupRow *copy = g_memdup2 (row, sizeof *row);

  copy->device = g_strdup (row->device);
  copy->actor = g_strdup (row->actor);
  copy->reason = g_strdup (row->reason);
  copy->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cleanup_worker_row_free);
  for (guint i = 0; i < row->workers->len; i++) {
    const OrfCleanupWorkerRow *from = row->workers->pdata[i];
    OrfCleanupWorkerRow *worker = g_memdup2 (from, sizeof *from);

    worker->name = g_strdup (from->name);
    worker->text = g_strdup (from->text);
    worker->reason = g_strdup (from->reason);
    g_ptr_array_add (copy->workers, worker);
  }
  copy->left_out = g_ptr_array_new_with_free_func (left_out_free);
  for (guint i = 0; i < row->left_out->len; i++) {
    const OrfCleanupLeftOutRow *from = row->left_out->pdata[i];

    orf_cleanup_row_leave_out (copy, from->worker_no, from->name, from->reason);
  }
  return copy;
}

void
orf_cleanup_row_free (OrfCleanupRow *row)
{
  if (row == NULL)
    return;
  g_free (row->device);
  g_free (row->actor);
  g_free (row->reason);
  g_ptr_array_unref (row->workers);
  g_ptr_array_unref (row->left_out);
  g_free (row);
}

static gsize
measure (const OrfCleanupRow *row)
{
  gsize bytes = sizeof *row + strlen (row->device);

  for (guint i = 0; i < row->workers->len; i++) {
    const OrfCleanupWorkerRow *worker = row->workers->pdata[i];

    bytes += sizeof *worker + strlen (worker->name) +
             (worker->text != NULL ? strlen (worker->text) : 0) +
             (worker->reason != NULL ? strlen (worker->reason) : 0);
  }
  for (guint i = 0; i < row->left_out->len; i++) {
    const OrfCleanupLeftOutRow *left_out = row->left_out->pdata[i];

    bytes += sizeof *left_out + strlen (left_out->name) + strlen (left_out->reason);
  }
  return bytes;
}

static void
bind_bytes (OrfStatement *statement, int index, OrfMaybeBytes value)
{
  if (value.known)
    sqlite3_bind_int64 (statement, index, value.bytes);
}

static OrfMaybeBytes
read_bytes (OrfStatement *statement, int column)
{
  return (OrfMaybeBytes){
    .known = sqlite3_column_type (statement, column) != SQLITE_NULL,
    .bytes = sqlite3_column_int64 (statement, column),
  };
}

/* ---- who was left out ------------------------------------------------------------------------ */

/* [[3, "studio-0", "does not listen"], ...]; NULL: nobody was. */
static char *
encode_left_out (const GPtrArray *rows)
{
  g_autoptr (json_t) list = json_array ();

  for (guint i = 0; i < rows->len; i++) {
    const OrfCleanupLeftOutRow *row = rows->pdata[i];

    json_array_append_new (list, json_pack ("[I, s, s]", (json_int_t) row->worker_no, row->name,
                                            row->reason));
  }
  return rows->len > 0 ? json_dumps (list, JSON_COMPACT) : NULL;
}

/* What is not ours says nothing. */
static void
decode_left_out (const char *text, OrfCleanupRow *row)
{
  g_autoptr (json_t) list = text != NULL ? json_loads (text, 0, NULL) : NULL;

  for (gsize i = 0; i < json_array_size (list); i++) {
    json_int_t worker_no;
    const char *name, *reason;

    if (json_unpack (json_array_get (list, i), "[I, s, s]", &worker_no, &name, &reason) == 0)
      orf_cleanup_row_leave_out (row, worker_no, name, reason);
  }
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
put (OrfConnection *connection, const OrfCleanupRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_sql, error);
  const OrfMaybeBytes bytes[] = { row->before, row->after,    row->freed,
                                  row->others, row->retained, row->released };
  g_autofree char *left_out = encode_left_out (row->left_out);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->device);
  orf_statement_bind_text (statement, 3, orf_cleanup_trigger_to_string (row->trigger));
  orf_statement_bind_text (statement, 4, row->actor);
  orf_statement_bind_text (statement, 5, row->reason);
  orf_statement_bind_text (statement, 6, orf_cleanup_level_to_string (row->level));
  sqlite3_bind_int64 (statement, 7, row->started_us);
  if (row->verdict != ORF_CLEANUP_VERDICT_UNSET)
    sqlite3_bind_int64 (statement, 8, row->took_us);
  orf_statement_bind_text (statement, 9, orf_cleanup_verdict_to_string (row->verdict));
  orf_statement_bind_text (statement, 10, orf_cleanup_measure_to_string (row->measured_by));
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    bind_bytes (statement, 11 + (int) i, bytes[i]);
  orf_statement_bind_text (statement, 17, left_out);
  return orf_connection_run (connection, statement, error);
}

static gboolean
put_worker (OrfConnection *connection,
            gint64 cleanup_id,
            guint ordinal,
            const OrfCleanupWorkerRow *row,
            GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_worker_sql, error);
  const OrfMaybeBytes bytes[] = { row->idle, row->before, row->after, row->claimed, row->freed };

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, cleanup_id);
  sqlite3_bind_int64 (statement, 2, ordinal);
  sqlite3_bind_int64 (statement, 3, row->worker_no);
  orf_statement_bind_text (statement, 4, row->name);
  orf_statement_bind_text (statement, 5, orf_cleanup_worker_verdict_to_string (row->verdict));
  orf_statement_bind_text (statement, 6, orf_cleanup_measure_to_string (row->measured_by));
  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    bind_bytes (statement, 7 + (int) i, bytes[i]);
  sqlite3_bind_int64 (statement, 12, row->took_us);
  orf_statement_bind_text (statement, 13, row->text);
  bind_bytes (statement, 14, row->expected);
  bind_bytes (statement, 15, row->released);
  bind_bytes (statement, 16, row->regained);
  orf_statement_bind_text (statement, 17, row->reason);
  return orf_connection_run (connection, statement, error);
}

static gboolean
begin_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  return put (connection, data, error);
}

static gboolean
end_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfCleanupRow *row = data;
  gint64 old_id = row->id - ORF_MAX_CLEANUPS;

  if (!put (connection, row, error))
    return FALSE;
  for (guint i = 0; i < row->workers->len; i++) {
    if (!put_worker (connection, row->id, i, row->workers->pdata[i], error))
      return FALSE;
  }
  return old_id <= 0 || (orf_connection_run_with (connection, drop_sql, old_id, error) &&
                         orf_connection_run_with (connection, drop_workers_sql, old_id, error));
}

static void
write_row (OrfStore *store,
           OrfWriteThreadCb write_thread_cb,
           OrfCleanupRow *row,
           const OrfIdempotency *idempotency,
           OrfWriteDone done,
           gpointer user_data)
{
  const OrfStoreChange change = {
    .write_thread_cb = write_thread_cb,
    .data = row,
    .free = (GDestroyNotify) orf_cleanup_row_free,
    .bytes = measure (row),
    .idempotency = idempotency,
  };

  orf_store_write (store, &change, done, user_data);
}

void
orf_store_write_cleanup (OrfStore *store,
                         OrfCleanupRow *row,
                         const OrfIdempotency *idempotency,
                         OrfWriteDone done,
                         gpointer user_data)
{
  write_row (store, begin_thread_cb, row, idempotency, done, user_data);
}

void
orf_store_end_cleanup (OrfStore *store, OrfCleanupRow *row, OrfWriteDone done, gpointer user_data)
{
  write_row (store, end_thread_cb, row, NULL, done, user_data);
}

typedef struct {
  gint64 id, bytes;
} Regained;

static gboolean
regained_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const Regained *regained = data;
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, regained_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, regained->bytes);
  sqlite3_bind_int64 (statement, 2, regained->id);
  return orf_connection_run (connection, statement, error);
}

void
orf_store_set_cleanup_regained (
  OrfStore *store, gint64 id, gint64 regained_bytes, OrfWriteDone done, gpointer user_data)
{
  const Regained regained = { id, regained_bytes };
  const OrfStoreChange change = {
    .write_thread_cb = regained_thread_cb,
    .data = g_memdup2 (&regained, sizeof regained),
    .free = g_free,
    .bytes = sizeof regained,
  };

  orf_store_write (store, &change, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

static OrfCleanupWorkerRow *
make_worker_row (OrfStatement *statement)
{
  OrfCleanupWorkerRow *row = orf_cleanup_worker_row_new ();
  g_autofree char *verdict = orf_statement_dup_text (statement, 2);
  g_autofree char *measure_text = orf_statement_dup_text (statement, 3);

  row->worker_no = sqlite3_column_int64 (statement, 0);
  row->name = orf_statement_dup_sure_text (statement, 1);
  row->verdict = orf_cleanup_worker_verdict_from_string (verdict);
  row->measured_by = orf_cleanup_measure_from_string (measure_text);
  row->idle = read_bytes (statement, 4);
  row->before = read_bytes (statement, 5);
  row->after = read_bytes (statement, 6);
  row->claimed = read_bytes (statement, 7);
  row->freed = read_bytes (statement, 8);
  row->took_us = sqlite3_column_int64 (statement, 9);
  row->text = orf_statement_dup_text (statement, 10);
  row->expected = read_bytes (statement, 11);
  row->released = read_bytes (statement, 12);
  row->regained = read_bytes (statement, 13);
  row->reason = orf_statement_dup_text (statement, 14);
  return row;
}

static OrfCleanupRow *
make_row (OrfStatement *statement)
{
  OrfCleanupRow *row = orf_cleanup_row_new ();
  g_autofree char *trigger = orf_statement_dup_text (statement, 2);
  g_autofree char *level = orf_statement_dup_text (statement, 5);
  g_autofree char *verdict = orf_statement_dup_text (statement, 8);
  g_autofree char *measure_text = orf_statement_dup_text (statement, 9);
  g_autofree char *left_out = orf_statement_dup_text (statement, 17);

  row->id = sqlite3_column_int64 (statement, 0);
  row->device = orf_statement_dup_sure_text (statement, 1);
  row->trigger = orf_cleanup_trigger_from_string (trigger);
  row->actor = orf_statement_dup_text (statement, 3);
  row->reason = orf_statement_dup_text (statement, 4);
  row->level = orf_cleanup_level_from_string (level);
  row->started_us = sqlite3_column_int64 (statement, 6);
  row->took_us = sqlite3_column_int64 (statement, 7);
  row->verdict = orf_cleanup_verdict_from_string (verdict);
  row->measured_by = orf_cleanup_measure_from_string (measure_text);
  row->before = read_bytes (statement, 10);
  row->after = read_bytes (statement, 11);
  row->freed = read_bytes (statement, 12);
  row->others = read_bytes (statement, 13);
  row->retained = read_bytes (statement, 14);
  row->regained = read_bytes (statement, 15);
  row->released = read_bytes (statement, 16);
  decode_left_out (left_out, row);
  return row;
}

/* Into rows, as the statement gives them. */
static gboolean
read_worker_rows (
  OrfConnection *connection, const char *sql, gint64 bound, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, bound);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_worker_row, rows, error);
}

static gboolean
read_rows (OrfConnection *connection,
           const Queries *queries,
           const OrfCleanupFilter *filter,
           GPtrArray *rows,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, queries->read, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->id);
  orf_statement_bind_text (statement, 2, filter->device);
  sqlite3_bind_int64 (statement, 3, filter->from_us);
  sqlite3_bind_int64 (statement, 4, filter->to_us);
  sqlite3_bind_int64 (statement, 5, filter->before_id);
  sqlite3_bind_int64 (statement, 6, filter->max);
  for (;;) {
    OrfCleanupRow *made;

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    made = make_row (statement);
    g_ptr_array_add (rows, made);
    if (!read_worker_rows (connection, queries->read_workers, made->id, made->workers, error))
      return FALSE;
  }
}

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfCleanupFilter *filter = data;
  gboolean has_plan;

  if (!orf_connection_has_version (connection, PLAN_VERSION, &has_plan, error) ||
      !read_rows (connection, has_plan ? &plan_queries : &first_queries, filter, rows, error))
    return FALSE;
  return rows->len > 0 || filter->device == NULL || filter->device_known ||
         orf_device_check (connection, known_sql, filter->device, error);
}

static void
filter_free (gpointer data)
{
  OrfCleanupFilter *filter = data;

  g_free ((char *) filter->device);
  g_free (filter);
}

void
orf_store_read_cleanups (OrfStore *store,
                         const OrfCleanupFilter *filter,
                         OrfCancel *cancel,
                         OrfRowsDone done,
                         gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_cleanup_row_free, NULL, filter_free };
  OrfCleanupFilter *own = g_memdup2 (filter, sizeof *filter);

  own->device = g_strdup (filter->device);
  orf_store_read_rows (store, &how, own, cancel, done, user_data);
}

/* ---- at start -------------------------------------------------------------------------------- */

gboolean
orf_store_load_max_cleanup_id (OrfStore *store, gint64 *max_id, GError **error)
{
  return orf_store_load_max_id (store, FIRST_VERSION, ORF_STORE_MAX_ID_SQL ("cleanup"), max_id,
                                error);
}

typedef struct {
  guint max;
  GPtrArray *rows;
} LastWorkers;

static gboolean
last_workers_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  LastWorkers *last = data;
  gboolean has;

  return orf_connection_has_version (connection, PLAN_VERSION, &has, error) &&
         (!has || read_worker_rows (connection, last_workers_sql, last->max, last->rows, error));
}

GPtrArray *
orf_store_load_cleanup_workers (OrfStore *store, guint max, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cleanup_worker_row_free);
  LastWorkers last = { max, rows };

  if (!orf_store_load (store, last_workers_thread_cb, &last, error))
    return NULL;
  for (guint i = 0; i < rows->len / 2; i++) {
    gpointer other = rows->pdata[rows->len - 1 - i];

    rows->pdata[rows->len - 1 - i] = rows->pdata[i];
    rows->pdata[i] = other;
  }
  return g_steal_pointer (&rows);
}
