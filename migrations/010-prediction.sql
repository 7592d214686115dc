-- Version 10: what was foretold, and what came of it.
-- Unchangeable once released: a later change is a later file.

-- A forecast, made of the rows (see [forecast] row_us) of one series until made_us, for the row that
-- ends at due_us.  Ids grow with time.
CREATE TABLE prediction (
  id INTEGER PRIMARY KEY,
  series_id INTEGER NOT NULL,
  method TEXT NOT NULL,
  horizon_us INTEGER NOT NULL, -- due_us - made_us
  made_us INTEGER NOT NULL,
  due_us INTEGER NOT NULL,
  last REAL NOT NULL, -- the value at made_us: what the naive forecast says
  value REAL NOT NULL,
  lower80 REAL, -- the truth lies between these in 80 cases of 100; NULL: nothing can be said
  upper80 REAL,
  lower90 REAL,
  upper90 REAL,
  confidence REAL, -- 0-1: how often the truth lay between lower80 and upper80 until then
  trend TEXT, -- improving, degrading, stable; NULL: neither direction is better
  slope_per_s REAL,
  regime TEXT NOT NULL, -- quiet, stepwise, spiky, unknown
  threshold REAL,
  threshold_lower_us INTEGER, -- from made_us until the threshold is reached; NULL: not on its way there
  threshold_us INTEGER,
  threshold_upper_us INTEGER, -- NULL: perhaps never
  judged_us INTEGER, -- NULL: not due yet, or the daemon was down since
  actual REAL, -- NULL: nothing came
  error REAL, -- value - actual
  naive_error REAL, -- last - actual
  inside80 INTEGER, -- 0, 1
  inside90 INTEGER
) STRICT;

CREATE INDEX prediction_by_time ON prediction (made_us);
-- Those that wait for their time: few.
CREATE INDEX prediction_open ON prediction (due_us) WHERE judged_us IS NULL;

-- What a forecaster has learnt, so that a restart loses nothing.
CREATE TABLE forecast_state (
  subject TEXT PRIMARY KEY, -- a series' canonical text, or whatever else is forecast
  row_us INTEGER NOT NULL, -- of other rows it is worth nothing
  t_us INTEGER NOT NULL, -- the end of the last row it has seen
  saved_us INTEGER NOT NULL,
  state BLOB NOT NULL -- versioned
) STRICT, WITHOUT ROWID;

-- It was said that a series will reach its threshold, or it did, and nobody had said so.
CREATE TABLE forecast_warning (
  id INTEGER PRIMARY KEY,
  series_id INTEGER NOT NULL,
  device TEXT, -- whose memory it is; NULL: of no device
  made_us INTEGER, -- NULL: it was not said (fate is missed)
  threshold REAL NOT NULL,
  value REAL NOT NULL, -- at made_us, or what came where it was not said
  expected_lower_us INTEGER, -- times
  expected_us INTEGER,
  expected_upper_us INTEGER, -- not reached by then, it was a false alarm
  regime TEXT NOT NULL,
  action TEXT NOT NULL, -- none, advise, act, limited: not again so soon
  cleanup_id INTEGER, -- begun because of it
  came_us INTEGER, -- when the threshold was reached
  decided_us INTEGER,
  fate TEXT -- came_true, false_alarm, missed, averted (memory was freed meanwhile), unknown; NULL: open
) STRICT;

CREATE INDEX forecast_warning_open ON forecast_warning (expected_upper_us) WHERE fate IS NULL;

-- Who holds more and more memory of a device.  Written when it is suspected, and again as it goes on.
CREATE TABLE leak (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL, -- as in forecast_state
  device TEXT NOT NULL,
  worker_id INTEGER, -- NULL: a process that is no worker
  name TEXT, -- of the worker or the process
  pid INTEGER,
  since_us INTEGER NOT NULL, -- when it began to grow
  found_us INTEGER NOT NULL,
  told_us INTEGER NOT NULL, -- when these figures were made
  ended_us INTEGER, -- NULL: it goes on
  ending TEXT, -- gone, flat
  slope_bytes_per_s REAL NOT NULL,
  slope_lower_bytes_per_s REAL,
  slope_upper_bytes_per_s REAL,
  confidence REAL NOT NULL, -- 0-1
  grown_bytes INTEGER, -- since since_us
  trigger_kind TEXT, -- model_load, batch_change, deploy; NULL: nothing was near since_us
  trigger_us INTEGER,
  trigger TEXT -- in words
) STRICT;

-- For people.
CREATE VIEW v_prediction AS
SELECT
  p.id, v.series, s.name, p.method,
  p.horizon_us / 1e6 AS horizon_s, p.made_us, p.due_us,
  strftime('%Y-%m-%dT%H:%M:%SZ', p.made_us / 1000000, 'unixepoch') AS made,
  strftime('%Y-%m-%dT%H:%M:%SZ', p.due_us / 1000000, 'unixepoch') AS due,
  p.last, p.value, p.lower80, p.upper80, p.trend, p.regime, p.threshold,
  p.threshold_us / 1e6 AS threshold_s, p.actual, p.error, p.naive_error,
  CASE
    WHEN p.judged_us IS NULL THEN 'open'
    WHEN p.actual IS NULL THEN 'nothing came'
    WHEN p.inside80 IS NULL THEN 'no interval'
    WHEN p.inside80 THEN 'inside'
    ELSE 'outside'
  END AS fate
FROM prediction AS p JOIN series AS s ON s.id = p.series_id JOIN v_series AS v ON v.id = s.id;

CREATE VIEW v_prediction_accuracy AS
SELECT
  s.name, p.method, p.horizon_us / 1e6 AS horizon_s, count(*) AS forecasts,
  avg(abs(p.error)) AS error, avg(abs(p.naive_error)) AS naive_error,
  sum(abs(p.error)) / nullif(sum(abs(p.naive_error)), 0) AS error_ratio,
  100.0 * avg(p.inside80) AS coverage80_percent, 100.0 * avg(p.inside90) AS coverage90_percent,
  avg(p.upper80 - p.lower80) AS width80
FROM prediction AS p JOIN series AS s ON s.id = p.series_id
WHERE p.actual IS NOT NULL
GROUP BY s.name, p.method, p.horizon_us;

CREATE VIEW v_forecast_warning AS
SELECT
  w.id, v.series, w.device,
  coalesce(w.made_us, w.came_us) AS t_us,
  strftime('%Y-%m-%dT%H:%M:%SZ', w.made_us / 1000000, 'unixepoch') AS made,
  strftime('%Y-%m-%dT%H:%M:%SZ', w.expected_us / 1000000, 'unixepoch') AS expected,
  strftime('%Y-%m-%dT%H:%M:%SZ', w.expected_upper_us / 1000000, 'unixepoch') AS at_the_latest,
  strftime('%Y-%m-%dT%H:%M:%SZ', w.came_us / 1000000, 'unixepoch') AS came,
  (w.came_us - w.made_us) / 1e6 AS lead_s, w.threshold, w.value, w.regime, w.action,
  'c-' || w.cleanup_id AS cleanup, coalesce(w.fate, 'open') AS fate
FROM forecast_warning AS w JOIN v_series AS v ON v.id = w.series_id;

CREATE VIEW v_leak AS
SELECT
  id, device, 'w-' || worker_id AS worker, name, pid,
  strftime('%Y-%m-%dT%H:%M:%SZ', since_us / 1000000, 'unixepoch') AS since,
  strftime('%Y-%m-%dT%H:%M:%SZ', found_us / 1000000, 'unixepoch') AS found,
  strftime('%Y-%m-%dT%H:%M:%SZ', ended_us / 1000000, 'unixepoch') AS ended, ending,
  slope_bytes_per_s * 3600 / 1048576 AS mib_per_hour, confidence, grown_bytes, trigger
FROM leak;

-- All that happened, in one list: marks, incidents (at their beginning), cleanups, what devices told, workers that
-- came and went, what was foretold and what of it came, leaks, and what changed state beside those.
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
  FROM audit WHERE method NOT IN ('events.mark', 'incidents.pin', 'gpu.cleanup')
);
