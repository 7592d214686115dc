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
import { OrfeasError, fromHttp, fromSignal, resultOf, unreachable } from "./error.js";
import { Backoff } from "./backoff.js";
import { bindMethods, errorCodes, manners } from "./methods.js";
import { Stream } from "./stream.js";
import { findTrace } from "./trace.js";

export { OrfeasError, Stream, errorCodes };

// The server ends a call itself at its deadline and says more; only a server that is gone is not waited for.
const GRACE_MS = 1000;
// The server takes no longer deadline, and timers of JavaScript end at 25 days.
const LONGEST_MS = 86_400_000;
// In a page whoever looks at it sees that the server is away, and tries again.
const RETRIES = globalThis.document === undefined ? 3 : 0;
const RETRY_BACKOFF = { firstMs: 100, maxMs: 5000 };
// No answer of ours comes near it; a bound keeps a confused server from filling the memory.
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const KEPT_OUT = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED"]);

/** As its text(), which has no bound; what fetch() gives elsewhere may have no stream. */
async function readText(response, maxBytes, method) {
  if (typeof response.body?.getReader !== "function") return response.text();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "", length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > maxBytes) {
      reader.cancel().catch(() => {});
      throw new OrfeasError("INTERNAL", `an answer of more than ${maxBytes} bytes`, { method, local: true });
    }
    text += decoder.decode(value, { stream: true });
  }
}

export class Orfeas extends EventTarget {
  #url;
  #token;
  #fetch;
  #deadlineMs;
  #maxAnswerBytes;
  #traceparent;
  #retries;
  #socketOnly;
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
    this.#maxAnswerBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
    this.#traceparent = options.traceparent;
    this.#retries = options.retries ?? RETRIES;
    this.#socketOnly = options.socketOnly ?? false;
    this.#backoff = options.backoff;
    this.#connection = new Connection({
      makeSocket: () => this.#makeSocket(options.WebSocket ?? globalThis.WebSocket),
      probe: () => this.#probe(),
      onState: (change) => this.#changed(change),
      backoff: options.backoff,
      background: options.background,
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

  /** By a Unix socket, where the daemon sees who calls. */
  get socketOnly() {
    return this.#socketOnly;
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

  async call(method, params = {}, options = {}) {
    const deadlineMs = Math.min(Math.ceil(options.deadlineMs ?? this.#deadlineMs), LONGEST_MS); // Node's timers take whole ones alone
    const endsAt = performance.now() + deadlineMs;
    const late = AbortSignal.timeout(deadlineMs + GRACE_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
    const retries = options.retries ?? this.#retries;
    const manner = manners[method];
    const meta = {};
    if (options.idempotencyKey !== undefined) meta.idempotency_key = options.idempotencyKey;
    else if (manner === "write" && retries > 0) meta.idempotency_key = crypto.randomUUID();
    const trace = findTrace(options, this.#traceparent);
    if (trace) meta.traceparent = trace.traceparent;
    if (trace?.tracestate) meta.tracestate = trace.tracestate;
    // what may have been done is only asked for again where that does nothing twice
    const repeats = manner === "read" || meta.idempotency_key !== undefined ? retries : 0;
    const backoff = new Backoff(RETRY_BACKOFF);
    for (let attempt = 0; ; attempt++) {
      meta.deadline_ms = Math.min(Math.max(1, Math.ceil(endsAt - performance.now())), LONGEST_MS);
      try {
        return await this.#attempt(method, params, { meta, signal, over: options.over });
      } catch (error) {
        if (!error.local || error.status !== "UNAVAILABLE" || attempt >= repeats || this.#last.state === "closed") throw error;
        const pauseMs = backoff.next();
        if (performance.now() + pauseMs >= endsAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
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

  async #attempt(method, params, { meta, signal, over }) {
    if (this.#socketOnly) await this.#connection.ready(signal, method);
    const isBySocket = this.#socketOnly || (over ?? (this.#connection.isOpen ? "websocket" : "http")) === "websocket";
    return isBySocket ? this.#connection.request(method, params, { meta, signal }) : this.#post(method, params, { meta, signal });
  }

  async #post(method, params, { meta, signal }) {
    const headers = { "Content-Type": "application/json" };
    if (this.#token !== null) headers.Authorization = `Bearer ${this.#token}`;
    const body = JSON.stringify({ jsonrpc: "2.0", id: this.#nextId++, method, params, meta });
    let response, text;
    try {
      response = await this.#fetch(new URL("/rpc", this.#url), { method: "POST", headers, body, signal, redirect: "error" });
      text = await readText(response, this.#maxAnswerBytes, method);
    } catch (cause) {
      if (cause instanceof OrfeasError) throw cause;
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
    return resultOf(answer, method);
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
    if (this.#socketOnly) return null;
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
