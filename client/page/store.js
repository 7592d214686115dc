// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The frames that all sections read: a ring of seconds, and of each series one value a second. NaN: none came.
 * Time is the daemon's own, so that a browser whose clock is wrong shows the same.
 */
import { bridge, toRates } from "./columns.js";

export const WINDOW_S = 300;
const SLOTS = WINDOW_S + 20; // beyond the window, that a rate has its point before
// A clock that was set back by more than any sample is late: what is held means nothing any more.
const BACK_S = 60;

const toSecond = (tUs) => Math.floor(tUs / 1e6);

export class Store {
  #series = new Map(); // name → Float64Array by second % SLOTS
  #head = 0; // newest second
  #columns = new Map(); // what was made for this version
  version = 0; // rises with each change

  /** Seconds from one row to the next. */
  get stepS() {
    return 1;
  }

  /** Rows of the window. */
  get rows() {
    return WINDOW_S;
  }

  get head() {
    return this.#head;
  }

  get isEmpty() {
    return this.#head === 0;
  }

  has(name) {
    return this.#series.has(name);
  }

  /** Names for which test(name) holds, in order. */
  names(test) {
    return [...this.#series.keys()].filter(test).sort();
  }

  // --- in

  addFrame({ t_us: tUs, values }) {
    const second = toSecond(tUs);
    if (this.#head > 0 && second < this.#head - BACK_S) this.#forget();
    this.#advance(second);
    for (const [name, value] of Object.entries(values)) this.#put(name, second, value);
    this.#changed();
  }

  /** series of metrics.query. */
  addPoints(series) {
    for (const { series: name, points } of series)
      for (const [tUs, value] of points) {
        this.#advance(toSecond(tUs));
        this.#put(name, toSecond(tUs), value);
      }
    this.#changed();
  }

  #put(name, second, value) {
    let ring = this.#series.get(name);
    if (ring === undefined) this.#series.set(name, (ring = new Float64Array(SLOTS).fill(NaN)));
    if (value !== null && second > this.#head - SLOTS) ring[second % SLOTS] = value;
  }

  #advance(second) {
    if (second <= this.#head) return;
    const from = Math.max(this.#head + 1, second - SLOTS + 1);
    for (const ring of this.#series.values())
      for (let slot = from; slot <= second; slot++) ring[slot % SLOTS] = NaN;
    this.#head = second;
  }

  #forget() {
    this.#series.clear();
    this.#head = 0;
  }

  #changed() {
    this.version++;
    this.#columns.clear();
  }

  // --- out

  /** Seconds of the window, oldest first; the same array for one version. */
  seconds() {
    return this.#once("", () => Array.from({ length: WINDOW_S }, (_, i) => this.#head - WINDOW_S + 1 + i));
  }

  /**
   * Of each second of the window its value; null where there is a gap, undefined where a series merely has no
   * point that often, so that its line goes on.
   */
  values(name) {
    return this.#once(name, () => bridge(this.#raw(name, WINDOW_S)));
  }

  /** The same of a counter, by the second. What falls began anew: its rise is not known. */
  rates(name) {
    return this.#once(`rate ${name}`, () => toRates(this.#raw(name, SLOTS), WINDOW_S, 1));
  }

  /** Of each row its least and its greatest: a second has one value. */
  lows() {
    return null;
  }

  highs() {
    return null;
  }

  /** The newest value not older than `seconds`; null: none. */
  latest(name, seconds = 10) {
    const ring = this.#series.get(name);
    if (ring === undefined) return null;
    for (let second = this.#head; second > this.#head - Math.min(seconds, SLOTS); second--)
      if (!Number.isNaN(ring[second % SLOTS])) return ring[second % SLOTS];
    return null;
  }

  #raw(name, length) {
    const ring = this.#series.get(name);
    const raw = new Array(length).fill(NaN);
    if (ring !== undefined)
      for (let i = 0; i < length; i++) {
        const second = this.#head - length + 1 + i;
        if (second > 0) raw[i] = ring[second % SLOTS];
      }
    return raw;
  }

  #once(key, make) {
    let value = this.#columns.get(key);
    if (value === undefined) this.#columns.set(key, (value = make()));
    return value;
  }
}
