/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-retain.h"

#include "core/orf-clock.h"

/* Free pages are used again by what comes next; moving them to the end costs writes, so it is done
 * only once they are a quarter of the file and more than this (4 MiB). */
#define SHRINK_MIN_PAGES 1024
/* Pages moved in one step: under a millisecond, and some 0.5 MB in the WAL. */
#define SHRINK_STEP_SQL "PRAGMA incremental_vacuum (64)"

static const char begin_sql[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
static const char old_block_sql[] =
  "SELECT first_rowid, last_rowid FROM raw_block "
  "WHERE max_t_us < ? AND first_rowid < ? ORDER BY first_rowid LIMIT 1";
static const char drop_rows_sql[] = "DELETE FROM sample_raw WHERE rowid BETWEEN ? AND ?";
static const char drop_block_sql[] = "DELETE FROM raw_block WHERE first_rowid = ?";

/* Tables whose rowids grow with time need no index to be purged: what is old is among the first 256
 * rows.  A time in the future (the clock was set back) counts as old, or its rows would sit at the
 * front for ever and shield all that follow. */
#define PURGE_SQL(table, column)                                                                   \
  "DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM (SELECT rowid, " column                 \
  " AS t FROM " table " ORDER BY rowid LIMIT 256) WHERE t < ?1 OR t > ?2)"

static const char purge_keys_sql[] = PURGE_SQL ("idempotency", "created_us");
static const char purge_audit_sql[] = PURGE_SQL ("audit", "t_us");
/* Ids that have no gaps, or few: fewer rows are kept by as many. */
static const char trim_audit_sql[] =
  "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT 256) "
  "AND id <= (SELECT max(id) FROM audit) - ?1";
static const char trim_events_sql[] =
  "DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT 256) "
  "AND id <= (SELECT max(id) FROM event) - ?1";
static const char purge_processes_sql[] = PURGE_SQL ("gpu_process", "t_us");

/* How far ahead of the clock a row's time may be. */
#define FUTURE_US (3600 * ORF_US_PER_S)

static gboolean
run_with (OrfConnection *connection, const char *sql, gint64 first, gint64 second, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  for (int i = 1; i <= sqlite3_bind_parameter_count (statement); i++)
    sqlite3_bind_int64 (statement, i, i == 1 ? first : second);
  return orf_connection_run (connection, statement, error);
}

static gboolean
drop_oldest_block (OrfConnection *connection,
                   const OrfRetainLimits *limits,
                   gboolean *dropped,
                   GError **error)
{
  gint64 first, last;
  {
    g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, old_block_sql, error);

    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, limits->raw_before_us);
    sqlite3_bind_int64 (statement, 2, limits->keep_rowid);
    if (!orf_connection_step (connection, statement, dropped, error))
      return FALSE;
    first = sqlite3_column_int64 (statement, 0);
    last = sqlite3_column_int64 (statement, 1);
  }
  return !*dropped || (run_with (connection, drop_rows_sql, first, last, error) &&
                       run_with (connection, drop_block_sql, first, 0, error));
}

static gboolean
purge (OrfConnection *connection, const char *sql, gint64 before_us, gboolean *more, GError **error)
{
  if (!run_with (connection, sql, before_us, orf_clock_now_us () + FUTURE_US, error))
    return FALSE;
  if (sqlite3_changes (orf_connection_get_db (connection)) > 0)
    *more = TRUE;
  return TRUE;
}

/* More than are allowed, whatever their age. */
static gboolean
trim (OrfConnection *connection, const char *sql, gint64 rows, gboolean *more, GError **error)
{
  return rows <= 0 || purge (connection, sql, rows, more, error);
}

static gboolean
retain (OrfConnection *connection,
        const OrfRetainLimits *limits,
        gint64 deadline_us,
        gboolean *more,
        GError **error)
{
  gboolean dropped = TRUE;

  while (dropped && orf_clock_monotonic_us () < deadline_us)
    if (!drop_oldest_block (connection, limits, &dropped, error))
      return FALSE;
  *more = dropped;
  return purge (connection, purge_keys_sql, limits->keys_before_us, more, error) &&
         purge (connection, purge_audit_sql, limits->audit_before_us, more, error) &&
         trim (connection, trim_audit_sql, limits->audit_rows, more, error) &&
         trim (connection, trim_events_sql, limits->event_rows, more, error) &&
         purge (connection, purge_processes_sql, limits->raw_before_us, more, error);
}

gboolean
orf_retain_step (OrfConnection *connection,
                 const OrfRetainLimits *limits,
                 gint64 deadline_us,
                 gboolean *more,
                 GError **error)
{
  gboolean left = FALSE;

  if (!run_with (connection, begin_sql, 0, 0, error))
    return FALSE;
  if (!retain (connection, limits, deadline_us, &left, error) ||
      !run_with (connection, commit_sql, 0, 0, error)) {
    orf_connection_rollback (connection);
    return FALSE;
  }
  *more = left;
  return TRUE;
}

gboolean
orf_retain_shrink (OrfConnection *connection, gboolean all, gboolean *more, GError **error)
{
  gint64 n_free, n_pages;

  if (!orf_connection_get_int64 (connection, "PRAGMA freelist_count", &n_free, error) ||
      !orf_connection_get_int64 (connection, "PRAGMA page_count", &n_pages, error))
    return FALSE;
  if (n_free == 0 || (!all && (n_free < SHRINK_MIN_PAGES || n_free < n_pages / 4))) {
    *more = FALSE;
    return TRUE;
  }
  if (!orf_connection_exec (connection, SHRINK_STEP_SQL, error))
    return FALSE;
  *more = TRUE;
  return TRUE;
}
