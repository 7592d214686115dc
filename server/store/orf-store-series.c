/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-series.h"

#include <malloc.h>

#include "orf-error.h"
#include "store/orf-store-ids.h"

#define COLUMNS "id, name, labels, kind, unit, help, extra, created_us, last_us"

static const char insert_sql[] = "INSERT INTO series (" COLUMNS
                                 ") VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING";
static const char upsert_sql[] =
  "INSERT INTO series (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
  "kind = excluded.kind, unit = excluded.unit, help = excluded.help, extra = excluded.extra, "
  "last_us = max(last_us, excluded.last_us)";
static const char find_sql[] = "SELECT " COLUMNS " FROM series WHERE name = ? AND labels = ?";
static const char list_sql[] = "SELECT " COLUMNS
                               " FROM series WHERE last_us >= ? ORDER BY id LIMIT ?";
static const char list_named_sql[] =
  "SELECT " COLUMNS " FROM series WHERE last_us >= ? AND name = ?3 ORDER BY id LIMIT ?2";
static const char load_sql[] =
  "SELECT " COLUMNS " FROM series WHERE last_us >= ? ORDER BY last_us DESC, id DESC LIMIT ?";
static const char get_sql[] = "SELECT " COLUMNS " FROM series WHERE id = ?";
static const char families_sql[] =
  "SELECT coalesce(own.id, first.id), first.name, coalesce(own.labels, any.labels), "
  "coalesce(own.kind, any.kind), CASE WHEN own.id IS NULL THEN any.unit ELSE own.unit END, NULL, "
  "NULL, 0, 0 FROM (SELECT name, min(id) AS id FROM series WHERE id > ? GROUP BY name) AS first "
  "JOIN series AS any ON any.id = first.id "
  "LEFT JOIN series AS own ON own.name = first.name AND own.labels = '{}' ORDER BY first.id";
static const char max_id_sql[] = ORF_STORE_MAX_ID_SQL ("series");

/* Text in the file, where people read it; index: OrfSeriesKind of the schema. */
static const char *const kind_names[] = { NULL, "gauge", "counter", "histogram" };

OrfSeriesRow *
orf_series_row_new (void)
{
  return g_new0 (OrfSeriesRow, 1);
}

void
orf_series_row_free (OrfSeriesRow *row)
{
  if (row == NULL)
    return;
  g_free (row->name);
  g_free (row->labels_json);
  g_free (row->unit);
  g_free (row->help);
  g_free (row->extra_json);
  g_free (row);
}

gsize
orf_series_row_measure (const OrfSeriesRow *row)
{
  char *const texts[] = { row->name, row->labels_json, row->unit, row->help, row->extra_json };
  gsize bytes = sizeof *row;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    bytes += malloc_usable_size (texts[i]);
  return bytes;
}

static gboolean
write_row (OrfConnection *connection, const char *sql, const OrfSeriesRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  if (row->kind <= 0 || row->kind >= (int) G_N_ELEMENTS (kind_names)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "series %s has kind %d, which is none",
                 row->name, row->kind);
    return FALSE;
  }
  sqlite3_bind_int64 (statement, 1, row->id);
  orf_statement_bind_text (statement, 2, row->name);
  orf_statement_bind_text (statement, 3, row->labels_json != NULL ? row->labels_json : "{}");
  orf_statement_bind_text (statement, 4, kind_names[row->kind]);
  orf_statement_bind_text (statement, 5, row->unit);
  orf_statement_bind_text (statement, 6, row->help);
  orf_statement_bind_text (statement, 7, row->extra_json);
  sqlite3_bind_int64 (statement, 8, row->created_us);
  sqlite3_bind_int64 (statement, 9, row->last_us);
  return orf_connection_run (connection, statement, error);
}

gboolean
orf_series_insert (OrfConnection *connection, const OrfSeriesRow *row, GError **error)
{
  return write_row (connection, insert_sql, row, error);
}

gboolean
orf_series_upsert (OrfConnection *connection, const OrfSeriesRow *row, GError **error)
{
  return write_row (connection, upsert_sql, row, error);
}

static OrfSeriesRow *
row_new_from_statement (OrfStatement *statement)
{
  OrfSeriesRow *row = orf_series_row_new ();
  const char *kind = (const char *) sqlite3_column_text (statement, 3);

  row->id = sqlite3_column_int64 (statement, 0);
  row->name = orf_statement_dup_sure_text (statement, 1);
  row->labels_json = orf_statement_dup_sure_text (statement, 2);
  for (guint i = 1; i < G_N_ELEMENTS (kind_names); i++)
    if (g_strcmp0 (kind, kind_names[i]) == 0)
      row->kind = (int) i;
  row->unit = orf_statement_dup_text (statement, 4);
  row->help = orf_statement_dup_text (statement, 5);
  row->extra_json = orf_statement_dup_text (statement, 6);
  row->created_us = sqlite3_column_int64 (statement, 7);
  row->last_us = sqlite3_column_int64 (statement, 8);
  return row;
}

static gboolean
take_rows (OrfConnection *connection, OrfStatement *statement, GPtrArray *rows, GError **error)
{

  return orf_connection_collect (connection, statement, (OrfRowMake) row_new_from_statement, rows,
                                 error);
}

GPtrArray *
orf_series_find (OrfConnection *connection, char *const *keys, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);

  for (; keys[0] != NULL; keys += 2) {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, find_sql, error);

    if (statement == NULL)
      return NULL;
    orf_statement_bind_text (statement, 1, keys[0]);
    orf_statement_bind_text (statement, 2, keys[1]);
    if (!take_rows (connection, statement, rows, error))
      return NULL;
  }
  return g_steal_pointer (&rows);
}

static GPtrArray *
select_since (OrfConnection *connection,
              const char *sql,
              const char *name,
              gint64 since_us,
              guint max,
              GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, since_us);
  sqlite3_bind_int64 (statement, 2, max);
  if (name != NULL)
    orf_statement_bind_text (statement, 3, name);
  if (!take_rows (connection, statement, rows, error))
    return NULL;
  return g_steal_pointer (&rows);
}

GPtrArray *
orf_series_list (
  OrfConnection *connection, const char *name, gint64 since_us, guint max, GError **error)
{
  return select_since (connection, name != NULL ? list_named_sql : list_sql, name, since_us, max,
                       error);
}

GPtrArray *
orf_series_load (
  OrfConnection *connection, gint64 since_us, guint max, gint64 *max_id, GError **error)
{
  g_autoptr (GPtrArray) rows = select_since (connection, load_sql, NULL, since_us, max, error);

  if (rows == NULL || !orf_connection_get_int64 (connection, max_id_sql, max_id, error))
    return NULL;
  return g_steal_pointer (&rows);
}

gboolean
orf_series_get (OrfConnection *connection, gint64 id, OrfSeriesRow **row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, get_sql, error);
  gboolean found;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, id);
  if (!orf_connection_step (connection, statement, &found, error))
    return FALSE;
  *row = found ? row_new_from_statement (statement) : NULL;
  return TRUE;
}

gboolean
orf_series_get_max_id (OrfConnection *connection, gint64 *max_id, GError **error)
{
  return orf_connection_get_int64 (connection, max_id_sql, max_id, error);
}

GPtrArray *
orf_series_list_families (OrfConnection *connection,
                          gint64 after_id,
                          gint64 *last_id,
                          GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  g_autoptr (OrfStatement) statement = NULL;
  gint64 max_id;

  if (!orf_series_get_max_id (connection, &max_id, error))
    return NULL;
  if (max_id > after_id) {
    statement = orf_connection_prepare (connection, families_sql, error);
    if (statement == NULL)
      return NULL;
    sqlite3_bind_int64 (statement, 1, after_id);
    if (!take_rows (connection, statement, rows, error))
      return NULL;
  }
  *last_id = max_id;
  return g_steal_pointer (&rows);
}
