-- Version 18: load tests on the time line, and joined to what was recorded meanwhile.
-- Unchangeable once released: a later change is a later file.

-- How a run went over time, as the one saw it who sent: a row a slice, as its report tells them.
CREATE TABLE load_slice (
  load_id INTEGER NOT NULL, -- of `load_run`
  at_us INTEGER NOT NULL, -- since the run began
  planned_per_s REAL, -- NULL: not told, as all below; of a closed model nothing is planned
  rate_per_s REAL, -- answers a second
  failed INTEGER,
  p50_us INTEGER,
  p95_us INTEGER,
  p99_us INTEGER,
  PRIMARY KEY (load_id, at_us)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER load_run_gone AFTER DELETE ON load_run BEGIN
  DELETE FROM load_slice WHERE load_id = old.id;
END;

-- For people.
CREATE VIEW v_load_slice AS
SELECT
  'l-' || r.id AS id, r.name, r.started_us + s.at_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%SZ', (r.started_us + s.at_us) / 1000000, 'unixepoch') AS time,
  s.at_us / 1e6 AS at_s, s.planned_per_s, s.rate_per_s, s.failed,
  s.p50_us / 1e3 AS p50_ms, s.p95_us / 1e3 AS p95_ms, s.p99_us / 1e3 AS p99_ms
FROM load_run AS r JOIN load_slice AS s ON s.load_id = r.id;

-- Each run beside the minutes of series that it lies in.
CREATE VIEW v_load_metric_1m AS
SELECT
  'l-' || r.id AS id, r.name AS run, v.series, s.name, s.unit, m.t_us,
  strftime('%Y-%m-%dT%H:%MZ', m.t_us / 1000000, 'unixepoch') AS time,
  (m.t_us - r.started_us) / 1e6 AS at_s, m.sum / m.count AS avg, m.min, m.max, m.last, m.count
FROM load_run AS r CROSS JOIN series AS s CROSS JOIN rollup_1m AS m
  ON m.series_id = s.id AND m.t_us > r.started_us - 60000000 AND m.t_us < r.started_us + r.took_us
JOIN v_series AS v ON v.id = s.id;

-- All that happened, in one list: marks, incidents (at their beginning), alerts, anomalies, cleanups, what devices
-- told, workers that came and went, what was foretold and what of it came, leaks, load tests, and what changed state
-- beside those.
DROP VIEW v_timeline;
CREATE VIEW v_timeline AS
SELECT
  t_us,
  strftime('%Y-%m-%dT%H:%M:%S', t_us / 1000000, 'unixepoch')
    || printf('.%06dZ', t_us % 1000000) AS time,
  source, kind, text, author
FROM (
  SELECT t_us, 'event' AS source, kind, text, author FROM event
  UNION ALL
  SELECT
    from_us, 'incident', 'begin',
    printf('%s (%s; for %.1f s)', title, reason, (to_us - from_us) / 1e6), author
  FROM incident
  UNION ALL
  SELECT fired_us, 'alert', severity, printf('%s: %s', rule, summary), NULL FROM alert WHERE fired_us IS NOT NULL
  UNION ALL
  SELECT
    resolved_us, 'alert', 'resolved', printf('%s: %s', rule, labels), NULL
  FROM alert WHERE resolved_us IS NOT NULL
  UNION ALL
  SELECT
    acknowledged_us, 'alert', 'acknowledged', printf('%s: %s', rule, coalesce(note, verdict, '')), author
  FROM alert WHERE acknowledged_us IS NOT NULL
  UNION ALL
  SELECT
    a.started_us, 'anomaly', a.severity, printf('%s: %s of %s', a.kind, v.series, a.entity), NULL
  FROM anomaly AS a JOIN v_series AS v ON v.id = a.series_id
  UNION ALL
  SELECT from_us, 'alert', 'silence', matchers || coalesce(': ' || note, ''), author FROM silence
  UNION ALL
  SELECT
    started_us, 'cleanup', coalesce(verdict, 'unfinished'),
    printf('%s (%s): %s freed', device, level, coalesce(printf('%.1f MiB', freed_bytes / 1048576.0), 'nothing known')),
    coalesce(actor, trigger)
  FROM cleanup
  UNION ALL
  SELECT raised_us, 'gpu', kind, printf('%s: %s', device, text), NULL FROM gpu_event
  UNION ALL
  SELECT cleared_us, 'gpu', kind || ' cleared', printf('%s: %s', device, text), NULL
  FROM gpu_event WHERE cleared_us IS NOT NULL
  UNION ALL
  SELECT registered_us, 'worker', 'registered', name, NULL FROM worker
  UNION ALL
  SELECT lost_us, 'worker', 'lost', name, NULL FROM worker WHERE lost_us IS NOT NULL
  UNION ALL
  SELECT left_us, 'worker', 'left', name, NULL FROM worker WHERE left_us IS NOT NULL
  UNION ALL
  SELECT
    w.made_us, 'forecast', 'warning',
    printf('%s will reach %g in %.0f s: %s', v.series, w.threshold,
      (w.expected_us - w.made_us) / 1e6, coalesce(w.fate, 'open')), NULL
  FROM forecast_warning AS w JOIN v_series AS v ON v.id = w.series_id WHERE w.made_us IS NOT NULL
  UNION ALL
  SELECT
    w.came_us, 'forecast', coalesce(w.fate, 'came'),
    printf('%s reached %g', v.series, w.threshold), NULL
  FROM forecast_warning AS w JOIN v_series AS v ON v.id = w.series_id WHERE w.came_us IS NOT NULL
  UNION ALL
  SELECT
    since_us, 'leak', coalesce(ending, 'goes on'),
    printf('%s of %s: %.1f MiB an hour', coalesce(name, subject), device, slope_bytes_per_s * 3600 / 1048576), NULL
  FROM leak
  UNION ALL
  SELECT
    started_us, 'load', 'begin', printf('%s (%s; for %.1f s)', name, kind, took_us / 1e6), author
  FROM load_run
  UNION ALL
  SELECT
    started_us + took_us, 'load', 'end',
    printf('%s: %d requests, %d failed%s', name, requests, errors,
      CASE passed WHEN 1 THEN '; it passed' WHEN 0 THEN '; it did not pass' ELSE '' END), author
  FROM load_run
  UNION ALL
  SELECT t_us, 'audit', method, detail, actor
  FROM audit WHERE method NOT IN ('events.mark', 'incidents.pin', 'gpu.cleanup', 'alerts.acknowledge', 'alerts.silence',
    'anomalies.feedback')
);

-- What happened while a run was going on, and when of it.
CREATE VIEW v_load_timeline AS
SELECT
  'l-' || r.id AS id, r.name AS run, (t.t_us - r.started_us) / 1e6 AS at_s, t.t_us, t.time, t.source, t.kind, t.text,
  t.author
FROM load_run AS r JOIN v_timeline AS t ON t.t_us >= r.started_us AND t.t_us <= r.started_us + r.took_us;
