// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one connection: feeds the store from streams, fills what a break left out, and says how things are.
 *
 * States: connecting; live; stale: frames stopped; empty: connected, and none came; denied: nobody is let in.
 */
import { Orfeas } from "./client/orfeas.js";
import { WINDOW_S } from "./store.js";

const PERIOD_US = 1_000_000;
// Three frames missing: later than any that is merely late.
const STALE_MS = 3_500;
const EMPTY_MS = 5_000;
const LOOK_MS = 500;
const KEPT_OUT = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED"]);

export class Session extends EventTarget {
  #store;
  #frameAt = null; // by performance.now(); the browser's clock may be set
  #openAt = null;
  #hasValues = false; // frames come each second, also with nothing in them
  #denied = null;
  #routines = new Set();
  state = { name: "connecting", ageMs: null, retryInMs: null, error: null };

  constructor(store) {
    super();
    this.#store = store;
    this.client = new Orfeas({ backoff: { firstMs: 250, maxMs: 5_000 } });
    this.client.addEventListener("state", ({ detail }) => this.#connection(detail));
    setInterval(() => this.#look(), LOOK_MS);
    // what stood in the way may be gone
    addEventListener("online", () => this.client.state.state === "waiting" && this.client.retry());
    document.addEventListener("visibilitychange", () =>
      !document.hidden && this.client.state.state === "waiting" && this.client.retry());
  }

  /** Somebody logged in. */
  retry() {
    this.#denied = null;
    this.client.reconnect();
    this.dispatchEvent(new Event("retry"));
    this.#look();
  }

  /**
   * Frames of what the selector names, into the store until the signal. Comes back by itself.
   *
   * steady: what has a point each second, so that the past may come with the first frame, in steps of a second.
   * Of others the first frame tells the newest value, however old, so their past is asked for point by point.
   */
  feed(select, { steady = false, signal } = {}) {
    const params = { select, period_us: PERIOD_US, history_us: steady ? WINDOW_S * PERIOD_US : 0 };
    const resume = (before) => ({ ...before, history_us: 0 });
    let lastUs = 0;
    const open = () => {
      lastUs = 0;
      return this.client.metrics.watch(params, { signal, resume });
    };
    return this.watch(open, ({ value, seq, dropped, resumed }) => {
      const first = seq === 1 && !(steady && lastUs === 0);
      if (first || resumed || dropped > 0) this.#fill(select, lastUs + 1, value.t_us + 1);
      lastUs = value.t_us;
      this.#store.addFrame(first ? { ...value, values: {} } : value);
      this.#heard(value);
    }, signal);
  }

  /** heard(item) for each of the stream that open() gives; opened again after a while, or a login, if it fails. */
  async watch(open, heard, signal) {
    while (!signal?.aborted) {
      try {
        for await (const item of open()) heard(item);
        return;
      } catch (error) {
        await this.#refused(error);
      }
    }
  }

  /** Runs what asks for slow things now, every so often, and whenever the connection came back. */
  every(ms, ask) {
    const routine = async () => {
      try {
        await ask();
      } catch (error) {
        if (KEPT_OUT.has(error.status)) this.#deny(error);
        else if (!error.local && error.status === undefined) throw error; // ours, not the server's
      }
    };
    this.#routines.add(routine);
    setInterval(() => this.client.state.state === "open" && !document.hidden && routine(), ms);
    if (this.client.state.state === "open") routine();
  }

  // --- its own

  /** What came while nobody listened. Longer ago than the window nobody sees. */
  async #fill(select, fromUs, toUs) {
    const from = Math.max(fromUs, toUs - WINDOW_S * PERIOD_US);
    try {
      const { series } = await this.client.metrics.query({ select, from_us: from, to_us: toUs });
      this.#store.addPoints(series);
      this.dispatchEvent(new Event("frame"));
    } catch (error) {
      console.warn(`the gap stays open: ${error.message}`);
    }
  }

  #heard({ values }) {
    this.#denied = null;
    this.#frameAt = performance.now();
    this.#hasValues ||= Object.keys(values).length > 0;
    this.dispatchEvent(new Event("frame"));
    if (this.state.name !== "live") this.#look();
  }

  /** A stream that ended for good: what can be done is to log in, or to wait. */
  #refused(error) {
    if (KEPT_OUT.has(error.status)) this.#deny(error);
    else console.warn(`${error.method}: ${error.message}`);
    return new Promise((resolve) => {
      const again = () => {
        clearTimeout(timer);
        this.removeEventListener("retry", again);
        resolve();
      };
      const timer = setTimeout(again, 10_000);
      this.addEventListener("retry", again);
    });
  }

  #deny(error) {
    this.#denied = error;
    this.#look();
  }

  #connection({ state, error }) {
    if (state === "open") {
      this.#openAt = performance.now();
      for (const routine of this.#routines) routine();
    } else {
      this.#openAt = null;
    }
    if (state === "denied") this.#denied = error;
    this.#look();
  }

  #look() {
    const now = performance.now();
    const { state: connection, error, retryInMs } = this.client.state;
    const ageMs = this.#frameAt === null ? null : now - this.#frameAt;
    let name = "connecting";
    if (this.#denied !== null) name = "denied";
    else if (this.#hasValues) name = ageMs < STALE_MS && connection === "open" ? "live" : "stale";
    else if (connection === "open" && now - this.#openAt > EMPTY_MS) name = "empty";
    const changed = name !== this.state.name;
    this.state = { name, ageMs, retryInMs, error: this.#denied ?? error };
    if (changed || name !== "live") this.dispatchEvent(new Event("state"));
  }
}
