// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The daemon's Unix sockets for Node: a message a line, in a WebSocket's clothes, so that all that is built on one works
 * by them too, and no package is needed.
 */
import { createConnection } from "node:net";
import { lstatSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { StringDecoder } from "node:string_decoder";

import { Cache } from "./cache.js";
import { OrfeasError, Orfeas } from "./orfeas.js";
import { Worker } from "./worker.js";

// No answer of ours comes near it; a bound keeps a confused server from filling the memory.
const MAX_LINE_CHARS = 256 * 1024 * 1024;
const ABNORMAL = 1006;

class LineSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #socket;
  #decoder = new StringDecoder("utf8");
  #parts = []; // of a line that has not ended
  #length = 0;
  #reason = "";

  constructor(path) {
    this.#socket = createConnection({ path });
    this.#socket.on("connect", () => {
      this.readyState = 1;
      this.onopen?.({});
    });
    this.#socket.on("data", (chunk) => this.#take(this.#decoder.write(chunk)));
    this.#socket.on("error", (error) => { this.#reason = error.message; });
    this.#socket.on("close", () => {
      this.readyState = 3;
      this.onclose?.({ code: ABNORMAL, reason: this.#reason });
    });
  }

  send(text) {
    this.#socket.write(`${text}\n`);
  }

  close() {
    this.readyState = 2;
    this.#socket.destroy();
  }

  ref() {
    this.#socket.ref();
  }

  unref() {
    this.#socket.unref();
  }

  #take(text) {
    const lines = text.split("\n");
    const last = lines.pop();
    for (const line of lines) {
      const data = this.#parts.join("") + line;
      this.#parts = [];
      this.#length = 0;
      if (this.readyState === 1) this.onmessage?.({ data });
    }
    this.#length += last.length;
    if (last !== "") this.#parts.push(last);
    if (this.#length > MAX_LINE_CHARS) this.#socket.destroy(new Error("an answer that has no end"));
  }
}

/** As the daemon and orfeasctl find it. */
function findSocket(name) {
  const runtime = process.env.XDG_RUNTIME_DIR ?? "";
  const folder = isAbsolute(runtime) ? join(runtime, "orfeas") : `/tmp/orfeas-${process.getuid()}`;
  return join(folder, name);
}

/** /tmp is everyone's: a folder of that name which is not ours was put there to hear what we send. */
function checkOwner(path) {
  const info = lstatSync(dirname(path), { throwIfNoEntry: false });
  if (info !== undefined && (!info.isDirectory() || info.uid !== process.getuid()))
    throw new OrfeasError("PERMISSION_DENIED", `${dirname(path)} belongs to someone else: name the socket`, { local: true });
}

function make(path, name, options) {
  const place = path ?? findSocket(name);
  if (path === undefined) checkOwner(place);
  return new Orfeas({ ...options, socketOnly: true, WebSocket: class { constructor() { return new LineSocket(place); } } });
}

/** A client by the Unix socket at `path`; with none, by that of this user's daemon. */
export function connect(path, options) {
  return make(path, "orfeas.sock", options);
}

/** A cache by the daemon's `cache.sock`, whose watching keeps no process alive. */
export function openCache(path, options = {}) {
  return new Cache(make(path, "cache.sock", { background: true }), { ...options, ownsClient: true });
}

/** A worker by the daemon's socket; it keeps no process alive. */
export function openWorker(options, path) {
  return new Worker(make(path, "orfeas.sock", { background: true }), { ...options, ownsClient: true });
}
