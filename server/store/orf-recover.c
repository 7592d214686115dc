/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-recover-private.h"

#include "store/orf-chunk-row.h"
#include "store/orf-file-twin.h"

/* As in a file that the daemon makes; counts before the first table alone.  Tables are sorted that
 * may be larger than memory. */
#define BEGIN_SQL "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA temp_store = FILE; BEGIN"
/* Packing leaves minutes alone that are not whole, and db.check does not compare them: those up to
 * the last that anything packed tells of, but what a clock that was ahead has left. */
#define HOLD_SQL(column, step)                                                                     \
  "WITH last (t_us) AS (SELECT min (unixepoch () * 1000000, max ((SELECT coalesce (max (t_us), "   \
  "0) "                                                                                            \
  "FROM rollup_1m), (SELECT coalesce (max (end_us), 0) FROM chunk)))) UPDATE retention "           \
  "SET " column " = max (" column ", (SELECT t_us - t_us % " step " + " step " FROM last))"
/* Ids of series are half an id of a chunk. */
#define NO_SERIES(column) column " NOT BETWEEN 1 AND 4294967294"
/* Times are between 1970 and 2200: any clock, right or wrong, but no damage. */
#define NO_TIME(column) column " NOT BETWEEN 0 AND 7258118400000000"
#define NONSENSE_SQL(table, of_its_own)                                                            \
  "DELETE FROM " table " WHERE " NO_SERIES ("series_id") " OR " NO_TIME ("t_us") " OR " of_its_own

void
orf_recovered_table_free (OrfRecoveredTable *table)
{
  g_free (table->name);
  g_free (table);
}

void
orf_recovery_free (OrfRecovery *recovery)
{
  g_ptr_array_unref (recovery->tables);
  g_strfreev (recovery->mended);
  g_free (recovery);
}

static gboolean
table_is_partial (const OrfRecoveredTable *table)
{
  return table->n_gaps > 0 || table->n_refused > 0;
}

gboolean
orf_recovery_is_partial (const OrfRecovery *recovery)
{
  for (guint i = 0; i < recovery->tables->len; i++)
    if (table_is_partial (recovery->tables->pdata[i]))
      return TRUE;
  return FALSE;
}

static OrfRecoveredTable *
find_table (GPtrArray *tables, const char *name)
{
  for (guint i = 0; i < tables->len; i++) {
    OrfRecoveredTable *table = tables->pdata[i];

    if (g_str_equal (table->name, name))
      return table;
  }
  return NULL;
}

gboolean
orf_recover_is_partial (GPtrArray *tables, const char *name)
{
  OrfRecoveredTable *table = find_table (tables, name);

  return table != NULL && table_is_partial (table);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* raw_block is of sample_raw, and is always made again. */
static gboolean
copy_tables (sqlite3 *db, sqlite3 *source, GPtrArray *tables, GError **error)
{
  static const char sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table' "
                            "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> 'raw_block' "
                            "ORDER BY name";
  g_autoptr (OrfTwinStatement) names = NULL;
  int code;

  if (sqlite3_prepare_v2 (db, sql, -1, &names, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  while ((code = sqlite3_step (names)) == SQLITE_ROW) {
    OrfRecoveredTable *table =
      orf_recover_table (db, source, (const char *) sqlite3_column_text (names, 0), error);

    if (table == NULL)
      return FALSE;
    g_ptr_array_add (tables, table);
  }
  return code == SQLITE_DONE || orf_twin_fail (db, error);
}

/* That a number is not given again is worth something, but no file. */
static void
copy_sequences (sqlite3 *db, sqlite3 *source)
{
  static const char sequences_sql[] =
    "SELECT name, seq FROM sqlite_sequence WHERE typeof (seq) = 'integer' AND seq >> 53 = 0";
  g_autoptr (OrfTwinStatement) rows = NULL;
  g_autoptr (OrfTwinStatement) insertion = NULL;

  if (sqlite3_prepare_v2 (source, sequences_sql, -1, &rows, NULL) != SQLITE_OK ||
      sqlite3_exec (db, "DELETE FROM sqlite_sequence", NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (db, "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", -1,
                          &insertion, NULL) != SQLITE_OK)
    return;
  while (sqlite3_step (rows) == SQLITE_ROW) {
    sqlite3_bind_value (insertion, 1, sqlite3_column_value (rows, 0));
    sqlite3_bind_value (insertion, 2, sqlite3_column_value (rows, 1));
    sqlite3_step (insertion);
    sqlite3_reset (insertion);
  }
}

/* One that cannot be read would end each query that meets it. */
static gboolean
drop_unsound_chunks (sqlite3 *db, OrfRecoveredTable *table, GError **error)
{
  g_autoptr (OrfTwinStatement) rows = NULL;
  g_autoptr (OrfTwinStatement) removal = NULL;
  int code;

  if (sqlite3_prepare_v2 (db, "SELECT " ORF_CHUNK_ROW_COLUMNS " FROM chunk ORDER BY id", -1, &rows,
                          NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (db, "DELETE FROM chunk WHERE id = ?1", -1, &removal, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  while ((code = sqlite3_step (rows)) == SQLITE_ROW) {
    g_autofree char *problem = orf_chunk_row_judge (rows);

    if (problem == NULL)
      continue;
    sqlite3_bind_int64 (removal, 1, sqlite3_column_int64 (rows, 0));
    if (sqlite3_step (removal) != SQLITE_DONE)
      break;
    sqlite3_reset (removal);
    table->rows--;
    table->n_refused++;
  }
  return code == SQLITE_DONE || orf_twin_fail (db, error);
}

/* What a table takes, and what cannot be. */
static gboolean
drop_nonsense (sqlite3 *db, GPtrArray *tables, GError **error)
{
  static const struct {
    const char *table, *sql;
  } nonsense[] = {
    { "sample_raw", NONSENSE_SQL ("sample_raw", "rowid >> 52 NOT IN (0, -1)") },
    { "chunk", "DELETE FROM chunk WHERE id >> 32 NOT BETWEEN 0 AND 2147483646" },
    { "rollup_1m",
      NONSENSE_SQL ("rollup_1m",
                    "t_us % 60000000 <> 0 OR count NOT BETWEEN 1 AND 4294967296 OR min > max") },
    { "rollup_1h",
      NONSENSE_SQL ("rollup_1h",
                    "t_us % 3600000000 <> 0 OR count NOT BETWEEN 1 AND 4294967296 OR min > max") },
    { "series", "DELETE FROM series WHERE " NO_SERIES ("id") },
    { "prediction", "DELETE FROM prediction WHERE " NO_SERIES ("series_id") },
    { "forecast_warning", "DELETE FROM forecast_warning WHERE " NO_SERIES ("series_id") },
    { "anomaly", "DELETE FROM anomaly WHERE " NO_SERIES ("series_id") },
    { "span", "DELETE FROM span WHERE " NO_TIME ("start_us") " OR " NO_TIME ("duration_us") },
    { "trace", "DELETE FROM trace WHERE bytes NOT BETWEEN 0 AND 1099511627776" },
    { "chunk_block", "DELETE FROM chunk_block WHERE block NOT BETWEEN 0 AND 2147483646 OR order_no "
                     ">> 52 NOT IN (0, -1)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (nonsense); i++) {
    OrfRecoveredTable *table = find_table (tables, nonsense[i].table);

    if (table == NULL)
      continue;
    if (!orf_twin_exec (db, nonsense[i].sql, error))
      return FALSE;
    table->rows -= sqlite3_changes (db);
    table->n_refused += sqlite3_changes (db);
  }
  return TRUE;
}

/* From when on tiers are whole: not before what they have now. */
static gboolean
hold_back (sqlite3 *db, GPtrArray *tables, GError **error)
{
  static const struct {
    const char *table, *sql;
  } holds[] = {
    { "chunk", HOLD_SQL ("packed_from_us", "60000000") },
    { "rollup_1m", HOLD_SQL ("minutes_from_us", "60000000") },
    { "rollup_1h", HOLD_SQL ("hours_from_us", "3600000000") },
  };

  if (find_table (tables, "retention") == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (holds); i++)
    if (orf_recover_is_partial (tables, holds[i].table) && !orf_twin_exec (db, holds[i].sql, error))
      return FALSE;
  return TRUE;
}

/* ---- the row that tells of it ---------------------------------------------------------------- */

static char *
describe (const char *path, GPtrArray *tables)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *shown = g_utf8_make_valid (path, -1);
  gboolean partial = FALSE;

  g_string_append_printf (text, "recovered from %s", shown);
  for (guint i = 0; i < tables->len; i++) {
    const OrfRecoveredTable *table = tables->pdata[i];

    if (!table_is_partial (table))
      continue;
    g_string_append_printf (text,
                            "%s %s (%" G_GINT64_FORMAT " gaps, %" G_GINT64_FORMAT " rows refused)",
                            partial ? "," : "; lost rows of", table->name, table->n_gaps,
                            table->n_refused);
    partial = TRUE;
  }
  if (!partial)
    g_string_append (text, "; nothing was lost");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
mark (sqlite3 *db, gint64 now_us, const char *text, GError **error)
{
  g_autoptr (OrfTwinStatement) statement = NULL;

  if (sqlite3_prepare_v2 (db,
                          "INSERT INTO event (t_us, kind, text, author) VALUES (?1, 'note', ?2, "
                          "'orfeasctl db recover')",
                          -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  sqlite3_bind_int64 (statement, 1, now_us);
  sqlite3_bind_text (statement, 2, text, -1, SQLITE_STATIC);
  return sqlite3_step (statement) == SQLITE_DONE || orf_twin_fail (db, error);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gboolean
fill (sqlite3 *db,
      sqlite3 *source,
      const char *path,
      GPtrArray *tables,
      GPtrArray *mended,
      GError **error)
{
  gint64 now_us = g_get_real_time ();
  g_autofree char *text = NULL;
  OrfRecoveredTable *chunks;

  if (!copy_tables (db, source, tables, error))
    return FALSE;
  copy_sequences (db, source);
  chunks = find_table (tables, "chunk");
  if ((chunks != NULL && !drop_unsound_chunks (db, chunks, error)) ||
      !drop_nonsense (db, tables, error))
    return FALSE;
  text = describe (path, tables);
  return orf_recover_mend (db, tables, now_us, mended, error) && hold_back (db, tables, error) &&
         (find_table (tables, "event") == NULL || mark (db, now_us, text, error));
}

/* What is UNIQUE is so before rows come, so that one that is there already is passed over. */
static gboolean
make (sqlite3 *db,
      sqlite3 *source,
      const char *path,
      GPtrArray *tables,
      GPtrArray *mended,
      GError **error)
{
  const OrfTwinSource schema = { source, "main" };

  return orf_twin_prepare (db, error) && orf_twin_exec (db, BEGIN_SQL, error) &&
         orf_twin_make (db, &schema, "type = 'table' AND sql LIKE 'CREATE TABLE %'", error) &&
         orf_twin_make (db, &schema, "type = 'index' AND sql LIKE 'CREATE UNIQUE %'", error) &&
         fill (db, source, path, tables, mended, error) &&
         orf_twin_make (db, &schema, "type = 'index' AND sql NOT LIKE 'CREATE UNIQUE %'", error) &&
         orf_twin_make (db, &schema, "type = 'view'", error) &&
         orf_twin_make_triggers (db, &schema, error) &&
         orf_twin_copy_version (db, &schema, error) && orf_twin_exec (db, "COMMIT", error);
}

OrfRecovery *
orf_recover_make (sqlite3 *db, sqlite3 *source, const char *path, GError **error)
{
  g_autoptr (GPtrArray)
    tables = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_recovered_table_free);
  g_autoptr (GPtrArray) mended = g_ptr_array_new_with_free_func (g_free);
  OrfRecovery *recovery;

  /* a broken page is told, not walked into; and one transaction, as far as that goes */
  if (!orf_twin_exec (source, "PRAGMA cell_size_check = ON; BEGIN", error) ||
      !make (db, source, path, tables, mended, error))
    return NULL;
  recovery = g_new0 (OrfRecovery, 1);
  recovery->tables = g_steal_pointer (&tables);
  g_ptr_array_set_free_func (mended, NULL);
  g_ptr_array_add (mended, NULL);
  recovery->mended = (GStrv) g_ptr_array_free (g_steal_pointer (&mended), FALSE);
  return recovery;
}
