// SPDX-License-Identifier: LGPL-2.1-or-later
// What programs of Node have beside calls and streams, told what no daemon tells: the program goes on.
import assert from "node:assert/strict";

import { EventEmitter } from "node:events";

import { OrfeasError, facts, fails, run } from "./harness.mjs";

const { Cache } = await import(`${facts.client}/cache.js`);
const { Recorder } = await import(`${facts.client}/recorder.js`);
const { Worker } = await import(`${facts.client}/worker.js`);
const { trace } = await import(`${facts.client}/express.js`);
const { Shelf, makeMatcher } = await import(`${facts.client}/shelf.js`);

/** In a client's place: answers as it is told. */
class Told extends EventTarget {
  calls = [];
  streams = []; // {put} of those that were opened
  answer = () => ({});

  async call(method, params) {
    JSON.stringify(params); // as a client does
    this.calls.push({ method, params });
    return this.answer(method, params);
  }

  watch() {
    const values = [];
    let wake = () => {};
    this.streams.push({ put: (value) => (values.push(value), wake()) });
    const next = async () => {
      while (values.length === 0) await new Promise((resolve) => { wake = resolve; });
      return { value: { value: values.shift(), dropped: 0, resumed: false }, done: false };
    };
    return { next, [Symbol.asyncIterator]() { return this; } };
  }

  of(method) {
    return this.calls.filter((call) => call.method === method).map((call) => call.params);
  }
}

async function until(isTrue, what) {
  for (const end = performance.now() + 60_000; !isTrue(); await new Promise((resolve) => setTimeout(resolve, 5)))
    assert.ok(performance.now() < end, `waited for ${what}`);
}

await run({
  // what is recorded: values that no call can have take no other along, and nothing is thrown at who makes them
  recorder: async () => {
    const told = new Told();
    const recorder = new Recorder(told, { service: "test" });
    const speechless = Object.create(null);
    recorder.count("n", 1, { kind: 7n, more: speechless });
    recorder.count("n", NaN, { kind: 7n, more: speechless });
    recorder.count("n", 2n, { kind: 7n, more: speechless });
    recorder.gauge("g", 5n);
    recorder.gauge("none", NaN);
    assert.throws(() => recorder.span("a\ud800", { attributes: { cut: "x".repeat(4095) + "\u{1F600}" } }, (span) => {
      span.set("odd", speechless);
      throw speechless;
    }), (error) => error === speechless);
    await recorder.flush();
    const samples = told.of("metrics.record").flatMap((params) => params.samples);
    assert.deepEqual(samples.map(({ name, value }) => [name, value]), [["n", 3], ["g", 5]]);
    assert.equal(samples[0].labels.kind, "7");
    const [span] = told.of("traces.record")[0].spans;
    assert.deepEqual([span.operation, span.message, span.attributes], ["a\uFFFD", "object", { cut: "x".repeat(4095) + "\uFFFD", odd: "object" }]);
    assert.equal(recorder.dropped, 2);
    for (let i = 0; i < 12_000; i++) recorder.count("many", 1, { i });
    assert.ok(recorder.dropped > 6000);
    await recorder.flush();
  },

  // what a daemon has no room for is sent when it wants to be asked again; who wants all settled does not wait for that
  full: async () => {
    const told = new Told();
    const recorder = new Recorder(told);
    let refusals = 1;
    told.answer = () => {
      if (refusals-- > 0) throw new OrfeasError("RESOURCE_EXHAUSTED", "full", { retryAfterMs: 1 });
    };
    recorder.gauge("g", 1);
    await until(() => told.calls.length === 2, "it to be sent again");
    assert.equal(recorder.dropped, 0);
    told.answer = () => { throw new OrfeasError("RESOURCE_EXHAUSTED", "full", { retryAfterMs: 3_600_000 }); };
    recorder.gauge("g", 2);
    await until(() => told.calls.length === 3, "it to be refused");
    await recorder.flush();
    assert.deepEqual([told.calls.length, recorder.dropped], [4, 1]);
  },

  // a route() that fails is asked from an event, where what it throws would end the process
  route: async () => {
    const told = new Told();
    const middleware = trace(told, { service: "test", route: () => { throw new Error("no route"); } });
    const response = Object.assign(new EventEmitter(), { statusCode: 200, writableFinished: true });
    middleware({ method: "GET", url: "/a", headers: {} }, response, () => {});
    response.emit("close");
    await middleware.recorder.flush();
    assert.equal(told.of("traces.record")[0].spans[0].operation, "GET");
    assert.equal(told.of("metrics.record")[0].samples.find(({ name }) => name === "http.server.active_requests").value, 0);
  },

  // what a registration is answered that is none, or a lease of no time, has no worker report without pause
  worker: async () => {
    for (const answer of [null, {}, { worker: 5, lease_us: "x" }, { worker: "w", lease_us: -1 }, { worker: "w" }, []]) {
      const told = new Told();
      told.answer = () => answer;
      const worker = new Worker(told, { name: "w", memory: () => ({ reserved_bytes: 5n }), reportMs: 1000 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.ok(told.calls.length < 30, `${JSON.stringify(answer)}: ${told.calls.length} calls in a tenth of a second`);
      await worker.close();
    }
    const told = new Told();
    told.answer = (method) => {
      if (method === "worker.report" && told.of(method).length === 1) throw new OrfeasError("INVALID_ARGUMENT", "no");
      return { worker: "w", lease_us: 1e6 };
    };
    const worker = new Worker(told, { name: "w", memory: () => ({ reserved_bytes: 5n }), reportMs: 10, onCleanup: () => new Promise(() => {}) });
    worker.addBatch({ size: 5n, peakBytes: 7n });
    await until(() => told.of("worker.report").length > 1, "reports");
    assert.deepEqual(told.of("worker.report")[0], { worker: "w", allocator: { reserved_bytes: 5 }, batches: [{ size: 5, peak_bytes: 7 }] });
    assert.equal(worker.droppedBatches, 1);
    await worker.close();
  },

  // functions whose results are kept, and what is asked for several keys, whatever the daemon says of them
  cache: async () => {
    const told = new Told();
    const added = AbortSignal.prototype.addEventListener;
    const removed = AbortSignal.prototype.removeEventListener;
    let listeners = 0;
    AbortSignal.prototype.addEventListener = function (...args) { listeners++; return added.apply(this, args); };
    AbortSignal.prototype.removeEventListener = function (...args) { listeners--; return removed.apply(this, args); };
    let found;
    told.answer = (method) => method === "cache.sync" ? { version: 0, lease_us: 2e6 } : found;
    const cache = new Cache(told);
    await until(() => told.streams.length === 1, "its stream");
    told.streams[0].put({ version: 0 });
    await cache.untilFresh();
    const double = cache.cached((text) => text + text, { key: "d:" });
    for (found of [{ hit: true, value: "no JSON" }, { hit: true, value: 5, encoding: "base64" }, { hit: true }, { hit: true, value: "!", encoding: "base64" }, null, [], 5,
      { hit: true, value: "[", lease: "l", version: 1 }])
      assert.equal(await double("a"), "aa", JSON.stringify(found));
    for (found of [null, {}, { entries: [] }, { entries: 5 }, { entries: [null, null] }, { entries: [{ hit: true, value: "!", encoding: "base64" }, { hit: false }] }])
      await fails(cache.getMany(["a", "b"]), "INTERNAL");
    found = null;
    await fails(cache.get("a"), "INTERNAL");
    assert.throws(() => cache.cached(() => 5), TypeError);
    const before = listeners;
    const syncs = told.of("cache.sync").length;
    await until(() => told.of("cache.sync").length >= syncs + 4, "its watch to go on");
    assert.ok(listeners <= before + 1, `${listeners - before} listeners more for four looks`);
    cache.close();
    Object.assign(AbortSignal.prototype, { addEventListener: added, removeEventListener: removed });
  },

  patterns: async () => {
    for (const [pattern, key, isMeant] of [
      ["*", "", true], ["", "", true], ["", "a", false], ["a", "a", true], ["a", "ab", false], ["a*", "ab", true], ["a*", "ba", false],
      ["*a", "ba", true], ["*a", "ab", false], ["a*a", "a", false], ["a*a", "aa", true], ["a?c", "abc", true], ["??", "\u00e9", true],
      ["*b*b*", "ab", false], ["*b*b*", "abab", true], ["a*bc*c", "abc", false], ["a*bc*c", "abcc", true], ["[a]", "a", false],
    ]) assert.equal(makeMatcher(pattern)(key), isMeant, `${pattern} ${key}`);

    // somebody else's, with many stars: it holds nobody up
    const shelf = new Shelf(1 << 20, 1000);
    for (let i = 0; i < 100; i++) {
      const key = "a".repeat(1000) + i;
      shelf.put(shelf.begin(key), "v", 1, Infinity);
    }
    const begunAt = performance.now();
    for (const pattern of [`${"*a".repeat(500)}*b`, `${"?".repeat(1000)}b`, `${"a*".repeat(500)}5`]) shelf.changeMatching(pattern, 2);
    assert.equal(shelf.dropped, 10);
    assert.ok(performance.now() - begunAt < 10_000);
  },
});
