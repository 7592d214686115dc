-- Version 9: who holds GPU memory, what was asked of them and what came of it, and what devices
-- told.
-- Unchangeable once released: a later change is a later file.

-- A process that holds memory of a device, and the last that it said.  One that has gone keeps it.
CREATE TABLE worker (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  device TEXT, -- NULL: not told
  pid INTEGER, -- in the daemon's namespace
  source TEXT NOT NULL, -- registered, or the kind of actuator that reaches it
  capabilities TEXT NOT NULL, -- JSON, an array of words
  registered_us INTEGER NOT NULL,
  reported_us INTEGER, -- NULL: never
  lost_us INTEGER, -- NULL: it is not lost
  left_us INTEGER, -- when it said that it goes; NULL: it did not
  allocated_bytes INTEGER,
  reserved_bytes INTEGER,
  active_bytes INTEGER,
  inactive_split_bytes INTEGER,
  largest_free_bytes INTEGER,
  ooms INTEGER,
  retries INTEGER,
  batches INTEGER NOT NULL -- reported so far
) STRICT;

-- Each batch that a worker told of.
CREATE TABLE worker_batch (
  t_us INTEGER NOT NULL, -- when it was told
  worker_id INTEGER NOT NULL,
  size INTEGER NOT NULL, -- items
  peak_bytes INTEGER, -- NULL: not told
  duration_us INTEGER,
  operation TEXT
) STRICT;

-- The batches of one worker, newest last: rowids grow with time.
CREATE INDEX worker_batch_by_worker ON worker_batch (worker_id);

-- An attempt to get memory back.  Written when it begins, and again when it has ended.
CREATE TABLE cleanup (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  trigger TEXT NOT NULL, -- call, pressure, prediction
  actor TEXT, -- who called
  reason TEXT,
  level TEXT NOT NULL, -- light, normal, aggressive
  started_us INTEGER NOT NULL,
  took_us INTEGER, -- NULL: it has not ended, or the daemon ended before it
  verdict TEXT, -- freed, partial, nothing_freed, timed_out, no_workers, unmeasured
  measured_by TEXT, -- what before and after are of: device, or process: those of the workers
  before_bytes INTEGER,
  after_bytes INTEGER,
  freed_bytes INTEGER,
  others_bytes INTEGER, -- taken of the device by others meanwhile; NULL: cannot be told apart
  retained_bytes INTEGER, -- still held idle by those who were asked
  regained_bytes INTEGER -- taken again within a minute
) STRICT;

-- Who was asked in it, in this order, and what came of it.
CREATE TABLE cleanup_worker (
  cleanup_id INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  worker_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  verdict TEXT NOT NULL, -- freed, partial, nothing_freed, timed_out, overclaimed, refused, lost, unmeasured
  measured_by TEXT, -- device, process
  idle_bytes INTEGER, -- what it could give by its own report, before
  before_bytes INTEGER,
  after_bytes INTEGER,
  claimed_bytes INTEGER, -- NULL: it did not say
  freed_bytes INTEGER, -- measured
  took_us INTEGER NOT NULL, -- from the ask until memory was flat
  text TEXT, -- what it said
  PRIMARY KEY (cleanup_id, ordinal)
) STRICT, WITHOUT ROWID;

-- What a device told, raised and cleared.
CREATE TABLE gpu_event (
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  kind TEXT NOT NULL, -- xid, ecc, throttle, lost, ...
  severity TEXT NOT NULL, -- info, warning, critical
  code INTEGER, -- the driver's, as of an XID
  text TEXT NOT NULL,
  raised_us INTEGER NOT NULL,
  cleared_us INTEGER -- NULL: still so
) STRICT;

CREATE INDEX gpu_event_by_time ON gpu_event (raised_us);

-- What belongs to an incident is found by its time.
CREATE INDEX audit_by_time ON audit (t_us);

-- For people.
CREATE VIEW v_worker AS
SELECT
  'w-' || id AS worker, name, device, pid, source,
  CASE WHEN left_us IS NOT NULL THEN 'left' WHEN lost_us IS NOT NULL THEN 'lost' ELSE 'there' END AS state,
  strftime('%Y-%m-%dT%H:%M:%SZ', registered_us / 1000000, 'unixepoch') AS registered,
  strftime('%Y-%m-%dT%H:%M:%SZ', reported_us / 1000000, 'unixepoch') AS reported,
  strftime('%Y-%m-%dT%H:%M:%SZ', lost_us / 1000000, 'unixepoch') AS lost,
  allocated_bytes, reserved_bytes, reserved_bytes - allocated_bytes AS idle_bytes, largest_free_bytes,
  ooms, batches
FROM worker;

CREATE VIEW v_cleanup AS
SELECT
  'c-' || c.id AS cleanup,
  c.started_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', c.started_us / 1000000, 'unixepoch')
    || printf('.%06dZ', c.started_us % 1000000) AS time,
  c.device, c.trigger, c.actor, c.level, c.verdict, c.took_us / 1e6 AS took_s,
  c.before_bytes, c.after_bytes, c.freed_bytes, c.regained_bytes,
  'w-' || w.worker_id AS worker, w.name AS worker_name, w.verdict AS worker_verdict,
  w.claimed_bytes AS worker_claimed_bytes, w.freed_bytes AS worker_freed_bytes, w.text AS worker_text
FROM cleanup AS c LEFT JOIN cleanup_worker AS w ON w.cleanup_id = c.id;

CREATE VIEW v_gpu_event AS
SELECT
  'g-' || id AS id,
  raised_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', raised_us / 1000000, 'unixepoch')
    || printf('.%06dZ', raised_us % 1000000) AS time,
  (cleared_us - raised_us) / 1e6 AS lasted_s, -- NULL: still so
  device, kind, severity, code, text
FROM gpu_event;

-- All that happened, in one list: marks, incidents (at their beginning), cleanups, what devices told, workers that
-- came and went, and what changed state beside those.
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
  SELECT t_us, 'audit', method, detail, actor
  FROM audit WHERE method NOT IN ('events.mark', 'incidents.pin', 'gpu.cleanup')
);
