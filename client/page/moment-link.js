// SPDX-License-Identifier: LGPL-2.1-or-later
/* The address of a short time (#at=FROM-TO). Apart from what shows it, since each chart links to some. */
export const LINK = /^#at=(\d+)-(\d+)$/;
export const MOST_S = 86_400;
const LEAST_S = 20;

/** Of seconds; a moment has something before and behind it. */
export function linkToMoment(from, to) {
  const more = Math.max(0, (LEAST_S - (to - from)) / 2);
  return `#at=${Math.max(0, Math.floor(from - more))}-${Math.ceil(Math.min(to, from + MOST_S) + more)}`;
}
