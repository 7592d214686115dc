/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-pack-merge.h"

#include "core/orf-clock.h"
#include "history/orf-ids.h"
#include "history/orf-tier-tail.h"
#include "orf-error.h"

/* Blocks that become one: with a block each five minutes, levels of half an hour and of three
 * hours. In pages and all, a sample takes 1.64 B in chunks of five minutes, 1.37 B in those of half
 * an hour, 0.99 B in those of three hours.  Larger ones gain little, and who asks for a minute of
 * one decodes it whole. */
#define MERGE_BLOCKS    6
#define LEVEL_1_SAMPLES 1500
#define LEVEL_2_SAMPLES 9000
#define MAX_SAMPLES     14000
/* Of a slow series the bound is this: old blocks go as a whole. */
#define MAX_SPAN_US (24 * 3600 * ORF_US_PER_S)
#define MAX_LEVEL   2
/* In one step: some 10 ms to make and a few to write. */
#define STEP_SERIES  256
#define STEP_SAMPLES 200000

static const char blocks_sql[] =
  "SELECT block, level, order_no, min_t_us, max_t_us, chunks, samples FROM chunk_block "
  "WHERE order_no > ?1 AND order_no <= ?2 AND block <> ?3 ORDER BY order_no";
static const char largest_sql[] =
  "SELECT coalesce (max (count), 0) FROM chunk WHERE id >= ?1 AND id < ?2";
static const char series_sql[] =
  "SELECT series_id FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";

gint64
orf_pack_merge_get_level (gint64 samples, gint64 chunks)
{
  gint64 each = chunks > 0 ? samples / chunks : 0;

  return each >= LEVEL_2_SAMPLES ? 2 : each >= LEVEL_1_SAMPLES ? 1 : 0;
}

/* OrfChunkBlock of after_order < order_no <= to_order but one, by order_no. */
static GArray *
read_blocks (
  OrfConnection *connection, gint64 after_order, gint64 to_order, gint64 but, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, blocks_sql, error);
  g_autoptr (GArray) blocks = g_array_new (FALSE, FALSE, sizeof (OrfChunkBlock));
  gboolean row = TRUE;

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, after_order);
  sqlite3_bind_int64 (statement, 2, to_order);
  sqlite3_bind_int64 (statement, 3, but);
  while (orf_connection_step (connection, statement, &row, error)) {
    OrfChunkBlock block;

    if (!row)
      return g_steal_pointer (&blocks);
    block = (OrfChunkBlock){
      sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1),
      sqlite3_column_int64 (statement, 2), sqlite3_column_int64 (statement, 3),
      sqlite3_column_int64 (statement, 4), sqlite3_column_int64 (statement, 5),
      sqlite3_column_int64 (statement, 6),
    };
    g_array_append_val (blocks, block);
  }
  return NULL;
}

/* ---- which ----------------------------------------------------------------------------------- */

/* What they would be as one. */
static OrfChunkBlock
sum_up (const OrfChunkBlock *blocks, guint n_blocks)
{
  OrfChunkBlock sum = blocks[0];

  for (guint i = 1; i < n_blocks; i++) {
    sum.order_no = blocks[i].order_no;
    sum.min_t_us = MIN (sum.min_t_us, blocks[i].min_t_us);
    sum.max_t_us = MAX (sum.max_t_us, blocks[i].max_t_us);
    sum.chunks = MAX (sum.chunks, blocks[i].chunks);
    sum.samples += blocks[i].samples;
  }
  return sum;
}

static gboolean
are_worth_it (const OrfChunkBlock *blocks)
{
  OrfChunkBlock sum = sum_up (blocks, MERGE_BLOCKS);

  for (guint i = 0; i < MERGE_BLOCKS; i++)
    if (blocks[i].level != blocks[0].level || blocks[i].level >= MAX_LEVEL)
      return FALSE;
  return sum.samples / MAX (sum.chunks, 1) <= MAX_SAMPLES &&
         sum.max_t_us - sum.min_t_us <= MAX_SPAN_US;
}

/* Whether a series' chunks might be more than a chunk holds. */
static gboolean
check_largest (OrfConnection *connection,
               const OrfChunkBlock *blocks,
               gboolean *fit,
               GError **error)
{
  gint64 sum = 0;

  for (guint i = 0; i < MERGE_BLOCKS; i++) {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, largest_sql, error);
    gboolean row;

    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, ORF_TIER_CHUNK_ID (blocks[i].block, 0));
    sqlite3_bind_int64 (statement, 2, ORF_TIER_CHUNK_ID (blocks[i].block + 1, 0));
    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    sum += sqlite3_column_int64 (statement, 0);
  }
  *fit = sum <= (gint64) ORF_CHUNK_MAX_POINTS;
  return TRUE;
}

static OrfPackStep *
begin (const OrfPacking *packing, const OrfChunkBlock *blocks)
{
  OrfPackStep *step = orf_pack_step_new (packing);
  OrfChunkBlock sum = sum_up (blocks, MERGE_BLOCKS);

  step->packing.merge_block = ++step->packing.block;
  step->packing.merge_from_order = blocks[0].order_no - 1;
  step->packing.merge_to_order = sum.order_no;
  step->packing.merge_next_series_id = 0;
  /* The whole span from the beginning on: readers look into both it and its sources. */
  step->block = (OrfChunkBlock){ .block = step->packing.merge_block,
                                 .level = blocks[0].level + 1,
                                 .order_no = sum.order_no,
                                 .min_t_us = sum.min_t_us,
                                 .max_t_us = sum.max_t_us };
  return step;
}

gboolean
orf_pack_merge_plan (OrfConnection *connection,
                     const OrfPacking *packing,
                     OrfPackStep **step,
                     GError **error)
{
  g_autoptr (GArray) blocks = read_blocks (connection, G_MININT64, G_MAXINT64, 0, error);

  if (blocks == NULL)
    return FALSE;
  *step = NULL;
  for (guint i = 0; i + MERGE_BLOCKS <= blocks->len && *step == NULL; i++) {
    const OrfChunkBlock *first = &g_array_index (blocks, OrfChunkBlock, i);
    gboolean fit = FALSE;

    if (!are_worth_it (first))
      continue;
    if (!check_largest (connection, first, &fit, error))
      return FALSE;
    if (fit)
      *step = begin (packing, first);
  }
  return TRUE;
}

/* ---- merging --------------------------------------------------------------------------------- */

/* The next series that any of the blocks has, rising; at most STEP_SERIES, none left out between
 * them. */
static GArray *
find_series (OrfConnection *connection, const GArray *blocks, gint64 from_id, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < blocks->len; i++) {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, series_sql, error);
    gint64 block = g_array_index (blocks, OrfChunkBlock, i).block;
    gboolean row = TRUE;

    if (statement == NULL)
      return NULL;
    sqlite3_bind_int64 (statement, 1, ORF_TIER_CHUNK_ID (block, from_id));
    sqlite3_bind_int64 (statement, 2, ORF_TIER_CHUNK_ID (block + 1, 0));
    sqlite3_bind_int (statement, 3, STEP_SERIES);
    while (row) {
      gint64 id;

      if (!orf_connection_step (connection, statement, &row, error))
        return NULL;
      id = sqlite3_column_int64 (statement, 0);
      if (row)
        g_array_append_val (ids, id);
    }
  }
  orf_ids_settle (ids);
  g_array_set_size (ids, MIN (ids->len, STEP_SERIES));
  return g_steal_pointer (&ids);
}

typedef struct {
  OrfConnection *connection;
  OrfChunkCodec *codec;
  const GArray *blocks; /* OrfChunkBlock */
  OrfPackStep *step;
  GArray *points; /* OrfPoint */
  GArray *times_us, *values;
} Merge;

/* The later of two chunks wins: what is appended last does. */
static gboolean
gather_chunk (Merge *merge, gint64 chunk_id, GError **error)
{
  OrfTierReader *reader = orf_connection_get_tiers (merge->connection);
  GError *failure = NULL;
  OrfTierRun run;

  if (!orf_tier_reader_read_chunk (reader, chunk_id, &run, &failure))
    return orf_connection_adopt_error (merge->connection, failure, error);
  if (run.count > 0)
    g_array_append_val (merge->step->gone_chunks, chunk_id);
  orf_tier_run_append (&run, merge->points);
  return TRUE;
}

static gboolean
merge_series (Merge *merge, gint64 series_id, GError **error)
{
  g_array_set_size (merge->points, 0);
  for (guint i = 0; i < merge->blocks->len; i++) {
    gint64 block = g_array_index (merge->blocks, OrfChunkBlock, i).block;

    if (!gather_chunk (merge, ORF_TIER_CHUNK_ID (block, series_id), error))
      return FALSE;
  }
  orf_tier_points_settle (merge->points);
  orf_tier_points_split (merge->points, merge->times_us, merge->values);
  return orf_pack_step_add_chunk (merge->step, merge->codec, series_id,
                                  (const gint64 *) (gpointer) merge->times_us->data,
                                  (const double *) (gpointer) merge->values->data,
                                  merge->points->len, error);
}

static gboolean
merge_some (Merge *merge, const GArray *ids, GError **error)
{
  for (guint i = 0; i < ids->len && merge->step->block.samples < STEP_SAMPLES; i++) {
    gint64 id = g_array_index (ids, gint64, i);

    if (!merge_series (merge, id, error))
      return FALSE;
    merge->step->packing.merge_next_series_id = id + 1;
  }
  return TRUE;
}

static OrfPackStep *
finish (const OrfPacking *packing, const GArray *blocks)
{
  OrfPackStep *step = orf_pack_step_new (packing);

  step->packing.merge_block = 0;
  for (guint i = 0; i < blocks->len; i++)
    g_array_append_val (step->gone_blocks, g_array_index (blocks, OrfChunkBlock, i).block);
  return step;
}

/* The sources and what they became so far stay, and are not tried again. */
static OrfPackStep *
give_up (const OrfPacking *packing, const GError *why)
{
  OrfPackStep *step = orf_pack_step_new (packing);

  g_warning ("chunks are left as they are: %s", why->message);
  step->packing.merge_block = 0;
  step->given_up_after_order = packing->merge_from_order;
  step->given_up_to_order = packing->merge_to_order;
  step->given_up_level = ORF_PACK_MERGE_GIVEN_UP;
  return step;
}

gboolean
orf_pack_merge_go_on (OrfConnection *connection,
                      const OrfPacking *packing,
                      OrfChunkCodec *codec,
                      OrfPackStep **step,
                      GError **error)
{
  g_autoptr (GArray) blocks = read_blocks (connection, packing->merge_from_order,
                                           packing->merge_to_order, packing->merge_block, error);
  g_autoptr (GArray)
    ids = blocks != NULL ? find_series (connection, blocks, packing->merge_next_series_id, error)
                         : NULL;
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_autoptr (GArray) times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (OrfPackStep) made = NULL;
  g_autoptr (GError) failure = NULL;
  Merge merge = { connection, codec, blocks, NULL, points, times_us, values };

  if (ids == NULL)
    return FALSE;
  if (ids->len == 0) {
    *step = finish (packing, blocks);
    return TRUE;
  }
  merge.step = made = orf_pack_step_new (packing);
  made->block.block = packing->merge_block;
  made->block.order_no = packing->merge_to_order;
  if (merge_some (&merge, ids, &failure)) {
    *step = g_steal_pointer (&made);
    return TRUE;
  }
  if (g_error_matches (failure, ORF_ERROR, ORF_ERROR_DATA_LOSS)) {
    *step = give_up (packing, failure);
    return TRUE;
  }
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
