/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A series' chunks are found by their ids, one look a block.  Where chunks (and the rows not packed
 * yet) do not overlap, each is decoded and given as it is; those that do are put together, the
 * later one winning.
 */
#include "history/orf-tier-reader.h"

#include "history/orf-chunk-codec.h"
#include "history/orf-ids.h"
#include "history/orf-sketch.h"
#include "history/orf-tier-tail.h"
#include "orf-error.h"
#include "store/orf-store-error.h"

/* Rows that are not packed are read for so many series at once that no more of them than this are
 * held (32 MB), if they are spread evenly. */
#define MAX_TAIL_ROWS (2 * 1024 * 1024)

static const char has_tiers_sql[] = "SELECT 1 FROM sqlite_schema WHERE name = 'packing'";
static const char mark_sql[] = "SELECT from_rowid, to_rowid, next_series_id FROM packing";
static const char series_sql[] = "SELECT id FROM series ORDER BY id";
static const char blocks_sql[] =
  "SELECT block FROM chunk_block WHERE max_t_us >= ?1 AND min_t_us < ?2 ORDER BY order_no";
static const char span_sql[] = "SELECT start_us, end_us FROM chunk WHERE id = ?1";
static const char data_sql[] = "SELECT count, data FROM chunk WHERE id = ?1";
static const char falls_sql[] =
  "SELECT t_us FROM counter_fall WHERE series_id = ?1 AND t_us >= ?2 AND t_us < ?3 ORDER BY t_us";
#define ROLLUP_SQL(table, part)                                                                    \
  "SELECT t_us, count" part " FROM " table                                                         \
  " WHERE series_id = ?1 AND t_us >= ?2 AND t_us < ?3 ORDER BY t_us"
#define ROLLUP_SQLS(table)                                                                         \
  {                                                                                                \
    [ORF_ROLLUP_COUNT] = ROLLUP_SQL (table, ""), [ORF_ROLLUP_SUM] = ROLLUP_SQL (table, ", sum"),   \
    [ORF_ROLLUP_MIN] = ROLLUP_SQL (table, ", min"),                                                \
    [ORF_ROLLUP_MAX] = ROLLUP_SQL (table, ", max"),                                                \
    [ORF_ROLLUP_LAST] = ROLLUP_SQL (table, ", last"),                                              \
    [ORF_ROLLUP_SKETCH] = ROLLUP_SQL (table, ", sketch"),                                          \
    [ORF_ROLLUP_ALL] = ROLLUP_SQL (table, ", sum, min, max, last"),                                \
  }
static const char *const rollup_sqls[][ORF_N_ROLLUP_PARTS] = { ROLLUP_SQLS ("rollup_1m"),
                                                               ROLLUP_SQLS ("rollup_1h") };

struct _OrfTierReader {
  sqlite3 *db;
  sqlite3_stmt *has_tiers, *mark, *series, *blocks, *span, *data, *falls;
  sqlite3_stmt *rollups[G_N_ELEMENTS (rollup_sqls)][ORF_N_ROLLUP_PARTS];
  OrfChunkCodec *codec;
  OrfTierTail *tail;
  gint64 *times_us; /* what the last chunk was decoded to */
  double *values;
  gsize capacity;
};

/* A chunk, or the rows that are not packed. */
typedef struct {
  gint64 chunk_id; /* 0: the rows */
  gint64 start_us, end_us;
  guint order;
} Piece;

struct _OrfTierScan {
  OrfTierReader *reader;
  gint64 from_us, to_us;
  gboolean packed_only;
  GArray *ids; /* gint64, rising */
  OrfTierMark mark;
  GArray *blocks; /* gint64, by order_no */
  guint at_id;    /* of the series whose pieces these are */
  guint next_id;
  guint end_id;             /* the first that is not asked for any more */
  guint tail_from, tail_to; /* ids whose rows the tail has */
  guint tail_step;          /* ids whose rows are read at once */
  GArray *pieces;           /* Piece, by start */
  guint at_piece;           /* the next */
  GArray *points;           /* OrfPoint, of pieces that overlap */
  GArray *merged_times;     /* the same as columns */
  GArray *merged_values;
  OrfTierRun run;
};

OrfTierReader *
orf_tier_reader_new (sqlite3 *db)
{
  OrfTierReader *reader = g_new0 (OrfTierReader, 1);

  reader->db = db;
  reader->codec = orf_chunk_codec_new ();
  reader->tail = orf_tier_tail_new (db);
  return reader;
}

void
orf_tier_reader_free (OrfTierReader *reader)
{
  sqlite3_stmt *statements[] = { reader->has_tiers, reader->mark, reader->series, reader->blocks,
                                 reader->span,      reader->data, reader->falls };

  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    sqlite3_finalize (statements[i]);
  for (guint i = 0; i < G_N_ELEMENTS (rollup_sqls); i++)
    for (guint k = 0; k < ORF_N_ROLLUP_PARTS; k++)
      sqlite3_finalize (reader->rollups[i][k]);
  orf_tier_tail_free (reader->tail);
  orf_chunk_codec_free (reader->codec);
  g_free (reader->times_us);
  g_free (reader->values);
  g_free (reader);
}

void
orf_tier_reader_relax (OrfTierReader *reader)
{
  orf_chunk_codec_relax (reader->codec);
  if (reader->capacity <= ORF_CHUNK_KEPT_POINTS)
    return;
  g_clear_pointer (&reader->times_us, g_free);
  g_clear_pointer (&reader->values, g_free);
  reader->capacity = 0;
}

static gboolean
fail (OrfTierReader *reader, GError **error)
{
  const char *path = sqlite3_db_filename (reader->db, "main");

  g_propagate_error (error, orf_store_error_new (sqlite3_extended_errcode (reader->db),
                                                 sqlite3_errmsg (reader->db),
                                                 path != NULL ? path : "the database"));
  return FALSE;
}

/* *statement ready to be bound and stepped. */
static gboolean
prepare (OrfTierReader *reader, sqlite3_stmt **statement, const char *sql, GError **error)
{
  if (*statement != NULL || sqlite3_prepare_v3 (reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                statement, NULL) == SQLITE_OK)
    return TRUE;
  return fail (reader, error);
}

/* The first column of all rows, appended to numbers of gint64. */
static gboolean
collect (OrfTierReader *reader, sqlite3_stmt *statement, GArray *numbers, GError **error)
{
  int code;

  while ((code = sqlite3_step (statement)) == SQLITE_ROW) {
    gint64 number = sqlite3_column_int64 (statement, 0);

    g_array_append_val (numbers, number);
  }
  sqlite3_reset (statement);
  return code == SQLITE_DONE || fail (reader, error);
}

/* Of the series whose pieces these are. */
static gint64
get_id (const OrfTierScan *scan)
{
  return g_array_index (scan->ids, gint64, scan->at_id);
}

/* ---- the scan's beginning -------------------------------------------------------------------- */

static gboolean
load_mark (OrfTierReader *reader, OrfTierMark *mark, gboolean *has_tiers, GError **error)
{
  int code;

  *mark = (OrfTierMark){ G_MININT64, G_MININT64, 0 };
  if (!prepare (reader, &reader->has_tiers, has_tiers_sql, error))
    return FALSE;
  code = sqlite3_step (reader->has_tiers);
  sqlite3_reset (reader->has_tiers);
  *has_tiers = code == SQLITE_ROW;
  if (code != SQLITE_ROW)
    return code == SQLITE_DONE || fail (reader, error);
  if (!prepare (reader, &reader->mark, mark_sql, error))
    return FALSE;
  code = sqlite3_step (reader->mark);
  if (code == SQLITE_ROW)
    *mark = (OrfTierMark){ sqlite3_column_int64 (reader->mark, 0),
                           sqlite3_column_int64 (reader->mark, 1),
                           sqlite3_column_int64 (reader->mark, 2) };
  sqlite3_reset (reader->mark);
  return code == SQLITE_ROW || code == SQLITE_DONE || fail (reader, error);
}

static gboolean
scan_load_blocks (OrfTierScan *scan, GError **error)
{
  OrfTierReader *reader = scan->reader;

  if (!prepare (reader, &reader->blocks, blocks_sql, error))
    return FALSE;
  sqlite3_bind_int64 (reader->blocks, 1, scan->from_us);
  sqlite3_bind_int64 (reader->blocks, 2, scan->to_us);
  return collect (reader, reader->blocks, scan->blocks, error);
}

static gboolean
scan_set_ids (OrfTierScan *scan, const gint64 *ids, guint n_ids, GError **error)
{
  g_array_append_vals (scan->ids, ids, n_ids);
  if (n_ids == 0 && (!prepare (scan->reader, &scan->reader->series, series_sql, error) ||
                     !collect (scan->reader, scan->reader->series, scan->ids, error)))
    return FALSE;
  orf_ids_settle (scan->ids);
  scan->end_id = scan->ids->len;
  return TRUE;
}

static gboolean
scan_begin (OrfTierScan *scan, const gint64 *ids, guint n_ids, GError **error)
{
  gboolean has_tiers;
  gint64 n_rows;

  if (!scan_set_ids (scan, ids, n_ids, error) ||
      !load_mark (scan->reader, &scan->mark, &has_tiers, error) ||
      (has_tiers && !scan_load_blocks (scan, error)))
    return FALSE;
  n_rows = orf_tier_tail_count (scan->reader->tail, &scan->mark);
  if (n_rows < 0)
    return fail (scan->reader, error);
  /* few series are read at once in any case: what they have is what was asked for */
  scan->tail_step = (guint) MAX (64, (gint64) scan->ids->len / (n_rows / MAX_TAIL_ROWS + 1));
  return TRUE;
}

static OrfTierScan *
scan_new (OrfTierReader *reader, gint64 from_us, gint64 to_us)
{
  OrfTierScan *scan = g_new0 (OrfTierScan, 1);

  scan->reader = reader;
  scan->from_us = from_us;
  scan->to_us = to_us;
  scan->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  scan->blocks = g_array_new (FALSE, FALSE, sizeof (gint64));
  scan->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  scan->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  scan->merged_times = g_array_new (FALSE, FALSE, sizeof (gint64));
  scan->merged_values = g_array_new (FALSE, FALSE, sizeof (double));
  return scan;
}

OrfTierScan *
orf_tier_scan_new (OrfTierReader *reader,
                   const gint64 *ids,
                   guint n_ids,
                   gint64 from_us,
                   gint64 to_us,
                   GError **error)
{
  g_autoptr (OrfTierScan) scan = scan_new (reader, from_us, to_us);

  return scan_begin (scan, ids, n_ids, error) ? g_steal_pointer (&scan) : NULL;
}

OrfTierScan *
orf_tier_scan_new_packed (
  OrfTierReader *reader, gint64 series_id, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (OrfTierScan) scan = scan_new (reader, from_us, to_us);

  scan->packed_only = TRUE;
  return scan_set_ids (scan, &series_id, 1, error) && scan_load_blocks (scan, error)
           ? g_steal_pointer (&scan)
           : NULL;
}

gboolean
orf_tier_scan_seek (OrfTierScan *scan, gint64 series_id)
{
  guint index;

  if (!orf_ids_find (scan->ids, series_id, &index))
    return FALSE;
  g_array_set_size (scan->pieces, 0);
  scan->at_piece = 0;
  scan->next_id = index;
  scan->end_id = index + 1;
  return TRUE;
}

void
orf_tier_run_append (const OrfTierRun *run, GArray *points)
{
  guint before = points->len;

  g_array_set_size (points, before + (guint) run->count);
  for (gsize i = 0; i < run->count; i++)
    g_array_index (points, OrfPoint, before + i) = (OrfPoint){ run->times_us[i], run->values[i] };
}

void
orf_tier_scan_free (OrfTierScan *scan)
{
  orf_tier_reader_relax (scan->reader);
  g_array_unref (scan->blocks);
  g_array_unref (scan->pieces);
  g_array_unref (scan->points);
  g_array_unref (scan->merged_times);
  g_array_unref (scan->merged_values);
  g_array_unref (scan->ids);
  g_free (scan);
}

/* ---- the pieces of one series ---------------------------------------------------------------- */

static int
compare_pieces_cb (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const Piece *) a)->start_us, right = ((const Piece *) b)->start_us;

  return (left > right) - (left < right);
}

static gboolean
scan_find_chunk (OrfTierScan *scan, gint64 chunk_id, guint order, GError **error)
{
  sqlite3_stmt *span = scan->reader->span;
  Piece piece = { .chunk_id = chunk_id, .order = order };
  int code;

  sqlite3_bind_int64 (span, 1, chunk_id);
  code = sqlite3_step (span);
  if (code == SQLITE_ROW) {
    piece.start_us = sqlite3_column_int64 (span, 0);
    piece.end_us = sqlite3_column_int64 (span, 1);
    if (piece.end_us >= scan->from_us && piece.start_us < scan->to_us)
      g_array_append_val (scan->pieces, piece);
  }
  sqlite3_reset (span);
  return code == SQLITE_ROW || code == SQLITE_DONE || fail (scan->reader, error);
}

static gboolean
scan_read_tail (OrfTierScan *scan, GError **error)
{
  guint n_ids = MIN (scan->tail_step, scan->ids->len - scan->at_id);

  if (scan->at_id >= scan->tail_from && scan->at_id < scan->tail_to)
    return TRUE;
  scan->tail_from = scan->tail_to = scan->at_id; /* half of it is nothing to go on with */
  if (!orf_tier_tail_read (scan->reader->tail, &scan->mark,
                           &g_array_index (scan->ids, gint64, scan->at_id), n_ids, scan->from_us,
                           scan->to_us))
    return fail (scan->reader, error);
  scan->tail_to = scan->at_id + n_ids;
  return TRUE;
}

static gboolean
scan_find_pieces (OrfTierScan *scan, GError **error)
{
  gint64 series_id = get_id (scan);
  const GArray *rows;

  g_array_set_size (scan->pieces, 0);
  scan->at_piece = 0;
  /* a file older than the tiers has no table to prepare it on */
  if ((scan->blocks->len > 0 && !prepare (scan->reader, &scan->reader->span, span_sql, error)) ||
      (!scan->packed_only && !scan_read_tail (scan, error)))
    return FALSE;
  for (guint i = 0; i < scan->blocks->len; i++) {
    gint64 chunk_id = ORF_TIER_CHUNK_ID (g_array_index (scan->blocks, gint64, i), series_id);

    if (!scan_find_chunk (scan, chunk_id, i, error))
      return FALSE;
  }
  rows = scan->packed_only ? NULL : orf_tier_tail_get (scan->reader->tail, series_id);
  if (rows != NULL) {
    Piece piece = { 0, g_array_index (rows, OrfPoint, 0).t_us,
                    g_array_index (rows, OrfPoint, rows->len - 1).t_us, scan->blocks->len };

    g_array_append_val (scan->pieces, piece);
  }
  g_array_sort (scan->pieces, compare_pieces_cb);
  return TRUE;
}

/* ---- points ---------------------------------------------------------------------------------- */

static void
reader_make_room (OrfTierReader *reader, gsize count)
{
  if (count <= reader->capacity)
    return;
  reader->capacity = count;
  reader->times_us = g_renew (gint64, reader->times_us, count);
  reader->values = g_renew (double, reader->values, count);
}

/* "chunk 12884901895 (series 7, block 3): …" */
static void
name_chunk (gint64 chunk_id, GError *error)
{
  g_autofree char *message = g_steal_pointer (&error->message);

  error->message = g_strdup_printf ("chunk %" G_GINT64_FORMAT " (series %" G_GINT64_FORMAT
                                    ", block %" G_GINT64_FORMAT "): %s",
                                    chunk_id, chunk_id & G_MAXUINT32, chunk_id >> 32, message);
  error->code = ORF_ERROR_DATA_LOSS;
}

gboolean
orf_tier_reader_read_chunk (OrfTierReader *reader, gint64 chunk_id, OrfTierRun *run, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gsize count = 0;
  int code;

  if (!prepare (reader, &reader->data, data_sql, error))
    return FALSE;
  sqlite3_bind_int64 (reader->data, 1, chunk_id);
  code = sqlite3_step (reader->data);
  if (code == SQLITE_ROW) {
    /* of a count that is wrong the codec says so */
    reader_make_room (reader, (gsize) CLAMP (sqlite3_column_int64 (reader->data, 0), 1,
                                             (gint64) ORF_CHUNK_MAX_POINTS));
    orf_chunk_codec_decode (reader->codec, sqlite3_column_blob (reader->data, 1),
                            (gsize) sqlite3_column_bytes (reader->data, 1), reader->times_us,
                            reader->values, reader->capacity, &count, &failure);
  }
  sqlite3_reset (reader->data);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return fail (reader, error);
  if (failure != NULL) {
    name_chunk (chunk_id, failure);
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  *run = (OrfTierRun){ chunk_id & G_MAXUINT32, reader->times_us, reader->values, count };
  return TRUE;
}

/* The run is what of these columns lies in the span. */
static void
scan_set_run (OrfTierScan *scan, const gint64 *times_us, const double *values, gsize count)
{
  gsize first = 0;

  scan->run = (OrfTierRun){ 0 };
  if (count == 0)
    return;
  /* a chunk that lies within is not looked through */
  if (times_us[0] < scan->from_us)
    while (first < count && times_us[first] < scan->from_us)
      first++;
  if (times_us[count - 1] >= scan->to_us)
    while (count > first && times_us[count - 1] >= scan->to_us)
      count--;
  scan->run = (OrfTierRun){ get_id (scan), times_us + first, values + first, count - first };
}

static gboolean
scan_gather (OrfTierScan *scan, const Piece *piece, GError **error)
{
  const GArray *rows;
  OrfTierRun run;

  if (piece->chunk_id == 0) {
    rows = orf_tier_tail_get (scan->reader->tail, get_id (scan));
    g_array_append_vals (scan->points, rows->data, rows->len);
    return TRUE;
  }
  if (!orf_tier_reader_read_chunk (scan->reader, piece->chunk_id, &run, error))
    return FALSE;
  orf_tier_run_append (&run, scan->points);
  return TRUE;
}

static int
compare_order_cb (gconstpointer a, gconstpointer b)
{
  guint left = ((const Piece *) a)->order, right = ((const Piece *) b)->order;

  return (left > right) - (left < right);
}

/* The pieces from at_piece to end as one; the later ones win. */
static gboolean
scan_merge (OrfTierScan *scan, guint end, GError **error)
{
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (Piece));

  g_array_append_vals (pieces, &g_array_index (scan->pieces, Piece, scan->at_piece),
                       end - scan->at_piece);
  g_array_sort (pieces, compare_order_cb);
  g_array_set_size (scan->points, 0);
  for (guint i = 0; i < pieces->len; i++)
    if (!scan_gather (scan, &g_array_index (pieces, Piece, i), error))
      return FALSE;
  orf_tier_points_settle (scan->points);
  orf_tier_points_split (scan->points, scan->merged_times, scan->merged_values);
  scan_set_run (scan, (const gint64 *) (gpointer) scan->merged_times->data,
                (const double *) (gpointer) scan->merged_values->data, scan->points->len);
  return TRUE;
}

/* Past the last piece that overlaps those from at_piece on. */
static guint
scan_find_end (const OrfTierScan *scan)
{
  guint end = scan->at_piece + 1;
  gint64 end_us = g_array_index (scan->pieces, Piece, scan->at_piece).end_us;

  while (end < scan->pieces->len && g_array_index (scan->pieces, Piece, end).start_us <= end_us) {
    end_us = MAX (end_us, g_array_index (scan->pieces, Piece, end).end_us);
    end++;
  }
  return end;
}

static gboolean
scan_take_pieces (OrfTierScan *scan, GError **error)
{
  const Piece *piece = &g_array_index (scan->pieces, Piece, scan->at_piece);
  guint end = scan_find_end (scan);
  OrfTierRun run;

  if (end > scan->at_piece + 1 || piece->chunk_id == 0) {
    if (!scan_merge (scan, end, error))
      return FALSE;
  } else {
    if (!orf_tier_reader_read_chunk (scan->reader, piece->chunk_id, &run, error))
      return FALSE;
    scan_set_run (scan, run.times_us, run.values, run.count);
  }
  scan->at_piece = end;
  return TRUE;
}

gboolean
orf_tier_scan_next (OrfTierScan *scan, const OrfTierRun **run, GError **error)
{
  for (*run = NULL; *run == NULL;) {
    if (scan->at_piece < scan->pieces->len) {
      if (!scan_take_pieces (scan, error))
        return FALSE;
      *run = scan->run.count > 0 ? &scan->run : NULL;
      continue;
    }
    if (scan->next_id == scan->end_id)
      return TRUE;
    scan->at_id = scan->next_id++;
    if (!scan_find_pieces (scan, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- rollups --------------------------------------------------------------------------------- */

static OrfRollup
get_rollup (sqlite3_stmt *statement, OrfRollupPart part, gint64 series_id)
{
  OrfRollup row = { series_id, sqlite3_column_int64 (statement, 0),
                    sqlite3_column_int64 (statement, 1) };

  switch (part) {
  case ORF_ROLLUP_SUM:
    row.sum = sqlite3_column_double (statement, 2);
    break;
  case ORF_ROLLUP_MIN:
    row.min = sqlite3_column_double (statement, 2);
    break;
  case ORF_ROLLUP_MAX:
    row.max = sqlite3_column_double (statement, 2);
    break;
  case ORF_ROLLUP_LAST:
    row.last = sqlite3_column_double (statement, 2);
    break;
  case ORF_ROLLUP_ALL:
    row.sum = sqlite3_column_double (statement, 2);
    row.min = sqlite3_column_double (statement, 3);
    row.max = sqlite3_column_double (statement, 4);
    row.last = sqlite3_column_double (statement, 5);
    break;
  case ORF_ROLLUP_SKETCH: /* see take_sketch() */
  case ORF_ROLLUP_COUNT:
  case ORF_N_ROLLUP_PARTS:
  default:
    break;
  }
  return row;
}

/* NULL where the row has none. */
static gboolean
take_sketch (sqlite3_stmt *statement, OrfRollup *row, GError **error)
{
  const guint8 *data = sqlite3_column_blob (statement, 2);
  int length = sqlite3_column_bytes (statement, 2);
  g_autoptr (OrfSketch) sketch = NULL;

  if (data == NULL)
    return TRUE;
  sketch = orf_sketch_decode (data, (gsize) length, error);
  if (sketch == NULL) {
    g_prefix_error (error, "rollup of series %" G_GINT64_FORMAT " at %" G_GINT64_FORMAT ": ",
                    row->series_id, row->t_us);
    return FALSE;
  }
  row->sketch = g_byte_array_append (g_byte_array_sized_new ((guint) length), data, (guint) length);
  return TRUE;
}

gboolean
orf_tier_reader_read_rollups (OrfTierReader *reader,
                              gint64 step_us,
                              OrfRollupPart part,
                              gint64 series_id,
                              gint64 from_us,
                              gint64 to_us,
                              GArray *rows,
                              GError **error)
{
  guint tier = step_us == ORF_HOUR_US ? 1 : 0;
  sqlite3_stmt **statement = &reader->rollups[tier][part];
  int code;

  if (from_us >= to_us)
    return TRUE;
  if (!prepare (reader, statement, rollup_sqls[tier][part], error))
    return FALSE;
  sqlite3_bind_int64 (*statement, 1, series_id);
  sqlite3_bind_int64 (*statement, 2, from_us);
  sqlite3_bind_int64 (*statement, 3, to_us);
  while ((code = sqlite3_step (*statement)) == SQLITE_ROW) {
    OrfRollup row = get_rollup (*statement, part, series_id);

    if (part == ORF_ROLLUP_SKETCH && !take_sketch (*statement, &row, error)) {
      sqlite3_reset (*statement);
      return FALSE;
    }
    g_array_append_val (rows, row);
  }
  sqlite3_reset (*statement);
  return code == SQLITE_DONE || fail (reader, error);
}

gboolean
orf_tier_reader_read_falls (OrfTierReader *reader,
                            gint64 series_id,
                            gint64 from_us,
                            gint64 to_us,
                            GArray *minutes,
                            GError **error)
{
  if (!prepare (reader, &reader->falls, falls_sql, error))
    return FALSE;
  sqlite3_bind_int64 (reader->falls, 1, series_id);
  sqlite3_bind_int64 (reader->falls, 2, from_us);
  sqlite3_bind_int64 (reader->falls, 3, to_us);
  return collect (reader, reader->falls, minutes, error);
}

gboolean
orf_tier_reader_find_unpacked (OrfTierReader *reader,
                               const gint64 *ids,
                               guint n_ids,
                               gint64 from_us,
                               gint64 to_us,
                               gint64 *first_us,
                               GError **error)
{
  OrfTierMark mark;
  gboolean has_tiers;

  if (!load_mark (reader, &mark, &has_tiers, error))
    return FALSE;
  for (guint i = 0; i < n_ids; i++)
    first_us[i] = G_MININT64;
  if (!has_tiers)
    return TRUE;
  if (!orf_tier_tail_read (reader->tail, &mark, ids, n_ids, from_us, to_us))
    return fail (reader, error);
  for (guint i = 0; i < n_ids; i++) {
    const GArray *rows = orf_tier_tail_get (reader->tail, ids[i]);

    first_us[i] = rows != NULL ? g_array_index (rows, OrfPoint, 0).t_us : G_MAXINT64;
  }
  return TRUE;
}
