-- Version 17: load tests, beside the metrics of the same time.
-- Unchangeable once released: a later change is a later file.

-- Ids grow with the time that they were recorded at.
CREATE TABLE load_run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL, -- for people
  kind TEXT NOT NULL CHECK (kind IN ('sustained', 'stress', 'spike', 'endurance')),
  started_us INTEGER NOT NULL,
  took_us INTEGER NOT NULL,
  requests INTEGER NOT NULL, -- sent
  errors INTEGER NOT NULL, -- of them failed
  passed INTEGER CHECK (passed IN (0, 1)), -- NULL: nothing was required
  rate_per_s REAL, -- answered; NULL: not told, as below
  p50_us INTEGER,
  p95_us INTEGER,
  p99_us INTEGER,
  report TEXT, -- JSON: all of load_test_report.json; NULL: none was given
  author TEXT -- who recorded it
) STRICT;

CREATE INDEX load_run_by_time ON load_run (started_us);

-- For people.
CREATE VIEW v_load_run AS
SELECT
  'l-' || id AS id, name, kind,
  strftime('%Y-%m-%dT%H:%M:%SZ', started_us / 1000000, 'unixepoch') AS started,
  took_us / 1e6 AS took_s, requests, errors,
  CASE WHEN requests > 0 THEN 100.0 * errors / requests END AS error_percent,
  rate_per_s, p50_us / 1e3 AS p50_ms, p95_us / 1e3 AS p95_ms, p99_us / 1e3 AS p99_ms,
  CASE passed WHEN 1 THEN 'passed' WHEN 0 THEN 'failed' END AS verdict,
  length (report) AS report_bytes, author
FROM load_run;
