// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { Orfeas, OrfeasError, facts, fails, nextState, run, ws } from "./harness.mjs";

const orfeas = new Orfeas({ url: facts.url });

function lowerCamel(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

await run({
  "every-method": async () => {
    const { methods } = await orfeas.rpc.discover();
    assert.ok(methods.length > 50);
    for (const { name } of methods) {
      const [service, method] = name.split(".");
      assert.equal(typeof orfeas[service]?.[lowerCamel(method)], "function", name);
    }
    const status = await orfeas.status.get();
    assert.ok(status.uptime_us >= 0 && status.version);
    for (const deadlineMs of [undefined, 1500.5, 86_400_001, 1e12, Infinity])
      assert.deepEqual(await orfeas.health.check({}, { deadlineMs }), { serving: "SERVING" }, `${deadlineMs} ms`);
  },

  // each way to say of which trace a call is, by HTTP and by WebSocket
  trace: async () => {
    const context = (i) => `00-${String(i).padStart(32, "0")}-${String(i).padStart(16, "0")}-01`;
    const given = new Orfeas({ url: facts.url, WebSocket: ws.WebSocket, traceparent: () => context(2) });
    await orfeas.gpu.list({}, { traceparent: context(1), tracestate: "a=1" });
    await given.gpu.list();
    await given.inTrace(context(3), "a=1").gpu.list();
    given.connect();
    await nextState(given, "open");
    await given.gpu.list({}, { traceparent: context(4), tracestate: "a=1", over: "websocket" });
    await orfeas.gpu.list();
    await orfeas.inTrace(undefined).gpu.list();
    given.close();
  },

  errors: async () => {
    const wrong = await fails(orfeas.metrics.list({ limit: 0 }), "INVALID_ARGUMENT");
    assert.equal(wrong.code, -32602);
    assert.equal(wrong.field, "limit");
    assert.match(wrong.allowed, /from 1 to 1000/);
    assert.equal(wrong.method, "metrics.list");
    assert.equal(wrong.local, false);
    assert.equal((await fails(orfeas.call("no.such"), "METHOD_NOT_FOUND")).code, -32601);
    assert.equal((await fails(orfeas.gpu.list({ device: "none" }), "NOT_FOUND")).code, -32005);
    await fails(orfeas.call("health.check", {}, { over: "websocket" }), "UNAVAILABLE"); // none was opened

    const cancelled = await fails(orfeas.status.get({}, { signal: AbortSignal.abort() }), "CANCELLED");
    assert.equal(cancelled.local, true);
    const nobody = new Orfeas({ url: "http://127.0.0.1:1" });
    const gone = await fails(nobody.status.get(), "UNAVAILABLE");
    assert.ok(gone.local && gone.cause instanceof Error);
    const endless = new Orfeas({ url: facts.url, maxAnswerBytes: 1000, fetch: async () =>
      new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(100)) })) });
    assert.ok((await fails(endless.status.get(), "INTERNAL")).message.includes("1000 bytes"));
    // refused before it is read as a call
    const foreign = new Orfeas({ url: facts.url, fetch: (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, "Content-Type": "text/plain" } }) });
    assert.ok((await fails(foreign.status.get(), "INVALID_ARGUMENT")) instanceof OrfeasError);
  },

  tokens: async () => {
    await fails(orfeas.db.check(), "PERMISSION_DENIED");
    const admin = new Orfeas({ url: facts.url, token: facts.cookie });
    assert.ok(await admin.db.check());
    await fails(new Orfeas({ url: facts.url, token: "wrong" }).status.get(), "UNAUTHENTICATED");
  },

  writes: async () => {
    const samples = [{ name: "client.test", value: 7 }];
    for (let i = 0; i < 2; i++)
      assert.deepEqual(await orfeas.metrics.record({ samples }, { idempotencyKey: "once" }), { accepted: 1 });
  },
});
