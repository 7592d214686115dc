// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Of which trace a call is. OpenTelemetry's API keeps what is global under these names, so that several copies of
 * it find each other; by them its current span is found with no import, in pages too.
 */
const API = Symbol.for("opentelemetry.js.api.1");
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");
const NONE = /^0+$/;

function askOpenTelemetry() {
  try {
    return globalThis[API]?.context?.active?.()?.getValue?.(SPAN)?.spanContext?.();
  } catch {
    return null; // another version than is known here
  }
}

/** Of OpenTelemetry's current span; null: there is none, or no OpenTelemetry. */
export function fromOpenTelemetry() {
  const found = askOpenTelemetry();
  if (!found || !/^[0-9a-f]{32}$/.test(found.traceId) || !/^[0-9a-f]{16}$/.test(found.spanId)) return null;
  if (NONE.test(found.traceId) || NONE.test(found.spanId)) return null;
  const flags = ((found.traceFlags ?? 0) & 3).toString(16).padStart(2, "0");
  return { traceparent: `00-${found.traceId}-${found.spanId}-${flags}`, tracestate: found.traceState?.serialize?.() || undefined };
}

// Who knows which span is current, such as express.js.
let keeper = { current: () => undefined, run: (span, work) => work() };

export function setKeeper(one) {
  keeper = one;
}

/** The span within which this runs; undefined: none is known. */
export function current() {
  return keeper.current();
}

/** Runs work, and what it begins, within a span; undefined: within none. */
export function runIn(span, work) {
  return keeper.run(span, work);
}

/** What a call takes along: what it was told, else of the current span, else what the client was, else OpenTelemetry's. */
export function findTrace(options, given) {
  if (options.traceparent !== undefined) return options;
  const span = current();
  if (span !== undefined) return span;
  if (given === undefined) return fromOpenTelemetry();
  const traceparent = given();
  return traceparent === undefined ? null : { traceparent };
}
