// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The daemon's cache, with what was read or set lately held in the program (doc/cache.md says why this is enough):
 * - What is held began a ticket before it was asked for, and its version is neither below what was told of the key
 *   since nor below #floor, the version from which on the stream tells all.
 * - #freshUntil is counted from before the cache.sync whose version has been told.
 * - A write of ours is a change of its key as soon as it is answered, or is known not to be.
 */
import { Backoff, keepAlive } from "./backoff.js";
import { fromSignal, reading, unreachable } from "./error.js";
import { Shelf } from "./shelf.js";
import { runIn } from "./trace.js";

// The lease lasts two seconds: three of four may be late.
const SYNC_MS = 500;
// A daemon that takes longer to tell how far it is is not there for us; a busy machine may well take a second or two.
const CALL_MS = 5000;
const MAX_PAUSE_MS = 1000;
// Who waits for what another makes asks again so often: a daemon that was stopped is given up a call's time later, and
// not at the end of the whole wait.
const MAX_WAIT_MS = 1000;

function encode(value) {
  if (value === null || typeof value === "string") return { value };
  let text = "";
  for (let i = 0; i < value.length; i += 32768) text += String.fromCharCode(...value.subarray(i, i + 32768));
  return { value: btoa(text), encoding: "base64" };
}

function decode({ value, encoding }) {
  return encoding === "base64" ? Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0)) : value;
}

/** What get() answers on a miss: undefined, so that it is told from a value that is known to be null. */
export class Cache {
  #orfeas;
  #prefix;
  #timeoutMs;
  #shelf;
  #freshUntil = 0; // performance.now()
  #floor = Infinity;
  #told = 0;
  #isAway = false; // the daemon, as the watcher found it
  #stream = null;
  #owns;
  #closed = new AbortController();
  #heard = null; // who waits for the next change that is told
  #fresh = []; // who waits for it: functions
  #counts = { hits: 0, calls: 0, flushes: 0, connections: 0 };
  #making = new Map(); // key → promise of what a wrapped function makes

  constructor(orfeas, { maxBytes = 16 << 20, maxEntries = 65536, prefix = "", timeoutMs = 1000, ownsClient = false } = {}) {
    this.#orfeas = orfeas;
    this.#owns = ownsClient;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#shelf = new Shelf(maxBytes, maxEntries);
    runIn(undefined, () => this.#watchOn());
  }

  // --- values

  /** Text, bytes, null where it is known that there is none, or undefined: a miss. */
  async get(key, options = {}) {
    const held = this.#find(key);
    if (held !== undefined) return held.value;
    const { hit, value } = await this.#ask(key, {}, options);
    return hit ? value : undefined;
  }

  /** Where many would make the value at once: one of them, in all processes, gets a lease, and gives it to set(). */
  async getOrLease(key, { leaseMs = 10_000, waitMs = 1000, ...options } = {}) {
    const held = this.#find(key);
    if (held !== undefined) return { hit: true, value: held.value, stale: false, lease: null };
    const begunAt = performance.now();
    for (;;) {
      const askedAt = performance.now();
      const leftMs = Math.max(0, waitMs - (askedAt - begunAt));
      const stepMs = options.deadlineMs !== undefined ? leftMs : Math.min(leftMs, MAX_WAIT_MS);
      const found = await this.#ask(key, { lease_us: leaseMs * 1000, wait_us: Math.round(stepMs * 1000) }, options);
      // an answer before its time is one for which there is nothing to wait
      if (found.hit || found.lease !== null || stepMs >= leftMs || performance.now() - askedAt < stepMs) return found;
    }
  }

  /** Several, in the order asked: as get() answers each. What is held is not asked for. */
  async getMany(keys, options = {}) {
    const found = keys.map((key) => this.#find(key));
    const missing = keys.flatMap((key, i) => found[i] === undefined ? [key] : []);
    if (missing.length === 0) return found.map((entry) => entry.value);
    if (this.#isAway) throw unreachable("no daemon is there", "cache.mget");
    const tickets = missing.map((key) => this.#shelf.begin(key));
    const askedAt = performance.now();
    let entries = [];
    let values = [];
    try {
      this.#counts.calls++;
      const answer = await this.#call("cache.mget", { keys: missing, keep: true }, options);
      reading("cache.mget", () => {
        values = answer.entries.map((entry) => entry.hit ? decode(entry) : undefined);
        if (values.length !== missing.length) throw new Error(`${values.length} entries for ${missing.length} keys`);
        entries = answer.entries;
      });
    } finally {
      tickets.forEach((ticket, i) => this.#end(ticket, entries[i], askedAt));
    }
    let next = 0;
    return found.map((entry) => entry !== undefined ? entry.value : values[next++]);
  }

  /** Text, bytes (Uint8Array) or null; false where a lease was given that holds no more: nothing is stored then. */
  async set(key, value, { ttlMs, staleMs, costMs, tags, lease, ...options } = {}) {
    const params = { key, ...encode(value), keep: true };
    if (ttlMs !== undefined) params.ttl_ms = Math.max(1, Math.round(ttlMs));
    if (staleMs !== undefined) params.stale_us = Math.round(staleMs * 1000);
    if (costMs !== undefined) params.cost_us = Math.round(costMs * 1000);
    if (tags?.length > 0) params.tags = tags;
    if (lease) params.lease = lease;
    return (await this.#write(key, "cache.set", params, options, value)).stored > 0;
  }

  /** Whether there was one. */
  async delete(key, options = {}) {
    return (await this.#write(key, "cache.delete", { key }, options, undefined)).removed > 0;
  }

  /** Drops all that match a pattern (`*`, `?`), have a tag, or both; how many there were. */
  async invalidate({ pattern, tag, ...options }) {
    try {
      return (await this.#call("cache.invalidate", { pattern, tag }, options)).removed;
    } finally {
      this.#flush(); // which keys had the tag is not known here
    }
  }

  #find(key) {
    const now = performance.now();
    const entry = now < this.#freshUntil ? this.#shelf.find(key, now) : undefined;
    if (entry !== undefined) this.#counts.hits++;
    return entry;
  }

  #call(method, params, { signal, deadlineMs = this.#timeoutMs } = {}) {
    return this.#orfeas.call(method, params, { signal, deadlineMs, retries: 0 });
  }

  async #ask(key, params, options) {
    if (this.#isAway) throw unreachable("no daemon is there", "cache.get");
    const deadlineMs = options.deadlineMs ?? this.#timeoutMs + (params.wait_us ?? 0) / 1000;
    const ticket = this.#shelf.begin(key);
    const askedAt = performance.now();
    let answer;
    try {
      this.#counts.calls++;
      const told = await this.#call("cache.get", { key, keep: true, ...params }, { ...options, deadlineMs });
      const found = reading("cache.get", () => ({ hit: told.hit, value: decode(told), stale: told.stale ?? false, lease: told.lease ?? null }));
      answer = told;
      return found;
    } finally {
      this.#end(ticket, answer, askedAt);
    }
  }

  /** value: what is held then; undefined: nothing. */
  async #write(key, method, params, options, value) {
    const ticket = this.#shelf.begin(key);
    const askedAt = performance.now();
    let answer;
    try {
      answer = Object(await this.#call(method, params, options));
      return answer;
    } finally {
      this.#shelf.change(key, answer?.version ?? Infinity);
      this.#end(ticket, value === undefined ? undefined : answer, askedAt, value);
    }
  }

  /** answer: one that decode() has read. askedAt: before the call, so that a lifetime told in its answer ends no later than it should. */
  #end(ticket, answer, askedAt, value = undefined) {
    const version = answer?.version ?? -1;
    if (version >= this.#floor && ticket.key.startsWith(this.#prefix))
      this.#shelf.put(ticket, value === undefined ? decode(answer) : value, version, askedAt + answer.keep_us / 1000);
    this.#shelf.end(ticket);
  }

  // --- functions

  /**
   * A function whose results are kept by its arguments (JSON). Of all processes that miss one calls it, the others wait
   * for what it returns; one that throws keeps nothing. A daemon that is away costs the cache, never the call.
   */
  cached(work, { key = nameOf(work), ttlMs, staleMs, nullTtlMs, tags, leaseMs = 10_000, waitMs = leaseMs, signal } = {}) {
    const keyOf = typeof key === "function" ? key : (...args) => key + JSON.stringify(args);
    const options = { ttlMs, staleMs, nullTtlMs, tags, leaseMs, waitMs, signal };
    const wrapped = async (...args) => {
      const name = keyOf(...args);
      const held = this.#find(name);
      const kept = held !== undefined ? held.value : await this.#share(name, () => work(...args), options);
      try {
        return load(kept);
      } catch {
        this.delete(name).catch(() => {}); // another's value, or of another release
        return load(store(await work(...args)));
      }
    };
    wrapped.keyOf = keyOf;
    wrapped.forget = (...args) => this.delete(keyOf(...args));
    return wrapped;
  }

  /** Who asks for the same here meanwhile waits with it. */
  #share(name, work, options) {
    if (!this.#making.has(name))
      this.#making.set(name, this.#recall(name, work, options).finally(() => this.#making.delete(name)));
    return this.#making.get(name);
  }

  /** As it is kept: text, or null. */
  async #recall(key, work, options) {
    let found;
    try {
      found = await this.getOrLease(key, options);
    } catch {
      return store(await work());
    }
    if (!found.hit) return this.#make(key, found.lease, work, options);
    if (found.lease !== null) this.#make(key, found.lease, work, options).catch(() => {}); // the old one is served meanwhile
    return found.value;
  }

  async #make(key, lease, work, { ttlMs, nullTtlMs, staleMs, tags }) {
    const begunAt = performance.now();
    let value;
    try {
      value = store(await work());
    } catch (error) {
      if (lease !== null) await this.delete(key).catch(() => {}); // whoever waits need not wait for the lease's end
      throw error;
    }
    const costMs = performance.now() - begunAt;
    if (lease !== null)
      await this.set(key, value, { ttlMs: value === null ? nullTtlMs : ttlMs, staleMs, tags, costMs, lease }).catch(() => {});
    return value;
  }

  // --- state

  stats() {
    return { fresh: performance.now() < this.#freshUntil, ...this.#counts, dropped: this.#shelf.dropped, evictions: this.#shelf.evictions,
             entries: this.#shelf.size, usedBytes: this.#shelf.usedBytes };
  }

  /** Resolves once what is held is served. */
  untilFresh() {
    if (performance.now() < this.#freshUntil) return Promise.resolve();
    return keepAlive(new Promise((resolve) => this.#fresh.push(resolve)));
  }

  /** Holds nothing any more. */
  close() {
    this.#closed.abort();
    this.#lose();
    if (this.#owns) this.#orfeas.close();
  }

  // --- changes

  #flush() {
    this.#counts.flushes++;
    this.#shelf.clear();
  }

  #lose() {
    this.#freshUntil = 0;
    if (this.#floor === Infinity) return;
    this.#floor = Infinity;
    this.#flush();
  }

  async #watchOn() {
    const backoff = new Backoff({ firstMs: 100, maxMs: MAX_PAUSE_MS });
    while (!this.#closed.signal.aborted) {
      try {
        await this.#watch(backoff);
      } catch (error) {
        this.#isAway = error.status === "UNAVAILABLE" || error.status === "DEADLINE_EXCEEDED";
      }
      this.#lose();
      await this.#pause(backoff.next());
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#closed.signal.removeEventListener("abort", end); // two a second would stay until it is closed
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref?.();
      this.#closed.signal.addEventListener("abort", end);
    });
  }

  /** Until the connection is lost: a stream comes back by itself on another, but what was told meanwhile is not known. */
  async #watch(backoff) {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#closed.signal]);
    this.#stream = this.#orfeas.watch("cache.watch", { prefix: this.#prefix }, { signal });
    try {
      const first = await this.#next(CALL_MS);
      this.#told = this.#floor = first.value.version;
      this.#isAway = false;
      this.#counts.connections++;
      await Promise.race([this.#read(), this.#renew(signal, backoff), this.#loss(signal)]);
    } finally {
      ended.abort();
    }
  }

  /** Rejects when the connection goes, whether or not another is there soon. */
  #loss(signal) {
    return new Promise((_, reject) => {
      this.#orfeas.addEventListener("state", ({ detail }) => {
        if (detail.state !== "open") reject(unreachable("the connection was lost", "cache.watch"));
      }, { signal });
    });
  }

  async #next(ms) {
    const late = AbortSignal.timeout(ms);
    const { value, done } = await Promise.race([
      this.#stream.next(),
      new Promise((_, reject) => late.addEventListener("abort", () => reject(fromSignal(late, "cache.watch")), { once: true })),
    ]);
    if (done) throw unreachable("the stream of changes ended", "cache.watch");
    return value;
  }

  async #read() {
    for await (const { value, dropped, resumed } of this.#stream) {
      if (resumed) throw unreachable("the connection was lost meanwhile", "cache.watch");
      if (dropped > 0) this.#flush();
      value.keys.forEach((key, i) => this.#shelf.change(key, value.versions[i]));
      for (const pattern of value.patterns) this.#shelf.changeMatching(pattern, value.version);
      this.#told = value.version;
      this.#heard?.();
    }
    throw unreachable("the stream of changes ended", "cache.watch");
  }

  async #renew(signal, backoff) {
    while (!signal.aborted) {
      const askedAt = performance.now();
      const { version, lease_us } = await this.#orfeas.call("cache.sync", {}, { signal, deadlineMs: CALL_MS, retries: 0, over: "websocket" });
      // what it counted has to be told, so one that is not is a fault
      while (this.#told < version) {
        if (performance.now() - askedAt > CALL_MS) throw unreachable("changes are not told", "cache.watch");
        await new Promise((resolve) => {
          this.#heard = resolve;
          setTimeout(resolve, SYNC_MS).unref?.();
        });
      }
      this.#freshUntil = askedAt + lease_us / 1000;
      for (const resolve of this.#fresh.splice(0)) resolve();
      backoff.reset();
      await this.#pause(Math.max(0, askedAt + SYNC_MS - performance.now()));
    }
  }
}

/** Two functions without a name would have each other's values. */
function nameOf(work) {
  if (work.name === "") throw new TypeError("a function without a name is cached by a key: { key: \"embedding:\" }");
  return `${work.name}:`;
}

function store(result) {
  return result === undefined || result === null ? null : JSON.stringify(result);
}

function load(text) {
  return text === null ? null : JSON.parse(text);
}
