-- Version 8: what is to be handed on to others, and how far sample_raw has been.
-- Unchangeable once released: a later change is a later file.

-- In the order of delivery to each destination.  An entry goes when it was delivered, or given up.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, -- grows in the order of posting
  destination TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL, -- that failed
  next_us INTEGER NOT NULL, -- it is not tried before
  sample_rowid INTEGER, -- of sample_raw, the first that it stands for: retention keeps that one and all after it
  last_error TEXT,
  body BLOB NOT NULL -- as its destination wants it
) STRICT;

-- A destination that is sent sample_raw: entries stand for the rows before next_rowid, and
-- retention keeps those from there on.
CREATE TABLE outbox_cursor (
  destination TEXT NOT NULL PRIMARY KEY,
  next_rowid INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For people.
CREATE VIEW v_outbox AS
SELECT
  id,
  destination,
  strftime('%Y-%m-%dT%H:%M:%S', created_us / 1000000, 'unixepoch')
    || printf('.%06dZ', created_us % 1000000) AS created,
  attempts,
  strftime('%Y-%m-%dT%H:%M:%S', next_us / 1000000, 'unixepoch')
    || printf('.%06dZ', next_us % 1000000) AS next,
  last_error,
  length(body) AS bytes
FROM outbox;
