// SPDX-License-Identifier: LGPL-2.1-or-later
// Clients that nobody wrote for us, as they are: calls, batches, notifications, errors, and streams where they have them.
//   node test-rpc-clients.mjs CASE PACKAGES URL SOCKET
// A notification records a sample `told.by.CASE`, for which the caller looks.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { connect } from "node:net";
import path from "node:path";

const [name, packages, url, socketPath] = process.argv.slice(2);
const require = createRequire(path.join(packages, "index.js"));
const sample = { samples: [{ name: `told.by.${name.replaceAll("-", "_")}`, value: 1 }] };

function once(subscribe) {
  return new Promise((resolve) => subscribe(resolve));
}

const cases = {
  async jayson() {
    const jayson = require("jayson/promise");
    const client = jayson.Client.http(`${url}/rpc`, { headers: { "Content-Type": "application/json" } });
    assert.equal((await client.request("health.check", [])).result.serving, "SERVING"); // by position
    assert.equal((await client.request("health.check", { service: "" })).result.serving, "SERVING"); // by name
    const { error } = await client.request("metrics.list", { limit: 0 });
    assert.deepEqual([error.code, error.data.status, error.data.field], [-32602, "INVALID_ARGUMENT", "limit"]);
    const batch = await client.request([
      client.request("health.check", {}, undefined, false),
      client.request("metrics.record", sample, null, false), // a notification: no answer
      client.request("status.get", {}, undefined, false),
      client.request("no.such", {}, undefined, false),
    ]);
    assert.deepEqual(batch.map((one) => one.result?.serving ?? one.result?.phase4_enabled ?? one.error.code), ["SERVING", true, -32601]);
    // its raw sockets: a connection for each call, whose answer it reads until the first whole JSON
    const lines = jayson.Client.tcp({ path: socketPath });
    assert.equal((await lines.request("health.check", {})).result.serving, "SERVING");
    const socket = jayson.Client.websocket({ url: `${url.replace(/^http/, "ws")}/rpc` });
    await once((resolve) => socket.ws.on("open", resolve));
    assert.equal((await socket.request("health.check", {})).result.serving, "SERVING");
    socket.ws.close();
  },

  async "json-rpc-2.0"() {
    const { JSONRPCClient, JSONRPCServer, JSONRPCServerAndClient, createJSONRPCRequest } = require("json-rpc-2.0");
    const client = new JSONRPCClient(async (request) => {
      const response = await fetch(`${url}/rpc`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) });
      if (response.status === 200) return client.receive(await response.json());
      assert.equal(response.status, 204);
    });
    assert.equal((await client.request("health.check", { service: "" })).serving, "SERVING");
    await assert.rejects(client.request("health.check", { service: "no such" }), (error) => error.code === -32005 && error.data.status === "NOT_FOUND");
    client.notify("metrics.record", sample);
    const answers = await client.requestAdvanced([createJSONRPCRequest(1, "health.check"), createJSONRPCRequest(2, "no.such")]);
    assert.deepEqual(answers.map((one) => one.result?.serving ?? one.error.code), ["SERVING", -32601]);

    // both ways by one WebSocket: the daemon's stream is its own calls to us
    const WebSocket = require("ws");
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/rpc`, "jsonrpc");
    await once((resolve) => socket.on("open", resolve));
    const both = new JSONRPCServerAndClient(new JSONRPCServer(), new JSONRPCClient((message) => socket.send(JSON.stringify(message))));
    socket.on("message", (data) => both.receiveAndSend(JSON.parse(data)));
    const first = once((resolve) => both.addMethod("stream.next", resolve));
    const ended = once((resolve) => both.addMethod("stream.end", resolve));
    const { stream } = await both.request("health.watch");
    assert.deepEqual(await first, { stream, seq: 1, value: { serving: "SERVING" } });
    await both.request("stream.cancel", { stream });
    assert.deepEqual(await ended, { stream, status: "CANCELLED" });
    socket.close();
  },

  async "client-js"() {
    const { Client, HTTPTransport, RequestManager, WebSocketTransport } = require("@open-rpc/client-js");
    for (const open of [() => new HTTPTransport(`${url}/rpc`), () => new WebSocketTransport(`${url.replace(/^http/, "ws")}/rpc`)]) {
      const transport = open(); // it misses its own opening where nobody connects at once
      const client = new Client(new RequestManager([transport]));
      assert.equal((await client.request({ method: "health.check", params: [""] })).serving, "SERVING");
      await assert.rejects(client.request({ method: "gpu.list", params: { device: "none" } }), (error) => error.code === -32005 && error.data.status === "NOT_FOUND");
      await client.notify({ method: "metrics.record", params: sample });
      client.startBatch();
      const calls = [client.request({ method: "health.check" }), client.request({ method: "status.get", params: {} }), client.request({ method: "no.such" })];
      client.stopBatch();
      const [health, status, wrong] = await Promise.allSettled(calls);
      assert.deepEqual([health.value?.serving, status.value?.phase4_enabled, wrong.reason?.code], ["SERVING", true, -32601]);
      if (transport instanceof WebSocketTransport) {
        const value = once((resolve) => client.onNotification(resolve));
        const { stream } = await client.request({ method: "health.watch" });
        assert.deepEqual((await value).params, { stream, seq: 1, value: { serving: "SERVING" } });
      }
      client.close();
    }
  },

  async "vscode-jsonrpc"() {
    const { CancellationTokenSource, ParameterStructures, SocketMessageReader, SocketMessageWriter, createMessageConnection } = require("vscode-jsonrpc/node");
    const socket = connect(socketPath);
    const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    const first = once((resolve) => connection.onNotification("stream.next", resolve));
    const ended = once((resolve) => connection.onNotification("stream.end", resolve));
    connection.listen();
    assert.equal((await connection.sendRequest("health.check")).serving, "SERVING");
    assert.equal((await connection.sendRequest("health.check", ParameterStructures.byPosition, "")).serving, "SERVING");
    await assert.rejects(connection.sendRequest("gpu.list", { device: "none" }), (error) => error.code === -32005 && error.data.status === "NOT_FOUND");
    await connection.sendNotification("metrics.record", sample);
    const { stream } = await connection.sendRequest("health.watch", {});
    assert.deepEqual(await first, { stream, seq: 1, value: { serving: "SERVING" } });
    await connection.sendRequest("stream.cancel", { stream });
    assert.deepEqual(await ended, { stream, status: "CANCELLED" });
    // its own cancellation is a notification that we do not know: the call is answered all the same
    const cancelling = new CancellationTokenSource();
    const answer = connection.sendRequest("status.get", {}, cancelling.token);
    cancelling.cancel();
    assert.equal((await answer).phase4_enabled, true);
    const long = "\u00e9\u{1F600}".repeat(100_000); // lengths are of bytes
    await connection.sendRequest("cache.set", { key: "long", value: long });
    assert.equal((await connection.sendRequest("cache.get", { key: "long" })).value, long);
    connection.dispose();
    socket.destroy();
  },
};

await cases[name]();
