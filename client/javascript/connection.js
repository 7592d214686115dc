// SPDX-License-Identifier: LGPL-2.1-or-later
import { Backoff } from "./backoff.js";
import { fromSignal, resultOf, unreachable } from "./error.js";

// A network that swallows packets tells nothing for minutes.
const OPEN_MS = 10_000;
// So long with no message and the server is asked whether it is there; it has as long to answer.
const QUIET_MS = 10_000;
// A connection that lived so long was a good one: the next wait begins anew.
const SETTLED_MS = 5_000;
const TRY_AGAIN_LATER = 1013;
const OPEN = 1;

/**
 * One WebSocket, made anew whenever it is lost until stop(). It knows calls by their id, and streams.
 *
 * States: idle → connecting → open → waiting → connecting …; denied when the server answers but lets nobody in,
 * until retry(); closed after stop().
 */
export class Connection {
  #makeSocket;
  #probe;
  #onState;
  #backoff;
  #socket = null;
  #state = "idle";
  #timer = null;
  #quiet = null;
  #openedAt = 0;
  #attempt = 0;
  #nextId = 1;
  #pending = new Map(); // id → {method, resolve, reject, onResult}
  #streams = new Set(); // those to be opened again after a loss
  #byId = new Map(); // the server's id of a stream → stream
  #waiters = new Set(); // of ready(): {resolve, reject}
  #background;

  /**
   * makeSocket() makes one; probe() resolves to the error for which nobody is let in, null where somebody is, and
   * rejects where nobody answers. background: in Node nothing but a call under way keeps the process alive.
   */
  constructor({ makeSocket, probe, onState, backoff, background = false }) {
    this.#background = background;
    this.#makeSocket = makeSocket;
    this.#probe = probe;
    this.#onState = onState;
    this.#backoff = new Backoff(backoff);
  }

  get state() {
    return this.#state;
  }

  get isOpen() {
    return this.#state === "open";
  }

  start() {
    if (this.#state === "idle") this.#open();
  }

  /** Resolves once it is open, at once or by the attempt that is due; rejects where that fails. */
  ready(signal, method) {
    if (this.isOpen) return Promise.resolve();
    if (this.#state === "closed") return Promise.reject(unreachable("the client was closed", method));
    if (signal?.aborted) return Promise.reject(fromSignal(signal, method));
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject: (error) => reject(unreachable(error.message, method, error)) };
      signal?.addEventListener("abort", () => this.#waiters.delete(waiter) && reject(fromSignal(signal, method)), { once: true });
      this.#waiters.add(waiter);
      if (this.#state === "idle" || this.#state === "waiting") this.#open();
    });
  }

  /** Tries at once instead of at the end of a wait, or after somebody was let in. */
  retry() {
    if (this.#state !== "waiting" && this.#state !== "denied") return;
    this.#backoff.reset();
    this.#open();
  }

  /** As whom the cookie says now: what is open belongs to who one was. */
  reconnect() {
    if (this.#state === "closed") return;
    const socket = this.#drop(unreachable("connecting anew"));
    this.#backoff.reset();
    this.#open();
    socket?.close(1000);
  }

  stop() {
    if (this.#state === "closed") return;
    const socket = this.#drop(unreachable("the client was closed"));
    this.#setState("closed", {});
    for (const stream of [...this.#streams]) stream.close();
    socket?.close(1000);
  }

  // --- calls

  /**
   * onResult is called in the same turn in which the answer came, before any message behind it; a promise's
   * callback would be too late for a stream whose first value follows at once.
   */
  request(method, params, { meta, signal, onResult } = {}) {
    if (!this.isOpen) return Promise.reject(unreachable("there is no connection", method));
    if (signal?.aborted) return Promise.reject(fromSignal(signal, method));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#settle(id)?.reject(fromSignal(signal, method));
        this.#send({ jsonrpc: "2.0", method: "rpc.cancel", params: { id } }); // its work need not go on
      };
      const done = () => signal?.removeEventListener("abort", abort);
      this.#pending.set(id, { method, resolve, reject, onResult, done });
      signal?.addEventListener("abort", abort);
      this.#stayAlive();
      this.#send({ jsonrpc: "2.0", id, method, params, meta });
    });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #settle(id) {
    const call = this.#pending.get(id);
    if (call === undefined) return null;
    this.#pending.delete(id);
    call.done();
    this.#stayAlive();
    return call;
  }

  // --- streams

  attach(stream) {
    this.#streams.add(stream);
    this.start();
    if (this.isOpen) stream.subscribe();
  }

  detach(stream) {
    this.#streams.delete(stream);
  }

  route(id, stream) {
    this.#byId.set(id, stream);
  }

  /** Values still on their way are nobody's from now on. */
  unroute(id) {
    if (this.#byId.delete(id) && this.isOpen)
      this.request("stream.cancel", { stream: id }).catch(() => {}); // it may have ended meanwhile
  }

  // --- messages

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch (error) {
      this.#lose(unreachable("the server sent no JSON", undefined, error), 0);
      return;
    }
    this.#watchQuiet();
    const { method, params, id } = Object(message);
    if (method === "stream.next") {
      this.#byId.get(params?.stream)?.receive(params);
    } else if (method === "stream.end") {
      const stream = this.#byId.get(params?.stream);
      this.#byId.delete(params?.stream);
      stream?.end(params);
    } else if (id !== undefined) {
      this.#answer(message);
    }
  }

  #answer(message) {
    const call = this.#settle(message.id);
    if (call === null) return; // its caller waits no more
    try {
      const result = resultOf(message, call.method);
      call.onResult?.(result);
      call.resolve(result);
    } catch (error) {
      call.reject(error);
    }
  }

  // --- life

  #setState(state, { error = null, retryInMs = null }) {
    this.#state = state;
    if (state === "open") this.#settleWaiters((waiter) => waiter.resolve());
    else if (state !== "connecting") this.#settleWaiters((waiter) => waiter.reject(error ?? unreachable("the client was closed")));
    this.#onState({ state, error, retryInMs });
  }

  #settleWaiters(settle) {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    waiters.forEach(settle);
  }

  #later(work, ms) {
    const timer = setTimeout(work, ms);
    if (this.#background && this.#waiters.size === 0) timer.unref?.();
    return timer;
  }

  /** npm's ws has its socket there. */
  #stayAlive() {
    if (!this.#background) return;
    const handle = this.#socket?._socket ?? this.#socket;
    if (this.#pending.size > 0) handle?.ref?.();
    else handle?.unref?.();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#attempt++;
    this.#setState("connecting", {});
    let socket;
    try {
      socket = this.#makeSocket();
    } catch (error) {
      this.#wait(unreachable("no WebSocket could be made", undefined, error), 0);
      return;
    }
    this.#socket = socket;
    this.#timer = this.#later(() => this.#lose(unreachable("the server does not answer"), 0), OPEN_MS);
    // what comes from a socket that was given up is not heard
    const mine = (handler) => (event) => socket === this.#socket && handler(event);
    socket.onopen = mine(() => this.#opened());
    socket.onmessage = mine(({ data }) => this.#receive(data));
    socket.onclose = mine(({ code, reason }) => this.#ended(code, reason));
    socket.onerror = () => {}; // a close follows, with all that can be known
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    this.#stayAlive();
    this.#setState("open", {});
    this.#watchQuiet();
    for (const stream of [...this.#streams]) stream.subscribe();
  }

  #ended(code, reason) {
    const leastMs = code === TRY_AGAIN_LATER ? 1000 : 0;
    const text = reason ? `${reason} (${code})` : `the connection was lost (${code})`;
    const wasOpen = this.isOpen;
    this.#drop(unreachable(text));
    // a browser does not say why an upgrade was refused, so the server is asked in another way
    if (wasOpen && code !== 1008) this.#wait(unreachable(text), leastMs);
    else this.#askWhy(unreachable(text), leastMs);
  }

  async #askWhy(error, leastMs) {
    this.#setState("connecting", { error });
    const attempt = ++this.#attempt;
    const denied = await this.#probe().catch(() => null);
    if (attempt !== this.#attempt || this.#state !== "connecting") return; // it went on by other ways
    if (denied !== null) this.#setState("denied", { error: denied });
    else this.#wait(error, leastMs);
  }

  #lose(error, leastMs) {
    const socket = this.#drop(error);
    this.#wait(error, leastMs);
    socket?.close();
  }

  #wait(error, leastMs) {
    if (performance.now() - this.#openedAt > SETTLED_MS && this.#openedAt > 0) this.#backoff.reset();
    this.#openedAt = 0;
    const retryInMs = this.#backoff.next(leastMs);
    this.#timer = this.#later(() => this.#open(), retryInMs);
    this.#setState("waiting", { error, retryInMs });
  }

  /** Forgets the socket and fails what was asked through it. */
  #drop(error) {
    const socket = this.#socket;
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    this.#socket = null;
    this.#byId.clear();
    for (const id of [...this.#pending.keys()]) {
      const call = this.#settle(id);
      call.reject(unreachable(error.message, call.method));
    }
    for (const stream of this.#streams) stream.lost();
    return socket;
  }

  /** Nothing tells a client that the other end is gone when no packet comes; so it asks. */
  #watchQuiet() {
    clearTimeout(this.#quiet);
    this.#quiet = this.#later(() => {
      if (this.#socket?.readyState !== OPEN) return;
      this.request("health.check", {}).catch(() => {}); // any answer will do
      this.#quiet = this.#later(() => this.#lose(unreachable("the server fell silent"), 0), QUIET_MS);
    }, QUIET_MS);
  }
}
