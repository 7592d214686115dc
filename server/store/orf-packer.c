/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A window is a run of rowids of sample_raw: its rows are read once, kept by series, and given out
 * some series a step.  After a start in the middle of a window the rest of it is read again.
 *
 * Invariant of the rollups: a minute's row tells of exactly its packed samples.  So with the
 * samples that are packed now those are read that older chunks have of the same minutes, which is
 * the last minute of the chunk before, and more where samples came late.
 */
#include "store/orf-packer.h"

#include <math.h>

#include "history/orf-tier-tail.h"
#include "orf-error.h"
#include "store/orf-pack-merge.h"
#include "store/orf-store-error.h"

/* To SQLite what cannot be read (EIO) is damaged, and that may pass; a rollup that is written
 * without a sample stays wrong.  So often in a row a step is given up for it, before the rollup is.
 */
#define MAX_UNREAD 3
/* The same before samples are left out, which nobody else has: ten minutes. */
#define MAX_UNREAD_WINDOW 60
/* In one step: some 10 ms to make and a few to write. */
#define STEP_SERIES  256
#define STEP_SAMPLES 200000
/* Of a window of hours a series has many; some 3 ms to write. */
#define STEP_MINUTES 2000

static const char packing_sql[] =
  "SELECT from_rowid, to_rowid, next_series_id, block, merge_block, merge_from_order, "
  "merge_to_order, merge_next_series_id FROM packing";
/* Asked each second, so by the key alone: runs lie in order. */
static const char raw_sql[] =
  "SELECT coalesce ((SELECT min (first_rowid) FROM raw_block), 0), "
  "coalesce ((SELECT last_rowid FROM raw_block ORDER BY first_rowid DESC LIMIT 1), -1)";
static const char block_sql[] = "SELECT chunks, samples FROM chunk_block WHERE block = ?1";
static const char whole_sql[] = "SELECT packed_from_us FROM retention";
static const char kind_sql[] = "SELECT kind, unit FROM series WHERE id = ?1";
static const char before_sql[] =
  "SELECT last FROM rollup_1m WHERE series_id = ?1 AND t_us < ?2 ORDER BY t_us DESC LIMIT 1";
static const char minutes_sql[] = "SELECT t_us, count, min, max, sum, last, sketch FROM rollup_1m "
                                  "WHERE series_id = ?1 AND t_us >= ?2 AND t_us < ?3 ORDER BY t_us";

struct _OrfPacker {
  OrfChunkCodec *codec;
  OrfTierTail *window; /* NULL: none is in memory */
  gint64 window_from, window_to;
  GArray *series;        /* of the window: gint64, rising */
  gboolean merged;       /* there is nothing to merge until another window is packed */
  guint n_unread;        /* steps in a row that could not read what is packed */
  guint n_window_unread; /* the same of the samples that are to be */
  GArray *times_us, *values;
};

OrfPacker *
orf_packer_new (void)
{
  OrfPacker *packer = g_new0 (OrfPacker, 1);

  packer->codec = orf_chunk_codec_new ();
  packer->times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  packer->values = g_array_new (FALSE, FALSE, sizeof (double));
  return packer;
}

/* What a large series needed is not held until the next one. */
static void
packer_relax (OrfPacker *packer, OrfConnection *connection)
{
  orf_tier_reader_relax (orf_connection_get_tiers (connection));
  orf_chunk_codec_relax (packer->codec);
  g_array_unref (packer->times_us);
  g_array_unref (packer->values);
  packer->times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  packer->values = g_array_new (FALSE, FALSE, sizeof (double));
}

static void
packer_drop_window (OrfPacker *packer)
{
  g_clear_pointer (&packer->window, orf_tier_tail_free);
  g_clear_pointer (&packer->series, g_array_unref);
}

void
orf_packer_free (OrfPacker *packer)
{
  packer_drop_window (packer);
  orf_chunk_codec_free (packer->codec);
  g_array_unref (packer->times_us);
  g_array_unref (packer->values);
  g_free (packer);
}

static gboolean
load_packing (OrfConnection *connection, OrfPacking *packing, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, packing_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (!row) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS, "%s: the table packing has no row",
                 orf_connection_get_path (connection));
    return FALSE;
  }
  *packing = (OrfPacking){
    sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1),
    sqlite3_column_int64 (statement, 2), sqlite3_column_int64 (statement, 3),
    sqlite3_column_int64 (statement, 4), sqlite3_column_int64 (statement, 5),
    sqlite3_column_int64 (statement, 6), sqlite3_column_int64 (statement, 7),
  };
  return TRUE;
}

/* ---- the window ------------------------------------------------------------------------------ */

/* *step NULL: there is too little to begin with. */
static gboolean
begin_window (OrfConnection *connection,
              const OrfPacking *packing,
              const OrfPackLimits *limits,
              OrfPackStep **step,
              GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, raw_sql, error);
  gint64 from_rowid, n_rows;
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  from_rowid = MAX (packing->from_rowid, sqlite3_column_int64 (statement, 0));
  n_rows = sqlite3_column_int64 (statement, 1) - from_rowid + 1;
  *step = NULL;
  if (n_rows <= 0 || (!limits->all && n_rows < limits->max_rows))
    return TRUE;
  *step = orf_pack_step_new (packing);
  (*step)->packing.from_rowid = from_rowid;
  (*step)->packing.to_rowid = from_rowid + MIN (n_rows, limits->max_rows) - 1;
  (*step)->packing.next_series_id = 0;
  (*step)->packing.block++;
  return TRUE;
}

/* A page of the file, not a chunk that was read and is broken. */
static gboolean
met_damage (sqlite3 *db)
{
  return orf_store_error_classify (sqlite3_errcode (db)) == ORF_STORE_TROUBLE_DAMAGE;
}

static gboolean
packer_may_read_later (OrfPacker *packer, OrfConnection *connection)
{
  return met_damage (orf_connection_get_db (connection)) && packer->n_unread++ < MAX_UNREAD;
}

/* Of rows on a damaged page nobody knows more later; those behind it do not wait for them. */
static gboolean
packer_leave_out (OrfPacker *packer, const OrfPacking *packing)
{
  guint n = 0;

  if (!orf_tier_tail_read_readable (packer->window, packing->from_rowid, packing->to_rowid,
                                    packing->next_series_id, &n))
    return FALSE;
  g_warning ("packing leaves out %u rows of sample_raw from %" G_GINT64_FORMAT
             " to %" G_GINT64_FORMAT ", which cannot be read",
             n, packing->from_rowid, packing->to_rowid);
  return TRUE;
}

static gboolean
packer_read_window (OrfPacker *packer,
                    OrfConnection *connection,
                    const OrfPacking *packing,
                    GError **error)
{
  sqlite3 *db = orf_connection_get_db (connection);

  if (orf_tier_tail_read_rows (packer->window, packing->from_rowid, packing->to_rowid,
                               packing->next_series_id) ||
      (met_damage (db) && packer->n_window_unread++ >= MAX_UNREAD_WINDOW &&
       packer_leave_out (packer, packing))) {
    packer->n_window_unread = 0;
    return TRUE;
  }
  return orf_connection_adopt_error (connection,
                                     orf_store_error_new (sqlite3_extended_errcode (db),
                                                          sqlite3_errmsg (db),
                                                          orf_connection_get_path (connection)),
                                     error);
}

static gboolean
packer_load_window (OrfPacker *packer,
                    OrfConnection *connection,
                    const OrfPacking *packing,
                    GError **error)
{
  gboolean done;

  if (packer->window != NULL && packer->window_from == packing->from_rowid &&
      packer->window_to == packing->to_rowid)
    return TRUE;
  packer_drop_window (packer);
  packer->window = orf_tier_tail_new (orf_connection_get_db (connection));
  done = packer_read_window (packer, connection, packing, error);
  orf_tier_tail_detach (packer->window);
  if (!done) {
    packer_drop_window (packer);
    return FALSE;
  }
  packer->window_from = packing->from_rowid;
  packer->window_to = packing->to_rowid;
  packer->series = orf_tier_tail_list_series (packer->window);
  return TRUE;
}

/* ---- rollups --------------------------------------------------------------------------------- */

/* New samples further apart than this have nothing in common: late ones would make all minutes
 * between them be read and written again. */
#define NEAR_US ORF_HOUR_US

/* A run of new samples, and before them what is packed of the same minutes, to times_us, values. */
static gboolean
packer_add_packed (OrfPacker *packer,
                   OrfConnection *connection,
                   gint64 series_id,
                   const OrfPoint *points,
                   guint n_points,
                   GError **error)
{
  gint64 from_us = orf_rollup_align (points[0].t_us, ORF_MINUTE_US);
  gint64 to_us = orf_rollup_align (points[n_points - 1].t_us, ORF_MINUTE_US) + ORF_MINUTE_US;
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  g_autoptr (OrfTierScan) scan = NULL;
  const OrfTierRun *run = NULL;
  GError *failure = NULL;

  scan = orf_tier_scan_new_packed (orf_connection_get_tiers (connection), series_id, from_us, to_us,
                                   &failure);
  while (failure == NULL && orf_tier_scan_next (scan, &run, &failure) && run != NULL)
    orf_tier_run_append (run, all);
  /* New samples do not wait for a broken chunk. */
  if (g_error_matches (failure, ORF_ERROR, ORF_ERROR_DATA_LOSS) &&
      !packer_may_read_later (packer, connection)) {
    g_warning ("a rollup leaves out what cannot be read: %s", failure->message);
    g_clear_error (&failure);
  }
  if (failure != NULL)
    return orf_connection_adopt_error (connection, failure, error);
  g_array_append_vals (all, points, n_points);
  orf_tier_points_settle (all);
  orf_tier_points_split (all, packer->times_us, packer->values);
  return TRUE;
}

/* *value: the last sample packed before the minute; untouched where there is none. */
static gboolean
find_newest_before (
  OrfConnection *connection, gint64 series_id, gint64 minute_us, double *value, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, before_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, series_id);
  sqlite3_bind_int64 (statement, 2, minute_us);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (row)
    *value = sqlite3_column_double (statement, 0);
  return TRUE;
}

/* What a series' rollups need beside the usual. */
typedef struct {
  gboolean counter;  /* where it fell */
  gboolean sketched; /* sketches */
} Needs;

static gboolean
find_needs (OrfConnection *connection, gint64 series_id, Needs *needs, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, kind_sql, error);
  const char *kind, *unit;
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, series_id);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  kind = row ? (const char *) sqlite3_column_text (statement, 0) : NULL;
  unit = row ? (const char *) sqlite3_column_text (statement, 1) : NULL;
  needs->counter = g_strcmp0 (kind, "counter") == 0;
  needs->sketched = g_strcmp0 (kind, "gauge") == 0 && orf_rollup_is_duration (unit);
  return TRUE;
}

/* The minutes of what is in times_us, values in which a counter fell. */
static gboolean
packer_note_falls (
  OrfPacker *packer, OrfConnection *connection, gint64 series_id, OrfPackStep *step, GError **error)
{
  double before = NAN;
  gint64 noted_us = G_MININT64;

  if (!find_newest_before (connection, series_id,
                           orf_rollup_align (g_array_index (packer->times_us, gint64, 0),
                                             ORF_MINUTE_US),
                           &before, error))
    return FALSE;
  for (guint i = 0; i < packer->values->len; i++) {
    double value = g_array_index (packer->values, double, i);
    OrfCounterFall fall = {
      series_id, orf_rollup_align (g_array_index (packer->times_us, gint64, i), ORF_MINUTE_US)
    };

    if (value < before && fall.t_us != noted_us) {
      g_array_append_val (step->falls, fall);
      noted_us = fall.t_us;
    }
    before = value;
  }
  return TRUE;
}

/* *from_us: of minutes that begin before it not all samples are there any more. */
static gboolean
find_whole (OrfConnection *connection, gint64 *from_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, whole_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *from_us = row ? sqlite3_column_int64 (statement, 0) : 0;
  return TRUE;
}

/* The minutes that the new samples touch, appended to step->minutes.  One whose other samples
 * retention has dropped stays as it is: it tells more than the sample that came so late. */
static gboolean
packer_roll_minutes (OrfPacker *packer,
                     OrfConnection *connection,
                     gint64 series_id,
                     const GArray *points,
                     OrfPackStep *step,
                     GError **error)
{
  const OrfPoint *data = (const OrfPoint *) (gpointer) points->data;
  gint64 whole_from_us;
  guint at = 0;
  Needs needs;

  if (!find_needs (connection, series_id, &needs, error) ||
      !find_whole (connection, &whole_from_us, error))
    return FALSE;
  while (at < points->len && orf_rollup_align (data[at].t_us, ORF_MINUTE_US) < whole_from_us)
    at++;
  for (guint end; at < points->len; at = end) {
    for (end = at + 1; end < points->len && data[end].t_us - data[end - 1].t_us <= NEAR_US;)
      end++;
    if (!packer_add_packed (packer, connection, series_id, data + at, end - at, error) ||
        (needs.counter && !packer_note_falls (packer, connection, series_id, step, error)))
      return FALSE;
    orf_rollup_fold (series_id, (const gint64 *) (gpointer) packer->times_us->data,
                     (const double *) (gpointer) packer->values->data, packer->times_us->len,
                     ORF_MINUTE_US, needs.sketched, step->minutes);
  }
  return TRUE;
}

static OrfRollup
get_minute (OrfStatement *statement, gint64 series_id)
{
  OrfRollup minute = { series_id,
                       sqlite3_column_int64 (statement, 0),
                       sqlite3_column_int64 (statement, 1),
                       sqlite3_column_double (statement, 2),
                       sqlite3_column_double (statement, 3),
                       sqlite3_column_double (statement, 4),
                       sqlite3_column_double (statement, 5),
                       NULL };
  const guint8 *sketch = sqlite3_column_blob (statement, 6);

  if (sketch != NULL)
    minute.sketch = g_byte_array_append (g_byte_array_new (), sketch,
                                         (guint) sqlite3_column_bytes (statement, 6));
  return minute;
}

static void
append_minute (GArray *minutes, const OrfRollup *minute)
{
  OrfRollup copy = *minute;

  if (copy.sketch != NULL)
    g_byte_array_ref (copy.sketch);
  g_array_append_val (minutes, copy);
}

/* Appends the minutes of the hour that are in the file, but of those that are made now the new
 * ones. */
static gboolean
collect_hour (OrfConnection *connection,
              gint64 series_id,
              gint64 hour_us,
              const OrfRollup *made,
              guint n_made,
              GArray *minutes,
              GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, minutes_sql, error);
  gboolean row = TRUE;
  guint at = 0;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, series_id);
  sqlite3_bind_int64 (statement, 2, hour_us);
  sqlite3_bind_int64 (statement, 3, hour_us + ORF_HOUR_US);
  while (row) {
    gint64 t_us;

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    t_us = row ? sqlite3_column_int64 (statement, 0) : G_MAXINT64;
    for (; at < n_made && made[at].t_us <= t_us; at++)
      append_minute (minutes, &made[at]);
    if (row && (at == 0 || made[at - 1].t_us != t_us)) {
      OrfRollup old = get_minute (statement, series_id);

      g_array_append_val (minutes, old);
    }
  }
  return TRUE;
}

/* New samples do not wait for a broken sketch: the hour has none then. */
static void
sum_hour (GArray *minutes, gint64 hour_us, OrfRollup *hour)
{
  g_autoptr (GError) failure = NULL;

  if (orf_rollup_sum ((const OrfRollup *) (gpointer) minutes->data, minutes->len, hour_us, hour,
                      &failure))
    return;
  g_warning ("an hour of series %" G_GINT64_FORMAT " has no quantiles: %s",
             g_array_index (minutes, OrfRollup, 0).series_id, failure->message);
  for (guint i = 0; i < minutes->len; i++)
    g_clear_pointer (&g_array_index (minutes, OrfRollup, i).sketch, g_byte_array_unref);
  orf_rollup_sum ((const OrfRollup *) (gpointer) minutes->data, minutes->len, hour_us, hour, NULL);
}

/* The hours of the minutes from `first` on. */
static gboolean
roll_hours (
  OrfConnection *connection, gint64 series_id, OrfPackStep *step, guint first, GError **error)
{
  g_autoptr (GArray) minutes = orf_rollup_array_new ();

  for (guint at = first, end; at < step->minutes->len; at = end) {
    const OrfRollup *made = &g_array_index (step->minutes, OrfRollup, at);
    gint64 hour_us = orf_rollup_align (made->t_us, ORF_HOUR_US);
    OrfRollup hour;

    for (end = at + 1; end < step->minutes->len &&
                       g_array_index (step->minutes, OrfRollup, end).t_us < hour_us + ORF_HOUR_US;)
      end++;
    g_array_set_size (minutes, 0);
    if (!collect_hour (connection, series_id, hour_us, made, end - at, minutes, error))
      return FALSE;
    sum_hour (minutes, hour_us, &hour);
    g_array_append_val (step->hours, hour);
  }
  return TRUE;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static gboolean
packer_pack_series (
  OrfPacker *packer, OrfConnection *connection, gint64 series_id, OrfPackStep *step, GError **error)
{
  const GArray *points = orf_tier_tail_get (packer->window, series_id);
  guint first_minute = step->minutes->len;

  orf_tier_points_split (points, packer->times_us, packer->values);
  return orf_pack_step_add_chunk (step, packer->codec, series_id,
                                  (const gint64 *) (gpointer) packer->times_us->data,
                                  (const double *) (gpointer) packer->values->data, points->len,
                                  error) &&
         packer_roll_minutes (packer, connection, series_id, points, step, error) &&
         roll_hours (connection, series_id, step, first_minute, error);
}

static gboolean
finish_window (OrfConnection *connection,
               const OrfPacking *packing,
               OrfPackStep *step,
               GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, block_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, packing->block);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  step->packing.from_rowid = packing->to_rowid + 1;
  step->packing.next_series_id = 0;
  if (row)
    step->block.level = orf_pack_merge_get_level (sqlite3_column_int64 (statement, 1),
                                                  sqlite3_column_int64 (statement, 0));
  else
    step->block.block = 0; /* no row had a series to pack */
  return TRUE;
}

static gboolean
packer_go_on (OrfPacker *packer,
              OrfConnection *connection,
              const OrfPacking *packing,
              OrfPackStep **step,
              GError **error)
{
  g_autoptr (OrfPackStep) made = orf_pack_step_new (packing);
  guint n = 0;

  if (!packer_load_window (packer, connection, packing, error))
    return FALSE;
  made->block.block = packing->block;
  made->block.order_no = packing->to_rowid;
  for (guint i = 0; i < packer->series->len && n < STEP_SERIES &&
                    made->block.samples < STEP_SAMPLES && made->minutes->len < STEP_MINUTES;
       i++) {
    gint64 id = g_array_index (packer->series, gint64, i);

    if (id < packing->next_series_id)
      continue;
    if (!packer_pack_series (packer, connection, id, made, error))
      return FALSE;
    made->packing.next_series_id = id + 1;
    n++;
  }
  if (n == 0) {
    packer_drop_window (packer);
    packer_relax (packer, connection);
    packer->merged = FALSE;
    if (!finish_window (connection, packing, made, error))
      return FALSE;
  }
  packer->n_unread = 0;
  *step = g_steal_pointer (&made);
  return TRUE;
}

/* Asked each second, mostly with nothing to do; a plan looks at all blocks. */
static gboolean
packer_merge (OrfPacker *packer,
              OrfConnection *connection,
              const OrfPacking *packing,
              OrfPackStep **step,
              GError **error)
{
  gboolean good;

  if (packing->merge_block != 0) {
    good = orf_pack_merge_go_on (connection, packing, packer->codec, step, error);
    packer_relax (packer, connection);
    return good;
  }
  if (packer->merged)
    return TRUE;
  if (!orf_pack_merge_plan (connection, packing, step, error))
    return FALSE;
  packer->merged = *step == NULL;
  return TRUE;
}

gboolean
orf_packer_make_step (OrfPacker *packer,
                      OrfConnection *connection,
                      const OrfPackLimits *limits,
                      OrfPackStep **step,
                      GError **error)
{
  OrfPacking packing;

  *step = NULL;
  if (!load_packing (connection, &packing, error))
    return FALSE;
  if (packing.to_rowid >= packing.from_rowid)
    return packer_go_on (packer, connection, &packing, step, error);
  if (!begin_window (connection, &packing, limits, step, error))
    return FALSE;
  return *step != NULL || packer_merge (packer, connection, &packing, step, error);
}
