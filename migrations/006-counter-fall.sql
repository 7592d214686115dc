-- Version 6: where counters began anew.
-- Unchangeable once released: a later change is a later file.

-- The minutes in which a counter may have fallen below the sample before: there, and in their hours,
-- what it counted is not `last` of the rollup less the `last` before.
CREATE TABLE counter_fall (
  series_id INTEGER NOT NULL,
  t_us INTEGER NOT NULL,
  PRIMARY KEY (series_id, t_us)
) WITHOUT ROWID;
