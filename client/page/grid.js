// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A window of the past as the charts read it (the same questions as the store's): rows a step apart, of each series
 * its mean and, where a row stands for many samples, its least and its greatest, so that no spike is averaged away.
 */
import { bridge, toRates } from "./columns.js";

const FRESH_ROWS = 3; // of the newest value
// What rows may be apart. A minute and an hour are what older samples are summed up by, so that these are quick.
const STEPS_S = [1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const MOST_ROWS = 360;

/** Seconds between rows, so that a chart of so many has as many as can be told apart. */
export function stepOf(seconds, leastS = 1) {
  return STEPS_S.find((step) => step >= leastS && seconds / step <= MOST_ROWS) ?? STEPS_S.at(-1);
}


export class Grid {
  #from; // second of the row before the first, which a rate needs
  #length; // rows with that one
  #columns = { values: new Map(), lows: new Map(), highs: new Map() };
  #made = new Map();
  version = 0; // of one that was put together nothing changes

  /** fromS and toS: seconds, the first row's and that behind the last's. */
  constructor(fromS, toS, stepS) {
    const first = Math.floor(fromS / stepS) * stepS;
    this.stepS = stepS;
    this.rows = Math.max(Math.ceil((toS - first) / stepS), 2);
    this.head = first + this.rows * stepS;
    this.#from = first - stepS;
    this.#length = this.rows + 1;
  }

  isEmpty = false; // that it has nothing is an answer, too

  /** What has to be asked for. */
  get fromUs() {
    return this.#from * 1e6;
  }

  get toUs() {
    return this.head * 1e6;
  }

  /** series of metrics.query; what: "values", "lows" or "highs". */
  add(series, what = "values") {
    for (const { series: name, points } of series) {
      const column = new Array(this.#length).fill(NaN);
      for (const [tUs, value] of points) {
        const row = Math.floor((tUs / 1e6 - this.#from) / this.stepS);
        if (value !== null && row >= 0 && row < this.#length) column[row] = value;
      }
      this.#columns[what].set(name, column);
    }
  }

  has(name) {
    return this.#columns.values.has(name);
  }

  names(test) {
    return [...this.#columns.values.keys()].filter(test).sort();
  }

  seconds() {
    return this.#once("seconds", () => Array.from({ length: this.rows }, (_, i) => this.#from + (i + 1) * this.stepS));
  }

  values(name) {
    return this.#column("values", name) ?? this.#once("nothing", () => new Array(this.rows).fill(null));
  }

  rates(name) {
    return this.#once(`rate ${name}`, () => toRates(this.#columns.values.get(name) ?? [], this.rows, this.stepS));
  }

  /** null: they were not asked for, since a row has one sample. */
  lows(name) {
    return this.#column("lows", name);
  }

  highs(name) {
    return this.#column("highs", name);
  }

  /** The last of the window, unless that is long before its end. */
  latest(name, seconds = 10) {
    const column = this.#columns.values.get(name);
    if (column === undefined) return null;
    const rows = Math.max(Math.ceil(seconds / this.stepS), FRESH_ROWS);
    return column.slice(-rows).findLast((value) => !Number.isNaN(value)) ?? null;
  }

  #column(what, name) {
    const column = this.#columns[what].get(name);
    return column === undefined ? null : this.#once(`${what} ${name}`, () => bridge(column.slice(1)));
  }

  #once(key, make) {
    let value = this.#made.get(key);
    if (value === undefined) this.#made.set(key, (value = make()));
    return value;
  }
}
