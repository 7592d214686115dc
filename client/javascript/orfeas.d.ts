// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Services, Status } from "./methods.js";

export * from "./methods.js";

export interface BackoffOptions {
  /** Longest first wait; each further one up to twice as long. 250. */
  firstMs?: number;
  /** Longest wait of all. 10000. */
  maxMs?: number;
  /** From 0 to 1; half of each wait is chance. Math.random. */
  random?: () => number;
}

export interface Options {
  /** Of the daemon. The page's own origin in a browser, else http://127.0.0.1:5000. */
  url?: string | URL;
  /** Sent as `Authorization: Bearer`; by WebSocket only where the constructor takes headers, as npm's ws does. */
  token?: string;
  /** Node 20 has none of its own: give npm's ws. Called with (url) or (url, [], {headers}). */
  WebSocket?: new (url: URL, protocols?: string[], options?: any) => any;
  fetch?: typeof fetch;
  /** Patience of a call that names none. 30000. */
  deadlineMs?: number;
  /** A larger answer by HTTP is no answer. 256 MiB. */
  maxAnswerBytes?: number;
  /** How often a call is sent again after a lost connection: a read as it is, a write with an idempotency key. 3; in a page 0. */
  retries?: number;
  /** Of a WebSocket that is no HTTP server's, as unix.js makes: all calls go by it. */
  socketOnly?: boolean;
  /** In Node: nothing but a call under way keeps the process alive, no stream. */
  background?: boolean;
  /**
   * Of a call that names none: the W3C trace context it is sent with. Left out: that of OpenTelemetry's current span,
   * where `@opentelemetry/api` is in use.
   */
  traceparent?: () => string | undefined;
  backoff?: BackoffOptions;
}

export interface CallOptions {
  /** The server stops the work then. A day at most. */
  deadlineMs?: number;
  /** A write repeated with the same key is done once. */
  idempotencyKey?: string;
  /** Instead of the client's. */
  retries?: number;
  /** W3C trace context of the caller. */
  traceparent?: string;
  /** Beside it. */
  tracestate?: string;
  /** The call fails with CANCELLED when it is raised. */
  signal?: AbortSignal;
  /** Left out: by WebSocket while it is open, else by HTTP. */
  over?: "http" | "websocket";
}

export interface WatchOptions<P = object> {
  /** What to ask for after a lost connection; left out: the same again. */
  resume?: (params: P) => P;
  /** Closes the stream when it is raised. */
  signal?: AbortSignal;
}

export interface StreamItem<V> {
  value: V;
  /** From 1 in each subscription. */
  seq: number;
  /** How many values before this one were lost, by the server or by this client, since its reader was slow. */
  dropped: number;
  /** The first value after a lost connection: what came meanwhile is not here. */
  resumed: boolean;
}

export declare class Stream<V> implements AsyncIterableIterator<StreamItem<V>> {
  private constructor();
  [Symbol.asyncIterator](): this;
  next(): Promise<IteratorResult<StreamItem<V>, undefined>>;
  return(): Promise<IteratorResult<StreamItem<V>, undefined>>;
  close(): void;
}

export declare class OrfeasError extends Error {
  status: Status;
  /** Of JSON-RPC. */
  code: number;
  method: string | null;
  /** The parameter that was wrong, and what it may be. */
  field: string | null;
  allowed: string | null;
  retryAfterMs: number | null;
  /** No answer of the server, but our own finding that there is none. */
  local: boolean;
}

export interface ConnectionState {
  /** `denied`: the server answers but lets nobody in; retry() tries again. */
  state: "idle" | "connecting" | "open" | "waiting" | "denied" | "closed";
  error: OrfeasError | null;
  /** Of `waiting`. */
  retryInMs: number | null;
}

export interface Orfeas extends Services {}
export declare class Orfeas extends EventTarget {
  constructor(options?: Options);
  readonly state: ConnectionState;
  readonly socketOnly: boolean;
  connect(): void;
  /** At once, instead of at the end of a wait. */
  retry(): void;
  /** After a login: the connection there is belongs to who one was before. */
  reconnect(): void;
  close(): void;
  call(method: string, params?: object, options?: CallOptions): Promise<unknown>;
  watch(method: string, params?: object, options?: WatchOptions<any>): Stream<unknown>;
  /** The same methods, in the trace of a caller: `inTrace(request.headers.traceparent)`. */
  inTrace(traceparent: string | undefined, tracestate?: string): Services;
}
