-- Version 13: traces.
-- Unchangeable once released: a later change is a later file.

-- Numbers grow as traces come, so that what is old is at the front.
CREATE TABLE trace (
  trace_no INTEGER PRIMARY KEY,
  trace_id BLOB NOT NULL UNIQUE, -- 16 bytes
  start_us INTEGER NOT NULL, -- of its earliest span
  end_us INTEGER NOT NULL, -- of the one that ended last
  spans INTEGER NOT NULL,
  errors INTEGER NOT NULL, -- spans whose outcome is error
  root_no INTEGER, -- the span_no of its root; NULL: it has not come
  bytes INTEGER NOT NULL -- what its spans take, about
) STRICT;

CREATE TABLE span (
  span_no INTEGER PRIMARY KEY,
  trace_no INTEGER NOT NULL,
  span_id BLOB NOT NULL, -- 8 bytes
  parent_id BLOB, -- NULL: a root
  service TEXT NOT NULL,
  operation TEXT NOT NULL,
  kind TEXT NOT NULL, -- internal, server, client, producer, consumer
  start_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  outcome TEXT, -- ok, error; NULL: unset
  message TEXT, -- of the outcome
  attributes TEXT, -- JSON object; NULL: none
  events TEXT, -- JSON, [{"t_us", "name", "attributes"}, ...]; NULL: none
  links TEXT, -- JSON, [{"trace_id", "span_id", "attributes"}, ...]; NULL: none
  gpu TEXT, -- JSON; NULL: not known
  trace_state TEXT,
  flags INTEGER,
  dropped TEXT, -- JSON: how many attributes, events, links the sender left out; NULL: none
  source_no INTEGER, -- who sent it; NULL: nothing is known but the service
  operation_no INTEGER NOT NULL,
  length_class INTEGER NOT NULL, -- the number of bits of duration_us
  usual_us INTEGER -- it was slow: the p99 of its operation when it came
) STRICT;

CREATE UNIQUE INDEX span_by_id ON span (trace_no, span_id);
-- The newest of an operation, also of those of a length that is rare; span_no stands where it does so
-- that nothing has to be sorted, the last two so that no row has to be read.
CREATE INDEX span_by_operation ON span (operation_no, length_class, start_us, span_no, duration_us, trace_no);
CREATE INDEX span_failed ON span (operation_no, start_us, span_no, duration_us, trace_no) WHERE outcome = 'error';
CREATE INDEX span_slow ON span (operation_no, start_us, span_no, duration_us, trace_no) WHERE usual_us IS NOT NULL;

-- What spans were sent under: resource and scope of OpenTelemetry, each once.
CREATE TABLE span_source (
  source_no INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  resource TEXT NOT NULL, -- JSON object of attributes
  scope TEXT, -- JSON: name, version, attributes; NULL: none
  first_us INTEGER NOT NULL, -- start of a span
  last_us INTEGER NOT NULL
) STRICT;

-- The operations of services, and how long they take.
CREATE TABLE span_operation (
  operation_no INTEGER PRIMARY KEY,
  service TEXT NOT NULL, -- '', with operation '': all for which there was no room
  operation TEXT NOT NULL,
  first_us INTEGER NOT NULL, -- start of a span
  last_us INTEGER NOT NULL,
  spans INTEGER NOT NULL, -- since it was first seen
  errors INTEGER NOT NULL,
  max_duration_us INTEGER NOT NULL,
  classes INTEGER NOT NULL, -- bit n: there were spans of length_class n
  usual_us INTEGER, -- p99 of its last day; NULL: too few
  UNIQUE (service, operation)
) STRICT;

-- The same by minutes, hours and days.
CREATE TABLE span_stat (
  operation_no INTEGER NOT NULL,
  step_us INTEGER NOT NULL, -- a minute, an hour, a day
  t_us INTEGER NOT NULL, -- its beginning; spans count where they start
  spans INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  sketch BLOB NOT NULL,
  PRIMARY KEY (operation_no, step_us, t_us)
) STRICT, WITHOUT ROWID;

-- Which service calls which, by the hour in which the called span starts.
CREATE TABLE span_edge (
  t_us INTEGER NOT NULL,
  parent TEXT NOT NULL,
  child TEXT NOT NULL,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  PRIMARY KEY (t_us, parent, child)
) STRICT, WITHOUT ROWID;

-- One row: what all spans take, about.
CREATE TABLE span_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  spans INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO span_total VALUES (1, 0, 0);

-- For people.
CREATE VIEW v_span AS
SELECT
  lower(hex(t.trace_id)) AS trace_id, lower(hex(s.span_id)) AS span_id,
  CASE WHEN s.parent_id IS NOT NULL THEN lower(hex(s.parent_id)) END AS parent_id,
  s.start_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', s.start_us / 1000000, 'unixepoch')
    || printf('.%06dZ', s.start_us % 1000000) AS time,
  s.service, s.operation, s.kind, s.duration_us, s.outcome, s.message, s.attributes, s.events, s.links,
  r.resource, r.scope, s.gpu, s.usual_us
FROM span AS s JOIN trace AS t ON t.trace_no = s.trace_no LEFT JOIN span_source AS r ON r.source_no = s.source_no;

CREATE VIEW v_slow_spans AS
SELECT
  lower(hex(t.trace_id)) AS trace_id, lower(hex(s.span_id)) AS span_id,
  s.start_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', s.start_us / 1000000, 'unixepoch')
    || printf('.%06dZ', s.start_us % 1000000) AS time,
  s.service, s.operation, s.duration_us, s.usual_us,
  1.0 * s.duration_us / max(s.usual_us, 1) AS times_usual, s.outcome
FROM span AS s JOIN trace AS t ON t.trace_no = s.trace_no
WHERE s.usual_us IS NOT NULL;
