// SPDX-License-Identifier: LGPL-2.1-or-later
// Each attack is made twice by the same page: on a server with no guard, where it has to work (or it would prove
// nothing), and on the daemon, where it must not.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

import { PATIENCE_MS, ask, facts, run, until } from "./harness.mjs";

const { chromium } = createRequire(`${facts.packages}/package.json`)("playwright-core");

const DAEMON = new URL(facts.url);
const HTML = { "Content-Type": "text/html" };
const SOCKETS = ["/rpc", "/ws/metrics"];
const COOKIE = "unguarded=1; Path=/; HttpOnly; SameSite=Strict";

function listen(server) {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
}

/** What a service without any of our guards does: takes all, and remembers it. */
async function startUnguarded() {
  const taken = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      taken.push({ verb: request.method, host: request.headers.host, cookie: request.headers.cookie, body });
      if (request.url === "/") response.writeHead(200, { ...HTML, "Set-Cookie": COOKIE }).end("<title>unguarded</title>");
      else response.writeHead(200, { "Content-Type": "application/json" }).end('{"secret":true}');
    });
  });
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.on("error", () => {});
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  });
  const port = await listen(server);
  return { port, taken, origin: `http://127.0.0.1:${port}` };
}

/** A browser, a server of the attacker's, and one without guards. */
async function stage() {
  const attacker = createServer((_, response) => response.writeHead(200, HTML).end("<title>attacker</title>"));
  const port = await listen(attacker);
  const browser = await chromium.launch({
    executablePath: facts.chromium, args: ["--no-sandbox", "--host-resolver-rules=MAP evil.test 127.0.0.1"],
    timeout: PATIENCE_MS,
  });
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    unguarded: await startUnguarded(),
    context,
    /** The attacker's page, under his own name, or on another port of the user's machine: the same site. */
    foreign: async (host = "evil.test") => {
      const page = await context.newPage();
      await page.goto(`http://${host}:${port}/`);
      return page;
    },
    /** A page of a server's own. */
    own: async (origin) => {
      const page = await context.newPage();
      await page.goto(`${origin}/`);
      return page;
    },
    end: () => browser.close(),
  };
}

const define = (name) => ({ jsonrpc: "2.0", id: 1, method: "metrics.define", params: { name, kind: "gauge" } });

async function isDefined(name) {
  const { series } = await ask("call", "metrics.list", { match: name });
  return series.length > 0;
}

/** fetch() of the page's; what came of it. */
function post(page, url, options) {
  return page.evaluate(async ([to, init]) => {
    try {
      const answer = await fetch(to, { method: "POST", ...init });
      return { type: answer.type, status: answer.status, text: await answer.text() };
    } catch (error) {
      return { failed: String(error) };
    }
  }, [url, options]);
}

const json = (name) => ({ headers: { "Content-Type": "application/json" }, body: JSON.stringify(define(name)) });

/** All the ways in which a page can post to where it may not read. */
async function postAll(page, url, stem) {
  const names = [];
  const next = () => names[names.push(`${stem}.n${names.length}`) - 1];
  await post(page, url, { mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: JSON.stringify(define(next())) });
  await post(page, url, { mode: "no-cors", ...json(next()) });
  await post(page, url, { mode: "no-cors", credentials: "include", body: JSON.stringify(define(next())) });
  await post(page, url, { mode: "cors", ...json(next()) });
  await page.evaluate(([to, body]) => navigator.sendBeacon(to, body), [url, JSON.stringify(define(next()))]);
  // a form: text/plain, with the = that it needs hidden in the JSON
  await page.evaluate(([to, body]) => {
    const frame = Object.assign(document.createElement("iframe"), { name: "sink" });
    const form = Object.assign(document.createElement("form"), { action: to, method: "post", enctype: "text/plain", target: "sink" });
    form.append(Object.assign(document.createElement("input"), { name: body.slice(0, -1) + ',"x":"', value: '"}' }));
    document.body.append(frame, form);
    form.submit();
    return new Promise((resolve) => setTimeout(resolve, 500)); // nothing tells that nothing happened
  }, [url, JSON.stringify(define(next()))]);
  return names;
}

async function postsAreRefused(page, unguarded, stem) {
  const open = await postAll(page, `${unguarded.origin}/rpc`, "open");
  const arrived = () => open.filter((name) => unguarded.taken.some(({ verb, body }) => verb === "POST" && body.includes(name)));
  // all but the one that asks first
  await until(() => arrived().length === open.length - 1, `the posts to arrive, of which ${arrived()} did`);

  const names = await postAll(page, `${facts.url}/rpc`, stem);
  for (const name of names) assert.equal(await isDefined(name), false, `${name} was defined by a foreign page`);
}

/** Opens it and says whether that worked. */
function opens(page, url) {
  return page.evaluate((to) => new Promise((resolve) => {
    const socket = new WebSocket(to);
    socket.onopen = () => { resolve(true); socket.close(); };
    socket.onerror = () => resolve(false);
  }), url);
}

/** Where a frame ends up that is to show url. */
async function frameUrl(page, url) {
  await page.evaluate((to) => {
    document.querySelectorAll("iframe").forEach((old) => old.remove());
    document.body.append(Object.assign(document.createElement("iframe"), { src: to }));
  }, url);
  return until(() => {
    const [frame, ...more] = page.mainFrame().childFrames();
    return more.length === 0 && frame?.url() !== "about:blank" && frame?.url();
  }, `a frame with ${url}`);
}

await run({
  // the name that the attacker's page came by now leads to us: his page and we are one origin to the browser
  rebinding: async () => {
    const { unguarded, context, own, end } = await stage();
    const rebound = async (port) => {
      const page = await context.newPage();
      return { page, status: (await page.goto(`http://evil.test:${port}/`)).status() };
    };
    const { page: open } = await rebound(unguarded.port);
    assert.deepEqual(await post(open, "/rpc", json("open.rebound")), { type: "basic", status: 200, text: '{"secret":true}' });
    assert.equal(unguarded.taken.at(-1).host, `evil.test:${unguarded.port}`);

    const { page, status } = await rebound(DAEMON.port);
    assert.equal(status, 403);
    const answer = await post(page, "/rpc", json("attack.rebound"));
    assert.equal(answer.status, 403);
    assert.equal(await isDefined("attack.rebound"), false);
    for (const path of ["/", "/api/v1/status", "/openrpc.json", "/metrics", "/healthz"])
      assert.equal((await post(page, path, { method: "GET" })).status, 403, path);
    assert.equal(await opens(page, `ws://evil.test:${DAEMON.port}/rpc`), false);
    assert.deepEqual(await page.evaluate(() => document.cookie), "");

    assert.equal((await post(await own(facts.url), "/rpc", json("own.call"))).status, 200);
    assert.equal(await isDefined("own.call"), true);
    await end();
  },

  "cross-origin-post": async () => {
    const { unguarded, foreign, own, end } = await stage();
    const page = await own(facts.url);
    assert.equal((await post(page, "/rpc", json("own.call"))).status, 200);
    assert.equal(await isDefined("own.call"), true);
    await postsAreRefused(await foreign(), unguarded, "attack.foreign");
    await end();
  },

  // another service on the user's machine: cookies go there and come from there
  "same-site-post": async () => {
    const { unguarded, foreign, own, end } = await stage();
    await own(unguarded.origin);
    await own(facts.url);
    const page = await foreign("127.0.0.1");
    await postsAreRefused(page, unguarded, "attack.neighbour");
    assert.ok(unguarded.taken.some(({ verb, cookie }) => verb === "POST" && cookie?.includes("unguarded=1")),
      "SameSite=Strict kept the cookie from a neighbour's page; then this attack proves nothing");
    await end();
  },

  // with a session behind the cookie, and no way in without
  "session-post": async () => {
    const { unguarded, foreign, own, end } = await stage();
    await own(unguarded.origin);
    const page = await own(facts.url);
    const login = { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: await ask("cookie") }) };
    assert.equal((await post(page, "/rpc", json("own.early"))).text.includes("UNAUTHENTICATED"), true);
    assert.equal((await post(page, "/login", login)).status, 204);
    const mine = await post(page, "/rpc", json("own.session"));
    assert.ok(mine.text.includes('"created":true'), mine.text);
    assert.equal(await page.evaluate(() => document.cookie), "", "a script can read the session");

    const attacker = await foreign("127.0.0.1");
    await postAll(attacker, `${unguarded.origin}/rpc`, "open");
    assert.ok(unguarded.taken.some(({ verb, cookie }) => verb === "POST" && cookie?.includes("unguarded=1")));
    const names = await postAll(attacker, `${facts.url}/rpc`, "attack.session");
    const list = await post(page, "/rpc", { headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "metrics.list", params: { match: "attack" } }) });
    assert.deepEqual(JSON.parse(list.text).result.series, [], `one of ${names} was defined`);

    const out = await post(attacker, `${facts.url}/logout`, { mode: "no-cors", credentials: "include" });
    assert.ok(out);
    assert.ok((await post(page, "/rpc", json("own.later"))).text.includes('"created":true'), "a foreign page logged the user out");
    assert.equal((await post(page, "/logout", {})).status, 204);
    assert.ok((await post(page, "/rpc", json("own.last"))).text.includes("UNAUTHENTICATED"));
    await end();
  },

  websocket: async () => {
    const { unguarded, foreign, own, end } = await stage();
    const page = await own(facts.url);
    for (const host of ["evil.test", "127.0.0.1"]) {
      const attacker = await foreign(host);
      assert.equal(await opens(attacker, `ws://127.0.0.1:${unguarded.port}/rpc`), true, "not even where nobody guards");
      for (const path of SOCKETS) {
        assert.equal(await opens(page, `ws://127.0.0.1:${DAEMON.port}${path}`), true, path);
        assert.equal(await opens(attacker, `ws://127.0.0.1:${DAEMON.port}${path}`), false, `${host} opened ${path}`);
      }
    }
    await end();
  },

  framing: async () => {
    const { unguarded, foreign, end } = await stage();
    for (const host of ["evil.test", "127.0.0.1"]) {
      const attacker = await foreign(host);
      assert.equal(await frameUrl(attacker, `${unguarded.origin}/`), `${unguarded.origin}/`);
      assert.equal(await frameUrl(attacker, `${facts.url}/`), "chrome-error://chromewebdata/", host);
    }
    await end();
  },

  // what a page may not read it might still load: as a script, an image, an opaque answer
  reading: async () => {
    const { unguarded, foreign, own, end } = await stage();
    const page = await own(facts.url);
    const load = (from, url) => from.evaluate(async (to) => {
      try {
        return (await fetch(to, { mode: "no-cors" })).type;
      } catch {
        return "blocked";
      }
    }, url);
    const script = (from, url) => from.evaluate((to) => new Promise((resolve) => {
      document.head.append(Object.assign(document.createElement("script"), { src: to, onload: () => resolve("ran"), onerror: () => resolve("blocked") }));
    }), url);
    for (const path of ["/", "/api/v1/status", "/openrpc.json"]) {
      assert.equal((await post(page, path, { method: "GET" })).status, 200, path);
      const attacker = await foreign();
      assert.equal(await load(attacker, `${unguarded.origin}${path}`), "opaque");
      assert.equal(await load(attacker, `${facts.url}${path}`), "blocked", path);
      assert.equal(await script(attacker, `${facts.url}${path}`), "blocked", path);
    }
    await end();
  },
});
