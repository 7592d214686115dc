// SPDX-License-Identifier: LGPL-2.1-or-later
import { runIn } from "./trace.js";

// Recorded in one call, and after this long at the latest.
const MAX_BATCH = 500;
const PERIOD_MS = 1000;
// Kept while the daemon is slow or away; further ones are dropped and counted.
const MAX_KEPT = 5000;
const CALL_MS = 5000;
// A daemon that has no room now says when to come again: what was not taken waits so long, within these bounds.
const LEAST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
// So long a process that has nothing else to do waits for room.
const LINGER_MS = 30_000;
// One that the daemon refuses is left out and the others are sent again; where so many are wrong all will be.
const MAX_REFUSED = 8;

/**
 * Items on their way to one method, by a key: of two with the same only the later is sent. `send(items, options)` makes
 * the call, whose list of them is called `member`.
 */
export class Outbox {
  #send;
  #member;
  #kept = new Map();
  #timer = null;
  #sending = null; // the promise of what is under way
  #flushes = 0; // under way
  #hurry = null; // ends a pause
  #fullSince = null; // performance.now() when there was no room first

  constructor(send, member) {
    this.#send = send;
    this.#member = member;
    this.dropped = 0;
  }

  put(key, item) {
    if (this.#kept.size >= MAX_KEPT && !this.#kept.has(key)) {
      this.dropped++;
      return;
    }
    this.#kept.set(key, item);
    if (this.#kept.size === MAX_BATCH) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), PERIOD_MS);
  }

  /** Resolves once all is recorded or dropped, as is what there is no room for meanwhile. */
  async flush() {
    this.#flushes++;
    this.#hurry?.();
    try {
      while (this.#kept.size > 0 || this.#sending !== null) await this.#begin();
    } finally {
      this.#flushes--;
    }
  }

  #begin() {
    clearTimeout(this.#timer);
    this.#timer = null;
    // it is of no request, whoever's came first
    this.#sending ??= runIn(undefined, () => this.#sendAll()).finally(() => { this.#sending = null; });
    return this.#sending;
  }

  async #sendAll() {
    while (this.#kept.size > 0) {
      const keys = [...this.#kept.keys()].slice(0, MAX_BATCH);
      const items = keys.map((key) => this.#kept.get(key));
      for (const key of keys) this.#kept.delete(key);
      this.dropped += await this.#deliver(items);
    }
  }

  /** How many are lost. */
  async #deliver(items) {
    let refused = 0;
    while (refused < MAX_REFUSED) {
      try {
        await this.#send(items, { deadlineMs: CALL_MS });
        this.#fullSince = null;
        return refused;
      } catch (error) {
        const wrong = this.#findRefused(error);
        if (wrong === null && typeof error.retryAfterMs === "number" && this.#flushes === 0) {
          await this.#pause(error.retryAfterMs);
          continue;
        }
        if (wrong === null || items.length === 1) return refused + items.length;
        items.splice(wrong, 1);
        refused++;
      }
    }
    return MAX_REFUSED + items.length;
  }

  #pause(ms) {
    this.#fullSince ??= performance.now();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(Math.max(ms, LEAST_PAUSE_MS), MAX_PAUSE_MS));
      if (performance.now() - this.#fullSince > LINGER_MS) timer.unref?.();
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Of `spans[3].trace_id` 3. */
  #findRefused(error) {
    const found = /^(\w+)\[(\d+)\]/.exec(error.field ?? "");
    return found !== null && found[1] === this.#member ? Number(found[2]) : null;
  }
}
