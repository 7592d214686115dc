-- Version 1: series, the raw journal of samples with its sparse index, GPU processes, audit, idempotency.
-- Unchangeable once released: a later change is a later file.

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  labels TEXT NOT NULL DEFAULT '{}', -- JSON object of strings, keys sorted
  kind TEXT NOT NULL CHECK (kind IN ('gauge', 'counter', 'histogram')),
  unit TEXT,
  help TEXT,
  extra TEXT, -- JSON; the bucket bounds of a histogram
  created_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  UNIQUE (name, labels)
) STRICT;

-- In order of arrival.  No index by series: each series would dirty a page of its own each second.
-- Not STRICT: its type checks cost a third more CPU, and only the daemon writes here.
CREATE TABLE sample_raw (
  t_us INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  value REAL NOT NULL
);

-- Which runs of rowids hold which times: late samples are appended like any other, so time is not
-- quite in rowid order.
CREATE TABLE raw_block (
  first_rowid INTEGER PRIMARY KEY,
  last_rowid INTEGER NOT NULL,
  min_t_us INTEGER NOT NULL,
  max_t_us INTEGER NOT NULL
) STRICT;

CREATE TABLE gpu_process (
  t_us INTEGER NOT NULL,
  device TEXT NOT NULL,
  pid INTEGER NOT NULL,
  name TEXT,
  used_bytes INTEGER -- NULL: unknown
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  t_us INTEGER NOT NULL,
  actor TEXT NOT NULL,
  method TEXT NOT NULL,
  detail TEXT -- JSON
) STRICT;

-- A rowid table: rowids grow with time, so that old keys are purged from the front with no index.
CREATE TABLE idempotency (
  key TEXT NOT NULL PRIMARY KEY,
  method TEXT NOT NULL,
  params_hash INTEGER NOT NULL,
  response TEXT NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;

-- For people: series by their canonical text, name{k="v",l="w"}.
CREATE VIEW v_series AS
SELECT
  id,
  name || CASE labels WHEN '{}' THEN '' ELSE '{' || (
    SELECT group_concat(
      key || '="' || replace(replace(replace(value, '\', '\\'), '"', '\"'), char(10), '\n') || '"')
    FROM json_each(labels)) || '}' END AS series,
  kind, unit, help, created_us, last_us
FROM series;

CREATE VIEW v_sample AS
WITH s AS MATERIALIZED (SELECT id, series FROM v_series)
SELECT
  r.t_us,
  strftime('%Y-%m-%dT%H:%M:%S', r.t_us / 1000000, 'unixepoch')
    || printf('.%06dZ', r.t_us % 1000000) AS time,
  s.series,
  r.value
FROM sample_raw AS r JOIN s ON s.id = r.series_id;
