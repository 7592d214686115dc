// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenTelemetry's own SDK and exporters against a running daemon:
//   node test-otlp-sdk-traces.mjs ENCODING COMPRESSION PACKAGES URL
// with ENCODING json or proto, COMPRESSION gzip or none. Makes requests that go through three services, each with a provider of its own.
// Prints a line for each answer that came with another status than 200, and at the end all spans as they were made, as JSON.
import { createRequire } from "node:module";
import path from "node:path";

import { startProxy } from "./recording-proxy.mjs";

const [encoding, compression, packages, url] = process.argv.slice(2);
const require = createRequire(path.join(packages, "index.js"));
const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = require("@opentelemetry/api");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${encoding === "json" ? "http" : "proto"}`);

const REQUESTS = 200;
const KINDS = ["internal", "server", "client", "producer", "consumer"];
const proxy = await startProxy(url, compression);
const made = [];

const toUs = ([seconds, nanoseconds]) => seconds * 1_000_000 + Math.floor(nanoseconds / 1000);

// Remembers what the exporter is given.
const recorder = {
  onStart() {},
  onEnd(span) {
    const { traceId, spanId } = span.spanContext();
    made.push({
      trace_id: traceId,
      span_id: spanId,
      parent_id: span.parentSpanContext?.spanId ?? null,
      service: span.resource.attributes["service.name"],
      operation: span.name,
      kind: KINDS[span.kind],
      start_us: toUs(span.startTime),
      end_us: toUs(span.endTime),
      outcome: [null, "ok", "error"][span.status.code],
      message: span.status.message ?? null,
      attributes: span.attributes,
      events: span.events.map((event) => ({ t_us: toUs(event.time), name: event.name, attributes: event.attributes ?? {} })),
      links: span.links.map((link) => ({ trace_id: link.context.traceId, span_id: link.context.spanId, attributes: link.attributes ?? {} })),
    });
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

function makeTracer(service) {
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${proxy.address().port}/v1/traces`, compression, timeoutMillis: 60_000 });
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 10_000, maxExportBatchSize: 512, scheduledDelayMillis: 3_600_000 });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": service, "os.type": "linux" }),
    spanProcessors: [recorder, processor],
  });
  return { provider, tracer: provider.getTracer(`${service}-lib`, "1.0") };
}

const [page, api, db] = ["page", "api", "db"].map(makeTracer);

function start({ tracer }, name, parent, options = {}) {
  return tracer.startSpan(name, options, parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT);
}

let last;
for (let i = 0; i < REQUESTS; i++) {
  const load = start(page, "load", null, { attributes: { "http.method": "GET", n: i, share: i / 4, ok: true, list: ["a", "b"], empty: "" } });
  const fetch = start(page, "fetch", load, { kind: SpanKind.CLIENT });
  const items = start(api, `GET /items/${i % 3}`, fetch, { kind: SpanKind.SERVER, links: last ? [{ context: last, attributes: { why: "next" } }] : [] });
  const select = start(db, "SELECT", items, { kind: SpanKind.INTERNAL });
  select.addEvent("rows", { count: i });
  if (i % 10 === 0) select.setStatus({ code: SpanStatusCode.ERROR, message: `broken ${i} é` });
  if (i % 10 === 1) select.setStatus({ code: SpanStatusCode.OK });
  last = select.spanContext();
  for (const span of [select, items, fetch, load]) span.end();
}
for (const { provider } of [db, api, page]) {
  await provider.forceFlush();
  await provider.shutdown();
}
console.log(JSON.stringify(made));
proxy.close();
