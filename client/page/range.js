// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which time the page shows: the last 5 minutes as they come, a longer time up to now, or a window of the past. It is
 * in the address (?last=6h, ?from=…&to=…), so that a link opens the same, and Back goes back to what was before.
 */
import { instant } from "./format.js";
import { WINDOW_S } from "./store.js";

export const LASTS = new Map([
  ["15m", [900, "Last 15 minutes"]], ["1h", [3_600, "Last hour"]], ["6h", [21_600, "Last 6 hours"]],
  ["24h", [86_400, "Last 24 hours"]], ["7d", [604_800, "Last 7 days"]], ["30d", [2_592_000, "Last 30 days"]],
]);
const LEAST_S = 10; // of a window, or there would be a dot or two in it
const MOST_S = 366 * 86_400;
class Range extends EventTarget {
  #last = null; // key of LASTS
  #fixed = null; // [from, to] in seconds
  #store = null;

  constructor() {
    super();
    this.#read();
    addEventListener("popstate", () => this.#read() && this.#changed());
  }

  /** Whose newest second is now. */
  follow(store) {
    this.#store = store;
  }

  get isLive() {
    return this.#last === null && this.#fixed === null;
  }

  /** It ends now, and goes on. */
  get isFollowing() {
    return this.#fixed === null;
  }

  get last() {
    return this.#last;
  }

  get now() {
    return this.#store?.isEmpty ?? true ? Math.floor(Date.now() / 1e3) : this.#store.head;
  }

  /** [from, to] in seconds; what follows ends behind the newest second. */
  get bounds() {
    if (this.#fixed !== null) return this.#fixed;
    const to = this.now + 1;
    return [to - this.seconds, to];
  }

  get seconds() {
    if (this.#fixed !== null) return this.#fixed[1] - this.#fixed[0];
    return this.#last === null ? WINDOW_S : LASTS.get(this.#last)[0];
  }

  /** {from_us, to_us} of the window, or while live of so many seconds up to now. */
  span(liveS = WINDOW_S) {
    if (this.isLive) return { from_us: Math.max(0, (this.now - liveS) * 1e6) };
    const [from, to] = this.bounds;
    return { from_us: Math.max(0, from * 1e6), ...!this.isFollowing && { to_us: to * 1e6 } };
  }

  /** "last hour", or from when to when. */
  get words() {
    if (this.isLive) return "last 5 minutes";
    if (this.#fixed === null) return LASTS.get(this.#last)[1].toLowerCase();
    return `${instant(this.#fixed[0])} to ${instant(this.#fixed[1])}`;
  }

  /** Lists of what happened are, while live, of the last day: in 5 minutes there is seldom anything. */
  get listed() {
    return this.isLive ? "the last day" : this.isFollowing ? `the ${this.words}` : "this window";
  }

  // --- what is chosen

  live() {
    this.#choose(null, null);
  }

  choose(last) {
    this.#choose(last, null);
  }

  show(from, to) {
    this.#choose(null, fit(from, to));
  }

  /** A part of the window's length: -0.5 is half of it back. What would end in the future follows again. */
  shift(part) {
    const [from, to] = this.bounds;
    const by = Math.round(part * (to - from));
    if (to + by > this.now && by > 0) this.live();
    else this.show(from + by, to + by);
  }

  /** About a second of it: factor 2 is half as long. */
  zoom(factor, about = null) {
    const [from, to] = this.bounds;
    const at = about ?? (from + to) / 2;
    const end = Math.min(at + (to - at) / factor, this.now + 1);
    this.show(end - (to - from) / factor, end);
  }

  // --- the address

  /** Of the page as it shows now, for ever: what follows is told from when to when. */
  address(hash = "", more = {}) {
    const [from, to] = this.bounds;
    return addressOf({ from: iso(from), to: iso(to), ...more }, hash);
  }

  #choose(last, fixed) {
    this.#last = last;
    this.#fixed = fixed;
    const address = addressOf(fixed === null ? last === null ? {} : { last } : { from: iso(fixed[0]), to: iso(fixed[1]) });
    if (address !== location.pathname + location.search) history.pushState(null, "", address);
    this.#changed();
  }

  /** Whether something changed. */
  #read() {
    const before = `${this.#last} ${this.#fixed}`;
    const params = new URLSearchParams(location.search);
    const [from, to] = ["from", "to"].map((name) => Date.parse(params.get(name)) / 1e3);
    this.#fixed = Number.isFinite(from) && Number.isFinite(to) ? fit(from, to) : null;
    this.#last = this.#fixed === null && LASTS.has(params.get("last")) ? params.get("last") : null;
    return before !== `${this.#last} ${this.#fixed}`;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const iso = (second) => new Date(second * 1e3).toISOString().replace(".000Z", "Z");

/** What else is in the present address stays. */
function addressOf(params, hash = "") {
  const all = new URLSearchParams(location.search);
  for (const name of ["last", "from", "to"]) all.delete(name);
  for (const [name, value] of Object.entries(params)) all.set(name, value);
  const search = all.toString().replaceAll("%3A", ":");
  return `${location.pathname}${search === "" ? "" : "?"}${search}${hash}`;
}

/** Whole seconds, in order, no shorter and no longer than can be shown. */
function fit(a, b) {
  const [from, to] = [Math.floor(Math.min(a, b)), Math.ceil(Math.max(a, b))];
  const least = Math.max(from, to - MOST_S, 0);
  return [least, Math.max(to, least + LEAST_S)];
}

/** All charts and lists show the same one. */
export const range = new Range();
