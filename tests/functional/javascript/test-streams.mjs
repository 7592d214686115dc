// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams of the real daemon, which is killed and started again on its port meanwhile.
import assert from "node:assert/strict";

import { Orfeas, facts, fails, nextItem, nextState, run, within, ws } from "./harness.mjs";

const backoff = { firstMs: 20, maxMs: 200 };
const orfeas = new Orfeas({ url: facts.url, WebSocket: ws.WebSocket, backoff });

await run({
  metrics: async () => {
    const select = "host.cpu.used_percent";
    const stream = orfeas.metrics.watch({ select, history_us: 60_000_000 });
    const first = await nextItem(stream);
    assert.equal(first.seq, 1);
    assert.ok(Array.isArray(first.value.history.t_us));
    let second;
    do second = await nextItem(stream); while (second.value.values[select] === undefined); // a busy machine leaves one out
    assert.ok(second.value.t_us > first.value.t_us);
    assert.equal(typeof second.value.values[select], "number");
    assert.deepEqual([second.dropped, second.resumed], [0, false]);
    // calls go by the same connection, in between
    assert.equal(orfeas.state.state, "open");
    assert.ok((await orfeas.status.get()).uptime_us > 0);
    await fails(orfeas.gpu.list({ device: "none" }), "NOT_FOUND");
    stream.close();
    orfeas.close();
  },

  refusals: async () => {
    const wrong = orfeas.metrics.watch({ select: "{" });
    assert.equal((await fails(wrong.next(), "INVALID_ARGUMENT")).field, "select");
    await fails(orfeas.call("metrics.watch", { select: "a" }, { over: "http" }), "FAILED_PRECONDITION");
    orfeas.close();
    const stranger = new Orfeas({ url: facts.url, WebSocket: ws.WebSocket, token: "wrong", backoff });
    stranger.connect();
    assert.equal((await nextState(stranger, "denied")).error.status, "UNAUTHENTICATED");
    stranger.close();
    const admin = new Orfeas({ url: facts.url, WebSocket: ws.WebSocket, token: facts.cookie, backoff });
    admin.connect();
    await nextState(admin, "open");
    assert.ok(await admin.db.check());
    admin.close();
  },

  restart: async () => {
    const stream = orfeas.health.watch();
    assert.equal((await nextItem(stream)).value.serving, "SERVING");
    console.log("kill");
    await nextState(orfeas, "waiting");
    console.log("start");
    let item;
    do item = await nextItem(stream); while (!item.resumed);
    assert.equal(item.value.serving, "SERVING");
    assert.equal(item.seq, 1);
    const waits = stream.next();
    orfeas.close();
    assert.ok((await within(waits, "its end")).done);
  },
});
