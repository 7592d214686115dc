/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-samples.h"

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
