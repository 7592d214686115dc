/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-leaks.h"

#include <string.h>

#include "store/orf-store-device.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the table. */
#define FIRST_VERSION 10

/* What happened within reach of a leak's beginning, the nearest.  A worker's own registration, or
 * another's on the same device, is a model that was loaded, and so is a batch of an operation that
 * says so; a batch is a change when it is larger than all before it. */
#define TRIGGER_SQL                                                                                \
  "WITH near (kind, t_us, text) AS ("                                                              \
  "SELECT 'deploy', t_us, 'deploy mark: ' || text FROM event "                                     \
  "WHERE kind = 'deploy' AND t_us BETWEEN ?5 - ?16 AND ?5 + ?16 "                                  \
  "UNION ALL SELECT 'model_load', registered_us, printf('model load: w-%d (%s) registered', id, "  \
  "name) FROM worker "                                                                             \
  "WHERE device = ?2 AND registered_us BETWEEN ?5 - ?16 AND ?5 + ?16 "                             \
  "UNION ALL SELECT 'model_load', t_us, 'model load: ' || operation FROM worker_batch "            \
  "WHERE worker_id = ?3 AND operation LIKE '%load%' AND t_us BETWEEN ?5 - ?16 AND ?5 + ?16 "       \
  "UNION ALL SELECT 'batch_change', t_us, printf('batch change: %d items, more than ever "         \
  "before', size) FROM ("                                                                          \
  "SELECT t_us, size, max(size) OVER (ORDER BY rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "      \
  "PRECEDING) AS most "                                                                            \
  "FROM worker_batch WHERE worker_id = ?3) WHERE size > most AND t_us BETWEEN ?5 - ?16 AND ?5 + "  \
  "?16) "

static const char update_sql[] = TRIGGER_SQL
  "UPDATE leak SET name = ?4, pid = ?15, since_us = ?5, told_us = ?7, ended_us = ?8, ending = ?9, "
  "slope_bytes_per_s = ?10, slope_lower_bytes_per_s = ?11, slope_upper_bytes_per_s = ?12, "
  "confidence = ?13, "
  "grown_bytes = ?14, (trigger_kind, trigger_us, trigger) = "
  "(SELECT kind, t_us, text FROM near ORDER BY abs(t_us - ?5) LIMIT 1) "
  "WHERE id = (SELECT max(id) FROM leak WHERE subject = ?1) AND ending IS NOT 'flat' AND ?6 > 0";
static const char insert_sql[] = TRIGGER_SQL
  "INSERT INTO leak (subject, device, worker_id, name, since_us, found_us, told_us, ended_us, "
  "ending, "
  "slope_bytes_per_s, slope_lower_bytes_per_s, slope_upper_bytes_per_s, confidence, grown_bytes, "
  "pid, "
  "trigger_kind, trigger_us, trigger) "
  "SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,kind,t_us,text FROM (SELECT 1) "
  "LEFT JOIN (SELECT * FROM near ORDER BY abs(t_us - ?5) LIMIT 1)";
static const char drop_sql[] = "DELETE FROM leak WHERE ended_us < ?1";
static const char end_sql[] =
  "UPDATE leak SET ended_us = told_us, ending = 'gone' WHERE ended_us IS NULL";
static const char read_sql[] =
  "SELECT id, subject, device, worker_id, name, pid, since_us, found_us, told_us, "
  "slope_bytes_per_s, "
  "slope_lower_bytes_per_s, slope_upper_bytes_per_s, confidence, grown_bytes, trigger FROM leak "
  "WHERE ended_us IS NULL AND (?1 IS NULL OR device = ?1) "
  "AND (CAST (slope_bytes_per_s AS INTEGER), id) < (?2, ?3) "
  "ORDER BY CAST (slope_bytes_per_s AS INTEGER) DESC, id DESC LIMIT ?4";
/* A device has series from its first sample on. */
static const char known_sql[] =
  "SELECT EXISTS (SELECT 1 FROM leak WHERE device = ?1) OR "
  "EXISTS (SELECT 1 FROM series WHERE name GLOB 'gpu.*' AND labels ->> '$.device' = ?1)";

OrfLeakRow *
orf_leak_row_new (void)
{
  return g_new0 (OrfLeakRow, 1);
}

void
orf_leak_row_free (OrfLeakRow *row)
{
  if (row == NULL)
    return;
  g_free (row->subject);
  g_free (row->device);
  g_free (row->name);
  g_free (row->trigger);
  g_free (row);
}

OrfLeakRow *
orf_leak_row_copy (const OrfLeakRow *row)
{
  OrfLeakRow *copy = g_memdup2 (row, sizeof *row);

  copy->subject = g_strdup (row->subject);
  copy->device = g_strdup (row->device);
  copy->name = g_strdup (row->name);
  copy->trigger = g_strdup (row->trigger);
  return copy;
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct {
  OrfLeakRow *row;
  gint64 reach_us, keep_from_us;
} Write;

static void
write_free (gpointer data)
{
  Write *write = data;

  orf_leak_row_free (write->row);
  g_free (write);
}

static void
bind_row (OrfStatement *statement, const Write *write)
{
  const OrfLeakRow *row = write->row;

  orf_statement_bind_text (statement, 1, row->subject);
  orf_statement_bind_text (statement, 2, row->device);
  if (row->worker > 0)
    sqlite3_bind_int64 (statement, 3, row->worker);
  orf_statement_bind_text (statement, 4, row->name);
  sqlite3_bind_int64 (statement, 5, row->since_us);
  sqlite3_bind_int64 (statement, 6, row->found_us);
  sqlite3_bind_int64 (statement, 7, row->told_us);
  if (row->ending != NULL)
    sqlite3_bind_int64 (statement, 8, row->ended_us);
  orf_statement_bind_text (statement, 9, row->ending);
  sqlite3_bind_double (statement, 10, row->slope_bytes_per_s);
  sqlite3_bind_double (statement, 11, row->slope_lower_bytes_per_s);
  sqlite3_bind_double (statement, 12, row->slope_upper_bytes_per_s);
  sqlite3_bind_double (statement, 13, row->confidence);
  sqlite3_bind_int64 (statement, 14, row->grown_bytes);
  if (row->pid >= 0)
    sqlite3_bind_int64 (statement, 15, row->pid);
  sqlite3_bind_int64 (statement, 16, write->reach_us);
}

static gboolean
run (const Write *write, OrfConnection *connection, const char *sql, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  bind_row (statement, write);
  return orf_connection_run (connection, statement, error);
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const Write *write = data;
  g_autoptr (OrfStatement) drop = orf_connection_prepare (connection, drop_sql, error);
  gint64 n_changed = 0;

  if (drop == NULL)
    return FALSE;
  sqlite3_bind_int64 (drop, 1, write->keep_from_us);
  if (!orf_connection_run (connection, drop, error) ||
      !run (write, connection, update_sql, error) ||
      !orf_connection_get_int64 (connection, "SELECT changes()", &n_changed, error))
    return FALSE;
  return n_changed > 0 || run (write, connection, insert_sql, error);
}

void
orf_store_write_leak (OrfStore *store,
                      OrfLeakRow *row,
                      gint64 reach_us,
                      gint64 keep_from_us,
                      OrfWriteDone done,
                      gpointer user_data)
{
  Write *write = g_new0 (Write, 1);
  const OrfStoreChange change = {
    .write_thread_cb = write_thread_cb,
    .data = write,
    .free = write_free,
    .bytes = sizeof *write + sizeof *row + strlen (row->subject) + strlen (row->device),
  };

  *write = (Write){ row, reach_us, keep_from_us };
  orf_store_write (store, &change, done, user_data);
}

static gboolean
end_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, end_sql, error);

  (void) data;
  return statement != NULL && orf_connection_run (connection, statement, error);
}

void
orf_store_end_leaks (OrfStore *store, OrfWriteDone done, gpointer user_data)
{
  const OrfStoreChange change = { .write_thread_cb = end_thread_cb };

  orf_store_write (store, &change, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

static OrfLeakRow *
make_row (OrfStatement *statement)
{
  OrfLeakRow *row = orf_leak_row_new ();

  row->id = sqlite3_column_int64 (statement, 0);
  row->subject = orf_statement_dup_sure_text (statement, 1);
  row->device = orf_statement_dup_sure_text (statement, 2);
  row->worker = sqlite3_column_int64 (statement, 3);
  row->name = orf_statement_dup_text (statement, 4);
  row->pid = orf_statement_get_int64 (statement, 5, -1);
  row->since_us = sqlite3_column_int64 (statement, 6);
  row->found_us = sqlite3_column_int64 (statement, 7);
  row->told_us = sqlite3_column_int64 (statement, 8);
  row->slope_bytes_per_s = sqlite3_column_double (statement, 9);
  row->slope_lower_bytes_per_s = sqlite3_column_double (statement, 10);
  row->slope_upper_bytes_per_s = sqlite3_column_double (statement, 11);
  row->confidence = sqlite3_column_double (statement, 12);
  row->grown_bytes = sqlite3_column_int64 (statement, 13);
  row->trigger = orf_statement_dup_text (statement, 14);
  return row;
}

static gboolean
read_rows (const OrfLeakFilter *filter, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, read_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, filter->device);
  sqlite3_bind_int64 (statement, 2, filter->before_slope);
  sqlite3_bind_int64 (statement, 3, filter->before_id);
  sqlite3_bind_int64 (statement, 4, filter->max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const OrfLeakFilter *filter = data;

  return read_rows (filter, connection, rows, error) &&
         (filter->device == NULL || rows->len > 0 ||
          orf_device_check (connection, known_sql, filter->device, error));
}

static void
filter_free (gpointer data)
{
  OrfLeakFilter *filter = data;

  g_free ((char *) filter->device);
  g_free (filter);
}

void
orf_store_read_leaks (OrfStore *store,
                      const OrfLeakFilter *filter,
                      OrfCancel *cancel,
                      OrfRowsDone done,
                      gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_leak_row_free, NULL, filter_free };
  OrfLeakFilter *own = g_memdup2 (filter, sizeof *filter);

  own->device = g_strdup (filter->device);
  orf_store_read_rows (store, &how, own, cancel, done, user_data);
}
