/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history/orf-tier-tail.h"

#include "history/orf-ids.h"

/* The run of rowids that holds the first row not packed may begin before it. */
static const char blocks_sql[] =
  "SELECT first_rowid, last_rowid FROM raw_block WHERE first_rowid >= coalesce ("
  "(SELECT max (first_rowid) FROM raw_block WHERE first_rowid <= ?1), ?1) "
  "AND max_t_us >= ?2 AND min_t_us < ?3 ORDER BY first_rowid";
static const char rows_sql[] =
  "SELECT t_us, series_id, value FROM sample_raw WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid";
/* Runs lie in order: the last one has the last row, and is found by its key. */
static const char last_sql[] =
  "SELECT coalesce ((SELECT last_rowid FROM raw_block ORDER BY first_rowid DESC LIMIT 1), 0)";

/* Of those among which some cannot be read, each is asked for. */
#define ROWS_AT_ONCE 64

struct _OrfTierTail {
  sqlite3 *db;
  sqlite3_stmt *blocks, *rows, *last;
  GHashTable *by_id; /* series_id -> Piece */
};

typedef struct {
  gint64 series_id;
  GArray *points;
  gboolean settled;
} Piece;

static void
piece_free_cb (gpointer data)
{
  Piece *piece = data;

  g_array_unref (piece->points);
  g_free (piece);
}

OrfTierTail *
orf_tier_tail_new (sqlite3 *db)
{
  OrfTierTail *tail = g_new0 (OrfTierTail, 1);

  tail->db = db;
  tail->by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, piece_free_cb);
  return tail;
}

void
orf_tier_tail_detach (OrfTierTail *tail)
{
  g_clear_pointer (&tail->blocks, sqlite3_finalize);
  g_clear_pointer (&tail->rows, sqlite3_finalize);
  g_clear_pointer (&tail->last, sqlite3_finalize);
}

void
orf_tier_tail_free (OrfTierTail *tail)
{
  orf_tier_tail_detach (tail);
  g_hash_table_unref (tail->by_id);
  g_free (tail);
}

static gboolean
prepare (OrfTierTail *tail, sqlite3_stmt **statement, const char *sql)
{
  return *statement != NULL || sqlite3_prepare_v3 (tail->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                   statement, NULL) == SQLITE_OK;
}

/* ---- points ---------------------------------------------------------------------------------- */

static int
compare_points_cb (gconstpointer a, gconstpointer b)
{
  gint64 left = ((const OrfPoint *) a)->t_us, right = ((const OrfPoint *) b)->t_us;

  return (left > right) - (left < right);
}

void
orf_tier_points_settle (GArray *points)
{
  OrfPoint *data = (OrfPoint *) (gpointer) points->data;
  gboolean in_order = TRUE;
  guint n = 0;

  for (guint i = 1; i < points->len && in_order; i++)
    in_order = data[i - 1].t_us < data[i].t_us;
  if (in_order)
    return;
  /* a stable sort, so that of equal times the later row is the last */
  g_array_sort (points, compare_points_cb);
  for (guint i = 0; i < points->len; i++) {
    if (n > 0 && data[n - 1].t_us == data[i].t_us)
      n--;
    data[n++] = data[i];
  }
  g_array_set_size (points, n);
}

void
orf_tier_points_split (const GArray *points, GArray *times_us, GArray *values)
{
  g_array_set_size (times_us, points->len);
  g_array_set_size (values, points->len);
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    g_array_index (times_us, gint64, i) = point->t_us;
    g_array_index (values, double, i) = point->value;
  }
}

const GArray *
orf_tier_tail_get (OrfTierTail *tail, gint64 series_id)
{
  Piece *piece = g_hash_table_lookup (tail->by_id, &series_id);

  if (piece == NULL || piece->points->len == 0)
    return NULL;
  if (!piece->settled)
    orf_tier_points_settle (piece->points);
  piece->settled = TRUE;
  return piece->points;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
  gint64 from_us, to_us;
  gint64 min_series_id;
  gboolean any_series; /* not those alone that are expected */
} Wanted;

static Piece *
add_piece (OrfTierTail *tail, gint64 series_id)
{
  Piece *piece = g_new0 (Piece, 1);

  piece->series_id = series_id;
  piece->points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_hash_table_replace (tail->by_id, &piece->series_id, piece);
  return piece;
}

/* On failure the statement is left for the caller to reset last, for any other reset would have
 * SQLite forget what was wrong. */
static gboolean
read_rows (OrfTierTail *tail, const Wanted *wanted, gint64 first_rowid, gint64 last_rowid)
{
  int code;

  if (first_rowid > last_rowid)
    return TRUE;
  sqlite3_bind_int64 (tail->rows, 1, first_rowid);
  sqlite3_bind_int64 (tail->rows, 2, last_rowid);
  while ((code = sqlite3_step (tail->rows)) == SQLITE_ROW) {
    OrfPoint point = { sqlite3_column_int64 (tail->rows, 0),
                       sqlite3_column_double (tail->rows, 2) };
    gint64 id = sqlite3_column_int64 (tail->rows, 1);
    Piece *piece;

    if (point.t_us < wanted->from_us || point.t_us >= wanted->to_us || id < wanted->min_series_id)
      continue;
    piece = g_hash_table_lookup (tail->by_id, &id);
    if (piece == NULL && wanted->any_series)
      piece = add_piece (tail, id);
    if (piece != NULL)
      g_array_append_val (piece->points, point);
  }
  if (code == SQLITE_DONE)
    sqlite3_reset (tail->rows);
  return code == SQLITE_DONE;
}

/* The part of a run up to the mark, of which some series are packed, and the part past it. */
static gboolean
read_block (OrfTierTail *tail,
            const OrfTierMark *mark,
            const Wanted *all,
            gint64 first_rowid,
            gint64 last_rowid)
{
  Wanted rest = *all;

  rest.min_series_id = mark->next_series_id;
  return read_rows (tail, &rest, MAX (first_rowid, mark->from_rowid),
                    MIN (last_rowid, mark->to_rowid)) &&
         read_rows (tail, all, MAX (first_rowid, MAX (mark->from_rowid, mark->to_rowid + 1)),
                    last_rowid);
}

static void
expect (OrfTierTail *tail, const gint64 *ids, guint n_ids)
{
  g_hash_table_remove_all (tail->by_id);
  for (guint i = 0; i < n_ids; i++)
    add_piece (tail, ids[i]);
}

gboolean
orf_tier_tail_read (OrfTierTail *tail,
                    const OrfTierMark *mark,
                    const gint64 *ids,
                    guint n_ids,
                    gint64 from_us,
                    gint64 to_us)
{
  const Wanted wanted = { from_us, to_us, G_MININT64, FALSE };
  gboolean sound = TRUE;
  int code = SQLITE_DONE;

  expect (tail, ids, n_ids);
  if (!prepare (tail, &tail->blocks, blocks_sql) || !prepare (tail, &tail->rows, rows_sql))
    return FALSE;
  sqlite3_bind_int64 (tail->blocks, 1, mark->from_rowid);
  sqlite3_bind_int64 (tail->blocks, 2, from_us);
  sqlite3_bind_int64 (tail->blocks, 3, to_us);
  while (sound && (code = sqlite3_step (tail->blocks)) == SQLITE_ROW)
    sound = read_block (tail, mark, &wanted, sqlite3_column_int64 (tail->blocks, 0),
                        sqlite3_column_int64 (tail->blocks, 1));
  sqlite3_reset (tail->blocks);
  if (!sound)
    sqlite3_reset (tail->rows);
  return sound && code == SQLITE_DONE;
}

gboolean
orf_tier_tail_read_rows (OrfTierTail *tail,
                         gint64 first_rowid,
                         gint64 last_rowid,
                         gint64 min_series_id)
{
  const Wanted wanted = { G_MININT64, G_MAXINT64, min_series_id, TRUE };

  g_hash_table_remove_all (tail->by_id);
  if (!prepare (tail, &tail->rows, rows_sql))
    return FALSE;
  if (read_rows (tail, &wanted, first_rowid, last_rowid))
    return TRUE;
  sqlite3_reset (tail->rows);
  return FALSE;
}

/* A row that is read twice is one: of equal times the last counts. */
gboolean
orf_tier_tail_read_readable (
  OrfTierTail *tail, gint64 first_rowid, gint64 last_rowid, gint64 min_series_id, guint *n_unread)
{
  const Wanted wanted = { G_MININT64, G_MAXINT64, min_series_id, TRUE };

  *n_unread = 0;
  g_hash_table_remove_all (tail->by_id);
  if (!prepare (tail, &tail->rows, rows_sql))
    return FALSE;
  for (gint64 from = first_rowid; from <= last_rowid; from += ROWS_AT_ONCE) {
    gint64 to = MIN (from + ROWS_AT_ONCE - 1, last_rowid);

    if (read_rows (tail, &wanted, from, to))
      continue;
    for (gint64 rowid = from; rowid <= to; rowid++) {
      sqlite3_reset (tail->rows);
      if (read_rows (tail, &wanted, rowid, rowid))
        continue;
      if ((sqlite3_errcode (tail->db) & 0xff) != SQLITE_CORRUPT)
        return FALSE;
      (*n_unread)++;
    }
    sqlite3_reset (tail->rows);
  }
  return TRUE;
}

GArray *
orf_tier_tail_list_series (OrfTierTail *tail)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, tail->by_id);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_array_append_vals (ids, key, 1);
  orf_ids_settle (ids);
  return ids;
}

gint64
orf_tier_tail_count (OrfTierTail *tail, const OrfTierMark *mark)
{
  gint64 last_rowid;
  int code;

  if (!prepare (tail, &tail->last, last_sql))
    return -1;
  code = sqlite3_step (tail->last);
  last_rowid = sqlite3_column_int64 (tail->last, 0);
  sqlite3_reset (tail->last);
  /* rowids are positive, and the mark of a file without tiers is not */
  return code == SQLITE_ROW ? MAX (last_rowid - MAX (mark->from_rowid, 0) + 1, 0) : -1;
}
