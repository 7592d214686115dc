-- What devices cost.
-- Unchangeable once released: a later change is a later file.

-- Device time by hours, and the price that held then: amounts are made of these when they are asked
-- for, so that no sum was rounded before.  Of each device `used` and `idle` are its bill; `process`
-- and `worker` each split what is `used`, `operation` that of all devices together.
CREATE TABLE cost (
  kind TEXT NOT NULL, -- used, idle, unseen (not in the bill), process, worker, operation
  t_us INTEGER NOT NULL, -- the hour's beginning
  device TEXT NOT NULL, -- '': all, of operations
  service TEXT NOT NULL, -- of operations; else ''
  -- of used: how it is known (utilization, memory); '(none)': nobody is known to have used it;
  -- '(other)': those for which there was no room
  name TEXT NOT NULL,
  price_nano INTEGER NOT NULL, -- of a device-hour, in 1e-9 of the currency; -1: not known
  device_us INTEGER NOT NULL,
  PRIMARY KEY (kind, t_us, device, service, name, price_nano)
) STRICT, WITHOUT ROWID;

-- Which devices were there, and until when their time is accounted for.
CREATE TABLE cost_device (
  device TEXT PRIMARY KEY,
  first_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What waits for late spans: the last minutes' used time, and how long operations were active in them.
CREATE TABLE cost_minute (
  t_us INTEGER NOT NULL,
  price_nano INTEGER NOT NULL,
  used_us INTEGER NOT NULL, -- of all devices
  devices INTEGER NOT NULL, -- that were used
  PRIMARY KEY (t_us, price_nano)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_span (
  t_us INTEGER NOT NULL, -- the minute
  operation_no INTEGER NOT NULL,
  self_us INTEGER NOT NULL, -- of its spans' time, what no child covers
  PRIMARY KEY (t_us, operation_no)
) STRICT, WITHOUT ROWID;

-- One row.
CREATE TABLE cost_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  span_no INTEGER NOT NULL, -- spans up to here have been looked at; -1: none has been yet
  closed_us INTEGER NOT NULL -- minutes before this are split over operations for good
) STRICT;
INSERT INTO cost_state VALUES (1, -1, 0);

-- For people.
CREATE VIEW v_cost AS
SELECT
  t_us, strftime('%Y-%m-%dT%H:%M:%SZ', t_us / 1000000, 'unixepoch') AS hour,
  kind, device, service, name, device_us / 3600e6 AS device_hours,
  CASE WHEN price_nano >= 0 THEN price_nano / 1e9 END AS price,
  CASE WHEN price_nano >= 0 THEN device_us / 3600e6 * (price_nano / 1e9) END AS amount
FROM cost;
