// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * Growing waits. Half of each is chance, so that a thousand pages that lost one server do not come back in step.
 */
export class Backoff {
  #firstMs;
  #maxMs;
  #random;
  #step = 0;

  constructor({ firstMs = 250, maxMs = 10_000, random = Math.random } = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  next(leastMs = 0) {
    const span = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#step++, 30));
    return Math.max(leastMs, span / 2 + (this.#random() * span) / 2);
  }

  reset() {
    this.#step = 0;
  }
}

/** While it waits nothing else need keep a process of Node's alive. */
export function keepAlive(promise) {
  const timer = setInterval(() => {}, 0x7fffffff);
  return promise.finally(() => clearInterval(timer));
}
