-- Version 11: what a cleanup was seen to give back beside what stayed free, and its plan.
-- Unchangeable once released: a later change is a later file.

ALTER TABLE cleanup ADD COLUMN released_bytes INTEGER; -- seen to be given back in the workers' turns; NULL: not all could be measured, or it is older
ALTER TABLE cleanup ADD COLUMN left_out TEXT; -- JSON, [[worker_id, name, reason], ...]: who was not asked; NULL: nobody

ALTER TABLE cleanup_worker ADD COLUMN expected_bytes INTEGER; -- what was to be had of it after past cleanups: its rank
ALTER TABLE cleanup_worker ADD COLUMN released_bytes INTEGER; -- measured: how far it fell at most
ALTER TABLE cleanup_worker ADD COLUMN regained_bytes INTEGER; -- measured: what of that was taken again before it was flat
ALTER TABLE cleanup_worker ADD COLUMN reason TEXT; -- why it was asked in this place; NULL: older

DROP VIEW v_cleanup;
CREATE VIEW v_cleanup AS
SELECT
  'c-' || c.id AS cleanup,
  c.started_us AS t_us,
  strftime('%Y-%m-%dT%H:%M:%S', c.started_us / 1000000, 'unixepoch')
    || printf('.%06dZ', c.started_us % 1000000) AS time,
  c.device, c.trigger, c.actor, c.level, c.verdict, c.took_us / 1e6 AS took_s,
  c.before_bytes, c.after_bytes, c.freed_bytes, c.released_bytes, c.regained_bytes,
  'w-' || w.worker_id AS worker, w.name AS worker_name, w.verdict AS worker_verdict,
  w.claimed_bytes AS worker_claimed_bytes, w.freed_bytes AS worker_freed_bytes,
  w.released_bytes AS worker_released_bytes, w.regained_bytes AS worker_regained_bytes,
  w.text AS worker_text, w.reason AS worker_reason
FROM cleanup AS c LEFT JOIN cleanup_worker AS w ON w.cleanup_id = c.id;
