// SPDX-License-Identifier: LGPL-2.1-or-later
/* What takes about a frame each: the first at once, the next in a frame of its own, so that none waits for all others. */

const waiting = new Set();
let busy = false;

/** What waits already is done once. */
export function oneByOne(work) {
  waiting.add(work);
  if (!busy) next();
}

function next() {
  const [work] = waiting;
  busy = work !== undefined;
  if (!busy) return;
  waiting.delete(work);
  requestAnimationFrame(next);
  work();
}
