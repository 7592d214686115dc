// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Client of orfeasd for browsers and Node, with no dependencies. Methods by their service:
 *
 *   const orfeas = new Orfeas({ url: "http://127.0.0.1:5000" });
 *   const { devices } = await orfeas.gpu.list();
 *   for await (const { value, dropped } of orfeas.metrics.watch({ select: "gpu.memory.used_bytes" })) …
 *
 * A call goes by POST /rpc until something was watched or connect() was called, from then on by the WebSocket
 * while that is open. Names and units are those of the schema.
 */
import { Connection } from "./connection.js";
import { OrfeasError, fromHttp, fromSignal, fromWire, unreachable } from "./error.js";
import { bindMethods, errorCodes } from "./methods.js";
import { Stream } from "./stream.js";
import { findTrace } from "./trace.js";

export { OrfeasError, Stream, errorCodes };

// The server ends a call itself at its deadline and says more; only a server that is gone is not waited for.
const GRACE_MS = 1000;
const KEPT_OUT = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED"]);

export class Orfeas extends EventTarget {
  #url;
  #token;
  #fetch;
  #deadlineMs;
  #traceparent;
  #backoff;
  #connection;
  #last = { state: "idle", error: null, retryInMs: null };
  #nextId = 1;

  constructor(options = {}) {
    super();
    this.#url = new URL(options.url ?? globalThis.location?.origin ?? "http://127.0.0.1:5000");
    this.#token = options.token ?? null;
    this.#fetch = options.fetch ?? ((...args) => globalThis.fetch(...args));
    this.#deadlineMs = options.deadlineMs ?? 30_000;
    this.#traceparent = options.traceparent;
    this.#backoff = options.backoff;
    this.#connection = new Connection({
      makeSocket: () => this.#makeSocket(options.WebSocket ?? globalThis.WebSocket),
      probe: () => this.#probe(),
      onState: (change) => this.#changed(change),
      backoff: options.backoff,
    });
    Object.assign(this, bindMethods({
      call: (method, params, callOptions) => this.call(method, params, callOptions),
      watch: (method, params, watchOptions) => this.watch(method, params, watchOptions),
    }));
  }

  /** Of the WebSocket: {state, error, retryInMs}; each change is also an event "state". */
  get state() {
    return this.#last;
  }

  connect() {
    this.#connection.start();
  }

  /** At once, instead of at the end of a wait. */
  retry() {
    this.#connection.retry();
  }

  /** After a login: the connection there is belongs to who one was before. */
  reconnect() {
    this.#connection.reconnect();
  }

  /** For good: streams end, calls in flight fail. */
  close() {
    this.#connection.stop();
  }

  call(method, params = {}, options = {}) {
    const deadlineMs = options.deadlineMs ?? this.#deadlineMs;
    const late = AbortSignal.timeout(deadlineMs + GRACE_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
    const meta = { deadline_ms: deadlineMs };
    if (options.idempotencyKey !== undefined) meta.idempotency_key = options.idempotencyKey;
    const trace = findTrace(options, this.#traceparent);
    if (trace) meta.traceparent = trace.traceparent;
    if (trace?.tracestate) meta.tracestate = trace.tracestate;
    const over = options.over ?? (this.#connection.isOpen ? "websocket" : "http");
    return over === "websocket"
      ? this.#connection.request(method, params, { meta, signal })
      : this.#post(method, params, { meta, signal });
  }

  /** The same methods, in the trace of a caller. */
  inTrace(traceparent, tracestate) {
    const trace = { traceparent, tracestate };
    return bindMethods({
      call: (method, params, options) => this.call(method, params, { ...trace, ...options }),
      watch: (method, params, options) => this.watch(method, params, options),
    });
  }

  watch(method, params = {}, options = {}) {
    return new Stream(this.#connection, method, params, { backoff: this.#backoff, ...options });
  }

  async #post(method, params, { meta, signal }) {
    const headers = { "Content-Type": "application/json" };
    if (this.#token !== null) headers.Authorization = `Bearer ${this.#token}`;
    const body = JSON.stringify({ jsonrpc: "2.0", id: this.#nextId++, method, params, meta });
    let response, text;
    try {
      response = await this.#fetch(new URL("/rpc", this.#url), { method: "POST", headers, body, signal });
      text = await response.text();
    } catch (cause) {
      throw signal.aborted ? fromSignal(signal, method) : unreachable("the server is out of reach", method, cause);
    }
    if (!response.ok) throw fromHttp(response.status, text, method);
    return this.#unwrap(text, method);
  }

  #unwrap(text, method) {
    let answer;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw new OrfeasError("UNKNOWN", "the server's answer is no JSON", { method, cause });
    }
    if (answer.error !== undefined) throw fromWire(answer.error, method);
    return answer.result;
  }

  #makeSocket(WebSocket) {
    const url = new URL("/rpc", this.#url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    // browsers send the session's cookie, and know no third parameter; npm's ws takes headers by it
    return this.#token === null
      ? new WebSocket(url)
      : new WebSocket(url, [], { headers: { Authorization: `Bearer ${this.#token}` } });
  }

  async #probe() {
    try {
      await this.call("health.check", {}, { over: "http", deadlineMs: 5000 });
      return null;
    } catch (error) {
      if (KEPT_OUT.has(error.status)) return error;
      throw error;
    }
  }

  #changed(change) {
    this.#last = change;
    this.dispatchEvent(new CustomEvent("state", { detail: change }));
  }
}
