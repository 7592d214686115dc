// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a cache holds in the program: values by keys, bounded, each under a version, the daemon's count of changes. A value
 * goes when a change of its key with a higher one is told. A reading under way is a ticket, which notes what is told
 * meanwhile: so an answer that was overtaken is not held.
 */

// An entry, and its place in the map, beside its letters.
const OVERHEAD_BYTES = 200;

/**
 * Whether a key may be meant, as cache.invalidate has it: * any letters, ? one byte, all else stands for itself. ? is taken
 * for any letters, too: what goes for nothing costs a call. No regular expression, since the pattern is somebody else's:
 * one with a few stars takes hours for a long key.
 */
export function makeMatcher(pattern) {
  const [first, ...others] = pattern.split(/[*?]+/);
  if (others.length === 0) return (key) => key === first;
  const last = others.pop();
  return (key) => {
    const end = key.length - last.length;
    let at = first.length;
    if (at > end || !key.startsWith(first) || !key.endsWith(last)) return false;
    for (const part of others) {
      const found = key.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

export class Shelf {
  #maxBytes;
  #maxEntries;
  #entries = new Map(); // key → {value, version, until, size, isVisited}
  #tickets = new Map(); // key → Set of {key, told}
  usedBytes = 0;
  dropped = 0;
  evictions = 0;

  constructor(maxBytes, maxEntries) {
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
  }

  get size() {
    return this.#entries.size;
  }

  find(key, now) {
    const entry = this.#entries.get(key);
    if (entry === undefined || !(now < entry.until)) return undefined;
    entry.isVisited = true;
    return entry;
  }

  begin(key) {
    const ticket = { key, told: 0 };
    if (!this.#tickets.has(key)) this.#tickets.set(key, new Set());
    this.#tickets.get(key).add(ticket);
    return ticket;
  }

  end(ticket) {
    const tickets = this.#tickets.get(ticket.key);
    tickets.delete(ticket);
    if (tickets.size === 0) this.#tickets.delete(ticket.key);
  }

  /** Of a ticket that has begun; nothing where something newer is known of the key, or where it is too large. */
  put(ticket, value, version, until) {
    const held = this.#entries.get(ticket.key);
    if (version < ticket.told || (held !== undefined && held.version > version)) return;
    if (held !== undefined) this.#takeOut(ticket.key);
    // a letter has two bytes at most in memory
    const size = OVERHEAD_BYTES + 2 * ticket.key.length + (typeof value === "string" ? 2 * value.length : value?.byteLength ?? 0);
    if (size > this.#maxBytes / 2) return; // it would cost too many others
    while (this.#entries.size > 0 && (this.#entries.size >= this.#maxEntries || this.usedBytes + size > this.#maxBytes)) this.#evict();
    this.#entries.set(ticket.key, { value, version, until, size, isVisited: false });
    this.usedBytes += size;
  }

  change(key, version) {
    for (const ticket of this.#tickets.get(key) ?? []) ticket.told = Math.max(ticket.told, version);
    const held = this.#entries.get(key);
    if (held === undefined || held.version >= version) return;
    this.dropped++;
    this.#takeOut(key);
  }

  changeMatching(pattern, version) {
    const isMeant = makeMatcher(pattern);
    for (const key of [...this.#tickets.keys(), ...this.#entries.keys()])
      if (isMeant(key)) this.change(key, version);
  }

  /** All that was read by now goes. */
  clear() {
    for (const tickets of this.#tickets.values()) for (const ticket of tickets) ticket.told = Infinity;
    this.dropped += this.#entries.size;
    this.#entries.clear();
    this.usedBytes = 0;
  }

  #takeOut(key) {
    this.usedBytes -= this.#entries.get(key).size;
    this.#entries.delete(key);
  }

  /** Whoever was not asked for since it was looked at last: the oldest first, those that were go behind. */
  #evict() {
    for (const [key, entry] of this.#entries) {
      if (!entry.isVisited) {
        this.evictions++;
        this.#takeOut(key);
        return;
      }
      entry.isVisited = false;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
  }
}
