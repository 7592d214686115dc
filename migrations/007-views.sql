-- Version 7: views for people who look at the file by SQL.
-- Unchangeable once released: a later change is a later file.

-- The series are gone through first (CROSS JOIN): SQLite knows nothing of how many there are.
CREATE VIEW v_metric_1m AS
SELECT
  v.series, s.name, s.labels, s.unit, r.t_us,
  strftime('%Y-%m-%dT%H:%MZ', r.t_us / 1000000, 'unixepoch') AS time,
  r.sum / r.count AS avg, r.min, r.max, r.last, r.sum, r.count
FROM series AS s JOIN v_series AS v ON v.id = s.id CROSS JOIN rollup_1m AS r ON r.series_id = s.id;

CREATE VIEW v_metric_1h AS
SELECT
  v.series, s.name, s.labels, s.unit, r.t_us,
  strftime('%Y-%m-%dT%H:%MZ', r.t_us / 1000000, 'unixepoch') AS time,
  r.sum / r.count AS avg, r.min, r.max, r.last, r.sum, r.count
FROM series AS s JOIN v_series AS v ON v.id = s.id CROSS JOIN rollup_1h AS r ON r.series_id = s.id;

-- What changed state, and who did it.
CREATE VIEW v_audit AS
SELECT
  t_us,
  strftime('%Y-%m-%dT%H:%M:%S', t_us / 1000000, 'unixepoch')
    || printf('.%06dZ', t_us % 1000000) AS time,
  actor, method, detail
FROM audit;

CREATE VIEW v_gpu_process AS
SELECT
  t_us,
  strftime('%Y-%m-%dT%H:%M:%S', t_us / 1000000, 'unixepoch')
    || printf('.%06dZ', t_us % 1000000) AS time,
  device, pid, name, used_bytes
FROM gpu_process;

-- All that happened, in one list: marks, incidents (at their beginning), and what changed state
-- beside those.
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
  SELECT t_us, 'audit', method, detail, actor
  FROM audit WHERE method NOT IN ('events.mark', 'incidents.pin')
);

-- How far back samples go at full resolution.  Rows stay a while after they are packed.
CREATE VIEW v_tier AS
SELECT
  tier, samples, from_us, to_us,
  strftime('%Y-%m-%dT%H:%M:%SZ', from_us / 1000000, 'unixepoch') AS from_time,
  strftime('%Y-%m-%dT%H:%M:%SZ', to_us / 1000000, 'unixepoch') AS to_time
FROM (
  SELECT 'sample_raw' AS tier, coalesce(sum(last_rowid - first_rowid + 1), 0) AS samples,
    min(min_t_us) AS from_us, max(max_t_us) AS to_us FROM raw_block
  UNION ALL
  SELECT 'chunk', coalesce(sum(samples), 0), min(min_t_us), max(max_t_us) FROM chunk_block
);
