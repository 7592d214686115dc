// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiled, never run: what the types let through, and what they refuse.
import { Orfeas, OrfeasError } from "orfeas";
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
