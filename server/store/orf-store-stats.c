/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-stats.h"

/* The first version whose files have more than sample_raw. */
#define FIRST_VERSION 3

static const char sizes_sql[] = "SELECT page_count * page_size, freelist_count * page_size "
                                "FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
static const char pages_sql[] =
  "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ?1 AND aggregate = TRUE";
static const char series_sql[] =
  "SELECT series_id, count(*), sum(count), sum(length(data)) FROM chunk GROUP BY series_id "
  "ORDER BY 4 DESC, 1 LIMIT ?1";
static const char name_sql[] = "SELECT series FROM v_series WHERE id = ?1";

/* Beside a chunk's bytes: its other columns, and its place in the page. */
#define CHUNK_ROW_BYTES 45

typedef struct {
  const char *name;
  gint64 since_version;
  /* rows, samples, first and last time, an estimate of bytes */
  const char *sql;
} Tier;

/* Times of a rollup: a look a series at each end, for they lie by series.  A row of sample_raw is
 * 25 bytes with its place in the page, one of a rollup 50 (measured). */
#define ROLLUP_SQL(table)                                                                          \
  "SELECT count(*), sum(count), "                                                                  \
  "(SELECT min((SELECT min(t_us) FROM " table " WHERE series_id = s.id)) FROM series AS s), "      \
  "(SELECT max((SELECT max(t_us) FROM " table " WHERE series_id = s.id)) FROM series AS s), "      \
  "count(*) * 50 + coalesce(sum(length(sketch)), 0) FROM " table

static const Tier tiers[] = {
  { "sample_raw", 1,
    "SELECT sum(last_rowid - first_rowid + 1), sum(last_rowid - first_rowid + 1), min(min_t_us), "
    "max(max_t_us), sum(last_rowid - first_rowid + 1) * 25 FROM raw_block" },
  { "chunk", FIRST_VERSION,
    "SELECT count(*), sum(count), min(start_us), max(end_us), sum(length(data) + 45) FROM chunk" },
  { "rollup_1m", FIRST_VERSION, ROLLUP_SQL ("rollup_1m") },
  { "rollup_1h", FIRST_VERSION, ROLLUP_SQL ("rollup_1h") },
};

static void
series_free_cb (gpointer data)
{
  OrfSeriesStats *series = data;

  g_free (series->name);
  g_free (series);
}

void
orf_file_stats_free (OrfFileStats *stats)
{
  if (stats == NULL)
    return;
  g_array_unref (stats->tiers);
  g_ptr_array_unref (stats->series);
  g_free (stats);
}

static OrfFileStats *
stats_new (void)
{
  OrfFileStats *stats = g_new0 (OrfFileStats, 1);

  stats->tiers = g_array_new (FALSE, FALSE, sizeof (OrfTierStats));
  stats->series = g_ptr_array_new_with_free_func (series_free_cb);
  return stats;
}

static gboolean
read_sizes (OrfConnection *connection, OrfFileStats *stats, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sizes_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  stats->size_bytes = sqlite3_column_int64 (statement, 0);
  stats->free_bytes = sqlite3_column_int64 (statement, 1);
  return TRUE;
}

/* Its pages, where SQLite can tell; else *bytes stays. */
static gboolean
read_pages (OrfConnection *connection, const char *table, gint64 *bytes, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, pages_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, table);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *bytes = sqlite3_column_int64 (statement, 0);
  return TRUE;
}

static gboolean
read_tier (OrfConnection *connection, const Tier *tier, OrfFileStats *stats, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, tier->sql, error);
  OrfTierStats one = { .name = tier->name };
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  one.rows = sqlite3_column_int64 (statement, 0);
  one.samples = sqlite3_column_int64 (statement, 1);
  one.has_times = sqlite3_column_type (statement, 2) != SQLITE_NULL;
  one.from_us = sqlite3_column_int64 (statement, 2);
  one.to_us = sqlite3_column_int64 (statement, 3);
  one.bytes = sqlite3_column_int64 (statement, 4);
  if (stats->exact && !read_pages (connection, tier->name, &one.bytes, error))
    return FALSE;
  g_array_append_val (stats->tiers, one);
  return TRUE;
}

static gboolean
read_tiers (OrfConnection *connection, OrfFileStats *stats, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (tiers); i++) {
    gboolean has;

    if (!orf_connection_has_version (connection, tiers[i].since_version, &has, error) ||
        (has && !read_tier (connection, &tiers[i], stats, error)))
      return FALSE;
  }
  return TRUE;
}

/* ---- series ------------------------------------------------------------------------------------
 */

static gboolean
read_largest (OrfConnection *connection, guint max_series, OrfFileStats *stats, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, series_sql, error);
  gboolean row = TRUE;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, max_series);
  while (orf_connection_step (connection, statement, &row, error)) {
    OrfSeriesStats *one;

    if (!row)
      return TRUE;
    one = g_new0 (OrfSeriesStats, 1);
    one->series_id = sqlite3_column_int64 (statement, 0);
    one->samples = sqlite3_column_int64 (statement, 2);
    one->bytes = sqlite3_column_int64 (statement, 3) +
                 CHUNK_ROW_BYTES * sqlite3_column_int64 (statement, 1);
    g_ptr_array_add (stats->series, one);
  }
  return FALSE;
}

static gboolean
read_name (OrfConnection *connection, OrfSeriesStats *series, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, name_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, series->series_id);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  /* chunks without a series are for the check to tell */
  series->name = row ? orf_statement_dup_sure_text (statement, 0)
                     : g_strdup_printf ("#%" G_GINT64_FORMAT, series->series_id);
  return TRUE;
}

static gboolean
read_series (OrfConnection *connection, guint max_series, OrfFileStats *stats, GError **error)
{
  gboolean has;

  if (max_series == 0)
    return TRUE;
  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      (has && !read_largest (connection, max_series, stats, error)))
    return FALSE;
  for (guint i = 0; i < stats->series->len; i++)
    if (!read_name (connection, stats->series->pdata[i], error))
      return FALSE;
  return TRUE;
}

OrfFileStats *
orf_file_stats_read (OrfConnection *connection, guint max_series, gboolean quick, GError **error)
{
  g_autoptr (OrfFileStats) stats = stats_new ();

  stats->exact = !quick && sqlite3_compileoption_used ("ENABLE_DBSTAT_VTAB");
  if (!read_sizes (connection, stats, error) || !read_tiers (connection, stats, error) ||
      !read_series (connection, max_series, stats, error))
    return NULL;
  return g_steal_pointer (&stats);
}
