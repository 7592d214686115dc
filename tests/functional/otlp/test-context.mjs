// SPDX-License-Identifier: LGPL-2.1-or-later
// A program with OpenTelemetry's SDK that asks a running daemon within a span of its own, in the trace of a caller:
//   node test-context.mjs CLIENT PACKAGES URL TRACEPARENT
// The client is told nothing of all that.
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import path from "node:path";

const [client, packages, url, traceparent] = process.argv.slice(2);
const require = createRequire(path.join(packages, "index.js"));
const { ROOT_CONTEXT, context, trace } = require("@opentelemetry/api");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BasicTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { Orfeas } = await import(`${client}/orfeas.js`);

// what @opentelemetry/context-async-hooks is
const storage = new AsyncLocalStorage();
context.setGlobalContextManager({
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (active, fn, self, ...args) => storage.run(active, () => fn.call(self, ...args)),
  bind: (active, target) => target,
  enable() { return this; },
  disable() { return this; },
});
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "node" }),
  spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }))],
});
const orfeas = new Orfeas({ url });

const [, traceId, spanId] = traceparent.split("-");
const caller = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, isRemote: true });
const span = provider.getTracer("test").startSpan("ask", {}, caller);
await context.with(trace.setSpan(caller, span), async () => {
  await new Promise((resolve) => setImmediate(resolve)); // across a turn of the loop
  await orfeas.gpu.list();
});
span.end();
await provider.forceFlush();
await orfeas.status.get(); // outside of it: in no trace
await provider.shutdown();
