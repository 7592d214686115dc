// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the charts read: the store, which goes on in any case, or a grid of another window, asked for by metrics.query
 * for all that is charted. What was shown stays until the answer is there.
 */
import { Grid, stepOf } from "./grid.js";
import { range } from "./range.js";

const AGAIN_MS = 5_000; // of what follows; no sooner than its rows are apart
// where a row has more than one sample of a second, its least and greatest are asked for too
const ASKED = [["values", undefined], ["lows", "min"], ["highs", "max"]];
const EXHAUSTED = "RESOURCE_EXHAUSTED";
const COARSER = 4;
const LEAST_ASKED_S = 5; // between rows of what is asked for again and again

export class View extends EventTarget {
  #session;
  #store;
  #selects = new Set();
  #grid = null; // null: live, or nothing was answered yet
  #asked = 0;
  #again;
  #doneAt = -Infinity;
  #isWanted = false; // another window, which is not there yet
  problem = null; // why the window is not shown
  isBusy = false;

  constructor(session, store) {
    super();
    this.#session = session;
    this.#store = store;
    range.follow(store);
    range.addEventListener("change", () => this.#changed());
    this.#isWanted = !range.isLive;
    this.#again = session.every(AGAIN_MS, () => this.#isDue() && this.#load());
  }

  /** What update() of all sections is given. */
  get source() {
    return this.#grid ?? this.#store;
  }

  /** Whether that is of the time that was chosen: of a window that was never answered nothing is. */
  get isThere() {
    return range.isLive || this.#grid !== null || this.problem !== null;
  }

  /** What the selector names, live and of each window that is chosen, until the signal. first: as of session's feed. */
  feed(select, signal, first) {
    this.#selects.add(select);
    signal?.addEventListener("abort", () => this.#selects.delete(select));
    this.#session.feed(select, signal, first);
    if (range.isLive) return;
    this.#isWanted = true;
    this.#again?.();
  }

  /** The grid that a part asks for itself: values by series. aggregate and by as in metrics.query. */
  async ask(questions) {
    const [from, to] = range.bounds;
    const grid = new Grid(from, to, stepOf(to - from, LEAST_ASKED_S));
    await Promise.all(questions.map(async (question) =>
      grid.add((await this.#query(grid, question)).series)));
    return grid;
  }

  #isDue() {
    if (range.isLive) return false;
    return this.#isWanted || (range.isFollowing && performance.now() - this.#doneAt >= 1e3 * stepOf(range.seconds) - AGAIN_MS / 2);
  }

  #changed() {
    this.#asked++; // what is on its way is of another window
    this.isBusy = false;
    this.problem = null;
    this.#isWanted = !range.isLive;
    if (range.isLive) this.#tell(null);
    else this.#again();
  }

  async #load() {
    const asked = ++this.#asked;
    this.isBusy = true;
    this.dispatchEvent(new Event("change"));
    try {
      const grid = await this.#read(stepOf(range.seconds));
      if (asked === this.#asked) this.#tell(grid);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.isBusy = false;
      this.problem = error.message;
      this.dispatchEvent(new Event("change"));
      throw error;
    }
  }

  /** Where those are more samples than one query reads, rows further apart come from what was summed up. */
  async #read(stepS) {
    const [from, to] = range.bounds;
    const grid = new Grid(from, to, stepS);
    try {
      await Promise.all([...this.#selects].flatMap((select) => ASKED.slice(0, stepS > 1 ? ASKED.length : 1)
        .map(async ([what, aggregate]) => grid.add((await this.#query(grid, { select, aggregate })).series, what))));
    } catch (error) {
      const coarser = stepOf(to - from, COARSER * stepS);
      if (error.status !== EXHAUSTED || coarser <= stepS) throw error;
      return this.#read(coarser);
    }
    return grid;
  }

  #query({ fromUs, toUs, stepS }, { select, aggregate, by }) {
    return this.#session.client.metrics.query({
      select, from_us: fromUs, to_us: toUs, step_us: stepS * 1e6, ...aggregate && { aggregate }, ...by && { by },
    });
  }

  #tell(grid) {
    this.#grid = grid;
    this.#isWanted = false;
    this.#doneAt = performance.now();
    this.isBusy = false;
    this.problem = null;
    this.dispatchEvent(new Event("change"));
  }
}
