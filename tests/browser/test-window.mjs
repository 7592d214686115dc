// SPDX-License-Identifier: LGPL-2.1-or-later
import assert from "node:assert/strict";

import { Visit, ask, run, until } from "./harness.mjs";
import { send, traceId } from "./spans.mjs";

const SERIES = "studio.depth";
const HOUR_S = 3600;

/** An hour of a value each second, with one spike of one sample, and half of it nothing. */
async function recordHour(end) {
  const samples = Array.from({ length: HOUR_S }, (_, i) => ({
    name: SERIES, value: i === 2000 ? 900 : 50 + (i % 7), t_us: (end - HOUR_S + i) * 1e6,
  })).filter((_, i) => i < 1200 || i >= 1500);
  for (let i = 0; i < samples.length; i += 1000) await ask("call", "metrics.record", { samples: samples.slice(i, i + 1000) });
}

const query = async (params) => (await ask("call", "metrics.query", { select: SERIES, ...params })).series[0]?.points ?? [];
const bounds = (url) => ["from", "to"].map((name) => Date.parse(new URL(url).searchParams.get(name)) / 1e3);

/** The rows of the CSV are what metrics.query says of the same steps. */
async function assertCsvIsTrue({ rows, head }, stepS) {
  assert.equal(head, stepS === 1 ? `time,t_us,${SERIES}` : `time,t_us,avg(${SERIES}),min(${SERIES}),max(${SERIES})`);
  const span = { from_us: rows[0].second * 1e6, to_us: (rows.at(-1).second + stepS) * 1e6, step_us: stepS * 1e6 };
  const columns = await Promise.all((stepS === 1 ? ["avg"] : ["avg", "min", "max"]).map((aggregate) => query({ ...span, aggregate })));
  const told = columns[0].map(([tUs], i) => [tUs / 1e6, ...columns.map((column) => column[i][1])]).filter(([, value]) => value !== null);
  assert.deepEqual(rows.map(({ second, values }) => [second, ...values]), told);
}

// Where it is, once what is above it has stopped growing: half a second on the same place.
async function standing(locator) {
  const places = [];
  return until(async () => {
    await locator.scrollIntoViewIfNeeded();
    places.push(JSON.stringify(await locator.boundingBox()));
    const last = places.slice(-5);
    return last.length === 5 && last.every((place) => place === last[0]) && JSON.parse(last[0]);
  }, "it to stand still");
}

async function drag(page, box, from, to) {
  await page.mouse.move(box.x + box.width * from, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + 60, { steps: 4 });
  await page.mouse.up();
}

await run({
  zoom: async () => {
    const end = Math.floor((await ask("now")) / 1e6) - 60;
    await recordHour(end);
    const visit = await Visit.begin({ path: `/?series=${SERIES}` });
    const { page } = visit;
    await visit.state("live");
    const chart = page.getByRole("article", { name: SERIES, exact: true });
    const choice = page.getByRole("combobox", { name: "Window of the charts" });
    assert.equal(await page.getByRole("button", { name: "Back to live" }).isVisible(), false);

    // an hour: no spike is averaged away, and the CSV is what is shown
    await choice.selectOption("Last hour");
    await page.waitForURL(/[?&]last=1h/);
    await chart.locator("canvas").waitFor();
    const hour = await until(async () => {
      const csv = await visit.csv(SERIES);
      return csv.head.includes("max(") && csv;
    }, "the hour");
    await assertCsvIsTrue(hour, 10);
    assert.equal(Math.max(...hour.rows.map(({ values }) => values[2])), 900);

    // a drag over a part of it is the next window, of every chart, in the address
    const [from, to] = await until(async () => {
      await drag(page, await standing(chart.locator(".u-over")), 0.25, 0.5);
      // on a busy machine the page moved under the pointer: nothing was dragged over, or something else
      if (!(await page.waitForURL(/from=.*to=/, { timeout: 10_000 }).then(() => true, () => false))) {
        await page.keyboard.press("Escape"); // it was a click, which asks what happened then
        return null;
      }
      const [begin, end] = bounds(page.url());
      if (end - begin > 0.2 * HOUR_S && end - begin < 0.3 * HOUR_S) return [begin, end];
      await page.goBack();
      return null;
    }, "a quarter of an hour to be dragged over");
    const part = await until(async () => {
      const csv = await visit.csv(SERIES);
      return csv.rows[0].second >= from - 10 && csv.rows.at(-1).second <= to && csv;
    }, "a quarter of it");
    await assertCsvIsTrue(part, 3);
    await page.getByRole("button", { name: "Back to live" }).waitFor();
    await page.getByRole("heading", { name: "Alerts of this window" }).waitFor();
    await visit.look("window");

    // what is copied opens the same, for who has not pinned it either
    const link = page.getByRole("link", { name: `Link to this view of ${SERIES}` });
    await link.hover();
    const address = await link.getAttribute("href");
    assert.deepEqual(bounds(new URL(address, page.url()).href), [from, to]);
    const other = await Visit.begin({ path: address });
    await other.page.locator("#explorer canvas").waitFor();
    assert.deepEqual((await other.csv(SERIES)).rows, part.rows);
    await other.page.waitForFunction((title) => document.activeElement.closest("figure")?.dataset.chart === title, SERIES);
    assert.equal(await other.page.evaluate(() => localStorage.getItem("orfeas.pins")), null);
    await other.end();

    // by keys: nearer, back, and live again
    await chart.getByRole("group", { name: `${SERIES}: chart` }).focus();
    await page.keyboard.press("End");
    await page.keyboard.press("+");
    await until(async () => bounds(page.url())[1] - bounds(page.url())[0] < 0.6 * (to - from), "half of it");
    await page.goBack();
    await until(() => bounds(page.url()).join() === `${from},${to}`, "what was before");
    await page.getByRole("button", { name: "Earlier" }).click();
    await until(() => bounds(page.url())[0] < from, "what was before");
    await chart.getByRole("group", { name: `${SERIES}: chart` }).focus();
    await page.keyboard.press("0");
    await page.getByRole("button", { name: "Back to live" }).waitFor({ state: "hidden" });
    await page.waitForURL((url) => url.searchParams.get("from") === null);
    await page.getByRole("heading", { name: "Alerts of the last day" }).waitFor();

    // any other by its ends; what makes no sense is said so
    await choice.selectOption("From … to …");
    const dialog = page.getByRole("dialog", { name: "Window of the charts" });
    await dialog.getByLabel("From").fill("2026-01-02T03:04:05");
    await dialog.getByLabel("To").fill("2026-01-01T03:04:05");
    await dialog.getByRole("button", { name: "Show it" }).click();
    await dialog.getByRole("alert").getByText("It has to begin before it ends.").waitFor();
    await dialog.getByLabel("To").fill("2026-01-02T04:04:05");
    await dialog.getByRole("button", { name: "Show it" }).click();
    await page.waitForURL(/from=2026-01-02/);
    await chart.getByText("No data in this window").waitFor();

    // who opens it there sees nothing of now before
    const past = await Visit.begin({ path: page.url() });
    await past.page.locator("#host").getByText("No data in this window").first().waitFor();
    assert.equal(await past.page.locator("#host canvas").count(), 0);
    await past.end();
    await visit.end();
  },

  timeline: async () => {
    const now = await ask("now");
    const at = (s) => now - s * 1e6;
    await ask("call", "events.mark", { text: "studio <b>2.1</b>", kind: "deploy", t_us: at(90) });
    await ask("call", "events.mark", { text: "studio 2.0", kind: "deploy", t_us: at(2000) });
    await send([
      { trace: 1, id: 1, service: "studio", name: "slow job", startUs: at(92), us: 900_000 },
      { trace: 2, id: 2, service: "studio", name: "failed job", startUs: at(89), us: 1_000, failed: true },
      { trace: 3, id: 3, service: "studio", name: "other job", startUs: at(400), us: 1_000 },
    ]);
    await ask("call", "metrics.record", { samples: [{ name: SERIES, value: 90 }] });
    const visit = await Visit.begin();
    const { page } = visit;
    await visit.state("live");
    const section = page.locator("#timeline");
    const lane = (name) => section.getByRole("list", { name, exact: true }).getByRole("link");
    await until(async () => (await lane("Alerts").count()) === 1 && (await lane("Marks").count()) === 1, "what happened in 5 minutes");
    await lane("Alerts").and(page.getByRole("link", { name: /^deep, .*, goes on: 90 wait$/ })).waitFor();
    assert.equal(await lane("Anomalies").count(), 0);

    // a mark tells what else was then, the failed trace first
    await lane("Marks").click();
    const dialog = page.getByRole("dialog", { name: / to / });
    await dialog.getByRole("table", { name: "What happened" }).getByRole("row", { name: /Deploy studio <b>2.1<\/b>/ }).waitFor();
    const rows = dialog.getByRole("table", { name: "Traces" }).locator("tbody tr");
    await until(async () => (await rows.count()) === 2, "the traces of then");
    assert.match(await rows.first().innerText(), /failed job/);
    await visit.look("moment");
    await dialog.getByRole("link", { name: "failed job" }).click();
    await page.getByRole("dialog", { name: "studio: failed job" }).getByText(traceId(2)).waitFor();
    await page.goBack();
    await dialog.getByRole("button", { name: "Show on all charts" }).click();
    await page.waitForURL(/from=.*to=[^#]*$/);
    await until(async () => (await lane("Alerts").count()) === 0 && (await lane("Marks").count()) === 1, "that time alone");

    // by keys: along a lane, and a moment of a chart
    await page.getByRole("combobox", { name: "Window of the charts" }).selectOption("Last hour");
    await until(async () => (await lane("Marks").count()) === 2, "an hour");
    await lane("Marks").last().focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => /studio 2\.0/.test(document.activeElement.getAttribute("aria-label")));
    await page.keyboard.press("Enter");
    await dialog.getByText("No trace began then.").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.waitForURL((url) => url.hash === ""); // it is told of its end after it is hidden

    // whoever deploys by hand says so here
    await section.getByRole("button", { name: "Mark…" }).click();
    const question = page.getByRole("dialog", { name: "Mark this moment" });
    await question.getByLabel("Text").fill("by hand");
    await page.keyboard.press("Enter");
    await question.waitFor({ state: "hidden" });
    assert.equal((await ask("call", "events.list", { limit: 1 })).events[0].text, "by hand");
    await until(async () => (await lane("Marks").count()) === 3, "the mark");

    // the window is kept, and told
    await section.getByRole("button", { name: "Keep…" }).click();
    const keep = page.getByRole("dialog", { name: "Keep this window" });
    await keep.getByLabel("Title").fill("studio <i>2.1</i>");
    await page.keyboard.press("Enter");
    await keep.waitFor({ state: "hidden" });
    const [incident] = (await ask("call", "incidents.list", {})).incidents;
    assert.equal(incident.title, "studio <i>2.1</i>");
    assert.ok(Math.abs(incident.to_us - incident.from_us - HOUR_S * 1e6) <= 1e6, JSON.stringify(incident));
    await lane("Kept").and(page.getByRole("link", { name: /^i-\d+: studio <i>2\.1<\/i>, / })).waitFor();
    await section.getByRole("button", { name: "Post-mortem…" }).click();
    const postmortem = page.getByRole("dialog", { name: "Post-mortem of this window" });
    await postmortem.getByRole("listitem").filter({ hasText: "In the 60 min to " }).waitFor();
    assert.equal(await postmortem.getByRole("listitem").count(), 5);
    const [, begin, finish] = /^orfeasctl postmortem --from (\S+Z) --to (\S+Z) -o postmortem.html$/.exec(await postmortem.locator("code").textContent());
    assert.equal(Date.parse(finish) - Date.parse(begin), HOUR_S * 1e3);
    const link = await postmortem.getByRole("link").getAttribute("href");
    assert.deepEqual(await page.evaluate(async (path) => {
      const { from_us: from, to_us: to } = await (await fetch(path)).json();
      return [from, to];
    }, link), [begin, finish].map((time) => Date.parse(time) * 1e3));
    await visit.look("postmortem");
    await page.keyboard.press("Escape");
    await postmortem.waitFor({ state: "hidden" });
    await visit.look("timeline");
    await visit.end();
  },

  past: async () => {
    const { worker } = await ask("call", "worker.register", { name: "studio", device: "simulated-0" });
    await ask("call", "worker.report", { worker, allocator: { allocated_bytes: 2 ** 29, reserved_bytes: 2 ** 31, largest_free_bytes: 2 ** 28 } });
    const newest = async () => (await ask("call", "metrics.query", { select: "worker.up" })).series[0]?.points.at(-1)[0];
    // the first may be of before it reported, and who left within the window was not there at its end
    const to = Math.ceil((await until(newest, "a sample of it")) / 1e6 + 2);
    await until(async () => (await newest()) >= to * 1e6, "one behind the window");
    await ask("call", "worker.leave", { worker });
    const iso = (second) => new Date(second * 1e3).toISOString();
    const visit = await Visit.begin({ path: `/?from=${iso(to - 61)}&to=${iso(to)}` });
    const { page } = visit;
    const now = page.getByText("as of now, not of this window");

    // who was there then, and when of all that is shown is now
    const workers = page.getByRole("table", { name: "Workers at the end of this window" });
    await workers.getByRole("row", { name: /^studio connected 2\sGiB 1\.5\sGiB/ }).waitFor();
    await page.getByRole("article", { name: "GPU simulated-0" }).locator("canvas").first().waitFor();
    await page.getByText("None was made in the quarter of an hour before its end.").waitFor();
    for (const name of ["Health", "Alerts", "Processes", "Leaks"]) await page.getByRole("heading", { name: `${name} as of now` }).waitFor();
    await visit.look("past");
    await page.getByRole("button", { name: "Back to live" }).click();
    await page.getByText("No process has registered as a holder of GPU memory.").waitFor();
    assert.equal(await now.filter({ visible: true }).count(), 0);
    await visit.end();
  },

  requests: async () => {
    let n = 0;
    /** As many of a millisecond, the first of which failed. */
    const jobs = async (count, failed) => send(Array.from({ length: count }, (_, i) => (n++, {
      trace: n, id: n, service: i % 2 === 0 ? "studio" : "storage", name: "job", us: 1_000, failed: i < failed, startUs: now - 1_000,
    })));
    let now = await ask("now");
    await jobs(4, 2);
    const visit = await Visit.begin();
    const { page } = visit;
    await visit.state("live");
    const section = await visit.sight("requests");
    await section.getByRole("combobox").and(page.locator(":has(option:text-is('storage'))")).waitFor();
    const called = async () => (await ask("call", "metrics.query", { select: 'span.calls{service="studio"}', aggregate: "last" })).series.length;
    await until(called, "counters");
    now = await ask("now");
    await jobs(20, 5);
    await until(async () => {
      const { rows } = await visit.csv("Failed requests");
      return rows.some(({ values }) => values[0] === 25);
    }, "5 of 20");
    const { head, rows } = await visit.csv("Latency");
    assert.equal(head, "time,t_us,p50,p95,p99");
    assert.ok(rows.every(({ values: [p50, p95, p99] }) => p50 > 0 && p50 <= p95 && p95 <= p99 && p99 <= 1_000), JSON.stringify(rows));

    // of one service alone
    await section.getByRole("combobox", { name: "Service of the requests" }).selectOption("storage");
    await until(async () => (await visit.csv("Failed requests")).rows.some(({ values }) => values[0] === 20), "2 of 10");

    // whose memory it is, by what the device says
    const { devices } = await ask("call", "gpu.list", {});
    const table = page.locator("#holders").getByRole("table", { name: "Processes" });
    await table.getByRole("row", { name: new RegExp(`^${devices[0].processes[0].name} ${devices[0].processes[0].pid}`) }).waitFor();
    await page.locator("#holders").getByText("Nobody's memory grows without end.").waitFor();
    await visit.look("requests");
    await visit.end();
  },

  // what is told late of a dialog is of what it was: neither its end nor an answer touches what was opened since
  late: async () => {
    const at = Math.floor((await ask("now")) / 1e6) - 100;
    const [first, second, third] = [0, 30, 60].map((s) => `#at=${at + s}-${at + s + 20}`);
    const visit = await Visit.begin({ path: `/${first}` });
    const { page } = visit;
    await visit.state("live");
    const dialog = page.locator("dialog.moment");
    const told = async (hash) => {
      await page.waitForFunction((wanted) => location.hash === wanted, hash);
      await dialog.getByText("No trace began then.").waitFor();
      await until(async () => (await dialog.getByRole("status").innerText()) === "", "its answer");
    };
    await told(first);
    await page.evaluate((hash) => {
      document.querySelector("dialog.moment").close();
      location.hash = hash;
    }, second);
    await told(second);
    await page.evaluate((hash) => {
      history.replaceState(null, "", hash);
      document.querySelector("dialog.moment").close();
      dispatchEvent(new Event("hashchange"));
    }, third);
    await told(third);
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => url.hash === "");

    const mark = page.locator("#timeline").getByRole("button", { name: "Mark…" });
    const question = page.getByRole("dialog", { name: "Mark this moment" });
    const text = question.getByLabel("Text");
    await mark.click();
    await text.fill("first");
    await ask("stop");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await mark.click();
    await text.fill("second");
    await ask("continue");
    await until(async () => (await ask("call", "events.list", { limit: 9 })).events.length === 1, "the first mark");
    await page.locator("#timeline").getByRole("list", { name: "Marks", exact: true }).getByRole("link", { name: /first/ }).waitFor();
    assert.equal(await text.inputValue(), "second");
    assert.ok(await question.isVisible());
    await page.keyboard.press("Enter");
    await question.waitFor({ state: "hidden" });
    assert.equal((await ask("call", "events.list", { limit: 1 })).events[0].text, "second");
    await visit.end();
  },

  login: async () => {
    const at = Math.floor((await ask("now")) / 1e6);
    const visit = await Visit.begin({ path: `/?last=6h#at=${at - 60}-${at}` });
    const { page } = visit;
    visit.allowed = [/status of 401/, /WebSocket connection to .* failed/];
    await visit.state("denied");
    const dialog = page.getByRole("dialog", { name: / to / });
    // there and not open: it was refused; before that it would take the keys
    await page.waitForFunction(() => document.querySelector("dialog.moment")?.open === false);
    await page.getByLabel("Token", { exact: true }).fill(await ask("cookie"));
    await page.keyboard.press("Enter");
    await dialog.getByText("No trace began then.").waitFor();
    await page.keyboard.press("Escape");
    await visit.state("live");
    assert.equal(await page.getByRole("combobox", { name: "Window of the charts" }).inputValue(), "6h");
    await page.locator("#host canvas").first().waitFor();
    await page.getByRole("heading", { name: "Alerts of the last 6 hours" }).waitFor();
    await visit.end();
  },
});
