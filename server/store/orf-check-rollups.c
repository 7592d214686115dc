/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A series at a time, and of it two lists side by side, both by time: what the rows of a rollup
 * should be, made of what is below, and what they are.
 */
#include <math.h>

#include "history/orf-rollup.h"
#include "history/orf-sketch.h"
#include "orf-error.h"
#include "store/orf-check-tiers.h"

/* The first version whose files have rollups, and that tells what retention has left. */
#define FIRST_VERSION     3
#define RETENTION_VERSION 5
/* Sums of the same values in another order: each addition may be off by 2^-53 of what it adds to.
 */
#define SUM_TOLERANCE 4.5e-16

#define ROWS_SQL(table)                                                                            \
  "SELECT t_us, count, min, max, sum, last, sketch FROM " table                                    \
  " WHERE series_id = ?1 ORDER BY t_us"

static const char retention_sql[] =
  "SELECT packed_from_us, minutes_from_us, hours_from_us FROM retention";
static const char minutes_sql[] = ROWS_SQL ("rollup_1m");
static const char hours_sql[] = ROWS_SQL ("rollup_1h");
static const char sums_sql[] = "SELECT t_us, count, min, max, sum, last, NULL FROM rollup_1m "
                               "WHERE series_id = ?1 ORDER BY t_us";

/* From when on each tier is whole. */
typedef struct {
  gint64 packed_us, minutes_us, hours_us;
} Whole;

typedef struct {
  OrfConnection *connection;
  const char *table;
  OrfStatement *rows;
  gboolean at_row;
  gint64 source_from_us; /* from when on the lists can be compared at all */
  gint64 rows_from_us;   /* from when on rows may not be missing */
  gint64 series_id;
  GPtrArray *problems;
  guint *n_told;
} Compare;

static void G_GNUC_PRINTF (3, 4) tell (Compare *self, gint64 t_us, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  if ((*self->n_told)++ >= ORF_CHECK_MAX_PROBLEMS)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->problems,
                   g_strdup_printf ("%s of series %" G_GINT64_FORMAT " at %" G_GINT64_FORMAT ": %s",
                                    self->table, self->series_id, t_us, what));
}

static OrfRollup
read_row (OrfStatement *row)
{
  return (OrfRollup){ 0, sqlite3_column_int64 (row, 0), sqlite3_column_int64 (row, 1),
                      sqlite3_column_double (row, 2), sqlite3_column_double (row, 3),
                      /* of infinities of both signs */
                      orf_statement_get_double (row, 4), sqlite3_column_double (row, 5) };
}

static gboolean
are_same_sum (double is, double should, const OrfRollup *of)
{
  double scale = (double) of->count * (double) of->count * MAX (fabs (of->min), fabs (of->max));

  return is == should || (isnan (is) && isnan (should)) ||
         fabs (is - should) <= SUM_TOLERANCE * scale;
}

/* A sketch may be missing: only some series have them. */
static void
check_sketch (Compare *self, const OrfRollup *is)
{
  g_autoptr (OrfSketch) sketch = NULL;
  g_autoptr (GError) failure = NULL;

  if (sqlite3_column_type (self->rows, 6) == SQLITE_NULL)
    return;
  sketch = orf_sketch_decode (sqlite3_column_blob (self->rows, 6),
                              (gsize) sqlite3_column_bytes (self->rows, 6), &failure);
  if (sketch == NULL)
    tell (self, is->t_us, "its sketch cannot be read: %s", failure->message);
  else if (orf_sketch_get_count (sketch) != (guint64) is->count)
    tell (self, is->t_us, "its sketch is of %" G_GUINT64_FORMAT " values, it of %" G_GINT64_FORMAT,
          orf_sketch_get_count (sketch), is->count);
}

static gboolean
compare_next (Compare *self, GError **error)
{
  return orf_connection_step (self->connection, self->rows, &self->at_row, error);
}

/* Rows before t_us tell of what is not there. */
static gboolean
compare_skip (Compare *self, gint64 t_us, GError **error)
{
  while (self->at_row && sqlite3_column_int64 (self->rows, 0) < t_us) {
    OrfRollup is = read_row (self->rows);

    if (is.t_us >= self->source_from_us)
      tell (self, is.t_us, "it tells of %" G_GINT64_FORMAT " samples, and there are none",
            is.count);
    if (!compare_next (self, error))
      return FALSE;
  }
  return TRUE;
}

static void
compare_rows (Compare *self, const OrfRollup *is, const OrfRollup *should)
{
  if (is->count != should->count)
    tell (self, is->t_us,
          "it tells of %" G_GINT64_FORMAT " samples, and there are %" G_GINT64_FORMAT, is->count,
          should->count);
  else if (is->min != should->min || is->max != should->max || is->last != should->last)
    tell (self, is->t_us, "its min, max or last is not that of its samples");
  else if (!are_same_sum (is->sum, should->sum, should))
    tell (self, is->t_us, "its sum is not that of its samples");
  check_sketch (self, is);
}

/* What the next row should be. */
static gboolean
compare_take (Compare *self, const OrfRollup *should, GError **error)
{
  OrfRollup is;

  if (!compare_skip (self, should->t_us, error))
    return FALSE;
  is = self->at_row ? read_row (self->rows) : (OrfRollup){ .t_us = G_MAXINT64 };
  if (is.t_us != should->t_us) {
    if (should->t_us >= self->rows_from_us && should->t_us >= self->source_from_us)
      tell (self, should->t_us, "it is missing: there are %" G_GINT64_FORMAT " samples",
            should->count);
    return TRUE;
  }
  if (is.t_us >= self->source_from_us)
    compare_rows (self, &is, should);
  return compare_next (self, error);
}

static gboolean
compare_begin (Compare *self, OrfStatement *rows, GError **error)
{
  self->rows = rows;
  sqlite3_bind_int64 (rows, 1, self->series_id);
  return compare_next (self, error);
}

/* ---- minutes -----------------------------------------------------------------------------------
 */

/* Rows of a run, of which the first may go on with the minute of the run before. */
static gboolean
take_run (Compare *self, const OrfTierRun *run, GArray *rows, OrfRollup *pending, GError **error)
{
  g_array_set_size (rows, 0);
  orf_rollup_fold (run->series_id, run->times_us, run->values, run->count, ORF_MINUTE_US, FALSE,
                   rows);
  for (guint i = 0; i < rows->len; i++) {
    const OrfRollup *row = &g_array_index (rows, OrfRollup, i);

    if (pending->count > 0 && pending->t_us == row->t_us) {
      orf_rollup_add (pending, row);
      continue;
    }
    if (pending->count > 0 && !compare_take (self, pending, error))
      return FALSE;
    *pending = *row;
  }
  return !orf_connection_is_stopped (self->connection, error);
}

/* *damaged: a chunk cannot be read, and what the rows should be is not known. */
static gboolean
take_samples (Compare *self, gboolean *damaged, GError **error)
{
  g_autoptr (GArray) rows = orf_rollup_array_new ();
  g_autoptr (OrfTierScan) scan = NULL;
  OrfRollup pending = { .count = 0 };
  const OrfTierRun *run = NULL;
  GError *failure = NULL;

  *damaged = FALSE;
  scan = orf_tier_scan_new_packed (orf_connection_get_tiers (self->connection), self->series_id,
                                   G_MININT64, G_MAXINT64, &failure);
  while (failure == NULL && orf_tier_scan_next (scan, &run, &failure) && run != NULL)
    if (!take_run (self, run, rows, &pending, error))
      return FALSE;
  if (g_error_matches (failure, ORF_ERROR, ORF_ERROR_DATA_LOSS)) {
    /* told where the chunks were looked at */
    *damaged = TRUE;
    g_clear_error (&failure);
    return TRUE;
  }
  if (failure != NULL)
    return orf_connection_adopt_error (self->connection, failure, error);
  return pending.count == 0 || compare_take (self, &pending, error);
}

static gboolean
check_minutes (Compare *self, const Whole *whole, GError **error)
{
  g_autoptr (OrfStatement) rows = orf_connection_prepare (self->connection, minutes_sql, error);
  gboolean damaged;

  self->table = "rollup_1m";
  self->source_from_us = whole->packed_us;
  self->rows_from_us = whole->minutes_us;
  return rows != NULL && compare_begin (self, rows, error) &&
         take_samples (self, &damaged, error) &&
         (damaged || compare_skip (self, G_MAXINT64, error));
}

/* ---- hours -------------------------------------------------------------------------------------
 */

static gboolean
take_minutes (Compare *self, OrfStatement *minutes, GError **error)
{
  OrfRollup hour = { .count = 0 };
  gboolean row = TRUE;

  sqlite3_bind_int64 (minutes, 1, self->series_id);
  while (row) {
    OrfRollup minute;

    if (!orf_connection_step (self->connection, minutes, &row, error))
      return FALSE;
    minute = row ? read_row (minutes) : (OrfRollup){ .t_us = G_MAXINT64 };
    if (row)
      minute.t_us = orf_rollup_align (minute.t_us, ORF_HOUR_US);
    if (hour.count > 0 && minute.t_us == hour.t_us) {
      orf_rollup_add (&hour, &minute);
      continue;
    }
    if (hour.count > 0 && !compare_take (self, &hour, error))
      return FALSE;
    hour = minute;
  }
  return compare_skip (self, G_MAXINT64, error);
}

static gboolean
check_hours (Compare *self, const Whole *whole, GError **error)
{
  g_autoptr (OrfStatement) rows = orf_connection_prepare (self->connection, hours_sql, error);
  g_autoptr (OrfStatement) minutes = NULL;

  self->table = "rollup_1h";
  self->source_from_us = whole->minutes_us;
  self->rows_from_us = whole->hours_us;
  return rows != NULL &&
         (minutes = orf_connection_prepare (self->connection, sums_sql, error)) != NULL &&
         compare_begin (self, rows, error) && take_minutes (self, minutes, error);
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static gboolean
load_whole (OrfConnection *connection, Whole *whole, GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  gboolean row;

  *whole = (Whole){ 0 };
  if (!orf_connection_has_version (connection, RETENTION_VERSION, &row, error))
    return FALSE;
  if (!row)
    return TRUE;
  statement = orf_connection_prepare (connection, retention_sql, error);
  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  if (row)
    *whole = (Whole){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1),
                      sqlite3_column_int64 (statement, 2) };
  return TRUE;
}

gboolean
orf_check_rollups (OrfConnection *connection,
                   const GArray *ids,
                   GPtrArray *problems,
                   GError **error)
{
  gboolean has;
  guint n_told = 0;
  Whole whole;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      !load_whole (connection, &whole, error))
    return FALSE;
  for (guint i = 0; has && i < ids->len && n_told < ORF_CHECK_MAX_PROBLEMS; i++) {
    Compare compare = { .connection = connection,
                        .series_id = g_array_index (ids, gint64, i),
                        .problems = problems,
                        .n_told = &n_told };

    if (!check_minutes (&compare, &whole, error) || !check_hours (&compare, &whole, error))
      return FALSE;
  }
  return TRUE;
}
