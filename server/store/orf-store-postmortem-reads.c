/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a post-mortem reads that is no plain list: who held memory at a time, and operations. */
#include "store/orf-store-postmortem.h"

/* The first version whose files have spans. */
#define FIRST_TRACE_VERSION 13

/* ---- who held memory ------------------------------------------------------------------------- */

/* `gpu_process` has no index: its rows come by time, so that a time is found by halving.  So many
 * rows before it hold the last look at each device. */
#define LOOK_ROWS 2000

static const char bounds_sql[] = "SELECT min(rowid), max(rowid) FROM gpu_process";
static const char time_sql[] =
  "SELECT t_us FROM gpu_process WHERE rowid >= ?1 ORDER BY rowid LIMIT 1";
static const char processes_sql[] =
  "SELECT pid, name, used_bytes FROM gpu_process WHERE rowid > ?1 AND rowid <= ?2 AND device = ?3 "
  "AND t_us = (SELECT max(t_us) FROM gpu_process WHERE rowid > ?1 AND rowid <= ?2 "
  "AND device = ?3 AND t_us <= ?4 AND t_us >= ?5) ORDER BY used_bytes DESC, pid LIMIT 100";

void
orf_postmortem_process_free (OrfPostmortemProcess *process)
{
  g_free (process->name);
  g_free (process);
}

static gpointer
make_process (OrfStatement *statement)
{
  OrfPostmortemProcess *process = g_new0 (OrfPostmortemProcess, 1);

  process->pid = sqlite3_column_int64 (statement, 0);
  process->name = orf_statement_dup_text (statement, 1);
  process->used_bytes = orf_statement_get_int64 (statement, 2, -1);
  return process;
}

static gboolean
read_bounds (OrfConnection *connection, gint64 *first, gint64 *last, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, bounds_sql, error);
  gboolean row;

  if (statement == NULL || !orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *first = orf_statement_get_int64 (statement, 0, 1);
  *last = orf_statement_get_int64 (statement, 1, 0);
  return TRUE;
}

static gboolean
read_time (OrfConnection *connection, gint64 rowid, gint64 *t_us, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, time_sql, error);
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, rowid);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  *t_us = row ? sqlite3_column_int64 (statement, 0) : G_MAXINT64;
  return TRUE;
}

/* *rowid: of the last row at or before t_us, about; 0: none. */
static gboolean
find_rowid (OrfConnection *connection, gint64 t_us, gint64 *rowid, GError **error)
{
  gint64 first, last, found_us;

  if (!read_bounds (connection, &first, &last, error))
    return FALSE;
  first--;
  while (first < last) {
    gint64 middle = first + (last - first + 1) / 2;

    if (!read_time (connection, middle, &found_us, error))
      return FALSE;
    if (found_us <= t_us)
      first = middle;
    else
      last = middle - 1;
  }
  *rowid = first;
  return TRUE;
}

GPtrArray *
orf_postmortem_read_processes (
  OrfConnection *connection, const char *device, gint64 t_us, gint64 reach_us, GError **error)
{
  g_autoptr (GPtrArray)
    processes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_process_free);
  g_autoptr (OrfStatement) statement = NULL;
  gint64 rowid;

  if (!find_rowid (connection, t_us, &rowid, error))
    return NULL;
  statement = orf_connection_prepare (connection, processes_sql, error);
  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, rowid - LOOK_ROWS);
  sqlite3_bind_int64 (statement, 2, rowid);
  orf_statement_bind_text (statement, 3, device);
  sqlite3_bind_int64 (statement, 4, t_us);
  sqlite3_bind_int64 (statement, 5, t_us - reach_us);
  return orf_connection_collect (connection, statement, make_process, processes, error)
           ? g_steal_pointer (&processes)
           : NULL;
}

/* ---- operations ------------------------------------------------------------------------------ */

static const char operations_sql[] =
  "SELECT operation_no, service, operation, count(*) OVER () FROM span_operation "
  "WHERE last_us >= ?1 AND first_us < ?2 AND service <> '' ORDER BY spans DESC, operation_no "
  "LIMIT ?3";
static const char steps_sql[] =
  "SELECT t_us, spans, errors, sketch FROM span_stat WHERE operation_no = ?1 AND step_us = ?2 "
  "AND t_us >= ?3 AND t_us < ?4 ORDER BY t_us";
/* By the index of a length: its number of bits. */
static const char long_sql[] =
  "SELECT min(start_us) FROM span INDEXED BY span_by_operation WHERE operation_no = ?1 "
  "AND length_class = ?2 AND start_us >= ?3 AND start_us < ?4 AND duration_us >= ?5";
static const char failed_sql[] =
  "SELECT min(start_us) FROM span INDEXED BY span_failed WHERE operation_no = ?1 "
  "AND outcome = 'error' AND start_us >= ?3 AND start_us < ?4";
/* Bits of the longest duration there may be: 64 bits of nanoseconds. */
#define MAX_LENGTH_CLASS 55

void
orf_postmortem_operation_name_free (OrfPostmortemOperationName *name)
{
  g_free (name->service);
  g_free (name->operation);
  g_free (name);
}

static gboolean
read_names (OrfConnection *connection,
            OrfStatement *statement,
            GPtrArray *names,
            gint64 *n_all,
            GError **error)
{
  gboolean row;

  while (orf_connection_step (connection, statement, &row, error)) {
    OrfPostmortemOperationName *name;

    if (!row)
      return TRUE;
    name = g_new0 (OrfPostmortemOperationName, 1);
    name->number = sqlite3_column_int64 (statement, 0);
    name->service = orf_statement_dup_sure_text (statement, 1);
    name->operation = orf_statement_dup_sure_text (statement, 2);
    *n_all = sqlite3_column_int64 (statement, 3);
    g_ptr_array_add (names, name);
  }
  return FALSE;
}

GPtrArray *
orf_postmortem_read_operations (OrfConnection *connection,
                                const OrfPostmortemAsk *span,
                                gint64 *n_more,
                                GError **error)
{
  g_autoptr (GPtrArray)
    names = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_operation_name_free);
  g_autoptr (OrfStatement) statement = NULL;
  gint64 n_all = 0;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_TRACE_VERSION, &has, error))
    return NULL;
  if (has) {
    statement = orf_connection_prepare (connection, operations_sql, error);
    if (statement == NULL)
      return NULL;
    sqlite3_bind_int64 (statement, 1, span->from_us);
    sqlite3_bind_int64 (statement, 2, span->to_us);
    sqlite3_bind_int64 (statement, 3, span->max);
    if (!read_names (connection, statement, names, &n_all, error))
      return NULL;
  }
  *n_more = MAX (n_all - (gint64) names->len, 0);
  return g_steal_pointer (&names);
}

void
orf_postmortem_step_free (OrfPostmortemStep *step)
{
  orf_sketch_free (step->sketch);
  g_free (step);
}

static gboolean
add_step (OrfStatement *statement, GPtrArray *steps, GError **error)
{
  OrfSketch *sketch = orf_sketch_decode (sqlite3_column_blob (statement, 3),
                                         (gsize) sqlite3_column_bytes (statement, 3), error);
  OrfPostmortemStep *step;

  if (sketch == NULL)
    return FALSE;
  step = g_new0 (OrfPostmortemStep, 1);
  step->t_us = sqlite3_column_int64 (statement, 0);
  step->spans = sqlite3_column_int64 (statement, 1);
  step->errors = sqlite3_column_int64 (statement, 2);
  step->sketch = sketch;
  g_ptr_array_add (steps, step);
  return TRUE;
}

GPtrArray *
orf_postmortem_read_steps (OrfConnection *connection,
                           gint64 operation_no,
                           gint64 step_us,
                           gint64 from_us,
                           gint64 to_us,
                           GError **error)
{
  g_autoptr (GPtrArray)
    steps = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_postmortem_step_free);
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, steps_sql, error);
  gboolean row;

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, step_us);
  sqlite3_bind_int64 (statement, 3, from_us);
  sqlite3_bind_int64 (statement, 4, to_us);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return g_steal_pointer (&steps);
    if (!add_step (statement, steps, error))
      return NULL;
  }
  return NULL;
}

/* The earlier of *t_us (-1: none) and what is found. */
static gboolean
find_first (OrfConnection *connection,
            const char *sql,
            gint64 operation_no,
            int length_class,
            const OrfPostmortemAsk *span,
            gint64 min_us,
            gint64 *t_us,
            GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);
  gint64 found_us;
  gboolean row;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int (statement, 2, length_class);
  sqlite3_bind_int64 (statement, 3, span->from_us);
  sqlite3_bind_int64 (statement, 4, span->to_us);
  sqlite3_bind_int64 (statement, 5, min_us);
  if (!orf_connection_step (connection, statement, &row, error))
    return FALSE;
  found_us = orf_statement_get_int64 (statement, 0, -1);
  if (found_us >= 0 && (*t_us < 0 || found_us < *t_us))
    *t_us = found_us;
  return TRUE;
}

gboolean
orf_postmortem_find_span (OrfConnection *connection,
                          gint64 operation_no,
                          const OrfPostmortemAsk *span,
                          gint64 min_us,
                          gboolean failed,
                          gint64 *t_us,
                          GError **error)
{
  gint64 first_us = -1;

  for (int class = (int) g_bit_storage ((gulong) min_us); class <= MAX_LENGTH_CLASS; class ++)
    if (!find_first (connection, long_sql, operation_no, class, span, min_us, &first_us, error))
      return FALSE;
  if (failed && !find_first (connection, failed_sql, operation_no, 0, span, 0, &first_us, error))
    return FALSE;
  *t_us = first_us;
  return TRUE;
}
