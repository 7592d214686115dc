-- Version 5: how far back the tiers are whole.
-- Unchangeable once released: a later change is a later file.

-- One row.  Of what is before these times retention has dropped all or some; pinned windows are
-- whole all the same.  0: everything there ever was is there.
CREATE TABLE retention (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  packed_from_us INTEGER NOT NULL, -- samples in chunks
  minutes_from_us INTEGER NOT NULL, -- rollup_1m
  hours_from_us INTEGER NOT NULL -- rollup_1h
) STRICT;
INSERT INTO retention VALUES (1, 0, 0, 0);
