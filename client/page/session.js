// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one connection: feeds the store from streams, fills what a break left out, and says how things are.
 *
 * States: connecting; live; stale: frames stopped; empty: connected, and none came; denied: nobody is let in.
 */
import { Orfeas, OrfeasError } from "./client/orfeas.js";
import { WINDOW_S } from "./store.js";

const PERIOD_US = 1_000_000;
// Three frames missing: later than any that is merely late.
const STALE_MS = 3_500;
const EMPTY_MS = 5_000;
const LOOK_MS = 500;
// What was asked a moment ago need not be asked again since the connection is open now.
const JUST_MS = 1_000;
export const KEPT_OUT = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED"]);

export class Session extends EventTarget {
  #store;
  #frameAt = null; // by performance.now(); the browser's clock may be set
  #openAt = null;
  #hasValues = false; // frames come each second, also with nothing in them
  #wasLive = false;
  #denied = null;
  #routines = new Set();
  #begin; // resolves begun
  begun = new Promise((resolve) => { this.#begin = resolve; }); // the first question was answered, and what came is drawn
  roles = null; // of whoever looks, null: not known yet
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

  /** What the server says that its caller may do. */
  tellRoles(roles) {
    const isNew = roles.join() !== this.roles?.join();
    this.roles = roles;
    if (isNew) this.dispatchEvent(new Event("roles"));
  }

  /** Whether what writes can be asked for; until it is known it is tried. */
  get mayOperate() {
    return this.roles === null || this.roles.includes("operate");
  }

  /** Somebody logged in. */
  retry() {
    this.#denied = null;
    this.roles = null;
    this.client.reconnect();
    this.dispatchEvent(new Event("retry"));
    this.#look();
  }

  /**
   * What the selector names, the last minutes at once and then each second, into the store until the signal. Comes
   * back by itself. The past is asked for by HTTP, since a WebSocket takes two round trips before it can be asked.
   * first: a promise of that answer, which was asked for already, or of null.
   */
  feed(select, signal, first = null) {
    let wholeUs = 0; // up to here nothing is missing
    let lastUs = 0;
    let whole = false;
    const past = this.#ask(select, {}, first).then((newestUs) => {
      wholeUs = newestUs ?? 0;
    });
    const fill = async (untilUs) => {
      await past;
      const fromUs = Math.max(wholeUs + 1, untilUs - WINDOW_S * PERIOD_US);
      // none came between the two answers: there is nothing to ask for
      whole = fromUs >= untilUs || (await this.#ask(select, { from_us: fromUs, to_us: untilUs })) !== null;
      if (whole) wholeUs = lastUs;
    };
    const open = () => this.client.metrics.watch({ select, period_us: PERIOD_US }, { signal });
    return this.watch(open, ({ value, seq, dropped }) => {
      lastUs = value.t_us;
      // the first value tells the newest points, however old: what came since the last is asked for point by point
      if (seq > 1) this.#store.addFrame(value);
      if (seq === 1 || dropped > 0) {
        whole = false;
        fill(lastUs + 1);
      }
      if (whole) wholeUs = lastUs;
      this.#heard(seq > 1 && Object.keys(value.values).length > 0);
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

  /** Runs what asks for slow things now, every so often, and whenever the connection came back; → what runs it once more. */
  every(ms, ask) {
    let askedAt = -Infinity;
    let running = 0;
    const routine = async () => {
      askedAt = performance.now();
      running++;
      try {
        await ask();
      } catch (error) {
        askedAt = -Infinity;
        if (KEPT_OUT.has(error.status)) this.#deny(error);
        else if (!(error instanceof OrfeasError)) throw error;
      } finally {
        running--;
      }
    };
    this.#routines.add(() => performance.now() - askedAt > JUST_MS && routine());
    // a daemon that takes longer than that to answer is not asked the same again meanwhile
    setInterval(() => this.client.state.state === "open" && !document.hidden && running === 0 && routine(), ms);
    this.begun.then(routine); // a dozen answers would come between the first chart and its points
    return routine;
  }

  // --- its own

  /** Points into the store; resolves to when the newest is (0: there are none), null when it failed. */
  async #ask(select, span, first = null) {
    try {
      const { series } = (await first) ?? await this.client.metrics.query({ select, ...span });
      this.#store.addPoints(series);
      if (series.length > 0) this.#heard(true);
      return Math.max(0, ...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
    } catch (error) {
      if (KEPT_OUT.has(error.status)) this.#deny(error);
      else if (!error.local) console.warn(`what came meanwhile is not shown: ${error.message}`);
      return null;
    } finally {
      this.#begin();
    }
  }

  #heard(hasValues) {
    this.#denied = null;
    this.#frameAt = performance.now();
    this.#hasValues ||= hasValues;
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
      this.begun.then(() => this.#routines.forEach((routine) => routine()));
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
    else if (this.#hasValues && connection === "open" && ageMs < STALE_MS) name = "live";
    else if (this.#wasLive) name = "stale";
    else if (connection === "open" && now - this.#openAt > EMPTY_MS) name = "empty";
    this.#wasLive ||= name === "live";
    const changed = name !== this.state.name;
    this.state = { name, ageMs, retryInMs, error: this.#denied ?? error };
    if (changed || name !== "live") this.dispatchEvent(new Event("state"));
  }
}
