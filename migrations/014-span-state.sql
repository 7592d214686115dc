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

-- What was of devices while spans of an operation ran, by the hour in which these start: of spans that
-- know how much memory was in use of the device at their start and at their end.
CREATE TABLE span_gpu (
  operation_no INTEGER NOT NULL,
  t_us INTEGER NOT NULL, -- the hour
  device TEXT NOT NULL,
  spans INTEGER NOT NULL,
  start_bytes REAL NOT NULL, -- sum, of memory in use when they began
  end_bytes REAL NOT NULL, -- sum, when they ended
  max_start_bytes INTEGER NOT NULL,
  max_end_bytes INTEGER NOT NULL,
  max_growth_bytes INTEGER NOT NULL,
  high_spans INTEGER NOT NULL, -- began or ended under pressure high or critical
  busy_us REAL NOT NULL, -- their durations, as far as the device was busy
  PRIMARY KEY (operation_no, t_us, device)
) STRICT, WITHOUT ROWID;

-- For people.
CREATE VIEW v_exemplar AS
SELECT
  lower(hex(t.trace_id)) AS trace_id, lower(hex(s.span_id)) AS span_id,
  s.start_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', s.start_us / 1000000, 'unixepoch')
    || printf('.%06dZ', s.start_us % 1000000) AS time,
  s.service, s.operation, s.duration_us, s.outcome, e.class, e.t_us AS minute_us
FROM span_exemplar AS e JOIN span AS s ON s.span_no = e.span_no JOIN trace AS t ON t.trace_no = e.trace_no;

-- What operations do to the memory of devices, those first over whose spans it grew the most.
CREATE VIEW v_operation_gpu AS
SELECT
  o.service, o.operation, g.device, sum(g.spans) AS spans,
  sum(g.start_bytes) / sum(g.spans) AS mean_start_bytes, max(g.max_start_bytes) AS max_start_bytes,
  sum(g.end_bytes) / sum(g.spans) AS mean_end_bytes, max(g.max_end_bytes) AS max_end_bytes,
  sum(g.end_bytes - g.start_bytes) / sum(g.spans) AS mean_growth_bytes, max(g.max_growth_bytes) AS max_growth_bytes,
  sum(g.end_bytes - g.start_bytes) AS growth_bytes,
  100.0 * sum(g.high_spans) / sum(g.spans) AS high_pressure_percent,
  sum(g.busy_us) AS busy_us
FROM span_gpu AS g JOIN span_operation AS o ON o.operation_no = g.operation_no
GROUP BY o.service, o.operation, g.device
ORDER BY growth_bytes DESC;
