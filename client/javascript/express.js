// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Middleware for Express, and for any server of Node's that calls (request, response, next): each request is a span in its
 * caller's trace, and counts. What it calls by any orfeas client is in its trace, across awaits and timers.
 */
import { AsyncLocalStorage } from "node:async_hooks";

import { Recorder } from "./recorder.js";
import { runIn, setKeeper } from "./trace.js";

// Other words in a request line are the sender's to choose, and would be as many series.
const METHODS = new Set(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"]);

const active = new AsyncLocalStorage();
setKeeper({ current: () => active.getStore(), run: (span, work) => active.run(span, work) });

/** Of Express: the path by which it found its function. */
function findRoute(request) {
  return typeof request.route?.path === "string" ? (request.baseUrl ?? "") + request.route.path : undefined;
}

/** `route(request)` names the operation (`GET /items/:id`), so it should be one of a few; asked when a request has been answered. */
export function trace(orfeas, { service, recorder = new Recorder(orfeas, { service }), route = findRoute } = {}) {
  let n_active = 0;
  const tell = (by) => recorder.gauge("http.server.active_requests", n_active += by, { service: recorder.service, process: recorder.process });

  function middleware(request, response, next) {
    const method = METHODS.has(request.method) ? request.method : "_OTHER";
    const span = recorder.span(method, {
      kind: "server", traceparent: request.headers.traceparent, tracestate: request.headers.tracestate,
      attributes: { "http.request.method": method, "url.path": (request.originalUrl ?? request.url).split("?", 1)[0] },
    });
    tell(1);
    // once, whether it was answered or its caller went away
    response.once("close", () => {
      tell(-1);
      finish(span, method, response, askRoute(request));
    });
    runIn(span, next);
  }

  /** One that fails names nothing: thrown from an event of the response it would end the process. */
  function askRoute(request) {
    try {
      return route(request);
    } catch {
      return undefined;
    }
  }

  function finish(span, method, response, path) {
    const isWhole = response.writableFinished;
    const status = response.statusCode;
    const labels = { service: recorder.service, method, status };
    if (path) {
      span.rename(`${method} ${path}`);
      span.set("http.route", path);
      labels.route = path;
    }
    span.set("http.response.status_code", status);
    if (status >= 500) span.fail(`HTTP ${status}`);
    else if (!isWhole) span.fail("its caller went away");
    span.end();
    recorder.count("http.server.requests", 1, labels);
  }

  middleware.recorder = recorder;
  return middleware;
}
