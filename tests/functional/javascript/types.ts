// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiled, never run: what the types let through, and what they refuse.
import { Orfeas, OrfeasError } from "orfeas";
import { Cache } from "orfeas/cache.js";
import { trace } from "orfeas/express.js";
import { Recorder } from "orfeas/recorder.js";
import { connect, openCache, openWorker } from "orfeas/unix.js";
import { Refused, Worker } from "orfeas/worker.js";
import type { GpuDevice, MetricsFrame, Status } from "orfeas";

export async function use(): Promise<void> {
  const orfeas = new Orfeas({ url: "http://127.0.0.1:5000", token: "t", deadlineMs: 1000 });
  const { devices } = await orfeas.gpu.list();
  const device: GpuDevice | undefined = devices[0];
  const used: number | null | undefined = device?.used_bytes;
  await orfeas.metrics.record({ samples: [{ name: "a", value: used ?? 0 }] }, { idempotencyKey: "k" });
  await orfeas.inTrace("00-a-b-01").gpu.list({}, { tracestate: "a=1" });
  const { series } = await orfeas.metrics.query({ select: "a", aggregate: "p95" }, { over: "http" });
  const [tUs, value]: [number, number | null] = series[0]!.points[0]!;
  for await (const item of orfeas.metrics.watch({ select: "a" }, { resume: (p) => ({ ...p, history_us: 0 }) })) {
    const frame: MetricsFrame = item.value;
    const lost: number = item.dropped;
    void [frame, lost, tUs, value];
  }
  try {
    await orfeas.gpu.list({ device: "none" });
  } catch (error) {
    if (error instanceof OrfeasError) {
      const status: Status = error.status;
      void [status, error.retryAfterMs];
    }
  }
  // @ts-expect-error no such parameter
  await orfeas.gpu.list({ devise: "a" });
  // @ts-expect-error a required one is missing
  await orfeas.metrics.record({});
  // @ts-expect-error no such value
  await orfeas.metrics.query({ select: "a", aggregate: "median" });
  // @ts-expect-error no such method
  await orfeas.gpu.lists();
}

export async function programs(): Promise<void> {
  const orfeas = connect("/run/orfeas.sock", { background: true, retries: 0 });
  const recorder = new Recorder(orfeas, { service: "a" });
  const length: number = recorder.span("work", { kind: "server" }, (span) => (span.set("n", 1), 7));
  const later: Promise<string> = recorder.span("work", undefined, async () => "b");
  recorder.span("open").end(new Error("c"));
  recorder.count("jobs", 1, { kind: "a" });
  const cache: Cache = openCache(undefined, { maxEntries: 10 });
  const value: string | Uint8Array | null | undefined = await cache.get("k");
  const embed = cache.cached(async (text: string, n: number) => [text.length, n], { ttlMs: 5 });
  const numbers: number[] = await embed("a", 1);
  const key: string = embed.keyOf("a", 1);
  const worker: Worker = openWorker({ name: "w", onCleanup: ({ level }) => { if (level === "light") throw new Refused(); return 5; } });
  await worker.batch(3, "a", (batch) => { batch.peakBytes = 5; });
  trace(orfeas, { recorder, route: (request: { path: string }) => request.path });
  void [length, later, value, numbers, key];
  // @ts-expect-error a number is no value
  await cache.set("k", 5);
  // @ts-expect-error its argument is text
  await embed(5, 5);
  // @ts-expect-error the socket tells who calls
  connect("/run/orfeas.sock", { token: "t" });
  // @ts-expect-error no such member
  openWorker({ name: "w", memory: () => ({ allocated: 5 }) });
}
