-- Version 14: what spans tell of GPU memory, and which stand for the others.
-- Unchangeable once released: a later change is a later file.

-- Of each operation and minute the longest span of each class of durations, and of those that failed.
-- A row goes with its trace.
CREATE TABLE span_exemplar (
  operation_no INTEGER NOT NULL,
  t_us INTEGER NOT NULL, -- the minute in which the span starts
  class INTEGER NOT NULL, -- of its duration: the bucket of span.duration_us; 100: one that failed
  span_no INTEGER NOT NULL,
  trace_no INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  PRIMARY KEY (operation_no, t_us, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX span_exemplar_by_trace ON span_exemplar (trace_no);

-- For people.
CREATE VIEW v_exemplar AS
SELECT
  lower(hex(t.trace_id)) AS trace_id, lower(hex(s.span_id)) AS span_id,
  s.start_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', s.start_us / 1000000, 'unixepoch')
    || printf('.%06dZ', s.start_us % 1000000) AS time,
  s.service, s.operation, s.duration_us, s.outcome, e.class, e.t_us AS minute_us
FROM span_exemplar AS e JOIN span AS s ON s.span_no = e.span_no JOIN trace AS t ON t.trace_no = e.trace_no;

-- What operations do to the memory of devices, those first over whose spans it grew the most. `end` is
-- left out where it is as `start`. By json_each, as a view whose schema nobody has to trust may not call
-- json_extract.
CREATE VIEW v_operation_gpu AS
SELECT
  service, operation, device, count(*) AS spans,
  avg(start_bytes) AS mean_start_bytes, max(start_bytes) AS max_start_bytes,
  avg(end_bytes) AS mean_end_bytes, max(end_bytes) AS max_end_bytes,
  avg(end_bytes - start_bytes) AS mean_growth_bytes, max(end_bytes - start_bytes) AS max_growth_bytes,
  sum(end_bytes - start_bytes) AS growth_bytes,
  100.0 * avg(start_level IN ('high', 'critical') OR end_level IN ('high', 'critical')) AS high_pressure_percent,
  sum(duration_us * (start_busy + end_busy) / 200) AS busy_us
FROM (
  SELECT
    service, operation, duration_us, device,
    (SELECT value FROM json_each(state, '$.start') WHERE key = 'used_bytes') AS start_bytes,
    (SELECT value FROM json_each(state, at_end) WHERE key = 'used_bytes') AS end_bytes,
    (SELECT value FROM json_each(state, '$.start') WHERE key = 'pressure_level') AS start_level,
    (SELECT value FROM json_each(state, at_end) WHERE key = 'pressure_level') AS end_level,
    (SELECT value FROM json_each(state, '$.start') WHERE key = 'utilization_percent') AS start_busy,
    (SELECT value FROM json_each(state, at_end) WHERE key = 'utilization_percent') AS end_busy
  FROM (
    SELECT
      s.service, s.operation, s.duration_us, d.key AS device, d.value AS state,
      CASE WHEN EXISTS (SELECT 1 FROM json_each(d.value) WHERE key = 'end') THEN '$.end' ELSE '$.start' END AS at_end
    FROM span AS s, json_each(s.gpu, '$.devices') AS d
    WHERE s.gpu IS NOT NULL
  )
)
GROUP BY service, operation, device
ORDER BY growth_bytes DESC;
