/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-exemplars.h"

#include "history/orf-rollup.h"
#include "store/orf-span-classes.h"

/* The first version whose files have the table. */
#define FIRST_VERSION 14

static const char write_sql[] =
  "INSERT INTO span_exemplar (operation_no, t_us, class, span_no, trace_no, duration_us) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (operation_no, t_us, class) DO UPDATE SET "
  "span_no = excluded.span_no, trace_no = excluded.trace_no, duration_us = excluded.duration_us "
  "WHERE excluded.duration_us > duration_us";
static const char drop_sql[] = "DELETE FROM span_exemplar WHERE trace_no = ?1";
static const char cut_sql[] =
  "DELETE FROM span_exemplar WHERE operation_no = ?1 AND t_us <= (SELECT t_us FROM span_exemplar "
  "WHERE operation_no = ?1 ORDER BY t_us DESC LIMIT 1 OFFSET ?2)";
/* Of an aggregate with one max() SQLite takes the other columns from the row that has it.  Who is
 * the longest of its class may be the longest that failed. */
static const char read_sql[] =
  "SELECT DISTINCT t.trace_id, s.span_id, s.start_us, s.duration_us, s.outcome FROM "
  "(SELECT class, max(duration_us), span_no FROM span_exemplar "
  "WHERE operation_no = ?1 AND t_us >= ?2 AND t_us < ?3 GROUP BY class) AS e "
  "JOIN span AS s ON s.span_no = e.span_no JOIN trace AS t ON t.trace_no = s.trace_no "
  "ORDER BY s.duration_us DESC, s.span_no";

/* ---- writing --------------------------------------------------------------------------------- */

static gboolean
write_one (
  OrfConnection *connection, gint64 t_us, int class, const OrfWrittenSpan *written, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, write_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, written->operation_no);
  sqlite3_bind_int64 (statement, 2, t_us);
  sqlite3_bind_int (statement, 3, class);
  sqlite3_bind_int64 (statement, 4, written->span_no);
  sqlite3_bind_int64 (statement, 5, written->trace_no);
  sqlite3_bind_int64 (statement, 6, written->span->duration_us);
  return orf_connection_run (connection, statement, error);
}

static void
prefer_longer (const OrfWrittenSpan **best, const OrfWrittenSpan *written)
{
  if (*best == NULL || written->span->duration_us > (*best)->span->duration_us)
    *best = written;
}

/* Of one minute. */
static gboolean
write_minute (OrfConnection *connection,
              gint64 t_us,
              const OrfWrittenSpan *spans,
              guint n_spans,
              GError **error)
{
  const OrfWrittenSpan *best[ORF_SPAN_N_CLASSES] = { NULL }, *failed = NULL;

  for (guint i = 0; i < n_spans; i++) {
    prefer_longer (&best[orf_span_get_class (spans[i].span->duration_us)], &spans[i]);
    if (spans[i].span->outcome == ORF_SPAN_OUTCOME_ERROR)
      prefer_longer (&failed, &spans[i]);
  }
  for (guint i = 0; i < ORF_SPAN_N_CLASSES; i++)
    if (best[i] != NULL && !write_one (connection, t_us, (int) i, best[i], error))
      return FALSE;
  return failed == NULL || write_one (connection, t_us, ORF_SPAN_CLASS_FAILED, failed, error);
}

gboolean
orf_exemplars_write (OrfConnection *connection,
                     const OrfWrittenSpan *spans,
                     guint n_spans,
                     GError **error)
{
  for (guint from = 0, to; from < n_spans; from = to) {
    gint64 minute = spans[from].span->start_us / ORF_MINUTE_US;

    for (to = from + 1; to < n_spans && spans[to].span->start_us / ORF_MINUTE_US == minute; to++)
      ;
    if (!write_minute (connection, minute * ORF_MINUTE_US, &spans[from], to - from, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- what goes ------------------------------------------------------------------------------- */

gboolean
orf_exemplars_drop_trace (OrfConnection *connection, gint64 trace_no, GError **error)
{
  return orf_connection_run_with (connection, drop_sql, trace_no, error);
}

gboolean
orf_exemplars_cut (OrfConnection *connection, gint64 operation_no, gint64 max_rows, GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, cut_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, max_rows);
  return orf_connection_run (connection, statement, error);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
add_row (GArray *rows, OrfStatement *statement)
{
  OrfExemplarRow row = {
    .start_us = sqlite3_column_int64 (statement, 2),
    .duration_us = sqlite3_column_int64 (statement, 3),
    .outcome = orf_span_outcome_from_string ((const char *) sqlite3_column_text (statement, 4)),
  };

  if (orf_statement_get_id (statement, 0, row.trace_id, ORF_TRACE_ID_BYTES) &&
      orf_statement_get_id (statement, 1, row.span_id, ORF_SPAN_ID_BYTES))
    g_array_append_val (rows, row);
}

GArray *
orf_exemplars_read (
  OrfConnection *connection, gint64 operation_no, gint64 from_us, gint64 to_us, GError **error)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (OrfExemplarRow));
  g_autoptr (OrfStatement) statement = NULL;
  gboolean has, row;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return NULL;
  if (!has)
    return g_steal_pointer (&rows);
  statement = orf_connection_prepare (connection, read_sql, error);
  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, operation_no);
  sqlite3_bind_int64 (statement, 2, from_us);
  sqlite3_bind_int64 (statement, 3, to_us);
  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return g_steal_pointer (&rows);
    add_row (rows, statement);
  }
  return NULL;
}
