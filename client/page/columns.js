// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a series has on evenly spaced rows, as charts want it: null in a gap, undefined where its line merely goes on. */

const isKnown = (value) => value !== null && !Number.isNaN(value);

/** NaN and null are unknown; gaps of up to three times the usual distance between two points are none. In place. */
export function bridge(values) {
  const distances = [];
  let last = -1;
  values.forEach((value, i) => {
    if (!isKnown(value)) return;
    if (last >= 0) distances.push(i - last);
    last = i;
  });
  distances.sort((a, b) => a - b);
  const most = 3 * (distances[distances.length >> 1] ?? 1);
  last = -1;
  values.forEach((value, i) => {
    if (isKnown(value)) {
      if (last >= 0 && i - last <= most) values.fill(undefined, last + 1, i);
      last = i;
    } else {
      values[i] = null;
    }
  });
  return values;
}

/** Of a counter its rise by the second, for the last `rows` of it. What falls began anew: its rise is not known. */
export function toRates(raw, rows, stepS) {
  const rates = new Array(rows).fill(null);
  let last = -1;
  for (let i = 0; i < raw.length; i++) {
    if (!isKnown(raw[i])) continue;
    const row = i - (raw.length - rows);
    if (last >= 0 && row >= 0 && raw[i] >= raw[last]) rates[row] = (raw[i] - raw[last]) / ((i - last) * stepS);
    last = i;
  }
  return bridge(rates);
}

/** Row by row the sum of what is known; null where nothing is. */
export function sum(columns) {
  if (columns.length === 1) return columns[0];
  return columns[0]?.map((_, row) => {
    const known = columns.map((column) => column[row]).filter((value) => value !== null && value !== undefined);
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
  }) ?? [];
}
