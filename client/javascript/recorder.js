// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Spans, counters and gauges, recorded in the background: who makes them never waits for the daemon, and without one
 * they are dropped and counted. A process does not end before what waits was sent, or could not be.
 */
import { Outbox } from "./outbox.js";
import { current, runIn } from "./trace.js";

// As schema/services/traces.json and metrics.json have them.
const MAX_NAME = 200;
const MAX_TEXT = 4096;
const MAX_ATTRIBUTES = 128;
const MAX_LABEL_BYTES = 256;
// A process with more counters has labels without end, which would fill its memory: as many as can wait.
const MAX_COUNTERS = 5000;
// Version 00 of W3C's recommendation, and what later ones have of it.
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

function parse(traceparent) {
  const found = TRACEPARENT.exec(traceparent ?? "");
  return found === null || (found[1] === "00" && found[5] !== undefined) ? null : found;
}

function randomHex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Without halves of letters, as a cut through a pair leaves them: no call can have one. */
function cutText(text, length) {
  return text.slice(0, length).replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** What says nothing of itself, or throws, must not be followed by an error of ours. */
function toText(value) {
  try {
    return cutText(String(value), MAX_TEXT);
  } catch {
    return typeof value;
  }
}

/** What a Recorder's span() gives, until end(). */
export class Span {
  #outbox;
  #sent;
  #attributes;
  #startedAt = performance.now();
  #isRecorded;
  #isOver = false;

  constructor(outbox, name, { service, kind = "internal", attributes = {}, traceparent, tracestate }) {
    const parent = parse(traceparent);
    this.#outbox = outbox;
    this.#attributes = { ...attributes };
    this.#isRecorded = parent === null || (parseInt(parent[4], 16) & 1) === 1;
    this.tracestate = parent === null ? undefined : tracestate;
    this.#sent = {
      trace_id: parent === null ? randomHex(16) : parent[2], span_id: randomHex(8), service: cutText(service, MAX_NAME),
      operation: cutText(name, MAX_NAME) || "?", kind, start_us: Math.round(Date.now() * 1000),
    };
    if (parent !== null) this.#sent.parent_id = parent[3];
  }

  get traceparent() {
    return `00-${this.#sent.trace_id}-${this.#sent.span_id}-${this.#isRecorded ? "01" : "00"}`;
  }

  set(key, value) {
    this.#attributes[key] = value;
  }

  rename(name) {
    this.#sent.operation = cutText(name, MAX_NAME) || "?";
  }

  fail(message) {
    this.#sent.outcome = "error";
    this.#sent.message = toText(message);
  }

  /** Once: what is ended again stays as it was. */
  end(error) {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error !== undefined && this.#sent.outcome === undefined) this.fail(error);
    if (!this.#isRecorded) return;
    const told = Object.entries(this.#attributes).slice(0, MAX_ATTRIBUTES).map(([key, value]) => [key, toText(value)]);
    if (told.length > 0) this.#sent.attributes = Object.fromEntries(told);
    this.#sent.duration_us = Math.round((performance.now() - this.#startedAt) * 1000);
    this.#outbox.put(this.#sent.span_id, this.#sent);
  }
}

function cut(text) {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= MAX_LABEL_BYTES ? text : new TextDecoder().decode(bytes.subarray(0, MAX_LABEL_BYTES)).replace(/\uFFFD+$/, "");
}

export class Recorder {
  #service;
  #process;
  #spans;
  #samples;
  #totals = new Map();
  #counters = new Map(); // their names: whether the daemon was told

  constructor(orfeas, { service, process: name } = {}) {
    this.#service = service ?? globalThis.process?.env?.OTEL_SERVICE_NAME ?? "javascript";
    this.#process = name ?? String(globalThis.process?.pid ?? randomHex(4));
    this.#spans = new Outbox((spans, options) => orfeas.call("traces.record", { spans }, options), "spans");
    this.#samples = new Outbox(async (samples, options) => {
      await this.#define(orfeas, options);
      return orfeas.call("metrics.record", { samples }, options);
    }, "samples");
  }

  get service() {
    return this.#service;
  }

  get process() {
    return this.#process;
  }

  /** Items that could not be recorded. */
  get dropped() {
    return this.#spans.dropped + this.#samples.dropped;
  }

  /**
   * With a function: it is called with the span, which ends with it, or with its promise, failed by what it throws; calls
   * within it are its children where the current span is known (express.js). Without: the span, for end().
   */
  span(name, options = {}, work = undefined) {
    const around = current();
    const span = new Span(this.#spans, name, { service: this.#service, traceparent: around?.traceparent, tracestate: around?.tracestate, ...options });
    return work === undefined ? span : runIn(span, () => this.#during(span, work));
  }

  #during(span, work) {
    let result;
    try {
      result = work(span);
    } catch (error) {
      span.end(error);
      throw error;
    }
    if (typeof result?.then !== "function") {
      span.end();
      return result;
    }
    return result.then((value) => (span.end(), value), (error) => {
      span.end(error);
      throw error;
    });
  }

  /** What it is now: of each series the newest value, once a second. */
  gauge(name, value, labels = {}) {
    const told = toLabels(labels);
    this.#record(name, Number(value), told, keyOf(name, told));
  }

  /** A counter of this process, from 0: a series of its own by the label `process`; `sum by (…)` adds them up. */
  count(name, by = 1, labels = {}) {
    const told = toLabels({ ...labels, process: this.#process });
    const key = keyOf(name, told);
    const total = (this.#totals.get(key) ?? 0) + Number(by);
    // a total that is no number would stay so
    if (!Number.isFinite(total) || (this.#totals.size >= MAX_COUNTERS && !this.#totals.has(key))) {
      this.#samples.dropped++;
      return;
    }
    if (!this.#counters.has(name)) this.#counters.set(name, false);
    this.#totals.set(key, total);
    this.#record(name, total, told, key);
  }

  /** Resolves once all that was told is recorded or dropped. */
  async flush() {
    await Promise.all([this.#spans.flush(), this.#samples.flush()]);
  }

  #record(name, value, labels, key) {
    if (Number.isFinite(value)) this.#samples.put(key, { name, value, t_us: Date.now() * 1000, labels });
    else this.#samples.dropped++; // JSON has none
  }

  /** A name that nobody defined would be a gauge. */
  async #define(orfeas, options) {
    for (const [name, isTold] of this.#counters) {
      if (isTold) continue;
      try {
        await orfeas.call("metrics.define", { name, kind: "counter" }, options);
      } catch (error) {
        if (error.status !== "ALREADY_EXISTS" && error.status !== "INVALID_ARGUMENT") throw error;
      }
      this.#counters.set(name, true);
    }
  }
}

function toLabels(labels) {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, cut(toText(value))]));
}

function keyOf(name, labels) {
  return `${name}{${JSON.stringify(Object.entries(labels).sort())}}`;
}
