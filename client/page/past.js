// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the file says of the end of a window that is over, in the form in which a method tells it of now. */

const WORKERS = '{__name__=~"worker[.](up|lost|ooms|batches|memory[.](allocated|reserved)_bytes)"}';
const HEARD_S = 60; // before the end: who said nothing for so long was not there
// a forecast is kept every [forecast] every_rows, which are 5 minutes unless somebody changed it
const MADE_S = 900;
const MOST = 2_000;
const FORECASTS = `SELECT v.series, v.unit, p.method, p.trend, p.slope_per_s, p.made_us, p.last, p.horizon_us, p.value,
  p.lower80 AS lower, p.upper80 AS upper, p.lower90, p.upper90, p.confidence, p.regime, p.threshold,
  p.threshold_lower_us, p.threshold_us, p.threshold_upper_us
  FROM prediction AS p JOIN v_series AS v ON v.id = p.series_id
  WHERE p.made_us > ?1 AND p.made_us <= ?2 ORDER BY p.made_us DESC, v.series, p.horizon_us`;

/** As worker.list, of whom series know by name: those that were there, or were lost, in the minute before. */
export async function readWorkers(client, toS) {
  const toUs = toS * 1e6;
  const { series } = await client.metrics.query({ select: WORKERS, from_us: toUs - HEARD_S * 1e6, to_us: toUs });
  const workers = new Map();
  for (const { name, labels, points } of series) {
    const last = points.at(-1)?.[1] ?? null;
    if (last === null) continue;
    const key = JSON.stringify([labels.worker, labels.device]);
    if (!workers.has(key))
      workers.set(key, { name: labels.worker, worker: null, device: labels.device ?? null, allocated_bytes: null, reserved_bytes: null, ooms: null, batches: null });
    const one = workers.get(key);
    one[name.replace(/^worker\.(memory\.)?/, "")] = last;
  }
  for (const one of workers.values()) one.state = stateOf(one);
  return [...workers.values()].filter(({ state }) => state !== "left").sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Before there was worker.lost, who was not up was told as lost. */
function stateOf({ up, lost }) {
  if (up === undefined && lost === undefined) return null;
  if (up > 0) return "connected";
  return lost === 0 ? "left" : "lost";
}

/** As predictions.list: of each series those that were made last. */
export async function readForecasts(client, toS) {
  const { columns, rows } = await client.sql.query({ sql: FORECASTS, params: [(toS - MADE_S) * 1e6, toS * 1e6], max_rows: MOST });
  const newest = new Map(); // series → when
  const forecasts = rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  return forecasts.filter(({ series, made_us: madeUs }) => {
    if (!newest.has(series)) newest.set(series, madeUs);
    return newest.get(series) === madeUs;
  }).map((one) => ({ ...one, time_to_threshold_us: timeLeft(one) }));
}

function timeLeft({ threshold_lower_us: lower, threshold_us: value, threshold_upper_us: upper }) {
  return lower === null && value === null && upper === null ? null : { lower, value, upper };
}
