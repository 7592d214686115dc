/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-check-tiers.h"

#include "history/orf-ids.h"
#include "history/orf-tier-reader.h"
#include "store/orf-chunk-row.h"
#include "store/orf-pack-merge.h"

/* The first version whose files have chunks. */
#define FIRST_VERSION 3

static const char blocks_sql[] =
  "SELECT chunk_block.block, min_t_us, max_t_us, chunks, samples, level, merge_block <> 0 AND "
  "order_no > merge_from_order AND order_no <= merge_to_order "
  "FROM chunk_block, packing ORDER BY chunk_block.block";
static const char chunks_sql[] = "SELECT " ORF_CHUNK_ROW_COLUMNS " FROM chunk ORDER BY id";

typedef struct {
  gint64 block;
  gint64 min_t_us, max_t_us;
  gint64 chunks, samples; /* as its row has them */
  gboolean in_flux;       /* chunks leave it before its row does */
  gint64 n_chunks, n_samples;
} Block;

typedef struct {
  OrfConnection *connection;
  OrfStatement *blocks;
  Block at; /* block G_MAXINT64: there is no further */
  const GArray *ids;
  GPtrArray *problems;
  guint n_told;
} ChunkCheck;

static void G_GNUC_PRINTF (2, 3) tell (ChunkCheck *self, const char *format, ...)
{
  va_list args;

  if (self->n_told++ >= ORF_CHECK_MAX_PROBLEMS)
    return;
  va_start (args, format);
  g_ptr_array_add (self->problems, g_strdup_vprintf (format, args));
  va_end (args);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void
close_block (ChunkCheck *self)
{
  const Block *at = &self->at;

  if (!at->in_flux && (at->n_chunks != at->chunks || at->n_samples != at->samples))
    tell (self,
          "chunk_block %" G_GINT64_FORMAT " tells of %" G_GINT64_FORMAT
          " chunks with %" G_GINT64_FORMAT " samples; there are %" G_GINT64_FORMAT
          " with %" G_GINT64_FORMAT,
          at->block, at->chunks, at->samples, at->n_chunks, at->n_samples);
}

static gboolean
next_block (ChunkCheck *self, GError **error)
{
  OrfStatement *row = self->blocks;
  gboolean has;

  if (!orf_connection_step (self->connection, row, &has, error))
    return FALSE;
  self->at = (Block){ .block = G_MAXINT64 };
  if (has)
    self->at = (Block){ .block = sqlite3_column_int64 (row, 0),
                        .min_t_us = sqlite3_column_int64 (row, 1),
                        .max_t_us = sqlite3_column_int64 (row, 2),
                        .chunks = sqlite3_column_int64 (row, 3),
                        .samples = sqlite3_column_int64 (row, 4),
                        .in_flux = sqlite3_column_int (row, 5) == ORF_PACK_MERGE_GIVEN_UP ||
                                   sqlite3_column_int (row, 6) != 0 };
  return TRUE;
}

/* To the block, or the next there is. */
static gboolean
go_to_block (ChunkCheck *self, gint64 block, GError **error)
{
  while (self->at.block < block) {
    close_block (self);
    if (!next_block (self, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static char *
judge_row (const ChunkCheck *self, OrfStatement *row, gint64 block)
{
  gint64 series_id = sqlite3_column_int64 (row, 1);
  char *problem;

  if (self->at.block != block)
    return g_strdup ("there is no such block in chunk_block");
  problem = orf_chunk_row_judge (row);
  if (problem != NULL)
    return problem;
  if (!orf_ids_find (self->ids, series_id, NULL))
    return g_strdup_printf ("series %" G_GINT64_FORMAT " does not exist", series_id);
  if (sqlite3_column_int64 (row, 2) < self->at.min_t_us ||
      sqlite3_column_int64 (row, 3) > self->at.max_t_us)
    return g_strdup ("it lies outside its block's times");
  return NULL;
}

static gboolean
check_chunk (ChunkCheck *self, OrfStatement *row, GError **error)
{
  gint64 id = sqlite3_column_int64 (row, 0), block = id >> 32;
  g_autofree char *problem = NULL;

  if (!go_to_block (self, block, error))
    return FALSE;
  if (self->at.block == block) {
    self->at.n_chunks++;
    self->at.n_samples += sqlite3_column_int64 (row, 4);
  }
  problem = judge_row (self, row, block);
  if (problem != NULL)
    tell (self,
          "chunk %" G_GINT64_FORMAT " (series %" G_GINT64_FORMAT ", block %" G_GINT64_FORMAT
          "): %s",
          id, id - ORF_TIER_CHUNK_ID (block, 0), block, problem);
  return TRUE;
}

gboolean
orf_check_chunks (OrfConnection *connection, const GArray *ids, GPtrArray *problems, GError **error)
{
  ChunkCheck check = { .connection = connection, .ids = ids, .problems = problems };
  g_autoptr (OrfStatement) blocks = NULL;
  g_autoptr (OrfStatement) chunks = NULL;
  gboolean row;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &row, error))
    return FALSE;
  if (!row)
    return TRUE;
  if ((blocks = orf_connection_prepare (connection, blocks_sql, error)) == NULL ||
      (chunks = orf_connection_prepare (connection, chunks_sql, error)) == NULL)
    return FALSE;
  check.blocks = blocks;
  if (!next_block (&check, error))
    return FALSE;
  for (;;) {
    if (!orf_connection_step (connection, chunks, &row, error))
      return FALSE;
    if (!row)
      return go_to_block (&check, G_MAXINT64, error);
    if (!check_chunk (&check, chunks, error))
      return FALSE;
  }
}
