// SPDX-License-Identifier: LGPL-2.1-or-later
// OpenTelemetry's own SDK and exporters against a running daemon:
//   node test-otlp-sdk.mjs ENCODING TEMPORALITY COMPRESSION PACKAGES URL
// with ENCODING json or proto, TEMPORALITY cumulative or delta, COMPRESSION gzip or none. Prints a line for each answer that came with
// another status than 200, and "done" once all is exported.
import { createRequire } from "node:module";
import path from "node:path";

import { startProxy } from "./recording-proxy.mjs";

const [encoding, temporality, compression, packages, url] = process.argv.slice(2);
const require = createRequire(path.join(packages, "index.js"));
const { AggregationTemporality, AggregationType, MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${encoding === "json" ? "http" : "proto"}`);

const proxy = await startProxy(url, compression);
const exporter = new OTLPMetricExporter({
  url: `http://127.0.0.1:${proxy.address().port}/v1/metrics`,
  compression,
  timeoutMillis: 60_000,
  temporalityPreference: temporality === "delta" ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
});
const provider = new MeterProvider({
  resource: resourceFromAttributes({ "service.name": "sdk", "service.namespace": "test", "service.instance.id": "n-1", "os.type": "linux" }),
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000, exportTimeoutMillis: 60_000 })],
  views: [{ instrumentName: "sdk.exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { recordMinMax: true, maxSize: 160 } } }],
});
const meter = provider.getMeter("sdk-test", "1.0");
const counter = meter.createCounter("sdk.counter", { unit: "{item}", description: "things" });
const inFlight = meter.createUpDownCounter("sdk.in_flight");
const gauge = meter.createGauge("sdk.gauge", { unit: "Cel" });
const histogram = meter.createHistogram("sdk.histogram", { unit: "ms", advice: { explicitBucketBoundaries: [1, 10, 100] } });
const exponential = meter.createHistogram("sdk.exponential", { unit: "s" });
meter.createObservableCounter("sdk.observed").addCallback((result) => result.observe(1234.5, { cpu: 0 }));

for (let round = 1; round <= 3; round++) {
  counter.add(round, { "http.method": "GET", ok: true });
  counter.add(10, { "http.method": "PUT" });
  inFlight.add(round === 2 ? -5 : 1);
  gauge.record(20 + round);
  for (const value of [0.5, 5, 50, 500]) histogram.record(value * round);
  for (const value of [0, 0.001, 0.5, 1, 2, 1000]) exponential.record(value);
  await provider.forceFlush();
  await new Promise((resolve) => setTimeout(resolve, 20)); // so that times differ
}
await provider.shutdown();
console.log("done");
proxy.close();
