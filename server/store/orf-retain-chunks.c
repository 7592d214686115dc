/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-retain-chunks.h"

#include "core/orf-clock.h"
#include "history/orf-tier-reader.h"

/* Chunks in one step: of half a day each they are 0.5 MB, and free within a millisecond. */
#define STEP_CHUNKS 16
/* Blocks are looked at in order of arrival, which no clock can upset.  How far ahead of the clock a
 * sample's time may be; a block that reaches further was written while the clock was wrong, and is
 * as old as what came after it. */
#define AHEAD_US (3600 * ORF_US_PER_S)

static const char packing_sql[] =
  "SELECT CASE WHEN to_rowid < from_rowid THEN 0 ELSE block END, merge_block, merge_from_order, "
  "merge_to_order FROM packing";
static const char old_sql[] =
  "SELECT block, order_no, min_t_us, max_t_us FROM chunk_block WHERE max_t_us < ?1 OR "
  "(max_t_us > ?2 AND order_no < (SELECT max(order_no) FROM chunk_block WHERE max_t_us < ?1)) "
  "ORDER BY order_no";
static const char chunks_sql[] =
  "SELECT id, count FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";
static const char drop_chunks_sql[] = "DELETE FROM chunk WHERE id BETWEEN ?1 AND ?2";
static const char shrink_block_sql[] =
  "UPDATE chunk_block SET chunks = chunks - ?2, samples = samples - ?3 WHERE block = ?1";
static const char drop_block_sql[] = "DELETE FROM chunk_block WHERE block = ?1";
static const char note_sql[] =
  "UPDATE retention SET packed_from_us = max(packed_from_us, ?1) WHERE id = 1";

typedef struct {
  gint64 packed_block; /* 0: none is being packed */
  gint64 merge_block;  /* 0: none are being merged */
  gint64 merge_from_order, merge_to_order;
} Busy;

typedef struct {
  gint64 block, order_no;
  gint64 min_t_us, max_t_us;
} Block;

static gboolean
run_with (
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
load_busy (OrfConnection *connection, Busy *busy, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, packing_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *busy = (Busy){ 0 };
  if (row)
    *busy = (Busy){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1),
                    sqlite3_column_int64 (statement, 2), sqlite3_column_int64 (statement, 3) };
  return TRUE;
}

static gboolean
may_go (const Block *block, const Busy *busy, const OrfPins *pins)
{
  gboolean merges = busy->merge_block != 0 && block->order_no > busy->merge_from_order &&
                    block->order_no <= busy->merge_to_order;
  OrfPinnedWindow window;

  return !merges && block->block != busy->packed_block &&
         !orf_pins_find (pins, block->min_t_us, block->max_t_us + 1, &window);
}

/* The oldest that may go, or the one that was begun if it still may; its block 0: none. */
static gboolean
choose (OrfRetainChunks *chunks,
        OrfConnection *connection,
        const OrfRetainChunksLimits *limits,
        Block *chosen,
        GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, old_sql, error);
  gboolean row;
  Busy busy;

  if (statement == NULL || !load_busy (connection, &busy, error))
    return FALSE;
  *chosen = (Block){ 0 };
  sqlite3_bind_int64 (statement, 1, limits->before_us);
  sqlite3_bind_int64 (statement, 2, limits->now_us + AHEAD_US);
  while (orf_connection_step (connection, statement, &row, error)) {
    Block block;

    if (!row)
      return TRUE;
    block = (Block){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1),
                     sqlite3_column_int64 (statement, 2), sqlite3_column_int64 (statement, 3) };
    if (may_go (&block, &busy, limits->pins) &&
        (chosen->block == 0 || block.block == chunks->block))
      *chosen = block;
    /* none was begun, or this is it: those behind are younger */
    if (chosen->block != 0 && (chunks->block == 0 || chosen->block == chunks->block))
      return TRUE;
  }
  return FALSE;
}

/* Some of the block's chunks; *n 0: it has none left. */
static gboolean
drop_some (OrfConnection *connection, gint64 block, guint *n, GError **error)
{
  gint64 first = 0, last = 0, samples = 0;
  gboolean row = TRUE;

  *n = 0;
  {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, chunks_sql, error);

    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, ORF_TIER_CHUNK_ID (block, 0));
    sqlite3_bind_int64 (statement, 2, ORF_TIER_CHUNK_ID (block + 1, 0));
    sqlite3_bind_int64 (statement, 3, STEP_CHUNKS);
    for (;;) {
      if (!orf_connection_step (connection, statement, &row, error))
        return FALSE;
      if (!row)
        break;
      last = sqlite3_column_int64 (statement, 0);
      first = *n == 0 ? last : first;
      samples += sqlite3_column_int64 (statement, 1);
      *n += 1;
    }
  }
  return *n == 0 ||
         (run_with (connection, drop_chunks_sql, (gint64[]){ first, last }, 2, error) &&
          /* its row stays true of what is left, at each step */
          run_with (connection, shrink_block_sql, (gint64[]){ block, *n, samples }, 3, error));
}

gboolean
orf_retain_chunks_step (OrfRetainChunks *chunks,
                        OrfConnection *connection,
                        const OrfRetainChunksLimits *limits,
                        gboolean *dropped,
                        GError **error)
{
  gint64 whole_from_us;
  Block block;
  guint n;

  if (!choose (chunks, connection, limits, &block, error))
    return FALSE;
  chunks->block = block.block;
  *dropped = block.block != 0;
  if (block.block == 0)
    return TRUE;
  whole_from_us = MIN (block.max_t_us, limits->now_us) + 1;
  if (!run_with (connection, note_sql, &whole_from_us, 1, error) ||
      !drop_some (connection, block.block, &n, error))
    return FALSE;
  if (n > 0)
    return TRUE;
  chunks->block = 0;
  return run_with (connection, drop_block_sql, &block.block, 1, error);
}
