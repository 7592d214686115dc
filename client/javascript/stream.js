// SPDX-License-Identifier: LGPL-2.1-or-later
import { Backoff } from "./backoff.js";
import { OrfeasError } from "./error.js";

// Values that wait for a consumer; beyond it the oldest go and are counted, as the server does.
const QUEUE = 64;
// What may pass by itself; anything else would fail again. A daemon that stops cancels its streams, then closes.
const PASSING = new Set(["ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"]);

function passes(error) {
  return PASSING.has(error.status) || (error.status === "UNAVAILABLE" && error.retryAfterMs !== null);
}

/**
 * The values of one `*.watch` method, as an async iterator of {value, seq, dropped, resumed}. A lost connection
 * does not end it: it is opened again on the next one, with what `resume(params)` makes of its parameters, and the
 * first value then says `resumed`. It ends by close() or a `break`, and throws what the server refuses for good.
 */
export class Stream {
  #connection;
  #method;
  #params;
  #resume;
  #queue = [];
  #waiting = null; // {resolve, reject} of the one next() that waits
  #dropped = 0;
  #id = null;
  #live = false; // asked for on the present connection
  #hadValues = false;
  #resumed = false;
  #ended = false;
  #failure = null;
  #timer = null;
  #backoff;
  #signal;
  #abort = () => this.close();

  constructor(connection, method, params, { resume, signal, backoff } = {}) {
    this.#connection = connection;
    this.#method = method;
    this.#params = params;
    this.#resume = resume;
    this.#backoff = new Backoff(backoff);
    this.#signal = signal;
    if (signal?.aborted) {
      this.#ended = true;
      return;
    }
    signal?.addEventListener("abort", this.#abort, { once: true });
    connection.attach(this);
  }

  // --- for who reads it

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    if (this.#queue.length > 0) return Promise.resolve({ value: this.#take(), done: false });
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null; // once; after it the iterator is merely done
      return Promise.reject(failure);
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    if (this.#waiting !== null) return Promise.reject(new Error("one next() at a time"));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return() {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  close() {
    if (this.#ended) return;
    this.#finish(null);
    this.#queue.length = 0;
  }

  // --- for the connection

  subscribe() {
    if (this.#live || this.#ended) return;
    const again = this.#hadValues;
    const params = again && this.#resume ? this.#resume(this.#params) : this.#params;
    this.#live = true;
    this.#resumed = again;
    this.#connection
      .request(this.#method, params, { onResult: (result) => this.#opened(Object(result).stream) })
      .catch((error) => this.#refused(error));
  }

  receive({ value, seq, dropped = 0 }) {
    this.#backoff.reset();
    this.#hadValues = true;
    this.#queue.push({ value, seq, dropped, resumed: this.#resumed });
    this.#resumed = false;
    if (this.#waiting !== null) {
      const { resolve } = this.#waiting;
      this.#waiting = null;
      resolve({ value: this.#take(), done: false });
    } else if (this.#queue.length > QUEUE) {
      this.#forgetOldest();
    }
  }

  /** The server ended it: for a while, as far as its status lets us hope. */
  end({ status }) {
    this.#id = null;
    this.#refused(new OrfeasError(status, `the server ended the stream: ${status}`, { method: this.#method }));
  }

  lost() {
    clearTimeout(this.#timer);
    this.#id = null;
    this.#live = false;
  }

  // --- its own

  #opened(id) {
    if (typeof id !== "string") throw new OrfeasError("INTERNAL", "the answer opens no stream", { method: this.#method });
    if (this.#ended) {
      this.#connection.route(id, this);
      this.#connection.unroute(id);
      return;
    }
    this.#id = id;
    this.#connection.route(id, this);
  }

  #refused(error) {
    if (this.#ended || error.local) return; // lost with its connection: lost() and subscribe() see to it
    if (!passes(error)) {
      this.#finish(error.status === "OK" ? null : error);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#live = false;
      if (this.#connection.isOpen) this.subscribe();
    }, this.#backoff.next(error.retryAfterMs ?? 0));
  }

  #take() {
    const item = this.#queue.shift();
    item.dropped += this.#dropped;
    this.#dropped = 0;
    return item;
  }

  #forgetOldest() {
    const { dropped, resumed } = this.#queue.shift();
    this.#dropped += dropped + 1;
    this.#queue[0].resumed ||= resumed;
  }

  #finish(failure) {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#connection.detach(this);
    if (this.#id !== null) this.#connection.unroute(this.#id);
    this.#id = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#failure = failure;
    else if (failure !== null) waiting.reject(failure);
    else waiting.resolve({ value: undefined, done: true });
  }
}
