/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-samples.h"

#include "orf-error.h"

/* Rows in one statement: 4.1 ms for a tick of 10,000 rows, where one row each takes 10.5 and 50
 * take 4.7. */
#define ROWS_A_STATEMENT 8
/* A run is closed at the first new tick past this: a read then scans some 25 KB too much at each
 * end. */
#define BLOCK_ROWS 1024
/* And in any case here, which keeps a retention step (a whole run) within a few milliseconds. */
#define BLOCK_MAX_ROWS 8192

static const char insert_one_sql[] =
  "INSERT INTO sample_raw (t_us, series_id, value) VALUES (?,?,?)";
static const char insert_many_sql[] =
  "INSERT INTO sample_raw (t_us, series_id, value) VALUES "
  "(?,?,?),(?,?,?),(?,?,?),(?,?,?),(?,?,?),(?,?,?),(?,?,?),(?,?,?)";
static const char last_block_sql[] =
  "SELECT first_rowid, last_rowid, min_t_us, max_t_us FROM raw_block "
  "ORDER BY first_rowid DESC LIMIT 1";
static const char put_block_sql[] =
  "INSERT INTO raw_block (first_rowid, last_rowid, min_t_us, max_t_us) VALUES (?,?,?,?) "
  "ON CONFLICT (first_rowid) DO UPDATE SET last_rowid = excluded.last_rowid, "
  "min_t_us = excluded.min_t_us, max_t_us = excluded.max_t_us";
static const char find_blocks_sql[] =
  "SELECT first_rowid, last_rowid FROM raw_block WHERE max_t_us >= ? AND min_t_us < ? "
  "ORDER BY first_rowid";
static const char scan_sql[] =
  "SELECT t_us, series_id, value FROM sample_raw WHERE rowid BETWEEN ? AND ? ORDER BY rowid";

gboolean
orf_samples_load_block (OrfConnection *connection, OrfRawBlock *open_block, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, last_block_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *open_block = (OrfRawBlock){ 0 };
  if (row)
    *open_block = (OrfRawBlock){ sqlite3_column_int64 (statement, 0),
                                 sqlite3_column_int64 (statement, 1),
                                 sqlite3_column_int64 (statement, 2),
                                 sqlite3_column_int64 (statement, 3) };
  return TRUE;
}

static gboolean
insert_rows (OrfConnection *connection,
             OrfStatement *statement,
             const OrfSample *samples,
             guint n_samples,
             GError **error)
{
  for (guint i = 0; i < n_samples; i++) {
    sqlite3_bind_int64 (statement, (int) i * 3 + 1, samples[i].t_us);
    sqlite3_bind_int64 (statement, (int) i * 3 + 2, samples[i].series_id);
    sqlite3_bind_double (statement, (int) i * 3 + 3, samples[i].value);
  }
  if (!orf_connection_run (connection, statement, error))
    return FALSE;
  sqlite3_reset (statement);
  return TRUE;
}

static gboolean
insert_samples (OrfConnection *connection,
                const OrfSample *samples,
                guint n_samples,
                GError **error)
{
  g_autoptr (OrfStatement) many = orf_connection_prepare (connection, insert_many_sql, error);
  g_autoptr (OrfStatement) one = NULL;
  guint i = 0;

  if (many == NULL || (one = orf_connection_prepare (connection, insert_one_sql, error)) == NULL)
    return FALSE;
  for (; i + ROWS_A_STATEMENT <= n_samples; i += ROWS_A_STATEMENT)
    if (!insert_rows (connection, many, samples + i, ROWS_A_STATEMENT, error))
      return FALSE;
  for (; i < n_samples; i++)
    if (!insert_rows (connection, one, samples + i, 1, error))
      return FALSE;
  return TRUE;
}

static gboolean
put_block (OrfConnection *connection, const OrfRawBlock *block, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, put_block_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, block->first_rowid);
  sqlite3_bind_int64 (statement, 2, block->last_rowid);
  sqlite3_bind_int64 (statement, 3, block->min_t_us);
  sqlite3_bind_int64 (statement, 4, block->max_t_us);
  return orf_connection_run (connection, statement, error);
}

static gboolean
block_takes (const OrfRawBlock *block, gint64 first_rowid, gint64 min_t_us, guint n_rows)
{
  gint64 n = block->last_rowid - block->first_rowid + 1;

  if (block->first_rowid == 0 || first_rowid != block->last_rowid + 1 ||
      n + n_rows > BLOCK_MAX_ROWS)
    return FALSE;
  return n < BLOCK_ROWS || min_t_us <= block->max_t_us;
}

gboolean
orf_samples_append (OrfConnection *connection,
                    OrfRawBlock *open_block,
                    const OrfSample *samples,
                    guint n_samples,
                    GError **error)
{
  OrfRawBlock block = { .min_t_us = G_MAXINT64, .max_t_us = G_MININT64 };

  if (n_samples == 0)
    return TRUE;
  if (!insert_samples (connection, samples, n_samples, error))
    return FALSE;
  /* One writer: the rows of one append lie side by side. */
  block.last_rowid = sqlite3_last_insert_rowid (orf_connection_get_db (connection));
  block.first_rowid = block.last_rowid - n_samples + 1;
  for (guint i = 0; i < n_samples; i++) {
    block.min_t_us = MIN (block.min_t_us, samples[i].t_us);
    block.max_t_us = MAX (block.max_t_us, samples[i].t_us);
  }
  if (block_takes (open_block, block.first_rowid, block.min_t_us, n_samples)) {
    block.first_rowid = open_block->first_rowid;
    block.min_t_us = MIN (block.min_t_us, open_block->min_t_us);
    block.max_t_us = MAX (block.max_t_us, open_block->max_t_us);
  }
  if (!put_block (connection, &block, error))
    return FALSE;
  *open_block = block;
  return TRUE;
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct {
  gint64 from_us, to_us;
  guint max_points;
  gboolean all;      /* series are added as they are met */
  GHashTable *by_id; /* series_id -> OrfSeriesPoints, both of series */
  GPtrArray *series;
  guint64 n_points; /* later rows of the same time not yet merged */
} Scan;

static void
series_points_free (OrfSeriesPoints *points)
{
  g_array_unref (points->points);
  g_free (points);
}

static OrfSeriesPoints *
scan_add_series (Scan *scan, gint64 id)
{
  OrfSeriesPoints *points = g_new0 (OrfSeriesPoints, 1);

  points->series_id = id;
  points->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_hash_table_insert (scan->by_id, &points->series_id, points);
  g_ptr_array_add (scan->series, points);
  return points;
}

static int
compare_points_cb (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const OrfPoint *) a)->t_us, right = ((const OrfPoint *) b)->t_us;

  return (left > right) - (left < right);
}

/* By time, one point each: the sort is stable, so of equal times the later row is the last. */
static void
merge_points (GArray *points)
{
  OrfPoint *data = (OrfPoint *) (gpointer) points->data;
  gboolean in_order = TRUE;
  guint n = 0;

  for (guint i = 1; i < points->len && in_order; i++)
    in_order = data[i - 1].t_us < data[i].t_us;
  if (in_order)
    return;
  g_array_sort (points, compare_points_cb);
  for (guint i = 0; i < points->len; i++) {
    if (n > 0 && data[n - 1].t_us == data[i].t_us)
      n--;
    data[n++] = data[i];
  }
  g_array_set_size (points, n);
}

static gboolean
scan_merge (Scan *scan, GError **error)
{
  scan->n_points = 0;
  for (guint i = 0; i < scan->series->len; i++) {
    OrfSeriesPoints *points = g_ptr_array_index (scan->series, i);

    merge_points (points->points);
    scan->n_points += points->points->len;
  }
  if (scan->n_points <= scan->max_points)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
               "more than %u points: ask for less time or fewer series", scan->max_points);
  return FALSE;
}

static gboolean
scan_take (Scan *scan, gint64 t_us, gint64 id, double value, GError **error)
{
  OrfSeriesPoints *points = g_hash_table_lookup (scan->by_id, &id);
  OrfPoint point = { t_us, value };

  if (points == NULL && !scan->all)
    return TRUE;
  if (points == NULL)
    points = scan_add_series (scan, id);
  g_array_append_val (points->points, point);
  /* Twice the bound before the costly merge: it then either fails or halves what is held. */
  if (++scan->n_points <= 2 * (guint64) scan->max_points)
    return TRUE;
  return scan_merge (scan, error);
}

static gboolean
scan_rows (OrfConnection *connection, Scan *scan, gint64 first, gint64 last, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, scan_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, first);
  sqlite3_bind_int64 (statement, 2, last);
  while (orf_connection_step (connection, statement, &row, error)) {
    gint64 t_us;

    if (!row)
      return TRUE;
    t_us = sqlite3_column_int64 (statement, 0);
    if (t_us >= scan->from_us && t_us < scan->to_us &&
        !scan_take (scan, t_us, sqlite3_column_int64 (statement, 1),
                    sqlite3_column_double (statement, 2), error))
      return FALSE;
  }
  return FALSE;
}

/* Runs that touch are read as one. */
static gboolean
scan_blocks (OrfConnection *connection, Scan *scan, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, find_blocks_sql, error);
  gint64 first = 0, last = -1;
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, scan->from_us);
  sqlite3_bind_int64 (statement, 2, scan->to_us);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (row && sqlite3_column_int64 (statement, 0) == last + 1) {
      last = sqlite3_column_int64 (statement, 1);
      continue;
    }
    if (last >= first && !scan_rows (connection, scan, first, last, error))
      return FALSE;
    if (!row)
      return TRUE;
    first = sqlite3_column_int64 (statement, 0);
    last = sqlite3_column_int64 (statement, 1);
  }
  return FALSE;
}

/* Those with points, by id. */
static void
drop_empty_series (GPtrArray *series)
{
  for (guint i = series->len; i > 0; i--) {
    OrfSeriesPoints *points = g_ptr_array_index (series, i - 1);

    if (points->points->len == 0)
      g_ptr_array_remove_index_fast (series, i - 1);
  }
}

static int
compare_series_cb (gconstpointer a, gconstpointer b)
{
  gint64 left = (*(OrfSeriesPoints *const *) a)->series_id;
  gint64 right = (*(OrfSeriesPoints *const *) b)->series_id;

  return (left > right) - (left < right);
}

GPtrArray *
orf_samples_read (OrfConnection *connection,
                  const gint64 *ids,
                  guint n_ids,
                  gint64 from_us,
                  gint64 to_us,
                  guint max_points,
                  GError **error)
{
  g_autoptr (GPtrArray)
    series = g_ptr_array_new_with_free_func ((GDestroyNotify) series_points_free);
  g_autoptr (GHashTable) by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  Scan scan = { from_us, to_us, max_points, n_ids == 0, by_id, series, 0 };

  for (guint i = 0; i < n_ids; i++)
    if (!g_hash_table_contains (by_id, &ids[i]))
      scan_add_series (&scan, ids[i]);
  if (!scan_blocks (connection, &scan, error) || !scan_merge (&scan, error))
    return NULL;
  drop_empty_series (series);
  g_ptr_array_sort (series, compare_series_cb);
  return g_steal_pointer (&series);
}
