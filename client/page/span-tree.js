// SPDX-License-Identifier: LGPL-2.1-or-later
/* A trace as what a waterfall needs: who is below whom, what the time was spent on, and the ticks of an axis. */
const TICK_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500].flatMap((step) => [step, step * 1e3]).sort((a, b) => a - b)
  .concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map((s) => s * 1e6));

const isFailed = ({ outcome }) => outcome === "error";

/**
 * Spans in the order of the tree, with their depths, as traces.get tells them → rows in the same order:
 * {span, parent: its row or -1, end: the row after all that is below, children, failedBelow, path: [[fromUs, toUs]…]}
 * path: what of its time the root waited for, with no critical child at it.
 */
export function plant(spans) {
  const rows = spans.map((span) => ({ span, parent: -1, end: spans.length, children: 0, failedBelow: 0, path: [] }));
  const above = []; // of the row at hand, the rows it is below
  rows.forEach((row, i) => {
    while (above.length > 0 && rows[above.at(-1)].span.depth >= row.span.depth) rows[above.pop()].end = i;
    row.parent = above.at(-1) ?? -1;
    if (row.parent >= 0) rows[row.parent].children++;
    above.push(i);
  });
  for (let i = rows.length - 1; i >= 0; i--) {
    const { parent, span, failedBelow } = rows[i];
    if (parent >= 0) rows[parent].failedBelow += failedBelow + (isFailed(span) ? 1 : 0);
  }
  walk(rows);
  return rows;
}

/** Each critical row's own part of the path: its time, cut to its parent's, without its critical children's. */
function walk(rows) {
  const within = rows.map(({ span }) => [span.start_us, span.start_us + span.duration_us]);
  const waited = rows.map(() => []); // of each, what its critical children took
  rows.forEach(({ span, parent }, i) => {
    if (!span.critical || parent < 0 || !rows[parent].span.critical) return;
    within[i] = [Math.max(within[i][0], within[parent][0]), Math.min(within[i][1], within[parent][1])];
    waited[parent].push(within[i]);
  });
  rows.forEach((row, i) => {
    if (!row.span.critical) return;
    let [from, to] = within[i];
    for (const [begun, ended] of waited[i].sort((a, b) => a[0] - b[0])) {
      if (begun > from) row.path.push([from, begun]);
      from = Math.max(from, ended);
    }
    if (to > from) row.path.push([from, to]);
  });
}

/** The rows to be seen: none below a collapsed one, and those on the critical path alone if so asked. */
export function unfold(rows, collapsed, criticalOnly) {
  const seen = [];
  for (let i = 0; i < rows.length;) {
    const isLeftOut = criticalOnly && !rows[i].span.critical;
    if (!isLeftOut) seen.push(i);
    i = isLeftOut || collapsed.has(i) ? rows[i].end : i + 1;
  }
  return seen;
}

/** Round times of the span, about as many as asked. */
export function ticks(fromUs, toUs, count) {
  const least = (toUs - fromUs) / count;
  const step = TICK_STEPS.find((size) => size >= least) ?? Math.ceil(least / 86_400e6) * 86_400e6;
  const found = [];
  for (let at = Math.ceil(fromUs / step) * step; at <= toUs; at += step) found.push(at);
  return found;
}
