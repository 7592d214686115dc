/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-postmortem.h"

#include "orf-schema-types.h"
#include "store/orf-row-struct.h"

/* Columns are the members of the rows' struct; the first of all is how many rows there are without
 * the limit.  Parameters: 1 and 2 the span, 3 the limit. */
#define N_ALL "SELECT count(*) OVER () AS n_all, "
/* A row of the time line. */
#define MOMENT(t_us, until_us, kind, severity, text, id)                                           \
  N_ALL t_us " AS t_us, " until_us " AS until_us, " kind " AS kind, " severity                     \
             " AS severity, " text " AS text, " id " AS id "
#define WORST_FIRST(severity)                                                                      \
  " ORDER BY " severity " = 'critical' DESC, " severity " = 'warning' DESC, "

static const char marks_sql[] =
  MOMENT ("t_us",
          "NULL",
          "kind",
          "NULL",
          "text",
          "'e-' || id") "FROM event WHERE t_us >= ?1 AND t_us < ?2 ORDER BY kind = 'deploy' DESC, "
                        "t_us LIMIT ?3";
/* Those of the black box are told by what broke. */
static const char incidents_sql[] = MOMENT (
  "from_us",
  "to_us",
  "'incident'",
  "NULL",
  "title || ': ' || reason",
  "'i-' || id") "FROM incident WHERE from_us < ?2 AND to_us > ?1 AND author IS NOT 'black box' "
                "ORDER BY from_us LIMIT ?3";
static const char alert_moments_sql[] = MOMENT (
  "fired_us",
  "resolved_us",
  "'alert'",
  "severity",
  "coalesce(summary, rule)",
  "'al-' || id") "FROM alert WHERE started_us < ?2 AND fired_us < ?2 AND coalesce(resolved_us, ?2) "
                 ">= ?1" WORST_FIRST ("severity") "fired_us LIMIT ?3";
static const char anomaly_moments_sql[] = MOMENT (
  "a.started_us",
  "a.ended_us",
  "'anomaly'",
  "a.severity",
  "a.kind || ' of ' || coalesce(v.series, a.entity)",
  "'an-' || a.id") "FROM anomaly AS a LEFT JOIN v_series AS v ON v.id = a.series_id "
                   "WHERE a.severity <> 'info' AND a.started_us < ?2 AND coalesce(a.ended_us, ?2) "
                   ">= ?1" WORST_FIRST ("a.severity") "a.started_us LIMIT ?3";
static const char leak_moments_sql[] =
  MOMENT ("since_us",
          "ended_us",
          "'leak'",
          "'warning'",
          "printf('%s holds more and more of %s: %s an hour', coalesce(name, subject), device, "
          "iif(slope_bytes_per_s * 3600 < 1073741824, "
          "printf('%.1f MiB', slope_bytes_per_s * 3600 / 1048576), "
          "printf('%.1f GiB', slope_bytes_per_s * 3600 / 1073741824)))",
          "NULL") "FROM leak WHERE since_us < ?2 AND coalesce(ended_us, ?2) >= ?1 "
                  "ORDER BY grown_bytes DESC, id LIMIT ?3";
static const char cleanup_moments_sql[] =
  MOMENT ("started_us",
          "started_us + took_us",
          "'cleanup'",
          "iif(verdict IS 'freed', 'info', 'warning')",
          "printf('%s (%s): %s, %s', device, level, coalesce(replace(verdict, '_', ' '), "
          "'not ended'), coalesce(printf('%.1f MiB freed', freed_bytes / 1048576.0), "
          "'nothing known'))",
          "'c-' || id") "FROM cleanup WHERE started_us >= ?1 AND started_us < ?2 ORDER BY "
                        "started_us LIMIT ?3";
static const char gpu_events_sql[] =
  MOMENT ("raised_us",
          "cleared_us",
          "'gpu_event'",
          "severity",
          "device || ': ' || text",
          "'g-' || id") "FROM gpu_event WHERE raised_us < ?2 AND coalesce(cleared_us, ?2) >= "
                        "?1" WORST_FIRST ("severity") "raised_us LIMIT ?3";
static const char workers_lost_sql[] = MOMENT (
  "lost_us",
  "NULL",
  "'worker'",
  "'warning'",
  "name || ' was lost'",
  "'w-' || id") "FROM worker WHERE lost_us >= ?1 AND lost_us < ?2 ORDER BY lost_us LIMIT ?3";
static const char workers_came_sql[] =
  MOMENT ("t_us",
          "NULL",
          "'worker'",
          "NULL",
          "text",
          "id") "FROM (SELECT registered_us AS t_us, name || ' registered' AS text, 'w-' || id AS "
                "id FROM worker "
                "UNION ALL SELECT left_us, name || ' left', 'w-' || id FROM worker) "
                "WHERE t_us >= ?1 AND t_us < ?2 ORDER BY t_us LIMIT ?3";
static const char warning_moments_sql[] =
  MOMENT ("w.made_us",
          "w.expected_us",
          "'forecast'",
          "'warning'",
          "printf('%s will reach %g in %.0f s: %s', v.series, w.threshold, "
          "(w.expected_us - w.made_us) / 1e6, coalesce(replace(w.fate, '_', ' '), 'open'))",
          "NULL") "FROM forecast_warning AS w JOIN v_series AS v ON v.id = w.series_id "
                  "WHERE w.made_us >= ?1 AND w.made_us < ?2 ORDER BY w.made_us LIMIT ?3";
static const char loads_sql[] =
  MOMENT ("started_us",
          "started_us + took_us",
          "'load'",
          "NULL",
          "printf('load test %s (%s): %d requests, %d failed%s', name, kind, requests, errors, "
          "CASE passed WHEN 1 THEN '; it passed' WHEN 0 THEN '; it did not pass' ELSE '' END)",
          "'l-' || id") "FROM load_run WHERE started_us < ?2 AND started_us + took_us >= ?1 "
                        "ORDER BY started_us LIMIT ?3";
static const char daemon_sql[] = MOMENT (
  "t_us",
  "NULL",
  "'daemon'",
  "NULL",
  "iif(method = 'daemon.start', 'orfeasd started', 'orfeasd ended')",
  "NULL") "FROM audit WHERE t_us >= ?1 AND t_us < ?2 AND method IN ('daemon.start', 'daemon.stop') "
          "ORDER BY t_us LIMIT ?3";
/* Without what has a row of another kind. */
static const char audit_sql[] =
  MOMENT ("t_us",
          "NULL",
          "'audit'",
          "NULL",
          "method || ' by ' || actor",
          "'a-' || id") "FROM audit WHERE t_us >= ?1 AND t_us < ?2 AND method NOT LIKE 'daemon.%' "
                        "AND method NOT IN "
                        "('events.mark', 'incidents.pin', 'incidents.unpin', 'gpu.cleanup', "
                        "'alerts.acknowledge', "
                        "'alerts.silence', 'anomalies.feedback') ORDER BY t_us LIMIT ?3";

static const char alerts_sql[] = N_ALL
  "'al-' || id AS id, rule, severity, state, labels, value, threshold, summary, started_us, "
  "fired_us, resolved_us, acknowledged_us, author, note, verdict FROM alert "
  "WHERE started_us < ?2 AND fired_us < ?2 AND coalesce(resolved_us, ?2) >= ?1" WORST_FIRST (
    "severity") "fired_us LIMIT ?3";
static const char anomalies_sql[] = N_ALL
  "'an-' || a.id AS id, a.kind, a.detector, a.entity, v.series, a.severity, a.score, "
  "a.started_us, a.ended_us, a.value, a.lower, a.upper, a.related, a.verdict "
  "FROM anomaly AS a LEFT JOIN v_series AS v ON v.id = a.series_id "
  "WHERE a.started_us < ?2 AND coalesce(a.ended_us, ?2) >= ?1" WORST_FIRST (
    "a.severity") "a.score DESC LIMIT ?3";
static const char cleanups_sql[] = N_ALL
  "'c-' || id AS id, device, trigger, actor, reason, level, started_us, took_us, verdict, "
  "before_bytes, after_bytes, freed_bytes, released_bytes, regained_bytes FROM cleanup "
  "WHERE started_us >= ?1 AND started_us < ?2 ORDER BY started_us LIMIT ?3";
static const char cleanup_workers_sql[] = N_ALL
  "'w-' || worker_id AS worker, name, verdict, claimed_bytes, freed_bytes, released_bytes, "
  "text FROM cleanup_worker WHERE cleanup_id = ?1 ORDER BY ordinal LIMIT ?3";
static const char leaks_sql[] = N_ALL
  "device, 'w-' || worker_id AS worker, name, pid, since_us, found_us, ended_us, "
  "slope_bytes_per_s, confidence, grown_bytes, trigger FROM leak "
  "WHERE since_us < ?2 AND coalesce(ended_us, ?2) >= ?1 "
  "ORDER BY grown_bytes DESC, id LIMIT ?3";
static const char warnings_sql[] = N_ALL
  "v.series, w.device, w.made_us, w.expected_us, w.came_us, w.came_us - w.made_us AS lead_us, "
  "w.threshold, w.value, coalesce(w.fate, 'open') AS fate, CASE w.fate "
  "WHEN 'came_true' THEN 1 WHEN 'false_alarm' THEN 0 WHEN 'missed' THEN 0 END AS held "
  "FROM forecast_warning AS w JOIN v_series AS v ON v.id = w.series_id "
  "WHERE coalesce(w.made_us, w.came_us) >= ?1 AND coalesce(w.made_us, w.came_us) < ?2 "
  "ORDER BY coalesce(w.made_us, w.came_us) LIMIT ?3";
/* No horizon is longer than a day: so the index by made_us is of use. */
static const char accuracy_sql[] = N_ALL
  "v.series, g.* FROM (SELECT series_id, horizon_us, count(*) AS forecasts, "
  "sum(inside80) AS held, sum(abs(error)) / nullif(sum(abs(naive_error)), 0) AS error_ratio "
  "FROM prediction WHERE made_us >= ?1 - 86400000000 AND made_us < ?2 AND due_us >= ?1 "
  "AND due_us < ?2 AND inside80 IS NOT NULL GROUP BY series_id, horizon_us) AS g "
  "JOIN v_series AS v ON v.id = g.series_id "
  "ORDER BY 1.0 * g.held / g.forecasts, v.series, g.horizon_us LIMIT ?3";
/* The longest spans of each operation and minute, or the longest that failed, stand for their
 * traces: nothing else is sorted by what is asked for here. */
#define TRACES(class, order)                                                                       \
  N_ALL                                                                                            \
  "lower(hex(t.trace_id)) AS trace_id, r.service, r.operation, t.start_us, "                       \
  "t.end_us - t.start_us AS duration_us, r.outcome, t.spans, t.errors FROM "                       \
  "(SELECT e.trace_no FROM span_operation AS o CROSS JOIN span_exemplar AS e "                     \
  "ON e.operation_no = o.operation_no AND e.t_us >= ?1 - ?1 % 60000000 AND e.t_us < ?2 "           \
  "WHERE o.last_us >= ?1 AND o.first_us < ?2 AND " class " GROUP BY e.trace_no "                   \
                                                         "ORDER BY max(e.duration_us) DESC "       \
                                                         "LIMIT 200) AS e JOIN trace AS t "        \
                                                         "ON t.trace_no = e.trace_no LEFT JOIN "   \
                                                         "span AS r ON r.span_no = t.root_no "     \
                                                         "WHERE t.start_us < ?2 AND t.end_us "     \
                                                         ">= ?1 ORDER BY " order                   \
                                                         ", t.trace_no LIMIT ?3"
static const char slow_traces_sql[] = TRACES ("1", "duration_us DESC");
static const char failed_traces_sql[] = TRACES ("e.class = 100", "t.errors DESC, t.start_us DESC");

typedef struct {
  const char *sql;
  const OrfDesc *desc;
  gint64 first_version; /* whose files have the tables */
} Question;

static const Question questions[] = {
  [ORF_POSTMORTEM_MARKS] = { marks_sql, &orf_postmortem_moment_desc, 2 },
  [ORF_POSTMORTEM_INCIDENTS] = { incidents_sql, &orf_postmortem_moment_desc, 4 },
  [ORF_POSTMORTEM_ALERT_MOMENTS] = { alert_moments_sql, &orf_postmortem_moment_desc, 12 },
  [ORF_POSTMORTEM_ANOMALY_MOMENTS] = { anomaly_moments_sql, &orf_postmortem_moment_desc, 16 },
  [ORF_POSTMORTEM_LEAK_MOMENTS] = { leak_moments_sql, &orf_postmortem_moment_desc, 10 },
  [ORF_POSTMORTEM_CLEANUP_MOMENTS] = { cleanup_moments_sql, &orf_postmortem_moment_desc, 9 },
  [ORF_POSTMORTEM_GPU_EVENTS] = { gpu_events_sql, &orf_postmortem_moment_desc, 9 },
  [ORF_POSTMORTEM_WORKERS_LOST] = { workers_lost_sql, &orf_postmortem_moment_desc, 9 },
  [ORF_POSTMORTEM_WORKERS_CAME] = { workers_came_sql, &orf_postmortem_moment_desc, 9 },
  [ORF_POSTMORTEM_WARNING_MOMENTS] = { warning_moments_sql, &orf_postmortem_moment_desc, 10 },
  [ORF_POSTMORTEM_LOADS] = { loads_sql, &orf_postmortem_moment_desc, 17 },
  [ORF_POSTMORTEM_DAEMON] = { daemon_sql, &orf_postmortem_moment_desc, 1 },
  [ORF_POSTMORTEM_AUDIT] = { audit_sql, &orf_postmortem_moment_desc, 1 },
  [ORF_POSTMORTEM_ALERTS] = { alerts_sql, &orf_postmortem_alert_desc, 12 },
  [ORF_POSTMORTEM_ANOMALIES] = { anomalies_sql, &orf_postmortem_anomaly_desc, 16 },
  [ORF_POSTMORTEM_CLEANUPS] = { cleanups_sql, &orf_postmortem_cleanup_desc, 11 },
  [ORF_POSTMORTEM_CLEANUP_WORKERS] = { cleanup_workers_sql, &orf_postmortem_cleanup_worker_desc,
                                       11 },
  [ORF_POSTMORTEM_LEAKS] = { leaks_sql, &orf_postmortem_leak_desc, 10 },
  [ORF_POSTMORTEM_WARNINGS] = { warnings_sql, &orf_postmortem_warning_desc, 10 },
  [ORF_POSTMORTEM_ACCURACY] = { accuracy_sql, &orf_postmortem_accuracy_desc, 10 },
  [ORF_POSTMORTEM_SLOW_TRACES] = { slow_traces_sql, &orf_postmortem_trace_desc, 14 },
  [ORF_POSTMORTEM_FAILED_TRACES] = { failed_traces_sql, &orf_postmortem_trace_desc, 14 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (questions) == ORF_POSTMORTEM_N_QUESTIONS);

static gboolean
read_rows (OrfConnection *connection,
           OrfStatement *statement,
           const OrfDesc *desc,
           GPtrArray *rows,
           gint64 *n_all,
           GError **error)
{
  gboolean row;

  while (orf_connection_step (connection, statement, &row, error)) {
    if (!row)
      return TRUE;
    *n_all = sqlite3_column_int64 (statement, 0);
    g_ptr_array_add (rows, orf_row_struct_new (statement, desc));
  }
  return FALSE;
}

gboolean
orf_postmortem_read (OrfConnection *connection,
                     OrfPostmortemQuestion question,
                     const OrfPostmortemAsk *span,
                     GPtrArray *rows,
                     gint64 *n_more,
                     GError **error)
{
  const Question *asked = &questions[question];
  g_autoptr (OrfStatement) statement = NULL;
  guint n_before = rows->len;
  gint64 n_all = 0;
  gboolean has;

  if (!orf_connection_has_version (connection, asked->first_version, &has, error))
    return FALSE;
  if (has) {
    statement = orf_connection_prepare (connection, asked->sql, error);
    if (statement == NULL)
      return FALSE;
    sqlite3_bind_int64 (statement, 1, span->from_us);
    sqlite3_bind_int64 (statement, 2, span->to_us);
    sqlite3_bind_int64 (statement, 3, span->max);
    if (!read_rows (connection, statement, asked->desc, rows, &n_all, error))
      return FALSE;
  }
  *n_more = MAX (n_all - (gint64) (rows->len - n_before), 0);
  return TRUE;
}
