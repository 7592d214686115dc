// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process that holds GPU memory, made known to the daemon. The program never waits for it, save where it asks to: a
 * daemon that is away, or comes back, costs it nothing.
 */
import { Backoff, keepAlive } from "./backoff.js";
import { OrfeasError } from "./error.js";
import { runIn } from "./trace.js";

// Taken in one report.
const MAX_BATCHES = 1000;
// Kept while no daemon is there; older ones are dropped and counted.
const MAX_KEPT_BATCHES = 10_000;
const CALL_MS = 5000;
// A lease outlives this many reports that were lost.
const REPORTS_A_LEASE = 3;
// However short a lease is said to be: the program has something else to do.
const LEAST_PERIOD_MS = 20;

/** Thrown by a callback that cannot do what it was asked for. */
export class Refused extends Error {}

export class Worker {
  #orfeas;
  #options;
  #id = null;
  #batches = [];
  #sending = null; // a report's batches and key: what was not answered is sent again as it was
  #known = []; // who waits for it: functions
  #wake = () => {};
  #isWoken = false;
  #closed = new AbortController();
  #ended;
  droppedBatches = 0;

  /**
   * memory() answers what is known of the allocator; onCleanup(advice) the bytes that it freed, or ["partial", bytes];
   * onBatchSize(advice) nothing. Both may be async, and throw Refused.
   */
  constructor(orfeas, { name, device, capabilities, memory = () => ({}), onCleanup, onBatchSize, reportMs = 1000, ownsClient = false }) {
    this.#orfeas = orfeas;
    const callbacks = { cleanup: onCleanup, batch_size: onBatchSize };
    const found = [...(onCleanup ? ["trim"] : []), ...(onBatchSize ? ["batch_size"] : [])];
    this.#options = { name, device, capabilities: capabilities ?? found, memory, callbacks, reportMs, ownsClient };
    this.#ended = runIn(undefined, () => Promise.all([this.#reportOn(), this.#listenOn()]));
  }

  /** As the daemon calls it; null while it knows nothing of us. */
  get id() {
    return this.#id;
  }

  /** Resolves once the daemon has taken our registration. */
  untilKnown() {
    return keepAlive(this.#untilKnown());
  }

  #untilKnown() {
    return this.#id !== null ? Promise.resolve() : new Promise((resolve) => this.#known.push(resolve));
  }

  /** Runs work, and reports how long it took; one that throws is not reported. work may set `size` and `peakBytes` of what it is given. */
  async batch(size, operation, work) {
    const batch = { size, operation, peakBytes: undefined };
    const begunAt = performance.now();
    const result = await work(batch);
    this.addBatch({ ...batch, durationMs: performance.now() - begunAt });
    return result;
  }

  addBatch({ size, operation, peakBytes, durationMs }) {
    const batch = { size: Number(size) };
    if (operation !== undefined) batch.operation = String(operation);
    if (peakBytes !== undefined) batch.peak_bytes = Number(peakBytes);
    if (durationMs !== undefined) batch.duration_us = Math.round(durationMs * 1000);
    this.#batches.push(batch);
    if (this.#batches.length <= MAX_KEPT_BATCHES) return;
    this.#batches.shift();
    this.droppedBatches++;
  }

  /** Lets the next report come at once; does not wait for it. */
  reportNow() {
    this.#isWoken = true;
    this.#wake();
  }

  /** Reports what is left and leaves; no callback, and no daemon, is waited for much longer than a call may take. */
  async close() {
    this.#closed.abort();
    this.reportNow();
    let timer;
    await Promise.race([this.#ended, new Promise((resolve) => { timer = setTimeout(resolve, 2 * CALL_MS); })]);
    clearTimeout(timer);
    if (this.#options.ownsClient) this.#orfeas.close();
  }

  // --- reports

  #call(method, params, options = {}) {
    return this.#orfeas.call(method, params, { deadlineMs: CALL_MS, ...options });
  }

  /** Milliseconds until the next report is due at the latest. */
  async #register() {
    const { name, device, capabilities, reportMs } = this.#options;
    const pid = this.#orfeas.socketOnly ? undefined : globalThis.process?.pid;
    const answer = await this.#call("worker.register", { name, device, pid, capabilities });
    const { worker, lease_us } = Object(answer);
    if (typeof worker !== "string" || !Number.isFinite(lease_us))
      throw new OrfeasError("INTERNAL", "the answer names no worker, or no lease", { method: "worker.register" });
    this.#id = worker;
    for (const resolve of this.#known.splice(0)) resolve();
    return Math.max(Math.min(reportMs, lease_us / 1000 / REPORTS_A_LEASE), LEAST_PERIOD_MS);
  }

  #readAllocator() {
    try {
      const known = Object.entries(this.#options.memory() ?? {}).filter(([, value]) => value !== null && value !== undefined);
      return Object.fromEntries(known.map(([name, value]) => [name, Number(value)]));
    } catch {
      return {}; // what the program gave us must not end what it does
    }
  }

  async #report() {
    this.#sending ??= { batches: this.#batches.splice(0, MAX_BATCHES), key: crypto.randomUUID() };
    const { batches, key } = this.#sending;
    try {
      await this.#call("worker.report", { worker: this.#id, allocator: this.#readAllocator(), batches: batches.length > 0 ? batches : undefined },
        { idempotencyKey: key });
    } catch (error) {
      if (error.status !== "INVALID_ARGUMENT") throw error;
      this.droppedBatches += batches.length; // again it would be the same
    }
    this.#sending = null;
  }

  #sleep(ms) {
    if (this.#isWoken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref?.();
      this.#wake = () => (clearTimeout(timer), resolve());
    });
  }

  async #reportOn() {
    const backoff = new Backoff({ firstMs: 100, maxMs: 5000 });
    let periodMs = this.#options.reportMs;
    for (;;) {
      const isClosing = this.#closed.signal.aborted;
      this.#isWoken = false;
      let pauseMs = periodMs;
      try {
        if (this.#id === null && !isClosing) periodMs = pauseMs = await this.#register();
        if (this.#id !== null) {
          await this.#report();
          if (isClosing) await this.#call("worker.leave", { worker: this.#id });
          backoff.reset();
        }
      } catch (error) {
        if (error.status === "NOT_FOUND") this.#id = null; // the daemon was begun anew, or took us for lost
        pauseMs = backoff.next(error.retryAfterMs ?? 0);
      }
      if (isClosing) return;
      if (this.#batches.length < MAX_BATCHES || this.#sending !== null) await this.#sleep(pauseMs);
    }
  }

  // --- advice

  async #listenOn() {
    const backoff = new Backoff({ firstMs: 100, maxMs: 5000 });
    const { signal } = this.#closed;
    const left = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    while (!signal.aborted) {
      await Promise.race([this.#untilKnown(), left]);
      if (signal.aborted) return;
      const worker = this.#id;
      try {
        for await (const { value } of this.#orfeas.watch("worker.advice", { worker }, { signal })) {
          backoff.reset();
          await this.#act(worker, value);
        }
      } catch (error) {
        if (error.status === "NOT_FOUND" && this.#id === worker) {
          this.#id = null;
          this.reportNow();
        }
      }
      await Promise.race([left, new Promise((resolve) => setTimeout(resolve, backoff.next()).unref?.())]);
    }
  }

  async #act(worker, advice) {
    const [outcome, freed] = await this.#obey(advice);
    const params = { worker, advice: advice.advice, outcome, allocator: this.#readAllocator() };
    if (typeof freed === "number") params.freed_bytes = Math.max(0, Math.round(freed));
    // nobody waits any more, or nobody is there: the daemon has measured all the same
    await this.#call("worker.done", params).catch(() => {});
    this.reportNow(); // what it did shows in the allocator
  }

  async #obey(advice) {
    const callback = this.#options.callbacks[advice.kind];
    if (callback === undefined || advice.deadline_us <= Date.now() * 1000) return ["refused"];
    try {
      const answer = await callback(advice);
      return Array.isArray(answer) ? answer : ["done", answer];
    } catch {
      return ["refused"];
    }
  }
}
