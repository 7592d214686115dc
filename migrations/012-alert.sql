-- Version 12: rules, alerts, what became of them, who was told, and who asked for silence.
-- Unchangeable once released: a later change is a later file.

-- What was said of a rule by call; it goes before the config and what is built in.  NULL: not said.
CREATE TABLE alert_rule (
  name TEXT PRIMARY KEY,
  expr TEXT,
  threshold REAL,
  hysteresis REAL,
  severity TEXT,
  for_us INTEGER,
  keep_firing_for_us INTEGER,
  cooldown_us INTEGER,
  labels TEXT, -- JSON object of strings
  summary TEXT,
  help TEXT,
  runbook TEXT,
  inhibited_by TEXT, -- JSON array of names
  enabled INTEGER,
  set_us INTEGER NOT NULL,
  set_by TEXT NOT NULL
) STRICT;

-- One for each time that a rule's condition began to hold for a set of labels.  Ids grow with time.
CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  labels TEXT NOT NULL, -- JSON object of strings, keys sorted: the series' and the rule's
  own_labels TEXT NOT NULL, -- the series' alone: by these it is known again
  severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  state TEXT NOT NULL CHECK (state IN ('inactive', 'pending', 'firing', 'resolved')),
  value REAL, -- when it last changed
  threshold REAL, -- NULL: the value is compared with no number
  summary TEXT, -- one sentence of when it fired
  started_us INTEGER NOT NULL, -- the condition holds since
  fired_us INTEGER,
  resolved_us INTEGER,
  changed_us INTEGER NOT NULL,
  life TEXT NOT NULL, -- JSON array: what the daemon goes on from after a restart
  acknowledged_us INTEGER,
  author TEXT,
  note TEXT,
  verdict TEXT CHECK (verdict IN ('useful', 'noise', 'known'))
) STRICT;

CREATE INDEX alert_by_time ON alert (started_us);
CREATE INDEX alert_by_rule ON alert (rule, id);
-- Those that go on: few.
CREATE INDEX alert_open ON alert (id) WHERE state IN ('pending', 'firing');

-- Each step of an alert, with its reason.
CREATE TABLE alert_event (
  id INTEGER PRIMARY KEY,
  alert_id INTEGER NOT NULL,
  t_us INTEGER NOT NULL,
  step TEXT NOT NULL, -- pending, dropped, cooldown, firing, resolved, acknowledged; of its notices: failed, silenced, ...
  reason TEXT NOT NULL,
  receiver TEXT -- NULL: a step of the alert itself
) STRICT;

CREATE INDEX alert_event_by_alert ON alert_event (alert_id);

-- Whom to tell of what; written with the step that is told.
CREATE TABLE alert_notice (
  id INTEGER PRIMARY KEY,
  alert_id INTEGER NOT NULL,
  receiver TEXT NOT NULL,
  event TEXT NOT NULL CHECK (event IN ('firing', 'resolved', 'repeat')),
  state TEXT NOT NULL CHECK (state IN (
    'waiting', 'posted', 'delivered', 'silenced', 'inhibited', 'limited', 'refused', 'dropped')),
  made_us INTEGER NOT NULL,
  posted_us INTEGER, -- handed to the outbox
  done_us INTEGER, -- delivered, or given up
  attempts INTEGER NOT NULL, -- that failed
  outbox_id INTEGER, -- its entry of the outbox, while it is posted
  answer TEXT -- of the receiver, or why not
) STRICT;

CREATE INDEX alert_notice_by_alert ON alert_notice (alert_id);
CREATE INDEX alert_notice_open ON alert_notice (id) WHERE state IN ('waiting', 'posted', 'limited');

CREATE TRIGGER alert_gone AFTER DELETE ON alert BEGIN
  DELETE FROM alert_event WHERE alert_id = old.id;
  DELETE FROM alert_notice WHERE alert_id = old.id;
END;

CREATE TABLE silence (
  id INTEGER PRIMARY KEY,
  matchers TEXT NOT NULL, -- a selector with rule and severity as labels
  from_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL, -- as it is now: ending one early changes it
  author TEXT NOT NULL,
  note TEXT,
  created_us INTEGER NOT NULL,
  ended_by TEXT -- NULL: nobody did before its time
) STRICT;

-- For people.
CREATE VIEW v_alerts AS
SELECT
  'al-' || id AS alert, rule, severity, state, labels, value, threshold, summary,
  strftime('%Y-%m-%dT%H:%M:%SZ', started_us / 1000000, 'unixepoch') AS started,
  strftime('%Y-%m-%dT%H:%M:%SZ', fired_us / 1000000, 'unixepoch') AS fired,
  strftime('%Y-%m-%dT%H:%M:%SZ', resolved_us / 1000000, 'unixepoch') AS resolved,
  (resolved_us - fired_us) / 1e6 AS fired_s,
  strftime('%Y-%m-%dT%H:%M:%SZ', acknowledged_us / 1000000, 'unixepoch') AS acknowledged,
  author, note, verdict
FROM alert;

-- A rule's worth, by what people said of its alerts.
CREATE VIEW v_alert_rule_record AS
SELECT
  rule, count(*) AS fired, count(acknowledged_us) AS acknowledged,
  sum(verdict IS 'useful') AS useful, sum(verdict IS 'noise') AS noise, sum(verdict IS 'known') AS known,
  1.0 * sum(verdict IN ('useful', 'known')) / nullif(count(verdict), 0) AS precision,
  avg(acknowledged_us - fired_us) / 1e6 AS mean_acknowledge_s
FROM alert WHERE fired_us IS NOT NULL GROUP BY rule;

-- Each telling of each alert.
CREATE VIEW v_alert_notice AS
SELECT
  n.id, 'al-' || n.alert_id AS alert, a.rule, n.receiver, n.event, n.state,
  strftime('%Y-%m-%dT%H:%M:%SZ', n.made_us / 1000000, 'unixepoch') AS made,
  strftime('%Y-%m-%dT%H:%M:%SZ', n.posted_us / 1000000, 'unixepoch') AS posted,
  strftime('%Y-%m-%dT%H:%M:%SZ', n.done_us / 1000000, 'unixepoch') AS done,
  n.attempts, n.answer
FROM alert_notice AS n JOIN alert AS a ON a.id = n.alert_id;

-- All that happened, in one list: marks, incidents (at their beginning), alerts, cleanups, what devices told, workers
-- that came and went, what was foretold and what of it came, leaks, and what changed state beside those.
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
  FROM audit WHERE method NOT IN ('events.mark', 'incidents.pin', 'gpu.cleanup', 'alerts.acknowledge', 'alerts.silence')
);
