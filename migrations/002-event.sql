-- Version 2: marks on the time line, left by people and by what deploys.
-- Unchangeable once released: a later change is a later file.

CREATE TABLE event (
  id INTEGER PRIMARY KEY, -- grows in the order of arrival; told as e-1, e-2, …
  t_us INTEGER NOT NULL, -- when it was, which may be long before it was told
  kind TEXT NOT NULL, -- deploy, note; no CHECK: the daemon's schema says which there are
  text TEXT NOT NULL,
  author TEXT -- who called
) STRICT;

-- Few rows, asked for by time: on charts, in lists.
CREATE INDEX event_by_time ON event (t_us);

-- For people.
CREATE VIEW v_event AS
SELECT
  'e-' || id AS id,
  t_us,
  strftime('%Y-%m-%dT%H:%M:%S', t_us / 1000000, 'unixepoch')
    || printf('.%06dZ', t_us % 1000000) AS time,
  kind, text, author
FROM event;
