// SPDX-License-Identifier: LGPL-2.1-or-later
import { errorCodes } from "./methods.js";

/**
 * What a call ended with: the server's own words, or ours where no answer came (`local`): UNAVAILABLE when it
 * could not be reached, DEADLINE_EXCEEDED, CANCELLED.
 */
export class OrfeasError extends Error {
  constructor(status, message, details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "OrfeasError";
    this.status = status;
    this.code = details.code ?? errorCodes[status] ?? errorCodes.UNKNOWN;
    this.method = details.method ?? null;
    this.field = details.field ?? null;
    this.allowed = details.allowed ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.local = details.local ?? false;
  }
}

const statuses = new Map(Object.entries(errorCodes).map(([status, code]) => [code, status]));

// No server of ours asks for more; a timer takes what is beyond 2^31 for no wait at all.
const MAX_RETRY_MS = 3_600_000;

function waitOf(ms) {
  return typeof ms === "number" ? Math.min(Math.max(ms, 0), MAX_RETRY_MS) : null;
}

/** `error` of a JSON-RPC answer, whatever somebody else's server makes of it. */
export function fromWire(error, method) {
  const { code, message, data } = Object(error);
  const { status, field, allowed, retry_after_ms } = Object(data);
  return new OrfeasError(typeof status === "string" ? status : statuses.get(code) ?? "UNKNOWN", String(message ?? ""), {
    code,
    method,
    field,
    allowed,
    retryAfterMs: waitOf(retry_after_ms),
  });
}

/** What a JSON-RPC answer holds; throws what it says instead. */
export function resultOf(answer, method) {
  const { error, result } = Object(answer);
  if (error !== undefined && error !== null) throw fromWire(error, method);
  if (result === undefined) throw new OrfeasError("INTERNAL", "the answer holds no result", { method });
  return result;
}

/** An HTTP answer that is no JSON-RPC: refused before it was read as a call. */
export function fromHttp(httpStatus, text, method) {
  try {
    const { error } = JSON.parse(text);
    return new OrfeasError(error.status, error.message, { code: error.code, method });
  } catch {
    return new OrfeasError(httpStatus >= 502 && httpStatus <= 504 ? "UNAVAILABLE" : "UNKNOWN",
      `HTTP ${httpStatus}`, { method });
  }
}

/** What reads an answer: one that is not as the schema has it is the server's fault, not its caller's. */
export function reading(method, read) {
  try {
    return read();
  } catch (cause) {
    throw new OrfeasError("INTERNAL", `an answer that is not as it should be: ${cause.message}`, { method, cause });
  }
}

export function unreachable(message, method, cause) {
  return new OrfeasError("UNAVAILABLE", message, { method, cause, local: true });
}

/** Why a signal was raised: its deadline, or the caller. */
export function fromSignal(signal, method) {
  return signal.reason?.name === "TimeoutError"
    ? new OrfeasError("DEADLINE_EXCEEDED", "the deadline passed with no answer", { method, local: true })
    : new OrfeasError("CANCELLED", "cancelled by the caller", { method, cause: signal.reason, local: true });
}
