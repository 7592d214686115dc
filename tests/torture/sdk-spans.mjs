// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenTelemetry's SDK and exporter as a client of a daemon that is killed again and again:
//   node sdk-spans.mjs PACKAGES SERVICE
// Commands on standard input: "go URL", after which it makes spans and exports them there, and "stop". It says "accepted N…" (the attribute n of
// each span) when the exporter has its 200, "failed REASON" or "stopped", after which it waits. What was not accepted is exported again as it was.
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const [packages, service] = process.argv.slice(2);
const require = createRequire(path.join(packages, "index.js"));
const { ROOT_CONTEXT, trace } = require("@opentelemetry/api");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { CompressionAlgorithm } = require("@opentelemetry/otlp-exporter-base");

const BATCH = 20;
const DAEMON_IS_GONE_MS = 2000; // an exporter tries so long before it gives up

let exporter = null; // null: it waits
const waiting = []; // who makes spans, and who exports them
let made = 0;

function halt(line) {
  exporter = null;
  console.log(line);
}

const going = async () => {
  while (exporter === null) await new Promise((resolve) => waiting.push(resolve));
  return exporter;
};

// Between the SDK's processor and its exporter: hears of each answer.
const patient = {
  async export(spans, done) {
    let result;
    do {
      const current = await going();
      result = await new Promise((resolve) => current.export(spans, resolve));
      if (result.code !== 0 && current === exporter) halt(`failed ${result.error?.message ?? ""}`.replaceAll("\n", " "));
    } while (result.code !== 0);
    console.log(`accepted ${spans.map((span) => span.attributes.n).join(" ")}`);
    done(result);
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

const processor = new BatchSpanProcessor(patient, { maxQueueSize: 10 * BATCH, maxExportBatchSize: BATCH, scheduledDelayMillis: 5, exportTimeoutMillis: 600_000 });
const provider = new BasicTracerProvider({ resource: resourceFromAttributes({ "service.name": service }), spanProcessors: [processor] });
const tracer = provider.getTracer("torture");

function makeRequest() {
  const outer = tracer.startSpan("request", { attributes: { n: made++ } });
  const inner = tracer.startSpan("query", { attributes: { n: made++ } }, trace.setSpan(ROOT_CONTEXT, outer));
  inner.end();
  outer.end();
}

// No more than is exported meanwhile: what the processor's queue has no room for is dropped by the SDK.
async function makeForEver() {
  for (;;) {
    await going();
    for (let i = 0; i < BATCH / 2; i++) makeRequest();
    await processor.forceFlush().catch(() => {});
  }
}

for await (const line of (makeForEver(), readline.createInterface({ input: process.stdin }))) {
  const [word, url] = line.split(" ");
  if (word === "go") {
    exporter = new OTLPTraceExporter({ url: `${url}/v1/traces`, compression: CompressionAlgorithm.GZIP, timeoutMillis: DAEMON_IS_GONE_MS });
    for (const wake of waiting.splice(0)) wake();
  } else if (exporter !== null) {
    halt("stopped");
  }
}
process.exit(0);
