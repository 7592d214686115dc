/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chunks that lie within the slice are copied as they are; of those that reach beyond it the part
 * within is packed anew.  So rollups of the slice's minutes are those of its samples, as the check
 * of a file wants.
 */
#include "history/orf-chunk-codec.h"
#include "store/orf-file-twin.h"
#include "store/orf-slice-private.h"

#define CODEC 1

/* Chunks of a block have its number in their upper 32 bits. */
#define CHUNKS_OF_BLOCKS                                                                           \
  " FROM source.chunk_block AS b CROSS JOIN source.chunk AS c"                                     \
  " ON c.id >= b.block << 32 AND c.id < (b.block + 1) << 32"                                       \
  " WHERE b.max_t_us >= ?1 AND b.min_t_us < ?2 AND c.end_us >= ?1 AND c.start_us < ?2"

static const char whole_sql[] = "INSERT INTO main.chunk SELECT c.*" CHUNKS_OF_BLOCKS
                                " AND c.start_us >= ?1 AND c.end_us < ?2";
static const char crossing_sql[] = "SELECT c.id, c.series_id, c.count, c.data" CHUNKS_OF_BLOCKS
                                   " AND (c.start_us < ?1 OR c.end_us >= ?2)";
static const char insert_sql[] = "INSERT INTO main.chunk (id, series_id, start_us, end_us, count, "
                                 "min, max, sum, codec, data, checksum) "
                                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
/* One that cannot be read stays what it is: the check of the slice tells of it as that of the file
 * does. */
static const char damaged_sql[] = "INSERT INTO main.chunk SELECT * FROM source.chunk WHERE id = ?1";
static const char blocks_sql[] =
  "INSERT INTO main.chunk_block (block, level, order_no, min_t_us, max_t_us, chunks, samples) "
  "SELECT b.block, b.level, b.order_no, min (c.start_us), max (c.end_us), count (*), sum (c.count) "
  "FROM main.chunk AS c JOIN source.chunk_block AS b ON b.block = c.id >> 32 GROUP BY b.block";

typedef struct {
  sqlite3 *db;
  gint64 from_us, to_us;
  OrfChunkCodec *codec;
  GArray *times_us, *values; /* room for the largest chunk so far */
  sqlite3_stmt *insert, *damaged;
} Cutter;

/* For what gives no rows. */
static gboolean
run (Cutter *cutter, sqlite3_stmt *statement, GError **error)
{
  gboolean done = sqlite3_step (statement) == SQLITE_DONE || orf_twin_fail (cutter->db, error);

  sqlite3_reset (statement);
  return done;
}

static gboolean
run_window (Cutter *cutter, const char *sql, GError **error)
{
  g_autoptr (OrfTwinStatement) statement = NULL;

  if (sqlite3_prepare_v2 (cutter->db, sql, -1, &statement, NULL) != SQLITE_OK)
    return orf_twin_fail (cutter->db, error);
  sqlite3_bind_int64 (statement, 1, cutter->from_us);
  sqlite3_bind_int64 (statement, 2, cutter->to_us);
  return run (cutter, statement, error);
}

static double
sum_up (const double *values, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += values[i];
  return sum;
}

static gboolean
insert (Cutter *cutter,
        sqlite3_stmt *row,
        const gint64 *times_us,
        const double *values,
        gsize n,
        GError **error)
{
  g_autoptr (GByteArray) data = orf_chunk_codec_encode (cutter->codec, times_us, values, n, error);
  sqlite3_stmt *into = cutter->insert;
  OrfChunkInfo info;

  if (data == NULL || !orf_chunk_peek (data->data, data->len, &info, error))
    return FALSE;
  sqlite3_bind_int64 (into, 1, sqlite3_column_int64 (row, 0));
  sqlite3_bind_int64 (into, 2, sqlite3_column_int64 (row, 1));
  sqlite3_bind_int64 (into, 3, info.first_us);
  sqlite3_bind_int64 (into, 4, info.last_us);
  sqlite3_bind_int64 (into, 5, info.count);
  sqlite3_bind_double (into, 6, info.min);
  sqlite3_bind_double (into, 7, info.max);
  sqlite3_bind_double (into, 8, sum_up (values, n)); /* NaN is NULL there */
  sqlite3_bind_int (into, 9, CODEC);
  sqlite3_bind_blob (into, 10, data->data, (int) data->len, SQLITE_STATIC);
  sqlite3_bind_int64 (into, 11, orf_chunk_get_checksum (data->data));
  return run (cutter, into, error);
}

static gboolean
copy_damaged (Cutter *cutter, sqlite3_stmt *row, GError **error)
{
  sqlite3_bind_int64 (cutter->damaged, 1, sqlite3_column_int64 (row, 0));
  return run (cutter, cutter->damaged, error);
}

static gboolean
cut (Cutter *cutter, sqlite3_stmt *row, GError **error)
{
  gint64 told = sqlite3_column_int64 (row, 2);
  gsize capacity = (gsize) CLAMP (told, 0, ORF_CHUNK_MAX_POINTS);
  gsize n, first = 0, end;
  gint64 *times_us;
  double *values;

  g_array_set_size (cutter->times_us, MAX ((guint) capacity, cutter->times_us->len));
  g_array_set_size (cutter->values, cutter->times_us->len);
  times_us = (gint64 *) cutter->times_us->data;
  values = (double *) cutter->values->data;
  if (!orf_chunk_codec_decode (cutter->codec, sqlite3_column_blob (row, 3),
                               (gsize) sqlite3_column_bytes (row, 3), times_us, values, capacity,
                               &n, NULL))
    return copy_damaged (cutter, row, error);
  while (first < n && times_us[first] < cutter->from_us)
    first++;
  for (end = first; end < n && times_us[end] < cutter->to_us;)
    end++;
  return end == first || insert (cutter, row, times_us + first, values + first, end - first, error);
}

static gboolean
cut_crossing (Cutter *cutter, GError **error)
{
  g_autoptr (OrfTwinStatement) rows = NULL;
  int code;

  if (sqlite3_prepare_v2 (cutter->db, crossing_sql, -1, &rows, NULL) != SQLITE_OK)
    return orf_twin_fail (cutter->db, error);
  sqlite3_bind_int64 (rows, 1, cutter->from_us);
  sqlite3_bind_int64 (rows, 2, cutter->to_us);
  while ((code = sqlite3_step (rows)) == SQLITE_ROW)
    if (!cut (cutter, rows, error))
      return FALSE;
  return code == SQLITE_DONE || orf_twin_fail (cutter->db, error);
}

gboolean
orf_slice_copy_chunks (sqlite3 *db, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (OrfChunkCodec) codec = orf_chunk_codec_new ();
  g_autoptr (GArray) times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (OrfTwinStatement) insertion = NULL;
  g_autoptr (OrfTwinStatement) damaged = NULL;
  Cutter cutter = { .db = db,
                    .from_us = from_us,
                    .to_us = to_us,
                    .codec = codec,
                    .times_us = times_us,
                    .values = values };

  if (sqlite3_prepare_v2 (db, insert_sql, -1, &insertion, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2 (db, damaged_sql, -1, &damaged, NULL) != SQLITE_OK)
    return orf_twin_fail (db, error);
  cutter.insert = insertion;
  cutter.damaged = damaged;
  return run_window (&cutter, whole_sql, error) && cut_crossing (&cutter, error) &&
         (sqlite3_exec (db, blocks_sql, NULL, NULL, NULL) == SQLITE_OK ||
          orf_twin_fail (db, error));
}
