/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-costs.h"

#include <string.h>

#include "core/orf-names.h"

static const char there_sql[] =
  "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'cost'";
static const char update_sql[] =
  "UPDATE cost SET device_us = device_us + ?7 WHERE kind = ?1 AND t_us = ?2 AND device = ?3 "
  "AND service = ?4 AND name = ?5 AND price_nano = ?6";
static const char insert_sql[] =
  "INSERT INTO cost (kind, t_us, device, service, name, price_nano, device_us) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
  "ON CONFLICT DO UPDATE SET device_us = device_us + excluded.device_us";
static const char count_sql[] =
  "SELECT count(*) FROM cost WHERE kind = ?1 AND t_us = ?2 AND device = ?3 "
  "AND name NOT IN ('" ORF_COST_NOBODY "', '" ORF_COST_OTHER "')";
static const char put_device_sql[] =
  "INSERT INTO cost_device (device, first_us, until_us) VALUES (?1, ?2, ?3) "
  "ON CONFLICT DO UPDATE SET until_us = excluded.until_us";
static const char put_minute_sql[] =
  "INSERT INTO cost_minute (t_us, price_nano, used_us, devices) VALUES (?1, ?2, ?3, ?4) "
  "ON CONFLICT DO UPDATE SET used_us = used_us + excluded.used_us, "
  "devices = max(devices, excluded.devices)";
static const char drop_sql[] = "DELETE FROM cost WHERE kind = ?1 AND t_us < ?2";
static const char devices_sql[] = "SELECT device, first_us, until_us FROM cost_device";
static const char rows_sql[] = "SELECT device, service, name, price_nano, device_us FROM cost "
                               "WHERE kind = ?1 AND t_us >= ?2 AND t_us < ?3";
static const char span_sql[] =
  "SELECT coalesce(min(first_us), 0), coalesce(max(until_us), 0) FROM cost_device";
static const char price_sql[] =
  "SELECT price_nano FROM cost WHERE kind = 'used' AND device = ?1 ORDER BY t_us DESC LIMIT 1";
static const char mark_sql[] =
  "SELECT text FROM event WHERE kind = 'deploy' AND t_us BETWEEN ?1 - ?2 AND ?1 + ?2 "
  "ORDER BY abs(t_us - ?1) LIMIT 1";

static const char *const kinds[ORF_COST_N_KINDS] = {
  "used", "idle", "unseen", "process", "worker", "operation",
};

/* ---- values ---------------------------------------------------------------------------------- */

OrfCostRow *
orf_cost_row_new (
  OrfCostKind kind, gint64 t_us, const char *device, const char *service, const char *name)
{
  OrfCostRow *row = g_new0 (OrfCostRow, 1);

  row->kind = kind;
  row->t_us = t_us;
  row->device = g_strdup (device != NULL ? device : "");
  row->service = g_strdup (service != NULL ? service : "");
  row->name = g_strdup (name != NULL ? name : "");
  return row;
}

void
orf_cost_row_free (OrfCostRow *row)
{
  if (row == NULL)
    return;
  g_free (row->device);
  g_free (row->service);
  g_free (row->name);
  g_free (row);
}

void
orf_cost_device_free (OrfCostDevice *device)
{
  g_free (device->device);
  g_free (device);
}

OrfCostChange *
orf_cost_change_new (void)
{
  OrfCostChange *change = g_new0 (OrfCostChange, 1);

  change->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_row_free);
  change->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_device_free);
  change->minutes = g_array_new (FALSE, FALSE, sizeof (OrfCostMinute));
  return change;
}

void
orf_cost_change_free (OrfCostChange *change)
{
  if (change == NULL)
    return;
  g_ptr_array_unref (change->rows);
  g_ptr_array_unref (change->devices);
  g_array_unref (change->minutes);
  g_free (change);
}

static gsize
measure (const OrfCostChange *change)
{
  gsize bytes = sizeof *change + change->minutes->len * sizeof (OrfCostMinute) +
                change->devices->len * sizeof (OrfCostDevice);

  for (guint i = 0; i < change->rows->len; i++) {
    const OrfCostRow *row = change->rows->pdata[i];

    bytes += sizeof *row + strlen (row->device) + strlen (row->service) + strlen (row->name) + 3;
  }
  return bytes;
}

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
put (OrfConnection *connection,
     const char *sql,
     const OrfCostRow *row,
     const char *name,
     GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, kinds[row->kind]);
  sqlite3_bind_int64 (statement, 2, row->t_us);
  orf_statement_bind_text (statement, 3, row->device);
  orf_statement_bind_text (statement, 4, name == row->name ? row->service : "");
  orf_statement_bind_text (statement, 5, name);
  sqlite3_bind_int64 (statement, 6, row->price_nano);
  sqlite3_bind_int64 (statement, 7, row->device_us);
  return orf_connection_run (connection, statement, error);
}

static gboolean
has_room (OrfConnection *connection,
          const OrfCostRow *row,
          gint64 max_names,
          gboolean *room,
          GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  gboolean found = FALSE;

  *room = row->kind < ORF_COST_PROCESS || g_str_equal (row->name, ORF_COST_NOBODY);
  if (*room)
    return TRUE;
  statement = orf_connection_prepare (connection, count_sql, error);
  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, kinds[row->kind]);
  sqlite3_bind_int64 (statement, 2, row->t_us);
  orf_statement_bind_text (statement, 3, row->device);
  if (!orf_connection_step (connection, statement, &found, error))
    return FALSE;
  *room = found && sqlite3_column_int64 (statement, 0) < max_names;
  return TRUE;
}

/* A name that is there already needs no room. */
static gboolean
add (OrfConnection *connection, const OrfCostRow *row, gint64 max_names, GError **error)
{
  gboolean room;

  if (!put (connection, update_sql, row, row->name, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) > 0)
    return TRUE;
  return has_room (connection, row, max_names, &room, error) &&
         put (connection, insert_sql, row, room ? row->name : ORF_COST_OTHER, error);
}

gboolean
orf_costs_add (OrfConnection *connection, const GPtrArray *rows, gint64 max_names, GError **error)
{
  for (guint i = 0; i < rows->len; i++)
    if (!add (connection, rows->pdata[i], max_names, error))
      return FALSE;
  return TRUE;
}

static gboolean
put_device (OrfConnection *connection, const OrfCostDevice *device, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_device_sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, device->device);
  sqlite3_bind_int64 (statement, 2, device->first_us);
  sqlite3_bind_int64 (statement, 3, device->until_us);
  return orf_connection_run (connection, statement, error);
}

static gboolean
put_minute (OrfConnection *connection, const OrfCostMinute *minute, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_minute_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, minute->t_us);
  sqlite3_bind_int64 (statement, 2, minute->price_nano);
  sqlite3_bind_int64 (statement, 3, minute->used_us);
  sqlite3_bind_int64 (statement, 4, minute->devices);
  return orf_connection_run (connection, statement, error);
}

static gboolean
drop_old (OrfConnection *connection, gint64 keep_from_us, GError **error)
{
  for (guint i = 0; i < ORF_COST_N_KINDS; i++) {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, drop_sql, error);

    if (statement == NULL)
      return FALSE;
    orf_statement_bind_text (statement, 1, kinds[i]);
    sqlite3_bind_int64 (statement, 2, keep_from_us);
    if (!orf_connection_run (connection, statement, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_thread_cb (gconstpointer data, OrfConnection *connection, GError **error)
{
  const OrfCostChange *change = data;

  if (!orf_costs_add (connection, change->rows, change->max_names, error))
    return FALSE;
  for (guint i = 0; i < change->devices->len; i++)
    if (!put_device (connection, change->devices->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < change->minutes->len; i++)
    if (!put_minute (connection, &g_array_index (change->minutes, OrfCostMinute, i), error))
      return FALSE;
  return drop_old (connection, change->keep_from_us, error);
}

void
orf_store_write_costs (OrfStore *store,
                       OrfCostChange *change,
                       OrfWriteDone done,
                       gpointer user_data)
{
  const OrfStoreChange written = {
    .write_thread_cb = write_thread_cb,
    .data = change,
    .free = (GDestroyNotify) orf_cost_change_free,
    .bytes = measure (change),
  };

  orf_store_write (store, &written, done, user_data);
}

/* ---- reading --------------------------------------------------------------------------------- */

gboolean
orf_costs_are_there (OrfConnection *connection, gboolean *there, GError **error)
{
  gint64 n;

  if (!orf_connection_get_int64 (connection, there_sql, &n, error))
    return FALSE;
  *there = n > 0;
  return TRUE;
}

static gpointer
make_device (OrfStatement *statement)
{
  OrfCostDevice *device = g_new0 (OrfCostDevice, 1);

  device->device = orf_statement_dup_sure_text (statement, 0);
  device->first_us = sqlite3_column_int64 (statement, 1);
  device->until_us = sqlite3_column_int64 (statement, 2);
  return device;
}

static gboolean
load_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, devices_sql, error);

  return statement != NULL &&
         orf_connection_collect (connection, statement, make_device, data, error);
}

GPtrArray *
orf_store_load_cost_devices (OrfStore *store, GError **error)
{
  g_autoptr (GPtrArray)
    devices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cost_device_free);

  if (!orf_store_load (store, load_thread_cb, devices, error))
    return NULL;
  return g_steal_pointer (&devices);
}

/* Sums are made here: SQLite would sort all rows for them, which takes four times as long as to
 * read them. */
static OrfCostRow *
ensure_sum (
  GHashTable *index, GString *key, OrfStatement *statement, gboolean by_device, GPtrArray *rows)
{
  const char *device = by_device ? orf_statement_get_sure_text (statement, 0) : "";
  const char *service = orf_statement_get_sure_text (statement, 1);
  const char *name = orf_statement_get_sure_text (statement, 2);
  gint64 price_nano = sqlite3_column_int64 (statement, 3);
  OrfCostRow *sum;

  g_string_printf (key, "%" G_GINT64_FORMAT " %zu %zu ", price_nano, strlen (device),
                   strlen (service));
  g_string_append (key, device);
  g_string_append (key, service);
  g_string_append (key, name);
  sum = g_hash_table_lookup (index, key->str);
  if (sum != NULL)
    return sum;
  sum = orf_cost_row_new (ORF_COST_USED, 0, device, service, name);
  sum->price_nano = price_nano;
  g_ptr_array_add (rows, sum);
  g_hash_table_insert (index, g_strdup (key->str), sum);
  return sum;
}

gboolean
orf_costs_read (OrfConnection *connection,
                OrfCostKind kind,
                gboolean by_device,
                gint64 from_us,
                gint64 to_us,
                GPtrArray *rows,
                GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, rows_sql, error);
  g_autoptr (GHashTable) index = orf_names_table_new (g_free, NULL);
  g_autoptr (GString) key = g_string_new (NULL);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, kinds[kind]);
  sqlite3_bind_int64 (statement, 2, from_us);
  sqlite3_bind_int64 (statement, 3, to_us);
  for (;;) {
    OrfCostRow *sum;

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    sum = ensure_sum (index, key, statement, by_device, rows);
    sum->kind = kind;
    sum->device_us += sqlite3_column_int64 (statement, 4);
  }
}

gboolean
orf_costs_read_span (OrfConnection *connection, gint64 *first_us, gint64 *until_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, span_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *first_us = sqlite3_column_int64 (statement, 0);
  *until_us = sqlite3_column_int64 (statement, 1);
  return TRUE;
}

gboolean
orf_costs_read_last_price (OrfConnection *connection,
                           const char *device,
                           gint64 *price_nano,
                           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, price_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, device);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *price_nano = row ? sqlite3_column_int64 (statement, 0) : -1;
  return TRUE;
}

gboolean
orf_costs_read_mark (
  OrfConnection *connection, gint64 t_us, gint64 reach_us, char **text, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, mark_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, t_us);
  sqlite3_bind_int64 (statement, 2, reach_us);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *text = row ? orf_statement_dup_text (statement, 0) : NULL;
  return TRUE;
}
