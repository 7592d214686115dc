// SPDX-License-Identifier: LGPL-2.1-or-later
// What programs of Node have beside calls and streams: Unix sockets, recorder, cache and worker, against the real daemon.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Orfeas, facts, fails, nextItem, run, within, ws } from "./harness.mjs";

const { connect, openCache, openWorker } = await import(`${facts.client}/unix.js`);
const { Recorder } = await import(`${facts.client}/recorder.js`);
const { Cache } = await import(`${facts.client}/cache.js`);

async function until(predicate, what) {
  const end = performance.now() + 60_000;
  for (;;) {
    const value = await predicate();
    if (value) return value;
    assert.ok(performance.now() < end, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

await run({
  unix: async () => {
    const orfeas = connect(facts.socket);
    assert.deepEqual(await orfeas.health.check(), { serving: "SERVING" });
    assert.ok(await orfeas.db.check()); // the socket's owner is admin
    assert.equal((await fails(orfeas.gpu.list({ device: "none" }), "NOT_FOUND")).code, -32005);
    assert.equal((await nextItem(orfeas.health.watch())).value.serving, "SERVING");
    const many = await Promise.all(Array.from({ length: 100 }, () => orfeas.status.get()));
    assert.equal(many.length, 100);
    const text = "\u00e9\u{1F600}".repeat(500_000); // in many parts, letters cut in two
    await orfeas.cache.set({ key: "large", value: text });
    assert.equal((await orfeas.cache.get({ key: "large" })).value, text);
    orfeas.close();
    assert.ok((await fails(orfeas.health.check(), "UNAVAILABLE")).local);
    const nobody = connect("/nowhere/orfeas.sock", { retries: 0 });
    assert.match((await fails(nobody.health.check(), "UNAVAILABLE")).message, /ENOENT/);
    nobody.close();
    const silent = connect(facts.silent, { retries: 0 });
    assert.ok((await fails(silent.health.check({}, { deadlineMs: 1 }), "DEADLINE_EXCEEDED")).local);
    silent.close();
  },

  recorder: async () => {
    const orfeas = connect(facts.socket);
    const recorder = new Recorder(orfeas, { service: "node", process: "p1" });
    const inner = await recorder.span("outer", { kind: "server", traceparent: facts.traceparent, attributes: { n: 1 } }, async (span) => {
      await orfeas.inTrace(span.traceparent).gpu.list();
      return recorder.span("inner", { traceparent: span.traceparent });
    });
    inner.end(new Error("gone"));
    inner.end();
    assert.throws(() => recorder.span("throws", {}, () => { throw new TypeError("at once"); }), TypeError);
    await assert.rejects(recorder.span("rejects", {}, async () => { throw new TypeError("later"); }), TypeError);
    recorder.span("unrecorded", { traceparent: facts.traceparent.replace(/01$/, "00") }).end();
    for (let i = 0; i < 5; i++) recorder.count("node.jobs", 2, { kind: "a" });
    recorder.gauge("node.waiting", 3, { queue: "\u00e9".repeat(200) });
    recorder.gauge("no such name!", 1); // the daemon refuses it, and takes the others
    await recorder.flush();
    assert.equal(recorder.dropped, 1);
    orfeas.close();
    recorder.gauge("node.waiting", 4);
    await recorder.flush();
    assert.equal(recorder.dropped, 2);
  },

  cache: async () => {
    const cache = openCache(facts.cache_socket);
    const other = new Cache(new Orfeas({ url: facts.url, WebSocket: ws.WebSocket }), { ownsClient: true });
    await Promise.all([cache.untilFresh(), other.untilFresh()]);
    const same = (a, b) => a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b;
    for (const value of ["text \u00e9\n", "", new Uint8Array([0, 255]), new Uint8Array(100_000).fill(7), null]) {
      assert.ok(await cache.set("k", value, { ttlMs: 60_000 }));
      for (const one of [cache, other, other]) await until(async () => same(await one.get("k"), value), `${value}`);
    }
    await until(async () => { // what was read before its change was heard of need not be held
      const { calls } = other.stats();
      assert.equal(await other.get("k"), null);
      return other.stats().calls === calls;
    }, "a get that costs no call");
    assert.deepEqual([await cache.delete("k"), await cache.delete("k"), await cache.get("k")], [true, false, undefined]);
    await cache.set("a:1", "1", { tags: ["t"] });
    await cache.set("a:2", "2");
    assert.deepEqual(await cache.getMany(["a:1", "none", "a:2"]), ["1", undefined, "2"]);
    assert.equal(await cache.invalidate({ tag: "t" }), 1);
    assert.equal(await cache.invalidate({ pattern: "a:*" }), 1);
    assert.deepEqual(await cache.getMany(["a:1", "a:2"]), [undefined, undefined]);
    assert.equal((await fails(cache.set("", "x"), "INVALID_ARGUMENT")).field, "key");

    let made = 0;
    const slow = (n) => new Promise((resolve) => setTimeout(() => { made++; resolve({ n }); }, 50));
    const [one, two] = [cache.cached(slow, { key: "slow:" }), other.cached(slow, { key: "slow:" })];
    assert.deepEqual(await Promise.all([one(1), one(1), two(1), two(1)]), Array(4).fill({ n: 1 }));
    assert.equal(made, 1, "one of all made it");
    assert.ok(await one.forget(1));
    assert.deepEqual(await two(1), { n: 1 });
    await assert.rejects(cache.cached(async () => { throw new TypeError("no"); }, { key: "bad:" })(), TypeError);
    assert.equal(await cache.cached(async () => undefined, { key: "nothing:" })(), null);
    cache.close();
    other.close();
  },

  // stopped and started again by test-javascript.py
  "cache-restart": async () => {
    const cache = openCache(facts.cache_socket);
    await cache.untilFresh();
    let made = 0;
    const count = cache.cached(() => ++made, { key: "count:" });
    assert.deepEqual([await count(), await count()], [1, 1]);
    await cache.set("old", "1");
    assert.equal(await cache.get("old"), "1");
    console.log("kill");
    await until(() => !cache.stats().fresh, "it to be noticed");
    assert.deepEqual([await count(), await count()], [2, 3]);
    assert.ok((await fails(cache.get("old"), "UNAVAILABLE")).local);
    console.log("start");
    await within(cache.untilFresh(), "the daemon");
    assert.equal(await cache.get("old"), undefined, "what a killed daemon had in memory is gone, here too");
    assert.deepEqual([await count(), await count()], [4, 4]);
    assert.equal(cache.stats().connections, 2);
    cache.close();
  },

  worker: async () => {
    const asked = [];
    const worker = openWorker({
      name: "node", device: facts.device, reportMs: 50, memory: () => ({ allocated_bytes: 100, reserved_bytes: 400, ooms: null }),
      onCleanup: (advice) => (asked.push(advice.level), 12_345),
    }, facts.socket);
    await worker.untilKnown();
    assert.equal(await worker.batch(8, "infer", async (batch) => { batch.peakBytes = 300; return "done"; }), "done");
    const orfeas = connect(facts.socket);
    const find = async () => (await orfeas.worker.list()).workers.find((one) => one.name === "node");
    const found = await until(async () => (await find())?.batches === 1 && find(), "the batch");
    assert.deepEqual([found.state, found.pid, found.device, found.allocated_bytes, found.reserved_bytes, found.ooms, found.capabilities],
      ["connected", process.pid, facts.device, 100, 400, null, ["trim"]]);
    const tried = await until(async () => {
      const cleanup = await orfeas.gpu.cleanup({ worker: worker.id });
      return cleanup.workers[0]?.claimed_bytes !== null && cleanup;
    }, "a cleanup that reaches it");
    assert.equal(tried.workers[0].claimed_bytes, 12_345);
    assert.ok(asked.includes("normal"));
    await worker.close();
    assert.equal((await find()).state, "left");
    orfeas.close();
  },

  "worker-restart": async () => {
    const worker = openWorker({ name: "node", reportMs: 50 }, facts.socket);
    await worker.untilKnown();
    const { id } = worker;
    console.log("kill");
    await worker.batch(3, undefined, () => {});
    console.log("start");
    const orfeas = connect(facts.socket);
    const found = await until(async () => (await orfeas.worker.list().catch(() => null))?.workers.find((one) => one.batches === 1), "the batch of meanwhile");
    assert.equal(found.worker, id);
    await worker.close();
    orfeas.close();
  },

  // a program that closes nothing: it ends by itself, and what it has told is recorded
  "left open": () => {
    const program = join(mkdtempSync(join(tmpdir(), "orf-")), "program.mjs");
    writeFileSync(program, `
      const [client, socket, cacheSocket] = process.argv.slice(2);
      const { connect, openCache, openWorker } = await import(client + "/unix.js");
      const { Recorder } = await import(client + "/recorder.js");
      const cache = openCache(cacheSocket);
      const worker = openWorker({ name: "left-open" }, socket);
      await Promise.all([cache.untilFresh(), worker.untilKnown()]);
      await cache.set("left", "open");
      const quiet = connect(socket, { background: true });
      const hold = setInterval(() => {}, 1000); // a stream in the background keeps no program alive, nor does who waits for it
      for await (const { value } of quiet.health.watch()) if (value.serving) break;
      clearInterval(hold);
      const recorder = new Recorder(quiet, { service: "left-open" });
      recorder.span("last", {}, () => {});
      console.log("done");
    `);
    const done = spawnSync(process.execPath, [program, facts.client, facts.socket, facts.cache_socket], { timeout: 60_000, encoding: "utf8" });
    assert.deepEqual([done.status, done.stdout, done.stderr], [0, "done\n", ""]);
  },
});
