// SPDX-License-Identifier: LGPL-2.1-or-later
// An Express service with orfeas: its requests are spans and counters, and what it computes is cached.
//
//   npm ci --ignore-scripts && PORT=5001 node app.js
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The client where it was built or installed; beside a package.json that names it: import … from "orfeas/express.js".
const client = process.env.ORFEAS_JAVASCRIPT ?? "/usr/share/orfeas/javascript";
const { trace } = await import(pathToFileURL(`${client}/express.js`));
const { connect, openCache } = await import(pathToFileURL(`${client}/unix.js`));
const express = createRequire(import.meta.url)("express");

const orfeas = connect(process.env.ORFEAS_SOCKET);
const cache = openCache(process.env.ORFEAS_CACHE_SOCKET);
const tracing = trace(orfeas, { service: "front" });

const embed = cache.cached(
  (text) => tracing.recorder.span("embed", { attributes: { letters: text.length } }, () => text.split(" ").map((word) => word.length)),
  { key: "embed:", ttlMs: 60_000 });

const app = express();
app.use(tracing);
app.get("/embed/:text", async (request, response) => response.json({ embedding: await embed(request.params.text) }));
app.get("/fail", () => { throw new Error("as it may be"); });

const server = app.listen(process.env.PORT ?? 5001, "127.0.0.1");
process.on("SIGINT", () => server.close(async () => {
  await tracing.recorder.flush();
  cache.close();
  orfeas.close();
}));
