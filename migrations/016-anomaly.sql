-- Version 16: what was unlike all that came before it.
-- Unchangeable once released: a later change is a later file.

-- An anomaly is told once: rows of one entity that are strange within the same window are one.  Ids
-- grow with time.
CREATE TABLE anomaly (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL
    CHECK (kind IN ('spike', 'drift', 'outlier', 'pattern', 'correlated', 'multivariate', 'silence')),
  detector TEXT NOT NULL,
  entity TEXT NOT NULL, -- whose series are judged together: the first part of their names, and their labels
  series_id INTEGER NOT NULL, -- the strangest one
  direction INTEGER NOT NULL, -- 1 above what was expected, -1 below it, 0 neither
  score REAL NOT NULL, -- -log10 of how rare, among all rows of all series
  once_in_us INTEGER, -- as far as its own past tells; NULL: longer than can be told
  severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  started_us INTEGER NOT NULL,
  ended_us INTEGER, -- NULL: it goes on
  value REAL, -- where it was strangest; NULL: there was none
  lower REAL, -- expected
  upper REAL,
  related TEXT NOT NULL, -- JSON array: series that moved with it, the strangest first
  verdict TEXT CHECK (verdict IN ('useful', 'noise', 'known')),
  note TEXT,
  author TEXT, -- of the verdict
  judged_us INTEGER
) STRICT;

CREATE INDEX anomaly_by_time ON anomaly (started_us);
-- Those that go on, and those that quiet their like: few.
CREATE INDEX anomaly_open ON anomaly (id) WHERE ended_us IS NULL;
CREATE INDEX anomaly_quiet ON anomaly (id) WHERE verdict IN ('noise', 'known');

-- What was learnt of the series of an entity, so that a restart loses nothing.
CREATE TABLE anomaly_state (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL UNIQUE, -- the entity, its part and its step; '': what is learnt of all
  members TEXT NOT NULL, -- JSON array of series' canonical texts, by their places; null: a free one
  saved_us INTEGER NOT NULL,
  state BLOB NOT NULL -- versioned
) STRICT;

-- For people.
CREATE VIEW v_anomaly AS
SELECT
  'an-' || a.id AS id, a.kind, a.detector, a.entity, v.series, a.severity, a.score,
  a.once_in_us / 86400e6 AS once_in_days,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.started_us / 1000000, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%SZ', a.ended_us / 1000000, 'unixepoch') AS ended,
  (a.ended_us - a.started_us) / 1e6 AS lasted_s, a.value, a.lower, a.upper,
  -- without JSON's functions, which views may not use where nobody trusts the file; quotes within a name are escaped
  (a.related <> '[]') + (length (a.related) - length (replace (a.related, '","', ''))) / 3 AS related,
  a.verdict, a.note, a.author
FROM anomaly AS a LEFT JOIN v_series AS v ON v.id = a.series_id;

-- All that happened, in one list: marks, incidents (at their beginning), alerts, anomalies, cleanups, what devices
-- told, workers that came and went, what was foretold and what of it came, leaks, and what changed state beside those.
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
  SELECT t_us, 'audit', method, detail, actor
  FROM audit WHERE method NOT IN ('events.mark', 'incidents.pin', 'gpu.cleanup', 'alerts.acknowledge', 'alerts.silence',
    'anomalies.feedback')
);
