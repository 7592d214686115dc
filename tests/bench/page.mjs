// SPDX-License-Identifier: LGPL-2.1-or-later
// The page as bench-page.py wants it measured; prints one line of JSON.
import { Visit, facts, run } from "../browser/harness.mjs";

const SECOND = 1000;
const SETTLE_MS = 10 * SECOND; // until all that is asked for at first was drawn
const CONTEXTS = 9; // that never saw the page: one start of a renderer says little
const RELOADS = 5;
const TALL = 12_000; // px: every section is in sight

/** Of files, as they went over the wire. */
async function received(page) {
  const sizes = await page.evaluate(() => [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
    .filter(({ name }) => !name.endsWith("/rpc")).map(({ encodedBodySize: size }) => size));
  return sizes.reduce((a, b) => a + b, 0);
}

async function firstCharts() {
  const told = { cold_ms: [], reload_ms: [] };
  for (let context = 0; context < CONTEXTS; context++) {
    const cold = await Visit.begin();
    told.cold_ms.push(await cold.firstChart());
    await cold.page.waitForTimeout(2 * SECOND);
    told.gzip_bytes = await received(cold.page);
    for (let i = 0; context === 0 && i < RELOADS; i++) {
      await cold.page.reload();
      told.reload_ms.push(await cold.firstChart());
      await cold.page.waitForTimeout(2 * SECOND);
    }
    await cold.end();
  }
  return told;
}

async function work() {
  const visit = await Visit.begin({ height: TALL });
  const { page } = visit;
  await visit.firstChart();
  await page.waitForTimeout(SETTLE_MS);
  // by the clock, as DevTools tells it, and of the processor, which others on the machine do not lengthen
  const [session, ofThread] = await Promise.all([{}, { timeDomain: "threadTicks" }].map(async (domain) => {
    const own = await page.context().newCDPSession(page);
    await own.send("Performance.enable", domain);
    return own;
  }));
  const metric = async (name, of = session) => (await of.send("Performance.getMetrics")).metrics.find((one) => one.name === name).value;
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return { heap_bytes: await metric("JSHeapUsedSize"), nodes: await metric("Nodes"), listeners: await metric("JSEventListeners") };
  };
  const [shares, cpu] = [[], []];
  const heaps = [await heap()];
  for (let i = 0; i < facts.rounds; i++) {
    const from = [await metric("TaskDuration"), await metric("TaskDuration", ofThread), performance.now()];
    await page.waitForTimeout(facts.round_s * SECOND);
    const to = [await metric("TaskDuration"), await metric("TaskDuration", ofThread), performance.now()];
    const seconds = (to[2] - from[2]) / SECOND;
    shares.push(((to[0] - from[0]) * SECOND) / seconds);
    cpu.push(((to[1] - from[1]) * SECOND) / seconds);
    heaps.push(await heap());
  }
  const charts = await page.locator("canvas").count();
  await visit.end();
  return { task_ms_per_s: shares, cpu_ms_per_s: cpu, heaps, charts };
}

await run({
  page: async () => console.log(JSON.stringify({ ...await firstCharts(), ...await work() })),
});
