-- Version 4: windows of time whose evidence is kept.
-- Unchangeable once released: a later change is a later file.

CREATE TABLE incident (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- told as i-1, i-2, …; that of one let go is not given again
  from_us INTEGER NOT NULL, -- the window is from_us <= t_us < to_us
  to_us INTEGER NOT NULL,
  title TEXT NOT NULL,
  reason TEXT NOT NULL, -- why it is kept
  author TEXT, -- who called
  created_us INTEGER NOT NULL
) STRICT;

CREATE INDEX incident_by_time ON incident (from_us);

-- What retention looks at: samples, GPU processes and marks of from_us <= t_us < to_us stay.
CREATE TABLE pin (
  id INTEGER PRIMARY KEY,
  incident_id INTEGER NOT NULL, -- whose evidence it is
  from_us INTEGER NOT NULL,
  to_us INTEGER NOT NULL
) STRICT;

-- For people.
CREATE VIEW v_incident AS
SELECT
  'i-' || i.id AS id,
  i.from_us,
  i.to_us,
  strftime('%Y-%m-%dT%H:%M:%S', i.from_us / 1000000, 'unixepoch')
    || printf('.%06dZ', i.from_us % 1000000) AS from_time,
  strftime('%Y-%m-%dT%H:%M:%S', i.to_us / 1000000, 'unixepoch')
    || printf('.%06dZ', i.to_us % 1000000) AS to_time,
  i.title, i.reason, i.author,
  EXISTS (SELECT 1 FROM pin WHERE pin.incident_id = i.id) AS pinned
FROM incident AS i;
