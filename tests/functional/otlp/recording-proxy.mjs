// SPDX-License-Identifier: LGPL-2.1-or-later
// What passes between an exporter and the daemon is seen, and not changed: a line for each answer that came with another status than 200.
import assert from "node:assert/strict";
import http from "node:http";

export function startProxy(url, compression) {
  const target = new URL(url);
  const server = http.createServer((incoming, outgoing) => {
    assert.equal(incoming.headers["content-encoding"], compression === "gzip" ? "gzip" : undefined);
    const forward = http.request(
      { host: target.hostname, port: target.port, path: incoming.url, method: incoming.method, headers: { ...incoming.headers, host: target.host } },
      (answer) => {
        if (answer.statusCode !== 200) console.log(`${answer.statusCode} ${answer.headers["retry-after"]}`);
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(forward);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
