/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements for people: by the views, and plain enough to be changed. */
#include "postmortem/orf-postmortem-sql.h"

#define T "%" G_GINT64_FORMAT

/* The window's beginning and end. */
static char *
of_window (const OrfPostmortemWindow *window, const char *format)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return g_strdup_printf (format, window->from_us, window->to_us);
#pragma GCC diagnostic pop
}

static const char timeline_sql[] = "SELECT time, source, kind, text, author FROM v_timeline "
                                   "WHERE t_us >= " T " AND t_us < " T " ORDER BY t_us";
static const char memory_sql[] = "SELECT time, device, pid, name, used_bytes FROM v_gpu_process "
                                 "WHERE t_us >= " T " AND t_us < " T
                                 " ORDER BY used_bytes DESC LIMIT 100";
static const char cleanups_sql[] = "SELECT * FROM v_cleanup WHERE t_us >= " T " AND t_us < " T
                                   " ORDER BY t_us";
static const char alerts_sql[] =
  "SELECT v.* FROM v_alerts AS v JOIN alert AS a ON v.alert = 'al-' || a.id "
  "WHERE coalesce(a.resolved_us, 9e18) >= " T " AND a.fired_us < " T " ORDER BY a.fired_us";
static const char anomalies_sql[] =
  "SELECT v.* FROM v_anomaly AS v JOIN anomaly AS a ON v.id = 'an-' || a.id "
  "WHERE coalesce(a.ended_us, 9e18) >= " T " AND a.started_us < " T " ORDER BY a.started_us";
static const char traces_sql[] =
  "SELECT DISTINCT trace_id, time, service, operation, duration_us, outcome FROM v_exemplar "
  "WHERE minute_us >= " T " - 60000000 AND minute_us < " T " ORDER BY duration_us DESC LIMIT 20";
static const char cache_sql[] =
  "SELECT time, series, avg, min, max FROM v_metric_1m WHERE name IN ('cache.hit_rate_percent', "
  "'cache.node.up', 'cache.node.latency_us') AND t_us >= " T " AND t_us < " T
  " ORDER BY series, t_us";
static const char forecasts_sql[] = "SELECT * FROM v_forecast_warning WHERE t_us >= " T
                                    " AND t_us < " T " ORDER BY t_us";
static const char gaps_sql[] =
  "SELECT time, count AS samples FROM v_metric_1m WHERE name = 'orfeas.memory.rss_bytes' "
  "AND t_us >= " T " AND t_us < " T " ORDER BY t_us";

/* Minutes of the baseline and the window, mean against mean. */
static char *
make_changes (const OrfPostmortemWindow *window)
{
  return g_strdup_printf (
    "SELECT v.series, m.before, m.during, m.during - m.before AS moved FROM ("
    "SELECT series_id, sum(sum) FILTER (WHERE t_us < " T ") / sum(count) FILTER (WHERE t_us < " T
    ") AS before, sum(sum) FILTER (WHERE t_us >= " T ") / sum(count) FILTER (WHERE t_us >= " T
    ") AS during FROM series AS s CROSS JOIN rollup_1m AS r ON r.series_id = s.id "
    "AND r.t_us >= " T " AND r.t_us < " T " GROUP BY series_id) AS m "
    "JOIN v_series AS v ON v.id = m.series_id "
    "ORDER BY abs(m.during - m.before) / abs(m.before) DESC LIMIT 50",
    window->from_us, window->from_us, window->from_us, window->from_us, window->baseline_from_us,
    window->to_us);
}

void
orf_postmortem_sql_write (OrfPostmortemDocument *document)
{
  const OrfPostmortemWindow *window = document->window;
  const OrfPostmortemWindow hours = { .from_us = document->cost->from_us,
                                      .to_us = document->cost->to_us };

  document->timeline->sql = of_window (window, timeline_sql);
  document->changes->sql = make_changes (window);
  document->memory->sql = of_window (window, memory_sql);
  document->cleanups->sql = of_window (window, cleanups_sql);
  document->alerts->sql = of_window (window, alerts_sql);
  document->anomalies->sql = of_window (window, anomalies_sql);
  document->traces->sql = of_window (window, traces_sql);
  document->forecasts->sql = of_window (window, forecasts_sql);
  document->gaps->sql = of_window (window, gaps_sql);
  document->cost->sql = of_window (&hours, "SELECT * FROM v_cost WHERE t_us >= " T " AND t_us < " T
                                           " ORDER BY t_us, kind, device_hours DESC");
  if (document->cache != NULL)
    document->cache->sql = of_window (window, cache_sql);
}
