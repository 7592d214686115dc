-- Version 3: the tiers that sample_raw is packed into, and how far that has gone.
-- Unchangeable once released: a later change is a later file.

-- Packed samples of one series and span (doc/chunk-format.md).  Its id tells block and series, so
-- that no index has to be kept: block * 2^32 + series_id.  Where the chunks of a series overlap in
-- time, those of the block with the higher order_no win.
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  series_id INTEGER NOT NULL,
  start_us INTEGER NOT NULL, -- of the first and of the last sample
  end_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sum REAL, -- NULL: of infinities of both signs
  codec INTEGER NOT NULL, -- 1: doc/chunk-format.md
  data BLOB NOT NULL,
  checksum INTEGER NOT NULL -- the one inside data, as a number
) STRICT;

-- What was packed together: all chunks with ids from block * 2^32 on.
CREATE TABLE chunk_block (
  block INTEGER PRIMARY KEY,
  level INTEGER NOT NULL, -- 0: from sample_raw; 1, 2: several of the level below as one
  order_no INTEGER NOT NULL, -- the last rowid of sample_raw that is in it
  min_t_us INTEGER NOT NULL,
  max_t_us INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  samples INTEGER NOT NULL
) STRICT;

-- One row.  Rows of sample_raw below from_rowid are packed, and so are those up to to_rowid of the
-- series before next_series_id.
CREATE TABLE packing (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  from_rowid INTEGER NOT NULL,
  to_rowid INTEGER NOT NULL, -- less than from_rowid: nothing is under way
  next_series_id INTEGER NOT NULL,
  block INTEGER NOT NULL, -- the newest that was begun
  merge_block INTEGER NOT NULL, -- 0: none is under way
  merge_from_order INTEGER NOT NULL, -- the blocks that become merge_block, by order_no
  merge_to_order INTEGER NOT NULL,
  merge_next_series_id INTEGER NOT NULL
) STRICT;
INSERT INTO packing VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0);

-- The samples of a series in the minute, or the hour, from t_us on, that are in chunks.
CREATE TABLE rollup_1m (
  series_id INTEGER NOT NULL,
  t_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sum REAL, -- NULL: of infinities of both signs
  last REAL NOT NULL,
  sketch BLOB, -- doc/database.md; of durations only
  PRIMARY KEY (series_id, t_us)
) WITHOUT ROWID;

CREATE TABLE rollup_1h (
  series_id INTEGER NOT NULL,
  t_us INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sum REAL, -- NULL: of infinities of both signs
  last REAL NOT NULL,
  sketch BLOB,
  PRIMARY KEY (series_id, t_us)
) WITHOUT ROWID;
