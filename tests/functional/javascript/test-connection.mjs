// SPDX-License-Identifier: LGPL-2.1-or-later
// What a well-behaved daemon does too seldom to be waited for: a server whose every answer is written here.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { Orfeas, fails, nextItem, nextState, run, within, ws } from "./harness.mjs";

class Server {
  constructor() {
    this.admits = true;
    this.calls = [];
    this.sockets = [];
    this.onCall = (call) => call.answer({ stream: "s1" });
    this.http = createServer((request, response) => this.#post(request, response));
    this.http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.upgrades = new ws.WebSocketServer({ noServer: true });
  }

  async start(port = 0) {
    this.http.listen(port, "127.0.0.1");
    await once(this.http, "listening");
    this.port = this.http.address().port;
    return this;
  }

  client(options) {
    return new Orfeas({
      url: `http://127.0.0.1:${this.port}`, WebSocket: ws.WebSocket, backoff: { firstMs: 1, maxMs: 20 }, ...options,
    });
  }

  #post(request, response) {
    request.resume();
    request.on("end", () => response.end(JSON.stringify(this.admits
      ? { jsonrpc: "2.0", id: 1, result: { serving: "SERVING" } }
      : { jsonrpc: "2.0", id: 1, error: { code: -32016, message: "no token", data: { status: "UNAUTHENTICATED" } } })));
  }

  #upgrade(request, socket, head) {
    if (!this.admits) {
      socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.upgrades.handleUpgrade(request, socket, head, (peer) => {
      this.headers = request.headers;
      this.sockets.push(peer);
      this.peer = peer;
      peer.on("message", (data) => {
        const call = JSON.parse(data);
        this.calls.push(call);
        this.heard?.();
        call.answer = (result) => peer.send(JSON.stringify({ jsonrpc: "2.0", id: call.id, result }));
        call.refuse = (code, data) => peer.send(JSON.stringify({ jsonrpc: "2.0", id: call.id, error: { code, message: "no", data } }));
        if (call.method.endsWith(".watch") || call.id === undefined) this.onCall(call);
        else call.answer({});
      });
    });
  }

  async called(method, count = 1) {
    while (this.calls.filter((call) => call.method === method).length < count)
      await within(new Promise((resolve) => { this.heard = resolve; }), method);
    return this.calls.filter((call) => call.method === method).at(-1);
  }

  next(seq, value, more = {}) {
    this.peer.send(JSON.stringify({ jsonrpc: "2.0", method: "stream.next", params: { stream: "s1", seq, value, ...more } }));
  }

  end(status) {
    this.peer.send(JSON.stringify({ jsonrpc: "2.0", method: "stream.end", params: { stream: "s1", status } }));
  }

  async stop() {
    for (const peer of this.sockets) peer.terminate();
    this.http.close();
    await once(this.http, "close");
  }
}

async function with_server(body) {
  const server = await new Server().start();
  const orfeas = server.client();
  try {
    await body(server, orfeas);
  } finally {
    orfeas.close();
    await server.stop();
  }
}

await run({
  resumes: () => with_server(async (server, orfeas) => {
    const stream = orfeas.metrics.watch({ select: "a" }, { resume: (params) => ({ ...params, history_us: 5 }) });
    await server.called("metrics.watch");
    assert.deepEqual(server.calls[0].params, { select: "a" });
    server.next(1, { t_us: 1 });
    assert.deepEqual(await nextItem(stream), { value: { t_us: 1 }, seq: 1, dropped: 0, resumed: false });
    server.next(4, { t_us: 4 }, { dropped: 2 });
    assert.equal((await nextItem(stream)).dropped, 2);

    const waiting = nextState(orfeas, "waiting");
    server.peer.terminate();
    assert.ok((await waiting).retryInMs <= 20);
    assert.deepEqual((await server.called("metrics.watch", 2)).params, { select: "a", history_us: 5 });
    server.next(1, { t_us: 9 });
    server.next(2, { t_us: 10 });
    assert.deepEqual(await nextItem(stream), { value: { t_us: 9 }, seq: 1, dropped: 0, resumed: true });
    assert.equal((await nextItem(stream)).resumed, false);
  }),

  "first value at once": () => with_server(async (server, orfeas) => {
    server.onCall = (call) => {
      server.peer._socket.cork(); // answer and value in one packet
      call.answer({ stream: "s1" });
      server.next(1, "at once");
      server.peer._socket.uncork();
    };
    assert.equal((await nextItem(orfeas.health.watch())).value, "at once");
  }),

  "slow reader": () => with_server(async (server, orfeas) => {
    const stream = orfeas.metrics.watch({ select: "a" });
    await server.called("metrics.watch");
    for (let seq = 1; seq <= 100; seq++) server.next(seq, seq);
    await orfeas.health.check(); // its answer comes behind them
    const first = await nextItem(stream);
    assert.equal(first.value, 37); // the newest 64 are kept
    assert.equal(first.dropped, 36);
    assert.equal((await nextItem(stream)).dropped, 0);
  }),

  "break cancels": () => with_server(async (server, orfeas) => {
    server.onCall = (call) => {
      call.answer({ stream: "s1" });
      server.next(1, 1);
    };
    for await (const { value } of orfeas.metrics.watch()) {
      assert.equal(value, 1);
      break;
    }
    assert.deepEqual((await server.called("stream.cancel")).params, { stream: "s1" });
  }),

  "signal closes": () => with_server(async (server, orfeas) => {
    const leaving = new AbortController();
    const stream = orfeas.metrics.watch({}, { signal: leaving.signal });
    await server.called("metrics.watch");
    const waits = stream.next();
    leaving.abort();
    assert.deepEqual(await within(waits, "its end"), { value: undefined, done: true });
    await server.called("stream.cancel");
    assert.ok((await orfeas.metrics.watch({}, { signal: leaving.signal }).next()).done);
  }),

  "refused for good": () => with_server(async (server, orfeas) => {
    server.onCall = (call) => call.refuse(-32602, { status: "INVALID_ARGUMENT", field: "select", allowed: "a selector" });
    const stream = orfeas.metrics.watch();
    assert.equal((await fails(stream.next(), "INVALID_ARGUMENT")).field, "select");
    assert.ok((await stream.next()).done);
    assert.equal(server.calls.length, 1);
  }),

  "refused for a while": () => with_server(async (server, orfeas) => {
    server.onCall = (call) => {
      if (server.calls.length === 1) call.refuse(-32008, { status: "RESOURCE_EXHAUSTED", retry_after_ms: 5 });
      else {
        call.answer({ stream: "s1" });
        server.next(1, "then");
      }
    };
    assert.equal((await nextItem(orfeas.metrics.watch())).value, "then");
  }),

  "ended by the server": () => with_server(async (server, orfeas) => {
    const stream = orfeas.metrics.watch();
    await server.called("metrics.watch");
    server.end("CANCELLED"); // what a daemon that stops says
    await server.called("metrics.watch", 2);
    server.next(1, "again");
    assert.equal((await nextItem(stream)).value, "again");
    server.end("PERMISSION_DENIED");
    await fails(stream.next(), "PERMISSION_DENIED");
  }),

  "kept out": () => with_server(async (server, orfeas) => {
    server.admits = false;
    const stream = orfeas.metrics.watch();
    assert.equal((await nextState(orfeas, "denied")).error.status, "UNAUTHENTICATED");
    server.admits = true;
    orfeas.retry();
    await server.called("metrics.watch");
    server.next(1, "in");
    assert.equal((await nextItem(stream)).value, "in");
  }),

  "calls and losses": () => with_server(async (server, orfeas) => {
    orfeas.connect();
    await nextState(orfeas, "open");
    assert.deepEqual(await orfeas.status.get(), {});
    const left = server.calls[0].meta.deadline_ms; // of 30 s, since the call was made
    assert.ok(left > 10000 && left <= 30000, `${left} ms`);
    server.onCall = () => {}; // no answer ever
    const leaving = new AbortController();
    const call = orfeas.call("x.watch", {}, { signal: leaving.signal });
    const { id } = await server.called("x.watch");
    leaving.abort();
    assert.ok((await fails(call, "CANCELLED")).local);
    assert.deepEqual((await server.called("rpc.cancel")).params, { id });
    const late = await fails(orfeas.call("y.watch", {}, { deadlineMs: 1 }), "DEADLINE_EXCEEDED");
    assert.ok(late.local);
    const lost = orfeas.call("z.watch");
    await server.called("z.watch");
    server.peer.terminate();
    assert.ok((await fails(lost, "UNAVAILABLE")).local);
  }),

  "as somebody else": () => with_server(async (server, orfeas) => {
    const stream = orfeas.metrics.watch();
    await server.called("metrics.watch");
    server.next(1, "one");
    await nextItem(stream);
    const before = server.peer;
    orfeas.reconnect();
    await server.called("metrics.watch", 2);
    assert.notEqual(server.peer, before);
    server.next(1, "another");
    assert.deepEqual(await nextItem(stream), { value: "another", seq: 1, dropped: 0, resumed: true });
  }),

  garbage: () => with_server(async (server, orfeas) => {
    orfeas.connect();
    await nextState(orfeas, "open");
    server.peer.send("{");
    assert.match((await nextState(orfeas, "waiting")).error.message, /no JSON/);
    await nextState(orfeas, "open");
  }),

  "try again later": () => with_server(async (server, orfeas) => {
    orfeas.connect();
    await nextState(orfeas, "open");
    server.peer.close(1013, "full");
    const { error, retryInMs } = await nextState(orfeas, "waiting");
    assert.match(error.message, /full/);
    assert.ok(retryInMs >= 1000);
    orfeas.retry(); // sooner, if somebody wishes
    await nextState(orfeas, "open");
  }),

  "nobody there, then somebody": async () => {
    const server = await new Server().start();
    await server.stop();
    const orfeas = server.client();
    const stream = orfeas.metrics.watch();
    assert.ok((await nextState(orfeas, "waiting")).error.local);
    const later = await new Server().start(server.port);
    later.onCall = (call) => {
      call.answer({ stream: "s1" });
      later.next(1, "here");
    };
    assert.equal((await nextItem(stream)).value, "here");
    orfeas.close();
    assert.ok((await stream.next()).done);
    assert.equal(orfeas.state.state, "closed");
    await later.stop();
  },

  /** A listener's exception would end a Node process, so each of these has to be an error of the call, or nothing. */
  lies: () => with_server(async (server, orfeas) => {
    const lost = ["null", "5", '"x"', "[]", "[null]", "{}", '{"id":[]}', '{"method":"stream.next"}', '{"method":"stream.next","params":null}',
      '{"method":"stream.end"}', '{"method":"stream.end","params":5}', '{"method":5,"params":{}}'];
    const refused = ['"error":null', '"error":5', '"error":{}', '"error":{"code":"x","message":5,"data":7}', '"result":null', '"result":5', '"result":{"stream":[]}',
      '"x":1', '"error":{"message":"m","data":{"status":5,"retry_after_ms":1e300}}'];
    for (const text of refused) {
      server.onCall = (call) => {
        lost.forEach((lie) => server.peer.send(lie));
        server.peer.send(`{"id":${call.id},${text}}`);
      };
      await assert.rejects(within(orfeas.metrics.watch({ select: "a" }).next(), text), { name: "OrfeasError" });
    }
    // a timer takes what is beyond 2^31 ms for nothing, and would ask a thousand times a second
    server.onCall = (call) => call.refuse(-32008, { status: "RESOURCE_EXHAUSTED", retry_after_ms: 1e300 });
    const before = server.calls.length;
    const stream = orfeas.metrics.watch({ select: "a" });
    await server.called("metrics.watch", refused.length + 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(server.calls.length, before + 1);
    stream.close();
  }),

  "token by header": () => with_server(async (server) => {
    const orfeas = server.client({ token: "secret" });
    orfeas.connect();
    await nextState(orfeas, "open");
    assert.equal(server.headers.authorization, "Bearer secret");
    orfeas.close();
  }),
});
