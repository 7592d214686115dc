/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-report.h"

#include "core/orf-sum.h"

#define FIRST_VERSION 9
/* And the first that has what was released. */
#define RELEASED_VERSION 11

/* One device, or all; parameters 1 to 3 of each statement. */
#define SPAN(device, time) "(?1 IS NULL OR " device " = ?1) AND " time " >= ?2 AND " time " < ?3 "

#define CLEANUPS_SQL(released)                                                                     \
  "SELECT device, count(*), sum(verdict IN ('freed', 'partial')), "                                \
  "sum(verdict = 'nothing_freed'), total(freed_bytes), count(regained_bytes), "                    \
  "total(freed_bytes) FILTER (WHERE regained_bytes IS NOT NULL), "                                 \
  "total(regained_bytes), total(max(" released " - max(freed_bytes, 0), 0))"                       \
  " FROM cleanup WHERE verdict IS NOT NULL AND " SPAN ("device",                                   \
                                                       "started_us") "GROUP BY device ORDER BY "   \
                                                                     "device"
#define ASKED_SQL(released)                                                                        \
  "SELECT w.worker_id, max(w.name), max(c.device), count(*), sum(w.verdict = 'overclaimed'), "     \
  "sum(w.verdict = 'timed_out'), "                                                                 \
  "total(w.claimed_bytes) FILTER (WHERE w.verdict = 'overclaimed'), "                              \
  "total(" released ") FILTER (WHERE w.verdict = 'overclaimed') "                                  \
  "FROM cleanup_worker AS w JOIN cleanup AS c ON c.id = w.cleanup_id WHERE " SPAN (                \
    "c.device", "c.started_us") "GROUP BY w.worker_id "                                            \
                                "HAVING sum(w.verdict IN ('overclaimed', 'timed_out')) > 0 ORDER " \
                                "BY w.worker_id LIMIT 100"

/* By the file's version. */
typedef struct {
  const char *cleanups;
  const char *asked;
} Queries;

static const Queries first_queries = { CLEANUPS_SQL ("freed_bytes"), ASKED_SQL ("w.freed_bytes") };
static const Queries released_queries = {
  CLEANUPS_SQL ("released_bytes"),
  ASKED_SQL ("coalesce(w.released_bytes, w.freed_bytes)"),
};
/* the bare column text is that of the newest, as SQLite has it beside max() */
static const char events_sql[] =
  "SELECT device, kind, count(*), sum(cleared_us IS NULL), sum(severity = 'critical') > 0, text, "
  "max(raised_us) FROM gpu_event WHERE (?1 IS NULL OR device = ?1) "
  "AND raised_us < ?3 AND coalesce(cleared_us, ?3) >= ?2 "
  "GROUP BY device, kind ORDER BY device, kind LIMIT 100";

void
orf_report_cleanups_free (OrfReportCleanups *cleanups)
{
  g_free (cleanups->device);
  g_free (cleanups);
}

void
orf_report_asked_free (OrfReportAsked *asked)
{
  g_free (asked->name);
  g_free (asked->device);
  g_free (asked);
}

void
orf_report_events_free (OrfReportEvents *events)
{
  g_free (events->device);
  g_free (events->kind);
  g_free (events->text);
  g_free (events);
}

/* Of what workers claim and probes tell, which may be anything: sum() would fail beyond an integer.
 * -1: memory rose. */
static gint64
get_sum (OrfStatement *statement, int column)
{
  return orf_sum_from_number (sqlite3_column_double (statement, column));
}

static gpointer
make_cleanups (OrfStatement *statement)
{
  OrfReportCleanups *cleanups = g_new0 (OrfReportCleanups, 1);

  cleanups->device = orf_statement_dup_sure_text (statement, 0);
  cleanups->n = sqlite3_column_int64 (statement, 1);
  cleanups->n_freed = sqlite3_column_int64 (statement, 2);
  cleanups->n_nothing = sqlite3_column_int64 (statement, 3);
  cleanups->freed_bytes = get_sum (statement, 4);
  cleanups->n_followed = sqlite3_column_int64 (statement, 5);
  cleanups->followed_bytes = get_sum (statement, 6);
  cleanups->regained_bytes = get_sum (statement, 7);
  cleanups->retaken_bytes = get_sum (statement, 8);
  return cleanups;
}

static gpointer
make_asked (OrfStatement *statement)
{
  OrfReportAsked *asked = g_new0 (OrfReportAsked, 1);

  asked->worker_no = sqlite3_column_int64 (statement, 0);
  asked->name = orf_statement_dup_sure_text (statement, 1);
  asked->device = orf_statement_dup_sure_text (statement, 2);
  asked->n_asked = sqlite3_column_int64 (statement, 3);
  asked->n_overclaimed = sqlite3_column_int64 (statement, 4);
  asked->n_timed_out = sqlite3_column_int64 (statement, 5);
  asked->claimed_bytes = get_sum (statement, 6);
  asked->released_bytes = get_sum (statement, 7);
  return asked;
}

static gpointer
make_events (OrfStatement *statement)
{
  OrfReportEvents *events = g_new0 (OrfReportEvents, 1);

  events->device = orf_statement_dup_sure_text (statement, 0);
  events->kind = orf_statement_dup_sure_text (statement, 1);
  events->n = sqlite3_column_int64 (statement, 2);
  events->n_open = sqlite3_column_int64 (statement, 3);
  events->is_critical = sqlite3_column_int64 (statement, 4) != 0;
  events->text = orf_statement_dup_sure_text (statement, 5);
  return events;
}

static gboolean
read_rows (OrfConnection *connection,
           const char *sql,
           const OrfReportSpan *span,
           OrfRowMake make,
           GPtrArray *rows,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  orf_statement_bind_text (statement, 1, span->device);
  sqlite3_bind_int64 (statement, 2, span->from_us);
  sqlite3_bind_int64 (statement, 3, span->to_us);
  return orf_connection_collect (connection, statement, make, rows, error);
}

gboolean
orf_report_read (OrfConnection *connection,
                 const OrfReportSpan *span,
                 OrfReportCounts *counts,
                 GError **error)
{
  g_autoptr (GPtrArray)
    cleanups = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_cleanups_free);
  g_autoptr (GPtrArray)
    asked = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_asked_free);
  g_autoptr (GPtrArray)
    events = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_report_events_free);
  const Queries *queries;
  gboolean has, has_released;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error) ||
      !orf_connection_has_version (connection, RELEASED_VERSION, &has_released, error))
    return FALSE;
  queries = has_released ? &released_queries : &first_queries;
  if (has && (!read_rows (connection, queries->cleanups, span, make_cleanups, cleanups, error) ||
              !read_rows (connection, queries->asked, span, make_asked, asked, error) ||
              !read_rows (connection, events_sql, span, make_events, events, error)))
    return FALSE;

  counts->cleanups = g_steal_pointer (&cleanups);
  counts->asked = g_steal_pointer (&asked);
  counts->events = g_steal_pointer (&events);
  return TRUE;
}
