// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Orfeas, SpanKind } from "./orfeas.js";

export interface SpanOptions {
  /** Left out: the recorder's. */
  service?: string;
  kind?: SpanKind;
  /** Kept as text; 128 at most. */
  attributes?: Record<string, string | number | boolean>;
  /** W3C's, of its parent; left out: the current span (express.js), else it begins a trace. */
  traceparent?: string;
  tracestate?: string;
}

export declare class Span {
  private constructor();
  /** For the header of that name where others are called, or `inTrace()`. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  set(key: string, value: string | number | boolean): void;
  rename(name: string): void;
  fail(message: unknown): void;
  /** Once. error: what it failed by. */
  end(error?: unknown): void;
}

export interface RecorderOptions {
  /** Whose spans they are: $OTEL_SERVICE_NAME, else "javascript". */
  service?: string;
  /** The label `process` of counters: the process id; in a page chance. */
  process?: string;
}

/** Never waits for the daemon: 5,000 items are kept while it is away, then they are dropped and counted. */
export declare class Recorder {
  constructor(orfeas: Orfeas, options?: RecorderOptions);
  readonly service: string;
  readonly process: string;
  readonly dropped: number;
  /** The span ends with what work returns, or its promise, failed by what it throws. */
  span<T>(name: string, options: SpanOptions | undefined, work: (span: Span) => T): T;
  span(name: string, options?: SpanOptions): Span;
  /** What it is now; at most 16 labels, texts of 256 bytes. */
  gauge(name: string, value: number, labels?: Record<string, string | number>): void;
  /** Adds to a counter of this process. */
  count(name: string, by?: number, labels?: Record<string, string | number>): void;
  /** Resolves once all that was told is recorded or dropped. */
  flush(): Promise<void>;
}
