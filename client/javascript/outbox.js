// SPDX-License-Identifier: LGPL-2.1-or-later
import { runIn } from "./trace.js";

// Recorded in one call, and after this long at the latest.
const MAX_BATCH = 500;
const PERIOD_MS = 1000;
// Kept while the daemon is slow or away; further ones are dropped and counted.
const MAX_KEPT = 5000;
const CALL_MS = 5000;
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

  async flush() {
    while (this.#kept.size > 0 || this.#sending !== null) await this.#begin();
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
    for (let refused = 0; refused < MAX_REFUSED; refused++) {
      try {
        await this.#send(items, { deadlineMs: CALL_MS });
        return refused;
      } catch (error) {
        const wrong = this.#findRefused(error);
        if (wrong === null || items.length === 1) return refused + items.length;
        items.splice(wrong, 1);
      }
    }
    return MAX_REFUSED + items.length;
  }

  /** Of `spans[3].trace_id` 3. */
  #findRefused(error) {
    const found = /^(\w+)\[(\d+)\]/.exec(error.field ?? "");
    return found !== null && found[1] === this.#member ? Number(found[2]) : null;
  }
}
