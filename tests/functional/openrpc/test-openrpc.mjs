// SPDX-License-Identifier: LGPL-2.1-or-later
// Judges a running daemon with packages that others wrote:
//   node test-openrpc.mjs CASE PACKAGES URL TOKEN
// where PACKAGES is the folder whose node_modules holds them, and URL is the daemon's http://HOST:PORT.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const [name, packages, url, token] = process.argv.slice(2);
const require = createRequire(path.join(packages, "index.js"));
const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
let nextId = 1;

async function send(body) {
  const response = await fetch(`${url}/rpc`, { method: "POST", headers, body });
  assert.equal(response.status, 200, `HTTP ${response.status} for ${body}`);
  return response.text();
}

async function call(method, params) {
  const id = nextId++;
  const answer = JSON.parse(await send(JSON.stringify({ jsonrpc: "2.0", id, method, params })));
  assert.equal(answer.id, id);
  return answer;
}

// A stream lives on a connection of its own; the first one there is "s1".
async function callByWebSocket(method, params) {
  const WebSocket = require("ws");
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/rpc`, "jsonrpc", { headers });
  const answers = new Map();
  const ask = (name, values) => {
    const id = nextId++;
    const answer = new Promise((resolve) => answers.set(id, resolve));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: name, params: values }));
    return answer;
  };
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    answers.get(message.id)?.(message);
  });
  try {
    if (method === "stream.cancel") await ask("health.watch", {});
    return await ask(method, params);
  } finally {
    socket.close();
  }
}

const needsStream = (document, name) =>
  name === "stream.cancel" || document.methods.some((method) => method.name === name && method["x-stream"]);

// Answers what somebody was asked: there is no such id unless somebody is being asked just then.
const needsAdvice = ["worker.done"];
// Is refused unless somebody switched it on, and asks for memory of a real device.
const needsLeave = ["gpu.largest"];
const notCalled = [...needsAdvice, ...needsLeave];

async function fetchDocument() {
  const response = await fetch(`${url}/openrpc.json`, { headers });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^application\/json\b/);
  return response.json();
}

const unavailable = (document) => document.methods.filter((method) => method["x-unavailable"]).map((method) => method.name);

const cases = {
  // The document is one, the same by both ways, and names each method once with an example.
  async document() {
    const { validateOpenRPCDocument } = require("@open-rpc/schema-utils-js");
    const document = await fetchDocument();
    const discovered = await call("rpc.discover", []);
    assert.deepEqual(discovered.result, document);
    const verdict = validateOpenRPCDocument(document);
    assert.equal(verdict, true, String(verdict.message ?? verdict));
    assert.ok(document.methods.length > 0 && document.servers.length > 0);
    const names = document.methods.map((method) => method.name);
    assert.equal(new Set(names).size, names.length);
    for (const method of document.methods)
      assert.ok(method.examples?.length > 0, `${method.name} has no example`);
  },

  // Each example is called as it stands; its result must be the example's or satisfy the schema.
  async examples() {
    const coverage = require("@open-rpc/test-coverage/build/coverage.js").default;
    const ExamplesRule = require("@open-rpc/test-coverage/build/rules/examples-rule.js").default;
    const { dereferenceDocument, defaultResolver } = require("@open-rpc/schema-utils-js");
    const document = await dereferenceDocument(await fetchDocument(), defaultResolver);
    const silent = { onBegin() {}, onTestBegin() {}, onTestEnd() {}, onEnd() {} };
    const calls = await coverage({
      reporters: [silent],
      rules: [new ExamplesRule()],
      openrpcDocument: document,
      skip: [...unavailable(document), ...notCalled],
      only: [],
      transport: (_, method, params) =>
        needsStream(document, method) ? callByWebSocket(method, params) : call(method, params),
    });
    const bad = calls.filter((one) => !one.valid);
    for (const one of bad)
      console.error(`${one.methodName} ${one.title}: ${one.reason ?? one.requestError ?? "not valid"}`);
    assert.equal(bad.length, 0);
    const called = new Set(calls.map((one) => one.methodName));
    for (const method of document.methods)
      assert.ok(called.has(method.name) !== (Boolean(method["x-unavailable"]) || notCalled.includes(method.name)), `${method.name} was not called`);
    console.error(`${calls.length} examples of ${called.size} methods`);
  },

  // What the document says is not built yet answers so, and nothing else does.
  async unavailable() {
    const document = await fetchDocument();
    for (const method of document.methods.filter((one) => one["x-unavailable"])) {
      const params = method.examples[0].params.map((param) => param.value);
      const { error } = await call(method.name, params);
      assert.ok(error, `${method.name} answered though it is marked x-unavailable`);
      assert.ok([-32014, -32009].includes(error.code), `${method.name}: ${JSON.stringify(error)}`);
    }
  },
};

await cases[name]();
