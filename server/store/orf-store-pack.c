/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-pack.h"

static const char chunk_sql[] = "INSERT INTO chunk (id, series_id, start_us, end_us, count, min, "
                                "max, sum, codec, data, checksum) "
                                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10)";
static const char drop_chunk_sql[] = "DELETE FROM chunk WHERE id = ?1";
static const char minute_sql[] =
  "INSERT OR REPLACE INTO rollup_1m (series_id, t_us, count, min, max, sum, last, sketch) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char hour_sql[] =
  "INSERT OR REPLACE INTO rollup_1h (series_id, t_us, count, min, max, sum, last, sketch) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char fall_sql[] =
  "INSERT OR IGNORE INTO counter_fall (series_id, t_us) VALUES (?1, ?2)";
static const char block_sql[] =
  "INSERT INTO chunk_block (block, level, order_no, min_t_us, max_t_us, chunks, samples) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (block) DO UPDATE SET "
  "level = max (level, excluded.level), min_t_us = min (min_t_us, excluded.min_t_us), "
  "max_t_us = max (max_t_us, excluded.max_t_us), chunks = chunks + excluded.chunks, "
  "samples = samples + excluded.samples";
static const char drop_block_sql[] = "DELETE FROM chunk_block WHERE block = ?1";
static const char give_up_sql[] =
  "UPDATE chunk_block SET level = ?3 WHERE order_no > ?1 AND order_no <= ?2";
static const char packing_sql[] =
  "UPDATE packing SET from_rowid = ?1, to_rowid = ?2, next_series_id = ?3, block = ?4, "
  "merge_block = ?5, merge_from_order = ?6, merge_to_order = ?7, merge_next_series_id = ?8";

static gboolean
run_numbers (
  OrfConnection *connection, const char *sql, const gint64 *numbers, guint n, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  for (guint i = 0; i < n; i++)
    sqlite3_bind_int64 (statement, (int) i + 1, numbers[i]);
  return orf_connection_run (connection, statement, error);
}

static gboolean
insert_chunk (OrfConnection *connection, const OrfChunkRow *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, chunk_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->id);
  sqlite3_bind_int64 (statement, 2, row->series_id);
  sqlite3_bind_int64 (statement, 3, row->start_us);
  sqlite3_bind_int64 (statement, 4, row->end_us);
  sqlite3_bind_int64 (statement, 5, row->count);
  sqlite3_bind_double (statement, 6, row->min);
  sqlite3_bind_double (statement, 7, row->max);
  sqlite3_bind_double (statement, 8, row->sum); /* not a number: NULL */
  sqlite3_bind_blob64 (statement, 9, row->data->data, row->data->len, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 10, row->checksum);
  return orf_connection_run (connection, statement, error);
}

static gboolean
put_rollup (OrfConnection *connection, const char *sql, const OrfRollup *row, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row->series_id);
  sqlite3_bind_int64 (statement, 2, row->t_us);
  sqlite3_bind_int64 (statement, 3, row->count);
  sqlite3_bind_double (statement, 4, row->min);
  sqlite3_bind_double (statement, 5, row->max);
  sqlite3_bind_double (statement, 6, row->sum);
  sqlite3_bind_double (statement, 7, row->last);
  if (row->sketch != NULL)
    sqlite3_bind_blob64 (statement, 8, row->sketch->data, row->sketch->len, SQLITE_STATIC);
  return orf_connection_run (connection, statement, error);
}

static gboolean
apply_chunks (OrfConnection *connection, const OrfPackStep *step, GError **error)
{
  for (guint i = 0; i < step->chunks->len; i++)
    if (!insert_chunk (connection, step->chunks->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < step->gone_chunks->len; i++)
    if (!run_numbers (connection, drop_chunk_sql, &g_array_index (step->gone_chunks, gint64, i), 1,
                      error))
      return FALSE;
  return TRUE;
}

static gboolean
apply_rollups (OrfConnection *connection, const OrfPackStep *step, GError **error)
{
  for (guint i = 0; i < step->minutes->len; i++)
    if (!put_rollup (connection, minute_sql, &g_array_index (step->minutes, OrfRollup, i), error))
      return FALSE;
  for (guint i = 0; i < step->hours->len; i++)
    if (!put_rollup (connection, hour_sql, &g_array_index (step->hours, OrfRollup, i), error))
      return FALSE;
  for (guint i = 0; i < step->falls->len; i++) {
    const OrfCounterFall *fall = &g_array_index (step->falls, OrfCounterFall, i);
    const gint64 row[] = { fall->series_id, fall->t_us };

    if (!run_numbers (connection, fall_sql, row, G_N_ELEMENTS (row), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
apply_blocks (OrfConnection *connection, const OrfPackStep *step, GError **error)
{
  const OrfChunkBlock *block = &step->block;
  const gint64 row[] = { block->block,    block->level,  block->order_no, block->min_t_us,
                         block->max_t_us, block->chunks, block->samples };
  const gint64 given_up[] = { step->given_up_after_order, step->given_up_to_order,
                              step->given_up_level };

  if (block->block != 0 && !run_numbers (connection, block_sql, row, G_N_ELEMENTS (row), error))
    return FALSE;
  for (guint i = 0; i < step->gone_blocks->len; i++)
    if (!run_numbers (connection, drop_block_sql, &g_array_index (step->gone_blocks, gint64, i), 1,
                      error))
      return FALSE;
  return step->given_up_level == 0 ||
         run_numbers (connection, give_up_sql, given_up, G_N_ELEMENTS (given_up), error);
}

gboolean
orf_pack_apply (OrfConnection *connection, const OrfPackStep *step, GError **error)
{
  const OrfPacking *packing = &step->packing;
  const gint64 row[] = {
    packing->from_rowid,     packing->to_rowid,
    packing->next_series_id, packing->block,
    packing->merge_block,    packing->merge_from_order,
    packing->merge_to_order, packing->merge_next_series_id,
  };

  return apply_chunks (connection, step, error) && apply_rollups (connection, step, error) &&
         apply_blocks (connection, step, error) &&
         run_numbers (connection, packing_sql, row, G_N_ELEMENTS (row), error);
}
